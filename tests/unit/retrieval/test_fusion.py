"""Probabilities that mean something, and weights that fit the program."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.dense_index import NO_PASSAGE
from retrieval.errors import RetrievalError
from retrieval.fusion import (
    ANSWERABLE_FEATURES,
    BUILTIN_WEIGHTS,
    CALIBRATION_FEATURES,
    DENSE_FEATURES,
    FEATURES,
    LEAST_RIVALS,
    Fusion,
    FusionWeights,
    answerable_features,
    calibration_features,
    fusion_features,
)
from retrieval.lexical_channels import CHANNELS
from retrieval.searcher import dense_features

UNIT = st.floats(0, 1)


def features(cosines: list[float], shares: list[float], coverages: list[float]) -> np.ndarray:
    column = np.array(cosines, dtype=np.float32)
    return fusion_features(
        dict.fromkeys(DENSE_FEATURES, column),
        {c: np.array(shares) for c in CHANNELS},
        {c: np.array(coverages) for c in CHANNELS},
    )


def chances(scores: list[float], cosines: list[float], coverages: list[float]) -> np.ndarray:
    covered = {c: np.array(coverages, dtype=np.float32) for c in CHANNELS}
    missing = 1 - np.array(coverages)
    rows = calibration_features(np.array(scores), np.array(cosines, dtype=np.float32), covered, missing)
    return Fusion.load().named.probabilities(rows)


@given(st.lists(st.tuples(st.floats(-300, 300), UNIT, UNIT), min_size=1, max_size=30))
def test_probabilities_lie_between_0_and_1(rows: list[tuple[float, float, float]]) -> None:
    values = chances(*(list(column) for column in zip(*rows, strict=True)))
    assert np.isfinite(values).all()
    assert ((values >= 0) & (values <= 1)).all()


@given(st.floats(0, 8), st.floats(0.1, 4))
def test_the_further_ahead_the_surer(ahead: float, more: float) -> None:
    near, far = (chances([a, 0, 0], [0.85] * 3, [0.5] * 3)[0] for a in (ahead, ahead + more))
    assert far >= near - 1e-9


def test_of_two_first_hits_alike_the_nearer_in_meaning_is_surer() -> None:
    near, far = (chances([3, 0], [cosine, 0.8], [0.5, 0.5])[0] for cosine in (0.95, 0.85))
    assert near > far


def test_an_entry_that_lacks_words_of_the_question_is_less_sure() -> None:
    column, none = np.full(2, 0.65, dtype=np.float32), dict.fromkeys(CHANNELS, np.zeros(2, dtype=np.float32))
    whole, lacking = (
        Fusion.load().named.probabilities(calibration_features(np.array([0.5, 0.0]), column, none, np.full(2, share)))[0]
        for share in (0.0, 0.5)
    )
    assert lacking < whole - 0.05


def test_only_differences_of_cosines_within_a_query_count() -> None:
    assert features([0.9, 0.8], [1, 0], [1, 0]) == pytest.approx(features([0.7, 0.6], [1, 0], [1, 0]), abs=1e-5)


@pytest.mark.parametrize("which", ["named", "bare"])
def test_the_better_in_every_channel_scores_higher(which: str) -> None:
    weights = getattr(Fusion.load(), which)
    high, low = weights.scores(features([0.9, 0.8], [1.0, 0.2], [1.0, 0.2]))
    assert high > low
    assert 0 < weights.threshold < 1


def test_a_document_without_a_title_is_measured_by_what_it_has() -> None:
    roles = np.array(
        [[0.9, NO_PASSAGE, NO_PASSAGE, 0.5], [NO_PASSAGE, NO_PASSAGE, NO_PASSAGE, 0.6], [NO_PASSAGE, 0.8, 0.7, NO_PASSAGE]],
        dtype=np.float32,
    )
    found = dense_features(roles)
    assert found["name"] == pytest.approx([0.9, 0.6, 0.8])
    assert found["context"] == pytest.approx([0.9, 0.6, 0.7])
    assert found["body"] == pytest.approx([0.5, 0.6, 0.7])
    assert found["best"] == pytest.approx([0.9, 0.6, 0.8])


def changed(tmp_path: Path, change) -> Path:  # type: ignore[no-untyped-def]
    values = json.loads(BUILTIN_WEIGHTS.read_text())
    change(values)
    file = tmp_path / "weights.json"
    file.write_text(json.dumps(values))
    return file


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v["named"]["weights"].pop(FEATURES[0]),
        lambda v: v["bare"]["weights"].update(moon_phase=1.0),
        lambda v: v["named"]["calibration"].pop(CALIBRATION_FEATURES[0]),
        lambda v: v["named"].update(weights=dict(reversed(v["named"]["weights"].items()))),
        lambda v: v.pop("bare"),
        lambda v: v["named"].pop("threshold"),
        lambda v: v["named"].update(threshold="hoch"),
    ],
)
def test_weights_made_for_another_program_are_refused(tmp_path: Path, change) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RetrievalError, match=r"weights\.json"):
        Fusion.load(changed(tmp_path, change))


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff\xfe"])
def test_a_damaged_weight_file_is_refused(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "weights.json").write_bytes(raw)
    with pytest.raises(RetrievalError, match=r"weights\.json"):
        Fusion.load(tmp_path / "weights.json")


def test_channels_of_no_weight_are_not_asked() -> None:
    weights = Fusion.load().named
    none = replace(weights, weights=np.zeros(len(FEATURES)), calibration=np.zeros(len(CALIBRATION_FEATURES)))
    assert none.channels == ()
    for names, field in ((FEATURES, "weights"), (CALIBRATION_FEATURES, "calibration")):
        one = replace(none, **{field: np.array([float(name == "words_coverage") for name in names])})
        assert one.channels == ("words",)


def test_other_weights_have_another_name(tmp_path: Path) -> None:
    other = Fusion.load(changed(tmp_path, lambda v: v["named"].update(threshold=0.123)))
    assert other.hash != Fusion.load().hash
    assert other.named.threshold == 0.123


def test_the_only_document_of_an_index_is_not_sure_to_be_right_for_that() -> None:
    """With one candidate the softmax share is 1 whatever was asked: it is measured against a background instead."""
    covered = {c: np.zeros(1, dtype=np.float32) for c in CHANNELS}
    alone, related, unrelated = (
        calibration_features(np.zeros(1), np.array([0.85], dtype=np.float32), covered, np.zeros(1), background)
        for background in (None, -12.0, 1.0)
    )
    share = CALIBRATION_FEATURES.index("share")
    assert alone[0, share] > related[0, share] > 0 > unrelated[0, share]


def test_a_full_list_of_candidates_needs_no_background() -> None:
    scores = np.linspace(0, 5, LEAST_RIVALS)
    cosines = np.full(LEAST_RIVALS, 0.85, dtype=np.float32)
    covered = dict.fromkeys(CHANNELS, np.zeros(LEAST_RIVALS, dtype=np.float32))
    missing = np.zeros(LEAST_RIVALS)
    with_background = calibration_features(scores, cosines, covered, missing, 9.0)
    assert (with_background == calibration_features(scores, cosines, covered, missing)).all()


def test_the_background_scores_as_a_document_of_that_cosine_without_common_words() -> None:
    weights = replace(Fusion.load().named, background_cosine=0.8)
    unrelated = weights.scores(features([0.9, 0.8], [1.0, 0.0], [1.0, 0.0]))[1]
    assert weights.background(dict.fromkeys(DENSE_FEATURES, 0.9)) == pytest.approx(unrelated, abs=1e-4)
    assert replace(weights, background_cosine=None).background({}) is None


def test_a_document_that_points_away_from_the_query_has_its_passages_all_the_same() -> None:
    found = dense_features(np.array([[-0.2, NO_PASSAGE, NO_PASSAGE, -0.4]], dtype=np.float32))
    assert {name: round(float(values[0]), 3) for name, values in found.items()} == {
        "name": -0.2, "context": -0.2, "body": -0.4, "best": -0.2,
    }  # fmt: skip


def nearness(cosine: float, missing: float, count: int = 60) -> np.ndarray:
    cosines = np.concatenate([[cosine], np.full(count - 1, 0.3)]).astype(np.float32)
    covered = {c: np.full(count, 0.5, dtype=np.float32) for c in CHANNELS}
    return answerable_features(dict.fromkeys(DENSE_FEATURES, cosine), cosines, covered, np.full(count, missing), 0, 0.3)


def test_the_nearer_something_is_and_the_fewer_words_lack_the_likelier_anything_answers() -> None:
    weights = replace(Fusion.load().named, answerable=np.array([-1.0, 0.1, 0.1, 0.1, 0.2, 0.1, -1.0, 0.5]))
    assert len(ANSWERABLE_FEATURES) == len(weights.answerable)
    first = np.array([0.1])
    near, far, strange = (weights.answerability(nearness(*x), first) for x in ((0.8, 0.1), (0.4, 0.1), (0.8, 0.9)))
    assert near > far
    assert near > strange


def test_a_small_index_is_measured_against_the_documents_that_it_lacks() -> None:
    np.testing.assert_allclose(nearness(0.7, 0.2, count=3), nearness(0.7, 0.2, count=60), atol=1e-6)


def test_without_weights_for_it_the_first_hits_tell_whether_anything_answers() -> None:
    weights = FusionWeights(np.zeros(len(FEATURES)), np.zeros(len(CALIBRATION_FEATURES)), 0.5)
    assert weights.answerability(nearness(0.7, 0.2), np.array([0.3, 0.2, 0.1])) == pytest.approx(0.6)
    assert weights.answerability(nearness(0.7, 0.2), np.array([0.9, 0.9, 0.9])) == 1.0
