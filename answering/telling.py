"""Tells entries: one as an answer, several as the question that decides between them, each with what is to be said on its validity."""

from collections.abc import Sequence

from answering import wording
from answering.deciding import Candidate, question_for
from answering.facets import asked_facets
from answering.following import asks_how_much_is_given
from answering.knowledge_index import KnowledgeIndex
from answering.lookup import Lookup
from answering.models import Answer, Inquiry
from answering.replies import Found, Replies
from answering.timeliness import Timing, note
from knowledge_base.entries import EntryRecord
from knowledge_base.validity import validity_of


class Teller:
    """Thread-safe. Args: public_url: of the gateway, None when it has no public address."""

    def __init__(self, index: KnowledgeIndex, lookup: Lookup, public_url: str | None) -> None:
        self._index, self._lookup, self._public_url = index, lookup, public_url

    def replies(self) -> Replies:
        """Builder of replies at the index's revision."""
        return Replies(self._public_url, self._index.searcher.revision, self._index.model_ids)

    def ask(
        self, inquiry: Inquiry, timing: Timing, records: Sequence[EntryRecord], question: str, asked: int, found: Found
    ) -> Answer:
        """The question that decides between entries. Args: asked: deciding questions so far."""
        deciding = question_for([Candidate(r.entry_id, r.content) for r in records], asked, dated=timing.period is not None)
        if deciding is None:
            return self.told(inquiry, timing, records[0], asked_facets(question), found=found, resolved=question)
        return self.replies().asked(inquiry, timing, deciding, records, asked=asked + 1, resolved=question, found=found)

    def told(
        self, inquiry: Inquiry, timing: Timing, record: EntryRecord, facets: list[str], *, found: Found = Found(),
        resolved: str | None = None, question: str | None = None,
    ) -> Answer:  # fmt: skip
        """One entry. Args: facets: asked for; resolved, question: see `Replies.told`."""
        said, others = self.note(record, timing)
        if asks_how_much_is_given(inquiry.text, record.content.title):
            facets = [facet for facet in facets if facet != "fee"]
        text = wording.tell(record.content, facets, self.replies().page(record), said)
        return self.replies().told(
            inquiry, timing, record, text, others=others, found=found, resolved=resolved, question=question
        )

    def note(self, record: EntryRecord, timing: Timing) -> tuple[str, list[EntryRecord]]:
        """What is said on validity, and the entry that it names."""
        expired = validity_of(record.content, timing.today) == "expired"
        successor = self._lookup.successor(record, timing) if expired else None
        return note(record.content, timing, successor.content.title if successor else None), [successor] if successor else []
