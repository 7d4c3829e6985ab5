"""BM25 with add, replace and remove: immutable segments of postings; what changed lies in a small second segment.

BM25 as in Robertson & Zaragoza, "The Probabilistic Relevance Framework" (2009), with the non-negative idf of Lucene. Document
frequencies and mean length are taken over the living documents of both segments, so that scores equal those of a rebuild.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Slots = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

MANY_TERMS = 500
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
    """One channel of one segment: for each term the slots that have it and how often.

    Attributes: starts (terms + 1,) where each term's postings begin; slots, counts (postings,); lengths (slots,).
    """

    def __init__(self, bags: Sequence[Bag], terms: int) -> None:
        self.bags = tuple(bags)
        ids = np.concatenate([bag.ids for bag in bags]) if bags else np.empty(0, np.int32)
        counts = np.concatenate([bag.counts for bag in bags]) if bags else np.empty(0, np.float32)
        # int64, numpy's own index type: scattering through any other is converted at each query, which costs twice the time
        slots = np.repeat(np.arange(len(bags), dtype=np.int64), [len(bag.ids) for bag in bags])
        order = np.argsort(ids, kind="stable")
        self.slots: Slots = slots[order]
        self.counts: Floats = counts[order]
        self.starts = np.concatenate([[0], np.cumsum(np.bincount(ids, minlength=terms))])
        self.lengths: Floats = np.array([bag.length for bag in bags], dtype=np.float32)

    def frequencies(self, alive: Mask) -> Slots:
        """How many living documents have each term: (terms,)."""
        if alive.all():
            return np.asarray(np.diff(self.starts), dtype=np.int64)
        running = np.concatenate([[0], np.cumsum(alive[self.slots])])
        return np.asarray(np.diff(running[self.starts]), dtype=np.int64)

    def impacts(self, mean: float) -> Floats:
        """What each posting is worth before idf, in documents of `mean` length on average: (postings,) float32."""
        norms = K1 * (1 - B) + K1 * B / mean * self.lengths
        return np.asarray(self.counts * (K1 + 1) / (self.counts + norms[self.slots]), dtype=np.float32)


@dataclass(frozen=True)
class WeighedTerms:
    """A query's terms that the vocabulary knows: ids (n,), idf times weight (n,); mass: the sum over *all* terms of the query."""

    ids: Slots
    weights: Floats
    mass: float


@dataclass(frozen=True)
class HeldTerms:
    """The terms of some documents: owners (terms,) position of the document among them, ids (terms,)."""

    documents: int
    owners: Slots
    ids: Ints


class ChannelView:
    """One channel as a snapshot sees it. Statistics and impacts are computed once, by the writer, not at each query.

    Attributes: mass, largest: sum and highest of the document frequencies of all terms.
    """

    def __init__(self, vocabulary: Vocabulary, segments: Sequence[tuple[Postings, Mask]]) -> None:
        """Args: segments: postings with the mask of living slots."""
        self._vocabulary = vocabulary
        self._ids: dict[tuple[str, ...], Slots] = {}
        self._postings = [postings for postings, _ in segments]
        self._total = sum(int(alive.sum()) for _, alive in segments)
        self._frequencies = np.zeros(len(vocabulary), dtype=np.int64)
        for postings, alive in segments:
            part = postings.frequencies(alive)  # an older segment knows nothing of newer terms
            self._frequencies[: len(part)] += part
        self.mass = int(self._frequencies.sum())
        self.largest = int(self._frequencies.max(initial=0))
        length = sum(float(postings.lengths[alive].sum(dtype=np.float64)) for postings, alive in segments)
        mean = length / self._total if length else 1.0
        self._impacts = [postings.impacts(mean) for postings, _ in segments]

    @property
    def terms(self) -> int:
        """More than every id that the segments hold."""
        return len(self._vocabulary)

    def ids(self, terms: tuple[str, ...]) -> Slots:
        """The id of each term, -1 where no document ever had it. Remembered: the thousands of an association are asked each time."""
        known = self._ids.get(terms)
        if known is None:
            found = (self._vocabulary.get(term) for term in terms)
            known = np.fromiter((-1 if i is None else i for i in found), np.int64, len(terms))
            if len(terms) > MANY_TERMS:
                self._ids[terms] = known
        return known

    def frequency(self, term: str) -> int:
        """How many living documents have `term`."""
        index = self._vocabulary.get(term)
        # the vocabulary is shared with snapshots made later, whose terms this one does not know
        return int(self._frequencies[index]) if index is not None and index < len(self._frequencies) else 0

    def weigh(self, query: Mapping[str, float]) -> WeighedTerms:
        """Args: query: term → weight in 0..1."""
        terms = sorted(query)  # sums are the same whatever order the terms came in
        frequencies = np.fromiter(map(self.frequency, terms), np.float64, len(terms))
        weights = np.fromiter((query[term] for term in terms), np.float64, len(terms))
        weights *= np.log1p((self._total - frequencies + 0.5) / (frequencies + 0.5))
        known = frequencies > 0
        ids = np.array([self._vocabulary.get(t) for t, k in zip(terms, known, strict=True) if k], dtype=np.int64)
        return WeighedTerms(ids, weights[known].astype(np.float32), float(weights.sum()))

    def bm25(self, terms: WeighedTerms, segment: int) -> Floats:
        """Score of each slot of a segment: (slots,) float32."""
        postings, impacts = self._postings[segment], self._impacts[segment]
        scores = np.zeros(len(postings.lengths), np.float32)
        inside = terms.ids < len(postings.starts) - 1
        ids = terms.ids[inside]
        bounds = zip(postings.starts[ids].tolist(), postings.starts[ids + 1].tolist(), terms.weights[inside], strict=True)
        for start, end, weight in bounds:
            # a document has a term once, so no slot comes twice within one addition
            scores[postings.slots[start:end]] += weight * impacts[start:end]
        return scores

    def held(self, segment: int, slots: Slots) -> HeldTerms:
        """What `slots` of a segment contain."""
        bags = [self._postings[segment].bags[slot].ids for slot in slots.tolist()]
        owners = np.repeat(np.arange(len(bags)), [len(ids) for ids in bags])
        return HeldTerms(len(bags), owners, np.concatenate(bags) if bags else np.empty(0, np.int32))

    def coverage(self, terms: WeighedTerms, held: HeldTerms) -> Floats:
        """Share of the query's idf mass that each document contains (0..1): (documents,) float32."""
        value = np.zeros(len(self._vocabulary), np.float64)
        value[terms.ids] = terms.weights / (terms.mass or 1.0)
        return np.bincount(held.owners, value[held.ids], held.documents).astype(np.float32)

    def idf(self, term: str, least: int = 0) -> float:
        """Args: least: the frequency that a term seldomer or unknown is taken to have."""
        frequency = max(self.frequency(term), least)
        return float(np.log1p((max(self._total - frequency, 0) + 0.5) / (frequency + 0.5)))

    def contained(self, groups: Sequence[Collection[str]], held: HeldTerms) -> Mask:
        """Whether each document has all terms of each group: (documents, len(groups)) bool."""
        columns = {term: i for i, term in enumerate(dict.fromkeys(term for group in groups for term in group))}
        column_of = np.full(len(self._vocabulary), -1, dtype=np.int64)
        for term, column in columns.items():
            index = self._vocabulary.get(term)
            if index is not None:
                column_of[index] = column
        found = column_of[held.ids]
        hits = np.flatnonzero(found >= 0)
        present = np.zeros((held.documents, len(columns)), dtype=np.bool_)
        present[held.owners[hits], found[hits]] = True
        result = np.empty((held.documents, len(groups)), dtype=np.bool_)
        for i, group in enumerate(groups):
            result[:, i] = present[:, [columns[term] for term in group]].all(axis=1)
        return result
