"""BM25 checked by hand, and that segments and tombstones score as a rebuild does."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from retrieval.lexical_index import K1, B, Bag, ChannelView, Postings, Vocabulary

EVERYONE = np.ones(3, dtype=np.bool_)
# three documents of 2, 3 and 1 terms: mean length 2
CORPUS = ({"税": 1, "退": 1}, {"税": 2, "证": 1}, {"证": 1})


def postings(vocabulary: Vocabulary, *documents: dict[str, int]) -> Postings:
    bags = [vocabulary.bag(d) for d in documents]
    return Postings(bags, len(vocabulary))


@dataclass
class Scores:
    bm25: list[np.ndarray]
    coverage: list[np.ndarray]


def score(vocabulary: Vocabulary, segments: Sequence[tuple[Postings, np.ndarray]], query: Mapping[str, float]) -> Scores:
    view = ChannelView(vocabulary, segments)
    terms = view.weigh(query)
    numbers = range(len(segments))
    return Scores(
        [view.bm25(terms, i) for i in numbers],
        [view.coverage(terms, view.held(i, np.arange(len(segments[i][1])))) for i in numbers],
    )


def by_hand(count: int, length: int, mean: float, total: int, frequency: int) -> float:
    idf = math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))
    return idf * count * (K1 + 1) / (count + K1 * (1 - B + B * length / mean))


def test_three_short_documents_score_as_computed_by_hand() -> None:
    vocabulary = Vocabulary()
    scores = score(vocabulary, [(postings(vocabulary, *CORPUS), EVERYONE)], {"税": 1.0})
    # idf = ln(1 + 1.5/2.5) = 0.4700; tf parts 2.2/2.2 and 4.4/(2 + 1.65)
    assert scores.bm25[0] == pytest.approx([0.470004, 0.566580, 0.0], abs=1e-5)
    assert scores.bm25[0] == pytest.approx([by_hand(1, 2, 2, 3, 2), by_hand(2, 3, 2, 3, 2), 0.0], abs=1e-6)
    assert scores.coverage[0] == pytest.approx([1.0, 1.0, 0.0])


def test_rare_terms_weigh_more_and_coverage_is_the_share_of_idf_mass_found() -> None:
    vocabulary = Vocabulary()
    scores = score(vocabulary, [(postings(vocabulary, *CORPUS), EVERYONE)], {"税": 1.0, "退": 1.0, "火星": 1.0})
    rare, common = math.log(1 + 2.5 / 1.5), math.log(1 + 1.5 / 2.5)
    nowhere = math.log(1 + 3.5 / 0.5)
    mass = rare + common + nowhere
    assert scores.coverage[0] == pytest.approx([(rare + common) / mass, common / mass, 0.0], abs=1e-6)


def test_half_the_weight_gives_half_the_score() -> None:
    vocabulary = Vocabulary()
    segment = postings(vocabulary, *CORPUS)
    whole = score(vocabulary, [(segment, EVERYONE)], {"税": 1.0}).bm25[0]
    half = score(vocabulary, [(segment, EVERYONE)], {"税": 0.5}).bm25[0]
    assert half == pytest.approx(whole / 2)


def living(scores: Scores, masks: list[np.ndarray]) -> list[float]:
    return [float(v) for part, mask in zip(scores.bm25, masks, strict=True) for v in part[mask]]


def test_two_segments_and_a_tombstone_score_as_one_rebuilt_segment() -> None:
    vocabulary = Vocabulary()
    main = postings(vocabulary, CORPUS[0], {"税": 9, "老": 5}, CORPUS[1])
    changed = postings(vocabulary, CORPUS[2])  # made later: main knows nothing of its terms' ids
    masks = [np.array([True, False, True]), np.ones(1, dtype=np.bool_)]
    query = {"税": 1.0, "证": 0.7, "老": 1.0}
    split = score(vocabulary, [(main, masks[0]), (changed, masks[1])], query)
    other = Vocabulary()
    rebuilt = score(other, [(postings(other, *CORPUS), EVERYONE)], query)
    assert living(split, masks) == pytest.approx(rebuilt.bm25[0].tolist(), rel=1e-6)
    covered = [float(v) for part, mask in zip(split.coverage, masks, strict=True) for v in part[mask]]
    assert covered == pytest.approx(rebuilt.coverage[0].tolist(), rel=1e-6)


def test_a_view_is_not_changed_by_terms_that_come_later() -> None:
    vocabulary = Vocabulary()
    view = ChannelView(vocabulary, [(postings(vocabulary, *CORPUS), EVERYONE)])
    before = view.bm25(view.weigh({"税": 1.0}), 0)
    vocabulary.bag({"新": 1})
    terms = view.weigh({"税": 1.0, "新": 1.0})
    assert view.frequency("新") == 0
    assert view.bm25(terms, 0).tolist() == before.tolist()
    assert view.coverage(terms, view.held(0, np.array([0, 2]))).tolist() == pytest.approx(
        [math.log(1.6) / (math.log(1.6) + math.log(8)), 0]
    )


def test_nothing_indexed_and_nothing_asked() -> None:
    vocabulary = Vocabulary()
    nobody = np.zeros(0, dtype=np.bool_)
    assert score(vocabulary, [(Postings([], 0), nobody)], {"税": 1.0}).bm25[0].size == 0
    scores = score(vocabulary, [(postings(vocabulary, *CORPUS), EVERYONE)], {})
    assert not scores.bm25[0].any()
    assert not scores.coverage[0].any()


def test_only_dead_documents_score_nothing() -> None:
    vocabulary = Vocabulary()
    scores = score(vocabulary, [(postings(vocabulary, *CORPUS), ~EVERYONE)], {"税": 1.0})
    assert not scores.bm25[0].any()


def test_a_group_is_contained_when_all_its_terms_are() -> None:
    vocabulary = Vocabulary()
    view = ChannelView(vocabulary, [(postings(vocabulary, *CORPUS), EVERYONE)])
    found = view.contained([("税",), ("税", "退"), ("新",), ()], view.held(0, np.array([2, 0, 1])))
    assert found.tolist() == [[False, False, False, True], [True, True, False, True], [True, False, False, True]]
    assert view.contained([("税",)], view.held(0, np.array([], dtype=np.int64))).shape == (0, 1)
    assert view.idf("新", least=1) == view.idf("退") < view.idf("新")


def test_an_empty_document_has_an_empty_bag() -> None:
    vocabulary = Vocabulary()
    empty: Bag = vocabulary.bag({})
    assert empty.length == 0
    segment = Postings([empty, vocabulary.bag({"税": 1})], len(vocabulary))
    assert score(vocabulary, [(segment, np.ones(2, dtype=np.bool_))], {"税": 1.0}).bm25[0][0] == 0
