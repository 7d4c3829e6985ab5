"""Working days of China, with the State Council's moved holidays (调休), and deadlines counted in them.

The days come from `chinesecalendar`, which learns each year's notice (usually in November for the year after). Where it has
no data, Monday to Friday count as working days and what is computed from them is provisional.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import chinese_calendar


@dataclass(frozen=True)
class Deadline:
    """The last day of a time limit. `provisional`: a year on the way had no holiday notice yet, the day may move."""

    day: date
    provisional: bool


def has_notice(day: date) -> bool:
    """Whether the holidays of this day's year are known."""
    try:
        chinese_calendar.is_workday(day)
    except NotImplementedError:
        return False
    return True


def is_workday(day: date) -> bool:
    """Whether offices work on this day; by the weekday alone where no notice is known."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def working_days_left(today: date, last: date) -> int:
    """Working days after today up to the last day; 0 on the last day itself, negative by as many as have gone since."""
    first, end = sorted((today, last))
    count = sum(is_workday(first + timedelta(days=n)) for n in range(1, (end - first).days + 1))
    return count if last >= today else -max(1, count)


def deadline(start: date, working_days: int) -> Deadline:
    """The `working_days`-th working day after `start`; the first day itself does not count (《民法典》第二百零一条).

    Args:
        working_days: at least 1.
    """
    day, left, provisional = start, working_days, False
    while left > 0:
        day += timedelta(days=1)
        provisional = provisional or not has_notice(day)
        left -= is_workday(day)
    return Deadline(day, provisional)
