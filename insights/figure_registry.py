"""Every figure with its definition: the one list that pages, the API, the export and the documents show."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Unit = Literal["次", "个", "人", "%", "毫秒", "件", "条"]


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        definition: what it counts, for those who read it.
        formula: how it is computed, in terms of the tables.
        sources: tables.
        by_channel, by_department: whether the filter applies to it.
    """

    key: str
    name: str
    unit: Unit
    definition: str
    formula: str
    sources: tuple[str, ...]
    by_channel: bool = True
    by_department: bool = False
    group: str = "咨询"


_ANSWERS = ("answers",)
FIGURES: tuple[Figure, ...] = (
    Figure("conversations", "会话数", "个", "这段时间里说过话的会话，同一人在同一渠道算一个。", "turns 中不同的 conversation_id", ("turns",)),
    Figure("messages", "消息数", "次", "群众发来的消息，重复投递的不重复计。", "turns 的行数", ("turns",)),
    Figure(
        "consultations", "咨询量", "次", "助手查过知识库的提问：答复、给出选项或追问、没答上都算；寒暄、投诉登记、查进度、转人工不算。", "answers 的行数",
        _ANSWERS,
    ),
    Figure("answered", "答复", "次", "依据条目给出答复，或算出结论。", "answers 中 outcome = answer", _ANSWERS),
    Figure("clarified", "选项与追问", "次", "给出几个条目请群众选，或追问一个决定答案的问题。", "answers 中 outcome = clarify", _ANSWERS),
    Figure("unanswered", "未答上", "次", "告诉群众没有找到答案，包括不属于范围的提问。", "answers 中 outcome = fallback", _ANSWERS),
    Figure(
        "answer_rate", "答复率", "%", "有结果的提问里，答上的占多少；选项与追问是过程，不计入。", "答复 ÷（答复 + 未答上）", _ANSWERS
    ),
    Figure("hit_rate", "命中率", "%", "提问里，知识库给出了答复或可选条目的占多少。", "（答复 + 选项与追问）÷ 咨询量", _ANSWERS),
    Figure(
        "exact_hit_rate", "精准命中率", "%", "提问里，不经选项或追问、一次答上的占多少。", "前一次不是选项或追问的答复 ÷ 咨询量", _ANSWERS
    ),
    Figure(
        "handoff_rate", "转人工率", "%", "这段时间的会话里，要求或转给过人工的占多少。", "有 handoff_requests 的会话数 ÷ 会话数",
        ("handoff_requests", "turns"),
    ),
    Figure("median_ms", "响应时间中位数", "毫秒", "从收到消息到写下答复，一半的咨询不超过这个时间；电话咨询不计。", "answers.latency_ms 的中位数", _ANSWERS),
    Figure("p95_ms", "响应时间 95 分位", "毫秒", "从收到消息到写下答复，95% 的咨询不超过这个时间；电话咨询不计。", "answers.latency_ms 的第 95 百分位（最近秩）", _ANSWERS),
    Figure("helpful", "有用", "次", "群众对答复的好评，一条答复只计最后一次评价。", "feedback 中 rating > 0", ("feedback",)),
    Figure("unhelpful", "没用", "次", "群众对答复的差评，一条答复只计最后一次评价。", "feedback 中 rating < 0", ("feedback",)),
    Figure("helpful_rate", "好评率", "%", "评价过的答复里，好评占多少。", "有用 ÷（有用 + 没用）", ("feedback",)),
    Figure(
        "tickets", "工单数", "件", "这段时间登记的诉求工单。", "tickets 的行数，按 created_at", ("tickets",), by_department=True, group="工单"
    ),
    Figure(
        "on_time_rate", "按时答复率", "%", "应该已经答复的工单里，在期限当天或之前首次答复的占多少；还没到期、也没答复的不计入。",
        "期限内首次答复 ÷（已答复 + 已超期未答复）", ("tickets", "ticket_history"), by_department=True, group="工单",
    ),
    Figure("overdue", "超期未答复", "件", "期限已过、还没有答复的工单。", "未答复且 due_on 早于今天", ("tickets",), by_department=True, group="工单"),
    Figure(
        "ticket_satisfaction", "工单满意率", "%", "评价过的工单里，基本满意及以上占多少（好差评五级的前三级）。", "level ≥ 3 ÷ 评价数",
        ("ticket_ratings", "tickets"), by_department=True, group="工单",
    ),
    Figure(
        "live_entries", "在用条目", "条", "现在已发布的条目，与时间范围无关。", "kb_entries 中 live_version 非空", ("kb_entries",),
        by_channel=False, by_department=True, group="知识",
    ),
    Figure(
        "used_entries", "用到的条目", "条", "这段时间里至少答复过一次、现在还在用的条目。", "answers.entry_id 中不同的在用条目", ("answers", "kb_entries"),
        by_department=True, group="知识",
    ),
    Figure(
        "never_used_entries", "从未用到的条目", "条", "现在在用、自启用以来一次也没有答复过的条目，与时间范围和渠道无关。", "在用条目中 answers 没有其编号的",
        ("kb_entries", "answers"), by_channel=False, by_department=True, group="知识",
    ),
)  # fmt: skip
BY_KEY: Mapping[str, Figure] = {figure.key: figure for figure in FIGURES}
