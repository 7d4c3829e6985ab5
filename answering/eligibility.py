"""Whether an entry's conditions hold, told as an answer; and the one question that is asked next. Knows no conversation."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

from answering import eligibility_wording as wording
from answering.answerer import Answerer
from answering.knowledge_index import KnowledgeIndex
from answering.models import Answer, Button, CaseView, Inquiry, Outcome
from enterprises.evaluation import Assessment, assess
from enterprises.values import Choice, Facts
from knowledge_base.content import EntryContent
from knowledge_base.entries import EntryRecord, EntryStore
from knowledge_base.validity import validity_of

SURELY_A_MATTER = 0.9
TYPE = "企业类型"
AUDIENCE_OF_TYPE = {
    "公司": ("企业",), "个人独资或合伙企业": ("企业",), "农民专业合作社": ("企业", "农民专业合作社"),
    "个体工商户": ("个体工商户",), "社会组织": ("社会组织",), "个人": ("个人",),
}  # fmt: skip


@dataclass(frozen=True)
class Assessed:
    """An entry and what became of its conditions."""

    record: EntryRecord
    assessment: Assessment
    outside_audience: bool

    @property
    def conclusion(self) -> str:
        return "不符合" if self.outside_audience else self.assessment.conclusion

    def next_fact(self, not_again: Collection[str]) -> str | None:
        return None if self.outside_audience else self.assessment.next_fact(not_again)


class EligibilityAdviser:
    """Computes from published entries only."""

    def __init__(self, index: KnowledgeIndex, store: EntryStore, answerer: Answerer, public_url: str | None = None) -> None:
        self._index, self._store, self._answerer, self._public_url = index, store, answerer, public_url

    def assess(self, entry_id: int, facts: Facts, as_of: date) -> Assessed | None:
        """None when the entry is not live and valid, or carries no conditions."""
        record = self._store.published([entry_id]).get(entry_id)
        if record is None or not record.content.eligibility or validity_of(record.content, as_of) != "valid":
            return None
        return assessed(record, facts, as_of)

    def conclude(self, inquiry: Inquiry, found: Assessed, facts: Facts, note: str = "") -> Answer:
        """The conclusion with its reasons, materials, entry point, source and validity. Args: note: on the time, said first."""
        page = f"{self._public_url}/e/{found.record.entry_id}" if self._public_url else None
        text = wording.conclusion(found.record.content, found.conclusion, found.assessment, facts, page, note)
        return self.answer("answer", text, inquiry, [found.record], record=found.record)

    def is_a_matter(self, text: str, as_of: date) -> bool:
        """Whether a message surely asks for some entry, rather than answers a question of ours."""
        best = self._answerer.search(text, 1, as_of).results
        return bool(best) and best[0].probability >= SURELY_A_MATTER

    def ask(self, inquiry: Inquiry, found: Assessed, fact: str, *, heard: str = "", first: bool) -> Answer:
        """The question for one fact.

        Args:
            heard: what was understood of the last answer, said first.
        """
        deciding = next(f for f in found.assessment.of("open") if fact in f.missing)
        text = wording.question(found.record.content, fact, deciding, heard=heard, first=first)
        return self.answer("clarify", text, inquiry, [], record=found.record)

    def answer(
        self, outcome: Outcome, text: str, inquiry: Inquiry, records: Sequence[EntryRecord], *,
        record: EntryRecord | None = None, case: CaseView | None = None, buttons: Sequence[Button] = (),
    ) -> Answer:  # fmt: skip
        """An answer that rests on these entries; with `record` it is the entry under discussion from now on."""
        if case is None:
            case = replace(inquiry.case, entry_id=record.entry_id, options=[], misses=0) if record else inquiry.case
        searcher = self._index.searcher
        return Answer(
            outcome=outcome, text=text, citations=[self._answerer.citation(r) for r in records], buttons=list(buttons),
            resolved_question=f"{record.content.title}：{inquiry.text}" if record else inquiry.text,
            entry_id=record.entry_id if record else None, version=record.version if record else None,
            probability=None, score=None, revision=searcher.revision, model_ids=self._index.model_ids, case=case,
        )  # fmt: skip


def assessed(record: EntryRecord, facts: Facts, as_of: date) -> Assessed:
    assessment = assess(record.content.eligibility, facts, as_of)
    return Assessed(record, assessment, is_outside_audience(record.content, facts))


def is_outside_audience(content: EntryContent, facts: Facts) -> bool:
    """Whether the entry is surely for others than the sender; not known counts as no."""
    kind = facts.get(TYPE)
    if not content.audience or not isinstance(kind, Choice):
        return False
    theirs = {audience for name in kind.possible for audience in AUDIENCE_OF_TYPE.get(name, (name,))}
    return not theirs & set(content.audience)
