"""Hybrid search over the current snapshot: candidates from all channels, fused, calibrated."""

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from retrieval.dense_index import NO_PASSAGE
from retrieval.documents import ROLES, Document, Hit, Passage, SearchResult
from retrieval.encoder import Encoder, Matrix
from retrieval.fusion import Floats, Fusion, FusionWeights, calibration_features, fusion_features
from retrieval.lexical_channels import CHANNELS, LexicalChannels, QueryText
from retrieval.lexicon import Lexicon, QueryRewriter
from retrieval.snapshot import Segment, Snapshot
from retrieval.text import normalise
from retrieval.tokenizer import WordSegmenter

DENSE_ROWS = 160
LEXICAL_CANDIDATES = 40


@dataclass(frozen=True)
class Candidates:
    """What the channels found, with features.

    Attributes: places: (segment number, slot) of each row of the features; nearest: highest cosine in each dense feature.
    """

    places: list[tuple[int, int]]
    doc_ids: npt.NDArray[np.int64]
    features: Floats
    best_cosine: npt.NDArray[np.float32]
    coverages: dict[str, npt.NDArray[np.float32]]
    nearest: dict[str, float]


class Searcher:
    """Holds one snapshot, replaced as a whole by `apply`. Searches never wait; `apply` is called by one writer at a time."""

    def __init__(self, encoder: Encoder, fusion: Fusion, lexicon: Lexicon) -> None:
        self._encoder = encoder
        self._fusion = fusion
        self._lexicon = lexicon
        segmenter = WordSegmenter(lexicon.terms)
        self._rewriter = QueryRewriter(lexicon, segmenter)
        self._channels = LexicalChannels(segmenter)
        self._snapshot = Snapshot.empty(self._channels, encoder.dimension)
        self._writer = threading.Lock()

    @property
    def revision(self) -> int:
        return self._snapshot.revision

    @property
    def size(self) -> int:
        return len(self._snapshot)

    @property
    def threshold(self) -> float:
        return self._weights(self._snapshot).threshold

    @property
    def model_ids(self) -> dict[str, str]:
        return {"encoder": self._encoder.hash, "fusion": self._fusion.hash, "lexicon": self._lexicon.hash}

    def document_ids(self) -> set[int]:
        return self._snapshot.document_ids()

    def apply(self, upserts: Sequence[Document], removals: Collection[int], revision: int) -> None:
        """Make the next snapshot and swap it in. After it returns, every new search shows the change."""
        with self._writer:
            self._snapshot = self._snapshot.with_changes(upserts, removals, revision, self._channels, self._encoder.dimension)

    def understand(self, query: str) -> QueryText:
        """The query as it is matched: spelling mended, subject told from padding, official words added."""
        mended = self._rewriter.mend(normalise(query))
        return QueryText(mended, self._rewriter.subject(mended), tuple(self._rewriter.official_words(mended)))

    def encode(self, text: QueryText) -> Matrix:
        """The query's vector (dimension,). Official words help the lexical channels only: measured, they blur its meaning."""
        vector: Matrix = self._encoder.encode_queries([text.understood])[0]
        return vector

    def search(
        self, query: str, k: int = 10, *, as_of: date | None = None, accept: Callable[[int], bool] | None = None
    ) -> SearchResult:
        """Rank the documents valid on `as_of` (None: whatever the date) and accepted by `accept` (called with doc ids).

        The result depends on query, snapshot and models only.
        """
        snapshot = self._snapshot
        weights = self._weights(snapshot)
        text = self.understand(query)
        vector = self.encode(text) if text.understood else None
        found = self.candidates(snapshot, text, vector, as_of, accept) if vector is not None else None
        hits: tuple[Hit, ...] = ()
        if found is not None and vector is not None:
            scores = weights.scores(found.features)
            chances = weights.probabilities(
                calibration_features(scores, found.best_cosine, found.coverages, weights.background(found.nearest))
            )
            order = np.lexsort((found.doc_ids, -np.round(scores, 9)))[:k]
            segments = snapshot.segments()
            hits = tuple(
                self._hit(segments[found.places[i][0]][0], found.places[i][1], vector, float(scores[i]), float(chances[i]))
                for i in order
            )
        return SearchResult(
            query, text.understood, hits, hits[0].probability if hits else 0.0, weights.threshold,
            snapshot.revision, self.model_ids,
        )  # fmt: skip

    def _weights(self, snapshot: Snapshot) -> FusionWeights:
        return self._fusion.named if snapshot.has_names else self._fusion.bare

    def current(self) -> Snapshot:
        return self._snapshot

    def candidates(
        self,
        snapshot: Snapshot,
        text: QueryText,
        vector: Matrix,
        as_of: date | None = None,
        accept: Callable[[int], bool] | None = None,
    ) -> Candidates | None:
        """Union of what each channel ranks highest, with features; None when nothing is left after filtering."""
        day = as_of.toordinal() if as_of else None
        segments = [(segment, segment.valid_on(day, alive)) for segment, alive in snapshot.segments()]
        if accept is not None:
            segments = [
                (s, mask & np.fromiter((accept(int(i)) for i in s.doc_ids), np.bool_, len(s.doc_ids))) for s, mask in segments
            ]
        # term statistics are those of all living documents, so that scores do not change with the day asked about
        lexical = self._channels.score(text, [(s.postings, alive) for s, alive in snapshot.segments()])
        places: list[tuple[int, int]] = []
        chosen = []
        for number, (segment, allowed) in enumerate(segments):
            slots = set(segment.dense.nearest_slots(vector, DENSE_ROWS, allowed).tolist())
            for channel in CHANNELS:
                bm25 = np.where(allowed, lexical[channel].bm25[number], 0.0)
                best = np.argsort(-bm25, kind="stable")[:LEXICAL_CANDIDATES]
                slots.update(int(i) for i in best if bm25[i] > 0)
            ordered = np.array(sorted(slots), dtype=np.int64)
            chosen.append(ordered)
            places += [(number, int(slot)) for slot in ordered]
        if not places:
            return None
        roles = np.concatenate([segments[n][0].dense.similarities(vector, slots) for n, slots in enumerate(chosen)])
        dense = dense_features(roles)
        shares, coverages = {}, {}
        for channel in CHANNELS:
            bm25 = np.concatenate([lexical[channel].bm25[n][slots] for n, slots in enumerate(chosen)])
            shares[channel] = bm25 / max(float(bm25.max()), 1e-6)
            coverages[channel] = np.concatenate([lexical[channel].coverage[n][slots] for n, slots in enumerate(chosen)])
        doc_ids = np.concatenate([segments[n][0].doc_ids[slots] for n, slots in enumerate(chosen)])
        nearest = {name: float(values.max()) for name, values in dense.items()}
        return Candidates(places, doc_ids, fusion_features(dense, shares, coverages), dense["best"], coverages, nearest)

    @staticmethod
    def _hit(segment: Segment, slot: int, vector: Matrix, score: float, probability: float) -> Hit:
        document = segment.documents[slot]
        passage: Passage = document.passages[segment.dense.best_passage(vector, slot)]
        return Hit(document.doc_id, score, probability, passage.text, passage.role)


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
