"""Words and numbers of the training pages."""

from collections.abc import Mapping

BUILT_IN = "程序自带的模型"
KINDS: Mapping[str, str] = {"light": "轻量", "full": "完整", "pairs": "来信对"}
JOBS: Mapping[str, str] = {"light": "轻量训练", "full": "完整训练", "gate": "重新比较"}
KEPT: Mapping[str, str] = {  # when a job is cancelled
    "light": "已经训练的部分不会保留", "full": "编码器已训练的部分会保留，再次开始完整训练会接着做", "gate": "上一次比较的结果会保留",
}  # fmt: skip
JOB_STATES: Mapping[str, str] = {
    "running": "正在进行", "done": "已完成", "failed": "没有完成", "cancelled": "已取消", "aborted": "中途停止",
}  # fmt: skip
RUN_STATES: Mapping[str, tuple[str, str]] = {
    "unfinished": ("未完成", ""), "trained": ("未评测", "warn"), "passed": ("通过", "good"), "refused": ("未通过", "bad"),
}  # fmt: skip
RESULTS: Mapping[str, str] = {
    "passed": "通过评测，点开后可以上线。", "refused": "没有通过评测，现用模型不变；点开看原因。", "trained": "还没有评测。",
}  # fmt: skip
METRICS: tuple[tuple[str, str], ...] = (
    ("recall@1", "首位命中"), ("recall@3", "前三命中"), ("recall@10", "前十命中"), ("mrr", "MRR"), ("coverage", "覆盖率"),
    ("accuracy", "作答正确率"), ("declined", "应拒而拒"),
)  # fmt: skip
SETS: Mapping[str, str] = {  # frozen test sets, by file
    "service_items_test.jsonl": "程序自带的办事问题", "out_of_knowledge.jsonl": "程序自带的答不了的问题", "intents.jsonl": "程序自带的意图测试题",
    "frozen_questions.jsonl": "本地留作测试的问题", "frozen_intents.jsonl": "本地留作测试的意图", "tests/golden": "典型会话",
}  # fmt: skip
DATA_SOURCES: Mapping[str, str] = {
    "similar_question": "相似问法", "agent_choice": "坐席选用的建议", "agent_wrong": "坐席标为不对的建议", "label": "人工标注",
    "rating_up": "好评", "rating_down": "差评", "correction": "用户更正", "clarification": "追问后选定",
}  # fmt: skip
DATA_KINDS: Mapping[str, str] = {"entry": "由条目回答", "not_entry": "不由条目回答", "intent": "意图", "out_of_scope": "不在范围"}
VERDICTS: Mapping[str, str] = {"intent": "意图", "entry": "条目", "out_of_scope": "不归本系统管"}
INTENTS: Mapping[str, str] = {
    "eligibility": "问条件", "filing_steps": "问办理", "policy_lookup": "问政策", "policy_match": "找能享受的政策",
    "complaint": "投诉举报", "progress_query": "查进度", "human_handoff": "转人工", "out_of_scope": "不是政务",
    "greet": "问好", "goodbye": "告别", "thanks": "感谢", "feedback_positive": "好评", "feedback_negative": "差评",
}  # fmt: skip


def share(value: float | None) -> str:
    """As a percentage; a dash for what was not measured."""
    return "—" if value is None else f"{value * 100:.1f}%"


def change(old: float | None, new: float | None) -> tuple[str, str]:
    """The difference in points, and the class that colours it."""
    if old is None or new is None:
        return "", ""
    points = round((new - old) * 100, 1)
    return f"{points:+.1f}", "text-positive" if points > 0 else "text-negative" if points < 0 else ""
