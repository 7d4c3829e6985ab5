"""Whether the new may be served: noise is no reason, a real loss is, and no guarded figure may fall."""

import random

import pytest

from retrieval.evaluation import Outcome, Question
from training.comparison import Guard, first_right, judge, latency_guard, macro_f1, paired_difference, search_guards


def outcomes(ranks: list[int | None], answered: bool = True) -> list[Outcome]:
    return [Outcome(Question(f"问{i}", ("甲",)), rank, 0.9, answered, ("甲",)) for i, rank in enumerate(ranks)]


def test_the_same_is_no_loss() -> None:
    same = paired_difference([1, 0, 1], [1, 0, 1])
    assert (same.mean, same.low, same.high, same.is_worse) == (0, 0, 0, False)
    assert judge(same, []).passed


def test_a_few_questions_lost_and_won_are_noise() -> None:
    current = [1.0] * 50 + [0.0] * 50
    candidate = [0.0] * 4 + [1.0] * 46 + [1.0] * 3 + [0.0] * 47
    difference = paired_difference(current, candidate)
    assert difference.mean == pytest.approx(-0.01)
    assert not difference.is_worse
    assert judge(difference, []).passed


def test_a_real_loss_is_refused_with_its_size() -> None:
    difference = paired_difference([1.0] * 100, [0.0] * 12 + [1.0] * 88)
    verdict = judge(difference, [])
    assert not verdict.passed
    assert "首位命中率下降 12.0 个百分点" in verdict.reasons[0]


def test_the_interval_is_that_of_the_pairs_and_the_same_every_time() -> None:
    generator = random.Random(3)
    current = [float(generator.random() < 0.6) for _ in range(400)]
    candidate = [value if generator.random() < 0.9 else 1.0 for value in current]
    first, second = paired_difference(current, candidate), paired_difference(current, candidate)
    assert first == second
    assert 0 < first.low < first.mean < first.high < 0.1


def test_without_questions_nothing_may_be_served() -> None:
    assert judge(None, []).reasons == ("没有可用的固定测试题，无法和现用模型比较",)
    with pytest.raises(ValueError, match="nothing"):
        paired_difference([], [])


def test_a_guarded_figure_that_falls_too_far_is_named() -> None:
    better = paired_difference([0, 0], [1, 1])
    verdict = judge(better, [Guard("mrr", "MRR", 0.80, 0.795, 0.01), Guard("accuracy", "作答正确率", 0.90, 0.80, 0.02)])
    assert len(verdict.reasons) == 1
    assert verdict.reasons[0].startswith("作答正确率从 0.900 变为 0.800")


def test_one_question_of_few_is_no_reason() -> None:
    assert Guard("declined", "", 1.0, 0.9, 0.02, least=0.1).holds
    assert not Guard("declined", "", 1.0, 0.8, 0.02, least=0.1).holds


def test_guards_of_a_search_count_what_they_are_about() -> None:
    current = outcomes([1, 2, 3, None]) + [Outcome(Question("外", ()), None, 0.1, False, ())] * 5
    candidate = outcomes([1, 1, 1, None]) + [Outcome(Question("外", ()), None, 0.9, True, ())] * 5
    guards = {guard.name: guard for guard in search_guards(current, candidate)}
    assert (guards["declined"].current, guards["declined"].candidate, guards["declined"].least) == (1.0, 0.0, 0.2)
    assert not guards["declined"].holds
    assert guards["recall@10"].holds
    assert first_right(candidate) == [1.0, 1.0, 1.0, 0.0]


def test_latency_may_rise_by_a_fifth_or_a_little() -> None:
    assert latency_guard(10.0, 14.9).holds
    assert not latency_guard(10.0, 15.1).holds
    assert latency_guard(100.0, 119.0).holds
    assert not latency_guard(100.0, 121.0).holds


def test_macro_f1_gives_every_intent_the_same_weight() -> None:
    assert macro_f1(["a", "a", "a", "b"], ["a", "a", "a", "b"]) == 1.0
    assert macro_f1(["a", "a", "a", "b"], ["a", "a", "a", "a"]) == pytest.approx((6 / 7 + 0) / 2)
    assert macro_f1([], []) == 0.0
