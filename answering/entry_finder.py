"""How staff find entries, whatever their state: by words or by meaning."""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from answering.errors import IndexNotReadyError
from answering.knowledge_index import KnowledgeIndex
from answering.unpublished_index import UnpublishedIndex
from knowledge_base.catalogue import Catalogue, EntryFilter, EntryRow, Order

By = Literal["words", "meaning"]
MOST_BY_MEANING = 100  # of the live texts, and as many of the others


@dataclass(frozen=True)
class FoundPage:
    """A page of the list. `probabilities`: by entry id, of a search by meaning."""

    total: int
    rows: list[EntryRow]
    probabilities: dict[int, float]


class EntryFinder:
    """Thread-safe."""

    def __init__(self, index: KnowledgeIndex, unpublished: UnpublishedIndex, catalogue: Catalogue) -> None:
        self._index, self._unpublished, self._catalogue = index, unpublished, catalogue

    def find(
        self, wanted: EntryFilter, *, by: By = "words", order: Order = "updated", offset: int = 0, limit: int = 50
    ) -> FoundPage:
        """A page of what the filter leaves; by meaning, whatever their dates and states, most probable first.

        Raises:
            IndexNotReadyError: a search by meaning while the index is being loaded.
        """
        if by == "words" or not wanted.text or not wanted.text.strip():
            rows = self._catalogue.rows(wanted, order=order, offset=offset, limit=limit)
            total = len(rows) if offset == 0 and len(rows) < limit else self._catalogue.count(wanted)
            return FoundPage(total, rows, {})
        narrowed, chances = self.by_meaning(wanted)
        found = {row.entry_id: row for row in self._catalogue.rows(narrowed, limit=len(chances) or 1)}
        ranked = [found[entry_id] for entry_id in chances if entry_id in found]
        return FoundPage(len(ranked), ranked[offset : offset + limit], chances)

    def by_meaning(self, wanted: EntryFilter) -> tuple[EntryFilter, dict[int, float]]:
        """The filter with the entries nearest in meaning instead of its words, and their probabilities, highest first.

        An entry with a draft is found by either text; each text is weighed among its like, the live ones or the others.
        """
        hits = list(self._index.searcher.search(wanted.text or "", MOST_BY_MEANING).hits)
        with suppress(IndexNotReadyError):  # drafts are missing for a while after a large import
            hits += self._unpublished.searcher.search(wanted.text or "", MOST_BY_MEANING).hits
        chances: dict[int, float] = {}
        for hit in sorted(hits, key=lambda hit: (-hit.probability, hit.doc_id)):
            chances.setdefault(hit.doc_id, round(hit.probability, 4))
        ids = list(chances) if wanted.ids is None else [i for i in chances if i in set(wanted.ids)]
        return replace(wanted, text=None, ids=ids), chances
