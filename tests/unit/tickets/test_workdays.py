"""Time limits in working days, with moved holidays, and what is done where the calendar ends."""

from datetime import date, timedelta

import pytest
from chinese_calendar import constants
from hypothesis import given
from hypothesis import strategies as st

from tickets import rules, workdays

LAST_YEAR = max(constants.holidays).year  # of which the library knows the holidays
DAYS = st.dates(date(2020, 1, 1), date(LAST_YEAR, 6, 30))


def test_the_first_day_does_not_count_and_weekends_are_left_out():
    assert workdays.deadline(date(2026, 3, 2), 2) == workdays.Deadline(date(2026, 3, 4), False)
    assert workdays.deadline(date(2026, 3, 6), 1).day == date(2026, 3, 9), "Friday → Monday"


def test_national_day_with_moved_working_days():
    # 2026: holiday from 1 to 7 October; Sunday 20 September and Saturday 10 October are working days
    assert workdays.is_workday(date(2026, 10, 10))
    assert not workdays.is_workday(date(2026, 10, 5))
    assert workdays.deadline(date(2026, 9, 30), 3).day == date(2026, 10, 10)


def test_in_the_last_known_december_limits_into_the_next_year_are_provisional():
    filed = date(LAST_YEAR, 12, 28)
    limit = rules.due(rules.COMPLAINT, filed)
    assert limit.provisional
    assert limit.day.year == LAST_YEAR + 1
    assert not workdays.has_notice(limit.day)
    later = [filed + timedelta(days=n) for n in range(1, (limit.day - filed).days + 1)]
    assert sum(workdays.is_workday(day) for day in later) == 15
    assert all(workdays.is_workday(day) == (day.weekday() < 5) for day in later if day.year > LAST_YEAR)


def test_before_that_december_they_are_not():
    assert not rules.due(rules.COMPLAINT, date(LAST_YEAR, 11, 2)).provisional


@given(DAYS, st.integers(1, 30))
def test_a_deadline_is_a_working_day_with_exactly_so_many_before_it(start, count):
    limit = workdays.deadline(start, count)
    between = [start + timedelta(days=n) for n in range(1, (limit.day - start).days + 1)]
    assert workdays.is_workday(limit.day)
    assert sum(map(workdays.is_workday, between)) == count


@pytest.mark.parametrize(("kind", "days"), [("consultation", 2), ("help", 10), ("suggestion", 10), ("complaint", 15)])
def test_limits_by_kind(kind, days):
    assert rules.due(kind, date(2026, 3, 2)) == workdays.deadline(date(2026, 3, 2), days)


def test_working_days_left_count_to_the_last_day_and_back(monkeypatch):
    monkeypatch.setattr(workdays, "is_workday", lambda day: day.weekday() < 5)
    friday = date(2026, 3, 6)
    left = {day: workdays.working_days_left(day, friday) for day in (date(2026, 3, 2), date(2026, 3, 5), friday)}
    assert list(left.values()) == [4, 1, 0]
    assert workdays.working_days_left(date(2026, 3, 7), friday) == -1  # a Saturday after it is late already
    assert workdays.working_days_left(date(2026, 3, 10), friday) == -2
