"""What a human seat may answer: the entries that fit a message best, each with the very words that the assistant would say."""

from dataclasses import dataclass
from datetime import date

from answering import wording
from answering.answerer import Answerer
from answering.highlighting import Highlighted, best_passage
from answering.knowledge_index import KnowledgeIndex
from answering.lookup import Lookup, Ranked
from answering.models import Answer, Inquiry
from answering.timeliness import Timing
from knowledge_base.entries import EntryRecord, EntryStore
from knowledge_base.validity import validity_of

SUGGESTIONS = 3


@dataclass(frozen=True)
class Suggestion:
    """One entry for a message.

    Attributes:
        probability: that the entry answers, from the search; None when it is under discussion and no search ranks it.
        sure: probable enough that the assistant would answer from it by itself.
        text: what would be sent; cites `entry_id` in `version`.
        chosen: the assistant itself would answer from it.
        validity: valid | expired | not_yet; period: the same in words, empty when the source states none.
    """

    rank: int
    entry_id: int
    external_id: str | None
    version: int
    title: str
    kind: str
    probability: float | None
    sure: bool
    chosen: bool
    source: str
    url: str
    validity: str
    period: str
    passage: Highlighted
    text: str


@dataclass(frozen=True)
class Suggestions:
    """Attributes: question: as understood in the conversation; outcome, said: what the assistant would do, and say, by itself."""

    question: str
    revision: int
    threshold: float
    outcome: str
    said: str
    items: list[Suggestion]


class Suggester:
    """Thread-safe. Every text is made by `Answerer`, so that bot, desk and API say the same of an entry."""

    def __init__(self, index: KnowledgeIndex, store: EntryStore, answerer: Answerer) -> None:
        self._answerer, self._lookup, self._store = answerer, Lookup(index, store), store

    def suggest(self, inquiry: Inquiry, k: int = SUGGESTIONS) -> Suggestions:
        """The entry that the assistant would answer from first, then those it would offer, then what else is near.

        Raises:
            IndexNotReadyError: the index is being loaded.
        """
        answer = self._answerer.answer(inquiry)
        timing = Timing(answer.as_of or inquiry.as_of)
        finds = self._lookup.search(answer.resolved_question, timing)
        by_id = {ranked.record.entry_id: ranked for ranked in finds.ranked}
        first = [answer.entry_id] if answer.entry_id is not None else [citation.entry_id for citation in answer.citations]
        others = [i for i in by_id if i not in first][: max(k - len(first), 0)]  # chosen by score, shown by probability
        others.sort(key=lambda i: -by_id[i].probability)
        order = [*dict.fromkeys(first), *others][:k]
        records = {**{i: r.record for i, r in by_id.items()}, **self._store.published([i for i in order if i not in by_id])}
        items: list[Suggestion] = []
        for entry_id in order:
            told = answer if entry_id == answer.entry_id else self._answerer.tell(inquiry, entry_id)
            if told is None or told.version is None or entry_id not in records:  # withdrawn in this moment
                continue
            items.append(
                self._suggestion(
                    len(items) + 1, records[entry_id], told, answer, by_id.get(entry_id), finds.result.threshold, inquiry.as_of
                )
            )
        return Suggestions(
            answer.resolved_question, finds.result.revision, finds.result.threshold, answer.outcome, answer.text, items
        )

    def tell(self, inquiry: Inquiry, entry_id: int) -> Answer | None:
        """What the assistant would say of this entry to this message; None when it is not live."""
        answer = self._answerer.answer(inquiry)
        return answer if answer.entry_id == entry_id else self._answerer.tell(inquiry, entry_id)

    def _suggestion(
        self, rank: int, record: EntryRecord, told: Answer, answer: Answer, ranked: Ranked | None, threshold: float, today: date
    ) -> Suggestion:  # fmt: skip
        probability = answer.probability if told is answer and answer.probability is not None else None
        if probability is None and ranked is not None:
            probability = ranked.probability
        content = record.content
        citation = self._answerer.citation(record)
        return Suggestion(
            rank, record.entry_id, content.external_id, told.version or record.version, content.title, content.kind,
            None if probability is None else round(probability, 4), probability is not None and probability >= threshold,
            told is answer, citation.source, citation.url, validity_of(content, today), wording.validity_line(content),
            best_passage(content, answer.resolved_question), told.text,
        )  # fmt: skip
