"""How staff find entries: by words in every entry, or by meaning in the live ones."""

from dataclasses import dataclass, replace
from typing import Literal

from answering.knowledge_index import KnowledgeIndex
from knowledge_base.catalogue import Catalogue, EntryFilter, EntryRow, Order

By = Literal["words", "meaning"]
MOST_BY_MEANING = 100


@dataclass(frozen=True)
class FoundPage:
    """A page of the list. `probabilities`: by entry id, of a search by meaning."""

    total: int
    rows: list[EntryRow]
    probabilities: dict[int, float]


class EntryFinder:
    """Thread-safe."""

    def __init__(self, index: KnowledgeIndex, catalogue: Catalogue) -> None:
        self._index, self._catalogue = index, catalogue

    def find(
        self, wanted: EntryFilter, *, by: By = "words", order: Order = "updated", offset: int = 0, limit: int = 50
    ) -> FoundPage:
        """A page of what the filter leaves; by meaning, of live entries whatever their dates, most probable first.

        Raises:
            IndexNotReadyError: a search by meaning while the index is being loaded.
        """
        if by == "words" or not wanted.text or not wanted.text.strip():
            rows = self._catalogue.rows(wanted, order=order, offset=offset, limit=limit)
            total = len(rows) if offset == 0 and len(rows) < limit else self._catalogue.count(wanted)
            return FoundPage(total, rows, {})
        narrowed, chances = self.by_meaning(wanted)
        found = {row.entry_id: row for row in self._catalogue.rows(narrowed, limit=MOST_BY_MEANING)}
        ranked = [found[entry_id] for entry_id in chances if entry_id in found]
        return FoundPage(len(ranked), ranked[offset : offset + limit], chances)

    def by_meaning(self, wanted: EntryFilter) -> tuple[EntryFilter, dict[int, float]]:
        """The filter with the entries nearest in meaning instead of its words, and their probabilities, highest first."""
        hits = self._index.searcher.search(wanted.text or "", MOST_BY_MEANING).hits
        chances = {hit.doc_id: round(hit.probability, 4) for hit in hits}
        ids = list(chances) if wanted.ids is None else [i for i in chances if i in set(wanted.ids)]
        return replace(wanted, text=None, ids=ids), chances
