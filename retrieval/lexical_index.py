"""BM25 with add, replace and remove: immutable segments of postings; what changed lies in a small second segment.

BM25 as in Robertson & Zaragoza, "The Probabilistic Relevance Framework" (2009), with the non-negative idf of Lucene. Document
frequencies and mean length are taken over the living documents of both segments, so that scores equal those of a rebuild.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

K1 = 1.2
B = 0.75


class Vocabulary:
    """Term → id, append-only, shared by all segments of a channel. One writer at a time; readers need no lock."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def bag(self, terms: Mapping[str, int]) -> "Bag":
        ids = np.fromiter((self._ids.setdefault(t, len(self._ids)) for t in terms), dtype=np.int32, count=len(terms))
        counts = np.fromiter(terms.values(), dtype=np.float32, count=len(terms))
        return Bag(ids, counts)

    def get(self, term: str) -> int | None:
        return self._ids.get(term)


@dataclass(frozen=True)
class Bag:
    """A document's terms in one channel: ids (n,) int32 and counts (n,) float32."""

    ids: Ints
    counts: Floats

    @property
    def length(self) -> float:
        return float(self.counts.sum())


class Postings:
    """One channel of one segment: for each term the slots that have it and how often."""

    def __init__(self, bags: Sequence[Bag], terms: int) -> None:
        ids = np.concatenate([bag.ids for bag in bags]) if bags else np.empty(0, np.int32)
        counts = np.concatenate([bag.counts for bag in bags]) if bags else np.empty(0, np.float32)
        slots = np.repeat(np.arange(len(bags), dtype=np.int32), [len(bag.ids) for bag in bags])
        order = np.argsort(ids, kind="stable")
        self.slots: Ints = slots[order]
        self.counts: Floats = counts[order]
        self.starts = np.concatenate([[0], np.cumsum(np.bincount(ids, minlength=terms))])
        self.lengths: Floats = np.array([bag.length for bag in bags], dtype=np.float32)

    def of(self, term: int) -> tuple[Ints, Floats]:
        if term >= len(self.starts) - 1:
            return self.slots[:0], self.counts[:0]
        start, end = self.starts[term], self.starts[term + 1]
        return self.slots[start:end], self.counts[start:end]


@dataclass(frozen=True)
class LexicalScores:
    """For each segment, per slot: the BM25 score and the share of the query's idf mass that the document contains (0..1)."""

    bm25: list[Floats]
    coverage: list[Floats]


def score(vocabulary: Vocabulary, segments: Sequence[tuple[Postings, Mask]], query: Mapping[str, float]) -> LexicalScores:
    """Score one channel.

    Args:
        segments: postings with the mask of living slots.
        query: term → weight in 0..1.
    """
    alive = [mask for _, mask in segments]
    total = sum(int(mask.sum()) for mask in alive)
    bm25 = [np.zeros(len(mask), np.float32) for mask in alive]
    coverage = [np.zeros(len(mask), np.float32) for mask in alive]
    if not total:
        return LexicalScores(bm25, coverage)
    mean = sum(float(p.lengths[mask].sum()) for p, mask in segments) / total or 1.0
    norms = [K1 * (1 - B + B * p.lengths / mean) for p, _ in segments]
    mass = 0.0
    for term, weight in sorted(query.items()):
        index = vocabulary.get(term)
        found = [p.of(index) for p, _ in segments] if index is not None else []
        frequency = sum(int(mask[slots].sum()) for (slots, _), mask in zip(found, alive, strict=True)) if found else 0
        idf = weight * np.log1p((total - frequency + 0.5) / (frequency + 0.5))
        mass += idf
        for s, (slots, counts) in enumerate(found):
            bm25[s][slots] += idf * counts * (K1 + 1) / (counts + norms[s][slots])
            coverage[s][slots] += idf
    if mass > 0:
        for part in coverage:
            part /= mass
    return LexicalScores(bm25, coverage)
