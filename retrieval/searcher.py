"""Hybrid search over the current snapshot: candidates from all channels, fused, calibrated."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from retrieval.dense_index import NO_PASSAGE
from retrieval.documents import ROLES, Document, Hit, Passage, SearchResult
from retrieval.encoder import Encoder, Matrix
from retrieval.extras import NO_EXTRAS, Extras
from retrieval.fusion import COSINE_SCALE, Floats, Fusion, answerable_features, calibration_features, fusion_features
from retrieval.lexical_channels import CHANNELS, PLACES, LexicalChannels, QueryText
from retrieval.lexical_index import HeldTerms, Mask, Slots
from retrieval.lexicon import Lexicon, QueryRewriter
from retrieval.ranking import Ranking
from retrieval.recent import RecentResults
from retrieval.snapshot import Segment, Snapshot
from retrieval.text import normalise
from retrieval.tokenizer import WordSegmenter

DENSE_ROWS = 160
LEXICAL_CANDIDATES = 40
ASSOCIATION_SCALE = 20.0  # differences between documents are some hundredths
NEAREST_HITS = 3  # one of them may be what is meant


@dataclass(frozen=True)
class Candidates:
    """What the channels found, with features.

    Attributes: places: (segment number, slot) of each row of the features; nearest: highest cosine in each dense feature;
    missing: share of the query's words that are not in the document.
    """

    places: list[tuple[int, int]]
    doc_ids: npt.NDArray[np.int64]
    features: Floats
    best_cosine: npt.NDArray[np.float32]
    coverages: dict[str, npt.NDArray[np.float32]]
    missing: Floats
    nearest: dict[str, float]


@dataclass(frozen=True)
class _Part:
    """The candidates of one segment: roles (n, len(ROLES)) cosines; bm25 and coverage by channel (n,)."""

    doc_ids: npt.NDArray[np.int64]
    roles: npt.NDArray[np.float32]
    bm25: dict[str, npt.NDArray[np.float32]]
    coverage: dict[str, npt.NDArray[np.float32]]
    missing: Floats
    extra: dict[str, Floats]


class Searcher:
    """Holds one snapshot, replaced as a whole by `apply`, and one ranking, replaced by `use`.

    Searches never wait; `apply` is called by one writer at a time.
    """

    def __init__(
        self, encoder: Encoder, fusion: Fusion, lexicon: Lexicon, places: Callable[[str], Mapping[str, int]] | None = None
    ) -> None:
        """Args: places: finds the places that a normalised text names."""
        self._encoder = encoder
        self._ranking = Ranking.untrained(fusion, encoder.dimension)
        self._lexicon = lexicon
        segmenter = WordSegmenter(lexicon.terms)
        self._rewriter = QueryRewriter(lexicon, segmenter)
        self._channels = LexicalChannels(segmenter, places)
        self._snapshot = Snapshot.empty(self._channels, encoder.dimension)
        self._recent = RecentResults()
        self._writer = threading.Lock()

    @property
    def revision(self) -> int:
        return self._snapshot.revision

    @property
    def size(self) -> int:
        return len(self._snapshot)

    @property
    def threshold(self) -> float:
        return self._ranking.of(self._snapshot.has_names)[0].threshold

    @property
    def model_ids(self) -> dict[str, str]:
        return self._models(self._ranking)

    @property
    def ranking(self) -> Ranking:
        return self._ranking

    @property
    def encoder(self) -> Encoder:
        return self._encoder

    def use(self, ranking: Ranking) -> None:
        """Rank every new search by `ranking`; searches under way finish with the one before."""
        if ranking.dimension != self._encoder.dimension:
            raise ValueError(f"made for vectors of {ranking.dimension}, not {self._encoder.dimension}")
        self._ranking = ranking

    def document_ids(self) -> set[int]:
        return self._snapshot.document_ids()

    def apply(self, upserts: Sequence[Document], removals: Collection[int], revision: int) -> None:
        """Make the next snapshot and swap it in. After it returns, every new search shows the change."""
        with self._writer:
            self._snapshot = self._snapshot.with_changes(upserts, removals, revision, self._channels, self._encoder.dimension)

    def understand(self, query: str, snapshot: Snapshot | None = None) -> QueryText:
        """The query as it is matched: spelling mended by the words of `snapshot`, subject told from padding, official words added."""
        mended = self._channels.mend(self._rewriter.mend(normalise(query)), (snapshot or self._snapshot).views)
        return QueryText(mended, self._rewriter.subject(mended), tuple(self._rewriter.official_words(mended)))

    def mended(self, query: str) -> str:
        """As it is written, or with terms of the lexicon mended: surer than what `understand` mends, which reads into knowledge too."""
        normalised = normalise(query)
        mended = self._rewriter.mend(normalised)
        return query if mended == normalised else mended

    def terms_in(self, query: str) -> tuple[str, ...]:
        """Official terms that a query names in so many words."""
        return self._lexicon.terms_in(normalise(query))

    def encode(self, text: QueryText) -> Matrix:
        """The query's vector (dimension,), before any adapter. Official words help the lexical channels only: measured, they blur its meaning."""
        vector: Matrix = self._encoder.encode_queries([text.understood])[0]
        return vector

    def search(
        self, query: str, k: int = 10, *, as_of: date | None = None, until: date | None = None,
        accept: Callable[[int], bool] | None = None,
    ) -> SearchResult:  # fmt: skip
        """Rank the documents valid on `as_of` (None: whatever the date) and accepted by `accept` (called with doc ids).

        With `until`, those that are valid on any day from `as_of` to `until`.

        The result depends on query, snapshot and models only; without `accept`, the last ones are kept.
        """
        snapshot, ranking = self._snapshot, self._ranking
        if accept is not None:
            return self._searched(snapshot, ranking, query, k, as_of, until, accept)
        question = (query, k, as_of, until)
        known = self._recent.get(question, snapshot, ranking)
        if known is None:
            known = self._searched(snapshot, ranking, query, k, as_of, until, None)
            self._recent.keep(question, snapshot, ranking, known)
        return known

    def _searched(
        self, snapshot: Snapshot, ranking: Ranking, query: str, k: int, as_of: date | None, until: date | None,
        accept: Callable[[int], bool] | None,
    ) -> SearchResult:  # fmt: skip
        weights, adapter = ranking.of(snapshot.has_names)
        text = self.understand(query, snapshot)
        vector = adapter(self.encode(text)) if text.understood else None
        extras = ranking.extras(snapshot.has_names)
        found = (
            self.candidates(snapshot, text, vector, as_of, accept, weights.channels, until, extras)
            if vector is not None
            else None
        )
        hits: tuple[Hit, ...] = ()
        answerable = 0.0
        if found is not None and vector is not None:
            scores = weights.scores(found.features)
            chances = weights.probabilities(
                calibration_features(scores, found.best_cosine, found.coverages, found.missing, weights.background(found.nearest))
            )
            order = np.lexsort((found.doc_ids, -np.round(scores, 9)))[:k]
            answerable = weights.answerability(
                answerable_features(
                    found.nearest, found.best_cosine, found.coverages, found.missing, int(order[0]), weights.background_cosine
                ),
                chances[order[:NEAREST_HITS]],
            )
            segments = snapshot.segments()
            hits = tuple(
                self._hit(segments[found.places[i][0]][0], found.places[i][1], vector, float(scores[i]), float(chances[i]))
                for i in order
            )
        return SearchResult(
            query, text.understood, hits, hits[0].probability if hits else 0.0, weights.threshold,
            snapshot.revision, self._models(ranking), answerable,
            weights.threshold if weights.offer_threshold is None else weights.offer_threshold,
        )  # fmt: skip

    def _models(self, ranking: Ranking) -> dict[str, str]:
        return {
            "encoder": self._encoder.hash, "adapter": ranking.learned_hash,
            "fusion": ranking.fusion.hash, "lexicon": self._lexicon.hash,
        }  # fmt: skip

    def current(self) -> Snapshot:
        return self._snapshot

    def candidates(
        self,
        snapshot: Snapshot,
        text: QueryText,
        vector: Matrix,
        as_of: date | None = None,
        accept: Callable[[int], bool] | None = None,
        channels: Collection[str] = CHANNELS,
        until: date | None = None,
        extras: Extras = NO_EXTRAS,
    ) -> Candidates | None:
        """Union of what each channel ranks highest, with features; None when nothing is left after filtering.

        Args: channels: the lexical channels to ask; the features of the others are 0.
        """
        first, last = (day.toordinal() if day else None for day in (as_of, until))
        # term statistics are those of all living documents, so that scores do not change with the day asked about
        singles = extras.single_characters
        terms = {name: snapshot.views[name].weigh(self._channels.terms(name, text, singles)) for name in channels}
        words = self._channels.words(text, snapshot.views)
        places: list[tuple[int, int]] = []
        parts: list[_Part] = []
        for number, (segment, alive) in enumerate(snapshot.segments()):
            allowed = segment.valid_within(first, last, alive)
            if accept is not None:
                allowed = allowed & np.fromiter((accept(int(i)) for i in segment.doc_ids), np.bool_, len(segment.doc_ids))
            bm25 = {name: snapshot.views[name].bm25(terms[name], number) for name in channels}
            best = [_highest(scores, allowed, LEXICAL_CANDIDATES) for scores in bm25.values()]
            slots = np.unique(np.concatenate([segment.dense.nearest_slots(vector, DENSE_ROWS, allowed), *best]))
            held = {name: snapshot.views[name].held(number, slots) for name in {"chars", *channels}}
            parts.append(
                _Part(
                    segment.doc_ids[slots],
                    segment.dense.similarities(vector, slots),
                    {name: scores[slots] for name, scores in bm25.items()},
                    {name: snapshot.views[name].coverage(terms[name], held[name]) for name in channels},
                    words.missing(snapshot.views["chars"], held["chars"]),
                    self._extra(extras, snapshot, number, segment, slots, text, vector, held["chars"]),
                )
            )
            places += [(number, slot) for slot in slots.tolist()]
        if not places:
            return None
        dense = dense_features(np.concatenate([part.roles for part in parts]))
        shares = {name: np.zeros(len(places), np.float32) for name in CHANNELS}
        coverages = dict(shares)
        for name in channels:
            bm25_of_all = np.concatenate([part.bm25[name] for part in parts])
            shares[name] = np.asarray(bm25_of_all / max(float(bm25_of_all.max()), 1e-6), dtype=np.float32)
            coverages[name] = np.concatenate([part.coverage[name] for part in parts])
        nearest = {name: float(values.max()) for name, values in dense.items()}
        doc_ids = np.concatenate([part.doc_ids for part in parts])
        missing = np.concatenate([part.missing for part in parts])
        extra = {name: np.concatenate([part.extra[name] for part in parts]) for name in parts[0].extra}
        if "dense_first" in extra:
            extra["dense_first"] = (extra["dense_first"] - extra["dense_first"].max()) * COSINE_SCALE
        features = fusion_features(dense, shares, coverages, extra)
        return Candidates(places, doc_ids, features, dense["best"], coverages, missing, nearest)

    def _extra(
        self, extras: Extras, snapshot: Snapshot, number: int, segment: Segment, slots: Slots, text: QueryText,
        vector: Matrix, held: HeldTerms,
    ) -> dict[str, Floats]:  # fmt: skip
        """Columns of EXTRA_FEATURES for the slots of one segment. Args: held: their characters."""
        columns: dict[str, Floats] = {}
        if extras.first:
            columns["dense_first"] = segment.dense.first_passages(vector, slots).astype(np.float64)
        if extras.places:
            named = snapshot.views[PLACES].held(number, slots)
            columns["places_apart"] = self._channels.places_apart(text, snapshot.views, named)
        if extras.associations is not None:
            terms = self._channels.character_terms(text)
            columns["associated"] = extras.associations.scores(terms, snapshot.views["chars"], held) * ASSOCIATION_SCALE
        return columns

    @staticmethod
    def _hit(segment: Segment, slot: int, vector: Matrix, score: float, probability: float) -> Hit:
        document = segment.documents[slot]
        passage: Passage = document.passages[segment.dense.best_passage(vector, slot)]
        return Hit(document.doc_id, score, probability, passage.text, passage.role)


def _highest(scores: npt.NDArray[np.float32], allowed: Mask, count: int) -> Slots:
    """Slots of the `count` highest positive scores among the allowed, in no order; of equal ones the first slots. (n,) int64."""
    found = np.flatnonzero((scores > 0) & allowed)
    if len(found) <= count:
        return found
    values = scores[found]
    edge = np.partition(values, -count)[-count]
    above = found[values > edge]
    return np.concatenate([above, found[values == edge][: count - len(above)]])


def dense_features(roles: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.float32]]:
    """Args: roles: (n, len(ROLES)) cosines or NO_PASSAGE. A missing role counts as the document's weakest other one."""
    missing = roles == NO_PASSAGE
    weakest = np.where(missing, np.inf, roles).min(axis=1)
    column = {role: np.where(missing[:, i], weakest, roles[:, i]) for i, role in enumerate(ROLES)}
    named = np.maximum(roles[:, ROLES.index("title")], roles[:, ROLES.index("question")])
    name = np.where(named == NO_PASSAGE, weakest, named)
    return {
        "name": name,
        "context": np.where(missing[:, ROLES.index("context")], name, column["context"]),
        "body": column["body"],
        "best": roles.max(axis=1),
    }
