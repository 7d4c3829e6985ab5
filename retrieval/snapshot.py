"""An immutable state of the index: a large main segment, a small segment of what changed since, and tombstones.

A change never touches what a running search reads: it makes a new snapshot that shares the main segment. When the second
segment has grown, both are merged into a new main segment (by the writer, beside the searches).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retrieval.dense_index import DenseSegment
from retrieval.documents import Document
from retrieval.lexical_channels import NAMES, LexicalChannels
from retrieval.lexical_index import Bag, ChannelView, Mask, Postings

MOST_CHANGED = 512
ALWAYS_FROM, ALWAYS_TO = 0, 10_000_000  # proleptic day numbers outside of every real date


@dataclass(frozen=True)
class Segment:
    """Documents by slot, with everything that scores them.

    Attributes: first_day, last_day: validity as day numbers (slots,); named: has a title or question (slots,).
    """

    documents: tuple[Document, ...]
    bags: tuple[Mapping[str, Bag], ...]
    dense: DenseSegment
    postings: Mapping[str, Postings]
    doc_ids: npt.NDArray[np.int64]
    first_day: npt.NDArray[np.int64]
    last_day: npt.NDArray[np.int64]
    named: Mask

    @classmethod
    def build(cls, parts: Sequence[tuple[Document, Mapping[str, Bag]]], channels: LexicalChannels, dimension: int) -> "Segment":
        documents = tuple(d for d, _ in parts)
        bags = tuple(b for _, b in parts)
        return cls(
            documents,
            bags,
            DenseSegment(documents, dimension),
            channels.segment(bags),
            np.array([d.doc_id for d in documents], dtype=np.int64),
            np.array([d.valid_from.toordinal() if d.valid_from else ALWAYS_FROM for d in documents], dtype=np.int64),
            np.array([d.valid_to.toordinal() if d.valid_to else ALWAYS_TO for d in documents], dtype=np.int64),
            np.array([any(p.role in NAMES for p in d.passages) for d in documents], dtype=np.bool_),
        )

    def valid_within(self, first: int | None, last: int | None, alive: Mask) -> Mask:
        """Those valid on at least one of the days; all when there is no first day."""
        if first is None:
            return alive
        return alive & (self.first_day <= (first if last is None else last)) & (first <= self.last_day)


@dataclass(frozen=True)
class Snapshot:
    """Segments with masks of their living slots: the main one with tombstones, and what changed since, which is all alive.

    Attributes:
        views: lexical channel → statistics over all living documents, made with the snapshot so that no query has to.
        has_names: whether any living document has a title or question.
    """

    main: Segment
    main_alive: Mask
    changed: Segment
    changed_alive: Mask
    views: Mapping[str, ChannelView]
    has_names: bool
    revision: int

    @classmethod
    def of(cls, main: Segment, main_alive: Mask, changed: Segment, revision: int, channels: LexicalChannels) -> "Snapshot":
        changed_alive = np.ones(len(changed.documents), dtype=np.bool_)
        views = channels.views([(main.postings, main_alive), (changed.postings, changed_alive)])
        has_names = bool((main.named & main_alive).any() or changed.named.any())
        return cls(main, main_alive, changed, changed_alive, views, has_names, revision)

    @classmethod
    def empty(cls, channels: LexicalChannels, dimension: int) -> "Snapshot":
        nothing = Segment.build((), channels, dimension)
        return cls.of(nothing, np.ones(0, dtype=np.bool_), nothing, 0, channels)

    def __len__(self) -> int:
        return int(self.main_alive.sum()) + len(self.changed.documents)

    def segments(self) -> list[tuple[Segment, Mask]]:
        return [(self.main, self.main_alive), (self.changed, self.changed_alive)]

    def document_ids(self) -> set[int]:
        return {int(i) for segment, alive in self.segments() for i in segment.doc_ids[alive]}

    def with_changes(
        self, upserts: Sequence[Document], removals: Collection[int], revision: int, channels: LexicalChannels, dimension: int
    ) -> "Snapshot":
        """The next snapshot. A document in `upserts` replaces the one with its id; unknown ids in `removals` are ignored."""
        newest = {d.doc_id: d for d in upserts}
        gone = set(removals) | set(newest)
        parts = [(d, b) for d, b in zip(self.changed.documents, self.changed.bags, strict=True) if d.doc_id not in gone] + [
            (d, channels.bags(d)) for d in newest.values() if d.doc_id not in set(removals) - set(newest)
        ]
        alive = self.main_alive & ~np.isin(self.main.doc_ids, np.fromiter(gone, np.int64, len(gone)))
        if len(parts) <= MOST_CHANGED and int(alive.sum()) * 2 >= len(alive):
            return Snapshot.of(self.main, alive, Segment.build(parts, channels, dimension), revision, channels)
        kept = [(self.main.documents[i], self.main.bags[i]) for i in np.flatnonzero(alive)]
        merged = Segment.build(sorted(kept + parts, key=lambda part: part[0].doc_id), channels, dimension)
        nothing = Segment.build((), channels, dimension)
        return Snapshot.of(merged, np.ones(len(merged.documents), dtype=np.bool_), nothing, revision, channels)
