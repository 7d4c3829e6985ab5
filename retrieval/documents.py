"""What the searcher is given: documents as passages with vectors. Knows no table and no field of a knowledge entry."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from retrieval.encoder import Matrix

Role = Literal["title", "question", "context", "body"]
ROLES: tuple[Role, ...] = ("title", "question", "context", "body")


@dataclass(frozen=True)
class Passage:
    """A stretch of text that is searched for on its own.

    Attributes:
        role: "title" and "question" name the matter; "context" names it with department and theme; "body" tells about it.
    """

    role: Role
    text: str


@dataclass(frozen=True)
class Document:
    """An entry as it is indexed.

    Attributes:
        passages: at least one.
        vectors: (len(passages), dimension) float32, rows of unit length.
        valid_from, valid_to: first and last day on which it may be answered from; None = open.
    """

    doc_id: int
    passages: tuple[Passage, ...]
    vectors: Matrix
    valid_from: date | None = None
    valid_to: date | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Hit:
    """A ranked document.

    Attributes:
        score: of the fusion, comparable within one result only.
        probability: calibrated, that this document answers the query (0..1).
        passage, role: the passage that matches best by meaning.
    """

    doc_id: int
    score: float
    probability: float
    passage: str
    role: str


@dataclass(frozen=True)
class SearchResult:
    """Attributes:
    query, understood: as given; with homophones mended.
    hits: best first; ties by doc_id.
    probability: of the first hit; 0 without hits. threshold: measured, below it the searcher abstains.
    answerable: probability that anything here answers, whichever it is. offer_threshold: measured, below it nothing found is
        worth showing, not even as a suggestion.
    revision: of the store that the index shows. model_ids: encoder, adapter, fusion and lexicon by hash.
    """

    query: str
    understood: str
    hits: tuple[Hit, ...]
    probability: float
    threshold: float
    revision: int
    model_ids: Mapping[str, str]
    answerable: float = 1.0
    offer_threshold: float = 0.0

    @property
    def offered(self) -> bool:
        """Whether what was found is worth showing."""
        return self.answered or self.answerable >= self.offer_threshold

    @property
    def answered(self) -> bool:
        return self.probability >= self.threshold
