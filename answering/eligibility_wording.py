"""How a computed conclusion is told: conclusion, reasons with their clause, materials and entry point, source. At most 600 characters."""

from collections.abc import Sequence
from datetime import date

from answering.wording import MAX_ANSWER, chinese_date, cut, facet_value, quoted, source_line, validity_line
from enterprises.conditions import Condition
from enterprises.evaluation import Assessment, Finding
from enterprises.facts import registry
from enterprises.values import Facts, FactValue, describe
from knowledge_base.content import EntryContent
from knowledge_base.validity import validity_of

MOST_REASONS, MAX_REASON = 6, 70
MOST_MATERIALS, MAX_MATERIAL, MAX_ENTRY_POINT = 4, 24, 80
CAVEAT = "以上按您说的情况推算，最终以部门审核为准。"
HOW_TO_ANSWER = "不清楚可以回复“跳过”，不想继续请回复“取消”。"
NOT_UNDERSTOOD = "没有听明白这个回答。"


def question(content: EntryContent, fact: str, deciding: Finding, *, heard: str = "", first: bool) -> str:
    """Asks for one fact and says which condition depends on it."""
    lead = f"{heard}\n" if heard else ""
    lead += f"要看您是否符合{quoted(cut(content.title, 60))}的条件，需要核对几个情况。\n" if first else ""
    why = f"（关系到这个条件：{cut(deciding.condition.text, MAX_REASON)}{_clause(deciding.condition)}。"
    return f"{lead}{registry()[fact].ask}\n{why}{HOW_TO_ANSWER}）"


def asked_again(fact: str) -> str:
    """When an answer was not understood."""
    return f"{NOT_UNDERSTOOD}{registry()[fact].ask}\n可以这样回答：{'、'.join(registry()[fact].examples)}。{HOW_TO_ANSWER}"


def reminder(fact: str) -> str:
    """After a question in between was answered."""
    return f"接着刚才的核对：{registry()[fact].ask}"


def understood(fact: str, value: FactValue) -> str:
    """What was taken down."""
    return f"记下了，{fact}：{told(fact, value)}。"


def noted(facts: Facts) -> str:
    """The same for several; empty for none."""
    return f"记下了，{'、'.join(f'{name}：{told(name, value)}' for name, value in facts.items())}。" if facts else ""


def as_of(content: EntryContent, day: date, today: date) -> str:
    """That the rules of another day were applied; empty for today's."""
    if day == today:
        return ""
    over = validity_of(content, today) == "expired" and content.effective_to
    ended = f"这项规定已于{chinese_date(content.effective_to)}到期，现在不能再据此申请。" if over and content.effective_to else ""
    return f"以下按{chinese_date(day)}的规定核对。{ended}"


def told(fact: str, value: FactValue) -> str:
    return describe(value, registry()[fact].unit)


def conclusion(
    content: EntryContent, verdict: str, assessment: Assessment, facts: Facts, page: str | None, note: str = ""
) -> str:
    """The whole reply for one entry. Args: note: on the time that it holds for, said first."""
    title = cut(content.title, 60)
    if verdict == "不符合":
        body = _not_met(content, title, assessment, facts)
    elif verdict == "符合":
        body = [f"按您说的情况，符合{quoted(title)}的条件。", *_lines(assessment.of("met"), facts, "符合")]
    else:
        body = _undecided(title, assessment, facts)
    body = [note, *body] if note else body
    foot = [f"依据：{cut(source_line(content), 160)}" + (f"，{validity_line(content)}" if validity_line(content) else "")]
    if not source_line(content):
        foot = []
    if verdict != "不符合":
        foot = [*_how(content), *foot, CAVEAT]
    else:
        foot.append(CAVEAT)
    if page:
        foot.append(f"详情：{page}")
    room = MAX_ANSWER - len("\n".join(foot)) - 1
    return "\n".join([*_fitting(body, room), *foot])


def _not_met(content: EntryContent, title: str, assessment: Assessment, facts: Facts) -> list[str]:
    failed = assessment.of("failed")
    if not failed:
        return [f"不符合：{quoted(title)}面向{'、'.join(content.audience)}，您说的是{told('企业类型', facts['企业类型'])}。"]
    first = failed[0].condition
    lines = [f"不符合{quoted(title)}的条件：{first.text}{_clause(first)}，{_situation(first, facts)}。"]
    return [
        *lines,
        *(f"另有不符合：{f.condition.text}{_clause(f.condition)}，{_situation(f.condition, facts)}。" for f in failed[1:4]),
    ]


def _undecided(title: str, assessment: Assessment, facts: Facts) -> list[str]:
    lines = [f"待核实：还不能确定是否符合{quoted(title)}的条件。"]
    for finding in assessment.of("open")[:MOST_REASONS]:
        condition = finding.condition
        if finding.missing:
            reason = f"还不知道{'、'.join(finding.missing)}"
        else:
            reason = f"{_situation(condition, facts)}，按这个说法定不下来，请核对准确情况"
        lines.append(f"待核实：{cut(condition.text, MAX_REASON)}{_clause(condition)}——{reason}。")
    return [*lines, *_lines(assessment.of("met"), facts, "已符合")]


def _lines(findings: Sequence[Finding], facts: Facts, mark: str) -> list[str]:
    lines = []
    for finding in findings[:MOST_REASONS]:
        condition = finding.condition
        plain = condition.fact is not None and registry()[condition.fact].type == "yes_no"
        told_so = "" if plain else f"，{_situation(condition, facts)}"
        lines.append(f"{mark}：{cut(condition.text, MAX_REASON)}{_clause(condition)}{told_so}")
    return lines


def _situation(condition: Condition, facts: Facts) -> str:
    names = [name for name in dict.fromkeys(condition.facts()) if name in facts]
    return "您说的是" + "、".join(f"{name}：{told(name, facts[name])}" for name in names)


def _clause(condition: Condition) -> str:
    return f"（{condition.clause}）" if condition.clause else ""


def _how(content: EntryContent) -> list[str]:
    lines = []
    materials = facet_value(content, "materials")
    if materials:
        shown = "；".join(cut(item, MAX_MATERIAL) for item in materials[:MOST_MATERIALS])
        lines.append(f"需要的材料：{shown}{'等' if len(materials) > MOST_MATERIALS else ''}。")
    steps = facet_value(content, "steps")
    if steps:
        lines.append(f"怎么办：{cut(' → '.join(steps), 90)}")
    online, place = facet_value(content, "online"), facet_value(content, "place")
    if online or place:
        lines.append(f"办理入口：{cut((online or place)[0], MAX_ENTRY_POINT)}")
    return lines


def _fitting(lines: Sequence[str], room: int) -> list[str]:
    """As many lines as there is room for; at least the first."""
    kept: list[str] = []
    for line in lines:
        if kept and len("\n".join([*kept, line])) > room:
            break
        kept.append(line)
    return kept
