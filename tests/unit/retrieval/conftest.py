"""A searcher over the model-free encoder, and documents in one line."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from unittest.mock import patch

import pytest

from retrieval.documents import Document, Passage, Role, SearchResult
from retrieval.fusion import Fusion
from retrieval.lexicon import Lexicon
from retrieval.searcher import Searcher
from retrieval.tokenizer import WordSegmenter
from tests.fixtures.bigram_encoder import BigramHashEncoder

ENCODER = BigramHashEncoder(64)


def document(
    doc_id: int,
    *texts: str,
    roles: Sequence[Role] = ("title", "question", "body"),
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> Document:
    """Texts take the roles in order; those beyond the last role are bodies."""
    passages = tuple(Passage(roles[i] if i < len(roles) else "body", text) for i, text in enumerate(texts))
    return Document(doc_id, passages, ENCODER.encode_passages(texts), valid_from, valid_to)


def fresh_searcher(lexicon: Lexicon | None = None) -> Searcher:
    # a jieba dictionary takes a second to load; searchers of the same terms may share it, it never changes
    with patch("retrieval.searcher.WordSegmenter", _segmenter):
        return Searcher(ENCODER, builtin_fusion(), lexicon or Lexicon())


@lru_cache(maxsize=4)
def _segmenter(terms: frozenset[str]) -> WordSegmenter:
    return WordSegmenter(terms)


@lru_cache(maxsize=1)
def builtin_fusion() -> Fusion:
    return Fusion.load()


def ids(result: SearchResult) -> list[int]:
    return [hit.doc_id for hit in result.hits]


@pytest.fixture
def searcher() -> Searcher:
    return fresh_searcher()


@pytest.fixture(scope="session")
def builtin_lexicon() -> Lexicon:
    return Lexicon.load()
