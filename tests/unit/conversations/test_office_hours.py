"""Office hours: as configured, on working days of China's calendar."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.clock import CHINA
from conversations.errors import OfficeHoursError
from conversations.office_hours import OfficeHours

HOURS = OfficeHours.parse()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [("2026-03-02 08:29", False), ("2026-03-02 08:30", True), ("2026-03-02 11:59", True), ("2026-03-02 12:00", False),
     ("2026-03-02 14:00", True), ("2026-03-02 17:30", False), ("2026-03-01 10:00", False),
     ("2026-10-05 10:00", False),  # a Monday within the holiday
     ("2026-10-10 10:00", True)],  # a Saturday that is worked
)  # fmt: skip
def test_open(moment, is_open):
    assert HOURS.is_open(at(moment)) is is_open


@pytest.mark.parametrize(
    ("moment", "opening"),
    [("2026-03-02 07:00", "2026-03-02 08:30"), ("2026-03-02 12:30", "2026-03-02 14:00"), ("2026-03-06 18:00", "2026-03-09 08:30"),
     ("2026-09-30 18:00", "2026-10-08 08:30")],
)  # fmt: skip
def test_next_opening(moment, opening):
    assert HOURS.next_opening(at(moment)) == at(opening)


def test_a_request_waits_until_the_end_of_the_next_working_day():
    assert HOURS.closing_after_next_day(at("2026-03-06 18:00")) == at("2026-03-09 17:30")


def test_other_ways_of_writing_and_how_it_is_told():
    hours = OfficeHours.parse("9：00–12：00、13：30—17：00")
    assert str(hours) == "工作日 9:00–12:00、13:30–17:00"


@pytest.mark.parametrize("text", ["", "全天", "9:00-8:00", "8:00-12:00,11:00-13:00", "25:00-26:00", "14:00-17:00,8:00-12:00"])
def test_nonsense_is_refused(text):
    with pytest.raises(OfficeHoursError):
        OfficeHours.parse(text)


@given(st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 1)))
def test_the_next_opening_is_open_and_the_minute_before_is_not(naive):
    opening = HOURS.next_opening(naive.replace(tzinfo=CHINA))
    assert HOURS.is_open(opening)
    assert not HOURS.is_open(opening - timedelta(minutes=1))
    assert opening > naive.replace(tzinfo=CHINA)
