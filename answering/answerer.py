"""Joins retrieval and knowledge base: question and case in, cited answer, clarification or refusal out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from answering import wording
from answering.choosing import NONE_OF_THEM, chosen
from answering.facets import asked_facets, names_no_matter
from answering.knowledge_index import KnowledgeIndex
from answering.models import Answer, Button, CaseView, Citation, Found, FoundEntries, Inquiry, Outcome
from answering.regions import Jurisdiction
from knowledge_base.entries import EntryRecord, EntryStore
from knowledge_base.validity import validity_of
from retrieval.documents import Hit, SearchResult
from retrieval.text import normalise

__all__ = ["Answer", "Answerer", "Button", "CaseView", "Citation", "Found", "FoundEntries", "Inquiry"]

CANDIDATES = 10
NEAR_ENTRIES = 3
POLICY_ENTRIES = 5
LEAST_NEAR = 0.05  # below this probability an entry is not offered as near
SNIPPET = 160
HUMAN = Button(wording.HUMAN_TITLE, wording.HUMAN_TITLE)
FACETS_OF_INTENT = {"eligibility": "conditions"}


@dataclass(frozen=True)
class _Ranked:
    """A hit whose entry the store still holds live and valid."""

    hit: Hit
    record: EntryRecord


class Answerer:
    """Answers from published knowledge only. Thread-safe.

    Args:
        public_url: of the gateway, None when it has no public address.
        jurisdiction: called with the store's revision; by default questions about any place are looked up.
    """

    def __init__(
        self, index: KnowledgeIndex, store: EntryStore, public_url: str | None = None,
        jurisdiction: Callable[[int], Jurisdiction] = lambda _revision: Jurisdiction(),
    ) -> None:  # fmt: skip
        self._index, self._store, self._public_url, self._jurisdiction = index, store, public_url, jurisdiction

    def answer(self, inquiry: Inquiry) -> Answer:
        """Raises: IndexNotReadyError while the index is being loaded."""
        searcher = self._index.searcher
        picked = self._opened(inquiry) or self._picked(inquiry)
        if picked is not None:
            return picked
        ours = self._jurisdiction(searcher.revision)
        elsewhere = ours.elsewhere(inquiry.text)
        if elsewhere:
            return self._answer("fallback", wording.not_ours(elsewhere, ours.name), inquiry, buttons=[HUMAN])
        facets = asked_facets(inquiry.text)
        text = searcher.understand(inquiry.text)
        if names_no_matter(text.subject) and (facets or inquiry.case.entry_id is not None):
            return self._follow_up(inquiry, facets)
        result = searcher.search(inquiry.text, CANDIDATES, as_of=inquiry.as_of)
        ranked = self._still_valid(result.hits, inquiry.as_of)
        if inquiry.intent == "policy_match":
            return self._policies(inquiry, result, ranked)
        if ranked and ranked[0].hit.probability >= result.threshold:
            return self._told(inquiry, result, ranked[0], facets)
        near = [r for r in ranked if r.hit.probability >= LEAST_NEAR][:NEAR_ENTRIES]
        if near and _any_of(near) >= result.threshold:
            return self._offered(inquiry, result, near, "clarify", wording.WHICH_ONE)
        return self._declined(inquiry, result, near)

    def opens(self, entry_id: int, text: str) -> bool:
        """Whether the text is the title of this live entry: the message opens it rather than asks something about it."""
        record = self._store.published([entry_id]).get(entry_id)
        return record is not None and normalise(text) == normalise(record.content.title)

    def search(self, query: str, k: int, as_of: date) -> FoundEntries:
        """Published, valid entries for a query, best first."""
        result = self._index.searcher.search(query, k, as_of=as_of)
        rows = [
            Found(
                r.record.entry_id, r.record.content.external_id, r.record.version, r.record.content.title, r.record.content.kind,
                r.hit.score, r.hit.probability, wording.cut(r.hit.passage, SNIPPET),
            )
            for r in self._still_valid(result.hits, as_of)
        ]  # fmt: skip
        return FoundEntries(query, result.revision, result.threshold, rows)

    def citation(self, record: EntryRecord) -> Citation:
        return Citation(
            record.entry_id, record.content.external_id, record.version, record.content.title,
            wording.source_line(record.content), f"{self._public_url or ''}/e/{record.entry_id}",
        )  # fmt: skip

    def _still_valid(self, hits: Sequence[Hit], as_of: date) -> list[_Ranked]:
        # the store is asked once more: the index may be a moment behind it
        live = self._store.published([hit.doc_id for hit in hits])
        return [
            _Ranked(hit, live[hit.doc_id])
            for hit in hits
            if hit.doc_id in live and validity_of(live[hit.doc_id].content, as_of) == "valid"
        ]

    def _opened(self, inquiry: Inquiry) -> Answer | None:
        if inquiry.opened is None:
            return None
        record = self._store.published([inquiry.opened]).get(inquiry.opened)
        if record is None or validity_of(record.content, inquiry.as_of) != "valid":
            return None
        return self._entry_told(inquiry, record, [], resolved=record.content.title)

    def _picked(self, inquiry: Inquiry) -> Answer | None:
        options = inquiry.case.options
        if not options:
            return None
        live = self._store.published(options)
        titles = [live[i].content.title if i in live else "" for i in options]
        choice = chosen(inquiry.text, titles)
        if choice is None:
            return None
        if choice == NONE_OF_THEM:
            case = replace(inquiry.case, options=[])
            return self._answer("fallback", wording.NONE_OF_THEM, inquiry, case=case, buttons=[HUMAN])
        record = live.get(options[choice])
        if record is None or validity_of(record.content, inquiry.as_of) != "valid":
            return self._answer(
                "fallback", "这一条已经停用，不能再据此答复。" + wording.NOT_FOUND_ALONE, inquiry, buttons=[HUMAN]
            )
        return self._entry_told(inquiry, record, [], resolved=record.content.title)

    def _follow_up(self, inquiry: Inquiry, facets: list[str]) -> Answer:
        entry_id = inquiry.case.entry_id
        record = self._store.published([entry_id]).get(entry_id) if entry_id is not None else None
        if record is None or validity_of(record.content, inquiry.as_of) != "valid":
            asked = "、".join(wording.HEADINGS[f] for f in facets) or "相关内容"
            return self._answer("clarify", wording.WHICH_MATTER.format(asked=asked), inquiry)
        resolved = f"{record.content.title}：{inquiry.text}"
        return self._entry_told(inquiry, record, facets, resolved=resolved)

    def _told(self, inquiry: Inquiry, result: SearchResult, best: _Ranked, facets: list[str]) -> Answer:
        if not facets and inquiry.intent in FACETS_OF_INTENT:
            facets = [FACETS_OF_INTENT[inquiry.intent]]
        return self._entry_told(inquiry, best.record, facets, hit=best.hit, result=result)

    def _entry_told(
        self, inquiry: Inquiry, record: EntryRecord, facets: list[str], *, resolved: str | None = None,
        hit: Hit | None = None, result: SearchResult | None = None,
    ) -> Answer:  # fmt: skip
        page = f"{self._public_url}/e/{record.entry_id}" if self._public_url else None
        text = wording.tell(record.content, facets, page)
        case = replace(inquiry.case, entry_id=record.entry_id, options=[], misses=0)
        return self._answer(
            "answer", text, inquiry, case=case, records=[record], record=record, hit=hit, result=result, resolved=resolved
        )

    def _policies(self, inquiry: Inquiry, result: SearchResult, ranked: list[_Ranked]) -> Answer:
        near = [r for r in ranked if r.hit.probability >= LEAST_NEAR][:POLICY_ENTRIES]
        if not near:
            return self._answer("clarify", wording.TELL_ME_MORE, inquiry, result=result)
        return self._offered(inquiry, result, near, "clarify", wording.POLICIES_FOR_YOU)

    def _offered(
        self, inquiry: Inquiry, result: SearchResult, near: list[_Ranked], outcome: Outcome, lead: str, *more: Button
    ) -> Answer:
        records = [r.record for r in near]
        buttons = [Button(record.content.title, record.content.title) for record in records]
        case = replace(inquiry.case, options=[record.entry_id for record in records])
        text = wording.listed(lead, [record.content.title for record in records])
        return self._answer(
            outcome, text, inquiry, case=case, records=records, buttons=[*buttons, *more], hit=near[0].hit, result=result
        )

    def _declined(self, inquiry: Inquiry, result: SearchResult, near: list[_Ranked]) -> Answer:
        if near:
            lead = f"{wording.NOT_FOUND}{wording.NOT_FOUND_NEAR}"
            return self._offered(inquiry, result, near, "fallback", lead, HUMAN)
        text = f"{wording.NOT_FOUND}{wording.NOT_FOUND_ALONE}"
        hit = result.hits[0] if result.hits else None
        return self._answer("fallback", text, inquiry, buttons=[HUMAN], hit=hit, result=result)

    def _answer(
        self, outcome: Outcome, text: str, inquiry: Inquiry, *, case: CaseView | None = None, records: Sequence[EntryRecord] = (),
        record: EntryRecord | None = None, buttons: Sequence[Button] = (), hit: Hit | None = None,
        result: SearchResult | None = None, resolved: str | None = None,
    ) -> Answer:  # fmt: skip
        searcher = self._index.searcher
        return Answer(
            outcome=outcome,
            text=text,
            citations=[self.citation(r) for r in records],
            buttons=list(buttons),
            resolved_question=resolved or inquiry.text,
            entry_id=record.entry_id if record else None,
            version=record.version if record else None,
            probability=hit.probability if hit else None,
            score=hit.score if hit else None,
            revision=result.revision if result else searcher.revision,
            model_ids=dict(searcher.model_ids),
            case=case or inquiry.case,
        )


def _any_of(ranked: Sequence[_Ranked]) -> float:
    """Probability that at least one of them answers, taken as mutually exclusive, capped at 1."""
    return min(1.0, sum(r.hit.probability for r in ranked))
