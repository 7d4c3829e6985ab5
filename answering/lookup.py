"""Finding entries for a question and a time: the index ranks, the store has the last word."""

from collections.abc import Sequence
from dataclasses import dataclass

from answering.deciding import Candidate, base_title
from answering.knowledge_index import KnowledgeIndex
from answering.rivals import Scored
from answering.timeliness import Timing
from knowledge_base.entries import EntryRecord, EntryStore
from knowledge_base.validity import validity_of
from retrieval.documents import Hit, SearchResult

CANDIDATES = 20
LONGEST_CHAIN = 4  # of entries that replace one another
SURELY = 0.8  # of the probability of the best whatever its time, for an entry of the time to be what is asked about
CLEARLY = 1.5  # times as probable as everything valid, for an entry that is not valid to be what is asked about


@dataclass(frozen=True)
class Ranked:
    """A hit whose entry the store still holds live."""

    hit: Hit
    record: EntryRecord

    @property
    def probability(self) -> float:
        return self.hit.probability


@dataclass(frozen=True)
class Finds:
    """A search, and those of its entries that hold for the time asked about, best first. `sure`: the first one answers."""

    result: SearchResult
    ranked: list[Ranked]
    sure: bool

    def scored(self) -> list[Scored]:
        return [(Candidate(r.record.entry_id, r.record.content), r.probability) for r in self.ranked]


class Lookup:
    """Thread-safe."""

    def __init__(self, index: KnowledgeIndex, store: EntryStore) -> None:
        self._index, self._store = index, store

    def live(self, entry_id: int | None) -> EntryRecord | None:
        return self._store.published([entry_id]).get(entry_id) if entry_id is not None else None

    def search(self, text: str, timing: Timing, k: int = CANDIDATES) -> Finds:
        """Entries that hold for the time asked about."""
        result = self._index.searcher.search(text, k, as_of=timing.first, until=timing.last)
        ranked = [r for r in self._living(result.hits) if timing.fits(r.record.content)]
        return Finds(result, ranked, bool(ranked) and ranked[0].probability >= result.threshold)

    def best_at(self, text: str, timing: Timing) -> Finds:
        """What a question about another time is about: entries of that time, or today's when there is none of the matter."""
        result = self._index.searcher.search(text, CANDIDATES)
        ranked = self._living(result.hits)
        if not ranked or ranked[0].probability < result.threshold:
            return self.search(text, timing)
        best = ranked[0]
        least = max(SURELY * best.probability, result.threshold)
        fitting = [
            r for r in ranked
            if timing.fits(r.record.content) and (r.probability >= least or self.related(r.record, best.record))
        ]  # fmt: skip
        if fitting:
            return Finds(result, fitting, sure=True)
        current = best.record if validity_of(best.record.content, timing.today) != "expired" else None
        current = current or self.successor(best.record, timing) or best.record
        return Finds(result, [Ranked(best.hit, current)], sure=True)

    def out_of_date(self, text: str, timing: Timing, finds: Finds, former: bool) -> Ranked | None:
        """The entry that a question means although it does not hold today: nothing valid comes near it.

        Args:
            finds: of the same question, valid today; former: the question asks for what no longer holds.
        """
        result = self._index.searcher.search(text, CANDIDATES)
        living = self._living(result.hits)
        ranked = [r for r in living if r.probability >= result.threshold]
        if former:
            return next((r for r in ranked if validity_of(r.record.content, timing.today) == "expired"), None)
        if not ranked or timing.fits(ranked[0].record.content):
            return None
        valid = max((r.probability for r in living if timing.fits(r.record.content)), default=0.0)
        return ranked[0] if not finds.sure or ranked[0].probability >= CLEARLY * valid else None

    def successor(self, record: EntryRecord, timing: Timing) -> EntryRecord | None:
        """The live entry, valid today, that replaces this one; through others if need be."""
        current: EntryRecord | None = record
        for _ in range(LONGEST_CHAIN):
            current = self._replacement(current) if current else None
            if current is not None and validity_of(current.content, timing.today) == "valid":
                return current
        return None

    def related(self, one: EntryRecord, other: EntryRecord) -> bool:
        """Whether two entries are the same matter at different times."""
        if base_title(one.content.title) == base_title(other.content.title):
            return True
        return any(
            (replacement := self._replacement(a)) is not None and replacement.entry_id == b.entry_id
            for a, b in ((one, other), (other, one))
        )

    def _replacement(self, record: EntryRecord) -> EntryRecord | None:
        named = record.content.replaced_by
        if not named:
            return None
        known = self._store.by_external_id(named)
        entry_id = known.entry_id if known else int(named) if named.isdecimal() and named.isascii() else None
        return self.live(entry_id)

    def _living(self, hits: Sequence[Hit]) -> list[Ranked]:
        # the store is asked once more: the index may be a moment behind it
        live = self._store.published([hit.doc_id for hit in hits])
        return [Ranked(hit, live[hit.doc_id]) for hit in hits if hit.doc_id in live]
