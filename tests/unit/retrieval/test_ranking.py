"""A trained ranking is given to a running searcher as one thing, and to no other encoder's."""

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.errors import RetrievalError
from retrieval.query_adapter import QueryAdapter
from retrieval.ranking import Ranking, read_adapters, write_adapters
from retrieval.searcher import Searcher
from tests.unit.retrieval.conftest import ENCODER, builtin_fusion, document, ids

QUESTION = "租房能取公积金吗"


def towards(text: str, strength: float) -> QueryAdapter:
    """Pulls every query to one passage."""
    nothing = np.zeros((ENCODER.dimension, 0), np.float32)
    return QueryAdapter(nothing, nothing.T, strength * ENCODER.encode_passages([text])[0])


def two_documents(searcher: Searcher) -> None:
    searcher.apply([document(1, "租房提取公积金"), document(2, "公交卡退卡")], (), 1)


def test_a_new_ranking_changes_the_next_search_and_says_so(searcher: Searcher) -> None:
    two_documents(searcher)
    before = searcher.search(QUESTION)
    drawn = towards("公交卡退卡", 50)
    searcher.use(Ranking(builtin_fusion(), drawn, QueryAdapter.identity(ENCODER.dimension)))
    after = searcher.search(QUESTION)
    assert ids(before)[0] == 1
    assert after.hits[0].score != before.hits[0].score
    assert (before.model_ids["adapter"], after.model_ids["adapter"]) == ("identity", searcher.ranking.learned_hash)
    searcher.use(Ranking.untrained(builtin_fusion(), ENCODER.dimension))
    assert searcher.search(QUESTION) == before


def test_texts_without_names_have_an_adapter_of_their_own(searcher: Searcher) -> None:
    two_documents(searcher)
    before = searcher.search(QUESTION).hits
    searcher.use(Ranking(builtin_fusion(), QueryAdapter.identity(ENCODER.dimension), towards("公交卡退卡", 50)))
    assert searcher.search(QUESTION).hits == before


def test_searches_during_a_swap_see_one_ranking_or_the_other(searcher: Searcher) -> None:
    two_documents(searcher)
    plain = searcher.ranking
    drawn = Ranking(builtin_fusion(), towards("公交卡退卡", 50), plain.bare)
    expected = {}
    for ranking in (plain, drawn):
        searcher.use(ranking)
        result = searcher.search(QUESTION)
        expected[result.model_ids["adapter"]] = result.hits
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for ranking in (plain, drawn):
                searcher.use(ranking)

    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        for _ in range(200):
            result = searcher.search(QUESTION)
            assert result.hits == expected[result.model_ids["adapter"]]
    finally:
        stop.set()
        swapping.join()


def test_a_ranking_for_other_vectors_is_refused(searcher: Searcher) -> None:
    with pytest.raises(ValueError, match="32"):
        searcher.use(Ranking.untrained(builtin_fusion(), 32))


@given(st.integers(0, 2**32 - 1), st.integers(0, 6))
def test_adapted_queries_have_unit_length_one_by_one_or_together(seed: int, rank: int) -> None:
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(16, rank)).astype(np.float32), random.normal(size=(rank, 16)).astype(np.float32)
    adapter = QueryAdapter(a, b, random.normal(size=16).astype(np.float32))
    rows = random.normal(size=(5, 16)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    together = adapter(rows)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert np.allclose(together, np.stack([adapter(row) for row in rows]), atol=1e-5)


def test_adapters_come_back_from_a_file_as_they_were(tmp_path: Path) -> None:
    ranking = Ranking(builtin_fusion(), towards("公交卡退卡", 1), QueryAdapter.identity(ENCODER.dimension))
    write_adapters(tmp_path / "query_adapter.npz", ranking, "space")
    named, bare = read_adapters(tmp_path / "query_adapter.npz", "space")
    assert (named.hash, bare.hash) == (ranking.named.hash, "identity")
    with pytest.raises(RetrievalError, match="space"):
        read_adapters(tmp_path / "query_adapter.npz", "another space")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "query_adapter.npz"
    file.write_bytes(b"PK no such thing")
    with pytest.raises(RetrievalError, match=r"query_adapter\.npz"):
        read_adapters(file, "space")
