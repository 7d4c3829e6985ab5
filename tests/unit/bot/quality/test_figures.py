"""What the quality figures count."""

import pytest

from bot.quality import parts
from bot.quality.figures import class_figures
from bot.quality.intents import Guess
from bot.quality.scope import ScopeReply, answerable_here, figures_of
from retrieval.evaluation import Question


def test_each_class_counts_the_same_however_many_messages_it_has() -> None:
    expected = ["greet"] * 8 + ["thanks"] * 2
    given = ["greet"] * 8 + ["greet", "thanks"]
    figures = class_figures(expected, given)
    assert figures.accuracy == 0.9
    greet, thanks = figures.classes
    assert (greet.recall, round(greet.precision, 4)) == (1.0, 0.8889)
    assert (thanks.recall, thanks.precision) == (0.5, 1.0)
    assert figures.macro_f1 == pytest.approx((2 * 0.8889 / 1.8889 + 2 / 3) / 2, abs=1e-4)
    assert figures.confused == (("thanks", "greet", 1),)


def test_a_message_left_to_fallback_is_wrong_for_its_intent_and_no_class_of_its_own() -> None:
    figures = class_figures(["greet", "greet"], ["greet", "nlu_fallback"])
    assert [c.name for c in figures.classes] == ["greet"]
    assert (figures.classes[0].recall, figures.classes[0].precision) == (0.5, 1.0)


def test_dialogue_acts_are_figured_apart_but_a_task_taken_for_one_is_wrong() -> None:
    guesses = [
        Guess("好的", "affirm", "affirm", 0.9),
        Guess("你好", "greet", "affirm", 0.6),
        Guess("您好", "greet", "greet", 0.9),
    ]
    part = parts.intents_part(guesses, "x", "试")
    values = {f.key: f.value for f in part.figures}
    assert values["x_accuracy"] == 0.5
    assert values["x_macro_f1"] == pytest.approx(2 / 3)  # greet alone
    assert values["x_macro_f1_all"] == pytest.approx((2 / 3 + 2 / 3) / 2)


def reply(style: str, outcome: str, *gold: str, right: bool = False) -> ScopeReply:
    return ScopeReply(Question("?", gold, style), outcome, None, right)


def test_only_a_fallback_is_a_refusal_and_a_list_is_an_answer() -> None:
    replies = [
        reply("a", "answer", "SS-1", right=True), reply("a", "clarify", "SS-1"), reply("a", "ticket", "SS-1"),
        reply("a", "fallback", "SS-1"), reply("x", "fallback"), reply("x", "clarify"), reply("y", "smalltalk"),
    ]  # fmt: skip
    rows = {row.kind: row for row in figures_of(replies)}
    answerable, out = rows["可以回答"], rows["应当拒绝"]
    assert (answerable.answered_share, answerable.right_share, answerable.refused_share) == (0.5, 0.25, 0.25)
    assert out.refused_share == pytest.approx(1 / 3)
    part = parts.scope_part(replies, 2)
    assert {f.key: f.met for f in part.figures} == {"answered": False, "answered_rightly": None, "refused": False}


def test_questions_about_entries_of_another_knowledge_base_are_not_asked() -> None:
    mine, theirs, none = Question("?", ("SS-1",)), Question("?", ("GD-1",)), Question("?", ())
    assert answerable_here([mine, theirs, none], {"SS-1": 1}) == ([mine, none], 1)
