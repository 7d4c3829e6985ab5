"""From what was measured to figures and tables, each with the words that say what is counted."""

from collections.abc import Sequence

from bot.quality import intents, scope
from bot.quality.figures import ClassFigures, share
from bot.quality.golden import TurnResult
from bot.quality.intents import Guess
from bot.quality.report import Figure, Part, Section
from bot.quality.scope import ScopeReply

AIM_F1, AIM_GOLDEN, AIM_REFUSED, AIM_ANSWERED = 0.95, 0.95, 0.95, 0.88
MOST_FAILURES = 150


def intents_part(guesses: Sequence[Guess], key: str, how: str) -> Part:
    """Args: how: where the messages come from, for people."""
    tasks = intents.figures_of(guesses, tasks_only=True)
    everything = intents.figures_of(guesses, tasks_only=False)
    meaning = "宏平均 F1，没有识别出来的算错"
    figures = [
        Figure(f"{key}_macro_f1", f"意图 {how}：{len(tasks.classes)} 个意图", tasks.macro_f1, AIM_F1, meaning, tasks.total)
    ]
    if len(everything.classes) > len(tasks.classes):
        name = f"意图 {how}：连同应答类 {len(everything.classes)} 个"
        figures.append(Figure(f"{key}_macro_f1_all", name, everything.macro_f1, AIM_F1, meaning, everything.total))
    figures.append(Figure(f"{key}_accuracy", f"意图 {how}：正确率", tasks.accuracy, None, "识别对的条数占比", tasks.total))
    wrong = [(g.text, g.intent, g.given, g.confidence) for g in guesses if g.intent != g.given][:MOST_FAILURES]
    sections = [
        Section(f"意图 {how}", ("意图", "条数", "召回", "精确", "F1"), _class_rows(everything)),
        Section(f"意图 {how}：认错的", ("原话", "应为", "认作", "把握"), wrong),
    ]
    classes = {c.name: {"f1": round(c.f1, 4), "recall": round(c.recall, 4), "precision": round(c.precision, 4)} for c in everything.classes}  # fmt: skip
    return Part(figures, sections, {key: {"classes": classes, "confused": [list(c) for c in everything.confused]}})


def golden_part(results: Sequence[TurnResult]) -> Part:
    failed = [r for r in results if r.problem]
    names = {(r.conversation.topic, r.conversation.name) for r in results}
    broken = {(r.conversation.topic, r.conversation.name) for r in failed}
    passed = len(results) - len(failed)
    figures = [
        Figure("golden_turns", "标准对话：轮次通过率", share(passed, len(results)), AIM_GOLDEN, "每轮的意图、结果、条目和要点都符合", len(results)),
        Figure("golden_conversations", "标准对话：整段通过率", share(len(names - broken), len(names)), None, "每一轮都通过的对话占比", len(names)),
    ]  # fmt: skip
    rows = [(f"{r.conversation.topic} {r.conversation.name}", r.number, r.problem) for r in failed][:MOST_FAILURES]
    return Part(figures, [Section("标准对话：没有通过的轮次", ("对话", "第几轮", "问题"), rows)], {"golden_failed": rows})


def scope_part(replies: Sequence[ScopeReply], left_out: int) -> Part:
    """Args: left_out: questions without an entry in this knowledge base."""
    rows = scope.figures_of(replies)
    figures = []
    for row in rows:
        if row.kind == "应当拒绝":
            figures.append(
                Figure(
                    "refused", "范围外：拒答率", row.refused_share, AIM_REFUSED, "知识库里没有的问题，结果为 fallback", row.total
                )
            )
        elif row.kind == "可以回答":
            figures += [
                Figure("answered", "范围内：作答率", row.answered_share, AIM_ANSWERED, "能回答的问题，结果为 answer 或 clarify", row.total),
                Figure("answered_rightly", "范围内：答对率", row.right_share, None, "作答所依据的或供选择的有正确条目", row.total),
            ]  # fmt: skip
    table = [
        (r.kind, r.total, _percent(r.refused_share), _percent(r.answered_share), _percent(r.right_share) if r.answerable else "—")
        for r in rows
    ]
    wrong = [
        (r.question.text, r.question.style, r.outcome, r.intent or "")
        for r in replies
        if (r.question.gold and not r.right) or (not r.question.gold and r.outcome != "fallback")
    ][:MOST_FAILURES]
    note = f"（另有 {left_out} 题的条目不在本知识库，没有问）" if left_out else ""
    sections = [
        Section(f"拒答与作答{note}", ("类型", "题数", "拒答", "作答", "答对"), table),
        Section("没有处理对的问题", ("问题", "类型", "结果", "意图"), wrong),
    ]
    kinds = {r.kind: {"questions": r.total, "refused": r.refused, "answered": r.answered, "right": r.right} for r in rows}
    return Part(figures, sections, {"scope": kinds, "scope_left_out": left_out, "scope_wrong": wrong})


def _class_rows(figures: ClassFigures) -> list[tuple[str, int, str, str, str]]:
    return [(c.name, c.expected, f"{c.recall:.3f}", f"{c.precision:.3f}", f"{c.f1:.3f}") for c in figures.classes]


def _percent(value: float | None) -> str:
    return "—" if value is None else f"{value:.1%}"
