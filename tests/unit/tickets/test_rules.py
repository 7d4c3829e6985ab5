"""The states of a ticket as a machine, and its number."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tickets import rules
from tickets.errors import TicketStateError


def test_the_straight_way():
    state = rules.FILED
    for step in ("accept", "assign", "progress", "answer", "rate"):
        state = rules.state_after(state, step)
    assert state == rules.RATED


@pytest.mark.parametrize(
    ("state", "step"),
    [("filed", "assign"), ("filed", "answer"), ("accepted", "answer"), ("answered", "answer"), ("filed", "rate"), ("rated", "rate"),
     ("rated", "return"), ("in_progress", "accept")],
)  # fmt: skip
def test_no_step_is_skipped_or_repeated(state, step):
    with pytest.raises(TicketStateError, match="现在的状态"):
        rules.state_after(state, step)


@pytest.mark.parametrize("state", ["filed", "accepted", "assigned", "in_progress", "answered"])
def test_returned_can_be_taken_up_again(state):
    assert rules.state_after(state, "return") == "returned"
    assert rules.state_after("returned", "assign") == "assigned"


class TicketLife(RuleBasedStateMachine):
    """Whatever is tried in whatever order: rated only after answered, and then nothing more."""

    def __init__(self):
        super().__init__()
        self.state, self.path = rules.FILED, [rules.FILED]

    @rule(step=st.sampled_from(sorted(rules.STEPS)))
    def try_step(self, step):
        try:
            self.state = rules.state_after(self.state, step)
        except TicketStateError:
            return
        assert self.path[-1] != rules.RATED
        assert self.state in rules.STATES
        if self.state == rules.RATED:
            assert self.path[-1] == rules.ANSWERED
        if self.state == rules.ANSWERED:
            assert self.path[-1] == rules.IN_PROGRESS
        self.path.append(self.state)


TestTicketLife = TicketLife.TestCase


@given(st.dates(), st.integers(1, 999_999))
def test_numbers_are_found_again_in_a_text(day, count):
    number = rules.number_of(day, count)
    if day.year >= 1000:
        assert rules.number_in(f"请问{number.lower()}办得怎样了") == number
        assert number not in rules.without_number(f"请问{number}办得怎样了")


def test_overdue_counts_from_the_day_after_and_only_while_an_answer_is_owed():
    due = date(2026, 3, 23)
    assert not rules.is_overdue("filed", due, due)
    assert rules.is_overdue("in_progress", due, date(2026, 3, 24))
    assert not rules.is_overdue("answered", due, date(2026, 4, 24))
    assert not rules.is_overdue("filed", None, due)
