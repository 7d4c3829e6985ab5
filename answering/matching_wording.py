"""How the result of a policy check-up is told: what suits, what is still to be verified and why, at most 600 characters."""

from collections.abc import Sequence
from typing import Protocol

from answering.eligibility_wording import told
from answering.wording import MAX_ANSWER, cut
from enterprises.evaluation import Assessment
from enterprises.values import Choice, Facts
from knowledge_base.content import EntryContent

TYPE, PERSON = "企业类型", "个人"
MAX_TITLE, MAX_WHY, MOST_FACTS, MOST_MISSING = 48, 48, 6, 3
MOST_CONDITIONS_NAMED = 2
CLOSING = "回复数字可查看该项详情；说出还缺的情况，我再核对。结果以部门审核为准。"
NOTHING = "按您说的情况（{facts}），没有找到可以列出的政策。您可以补充所在地区、行业、人数，或者说出想了解的方向，例如稳岗、研发、融资。"
NOTHING_KNOWN = "可以为您做政策体检。请说说企业的情况，例如所在地区、类型、行业、人数，以及想了解的方向（如稳岗、研发、融资）。"
START = "可以为您做政策体检，先问几个情况（不清楚可以回复“跳过”，不想继续请回复“取消”）。"


class Listed(Protocol):
    """What is told of a policy."""

    @property
    def content(self) -> EntryContent: ...

    @property
    def assessment(self) -> Assessment: ...


def nothing(facts: Facts) -> str:
    return NOTHING.format(facts=_situation(facts)) if facts else NOTHING_KNOWN


def listed(
    facts: Facts, suitable: Sequence[Listed], unclear: Sequence[Listed], failed: int, titles: Sequence[str]
) -> tuple[str, int]:
    """The text, and how many policies, from the first, had room in it. Args: titles: of all, different from one another."""
    counts = [f"符合 {len(suitable)} 项"] if suitable else []
    counts += [f"待核实 {len(unclear)} 项"] if unclear else []
    counts += [f"不符合 {failed} 项（未列出）"] if failed else []
    lead = f"按您说的情况{f'（{_situation(facts)}）' if facts else ''}，{'，'.join(counts)}。"
    blocks = [(("符合：\n" if i == 0 else ""), policy, _why_suitable(policy)) for i, policy in enumerate(suitable)]
    blocks += [(("待核实：\n" if i == 0 else ""), policy, _why_unclear(policy)) for i, policy in enumerate(unclear)]
    text, shown = lead, 0
    for heading, _policy, why in blocks:
        block = f"\n{heading}{shown + 1}. {cut(titles[shown], MAX_TITLE)}\n（{why}）"
        if len(text) + len(block) + len(CLOSING) + 1 > MAX_ANSWER:
            break
        text, shown = text + block, shown + 1
    return f"{text}\n{CLOSING}", shown


def _situation(facts: Facts) -> str:
    of_nobody = {name: value for name, value in facts.items() if name != TYPE or value != Choice.of(PERSON)} or facts
    return "、".join(f"{name}{told(name, value)}" for name, value in list(of_nobody.items())[:MOST_FACTS])


def _why_suitable(policy: Listed) -> str:
    met = policy.assessment.of("met")
    return _short("；".join(f.condition.text for f in met[:MOST_CONDITIONS_NAMED]))


def _why_unclear(policy: Listed) -> str:
    assessment = policy.assessment
    if not assessment.findings:
        return "主题相关，条件以原文为准"
    missing = assessment.missing or [name for f in assessment.of("open") for name in f.vague]
    met = assessment.of("met")
    fits = f"；已符合：{met[0].condition.text}" if met else ""
    return _short(f"还要核对{'、'.join(dict.fromkeys(missing[:MOST_MISSING]))}{fits}")


def _short(text: str) -> str:
    return text if len(text) <= MAX_WHY else text[: MAX_WHY - 1] + "…"
