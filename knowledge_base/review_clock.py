"""When an entry is to be looked at again. Pure."""

import calendar
from collections.abc import Mapping
from datetime import date

from knowledge_base.content import KINDS
from knowledge_base.errors import ReviewMonthsError

DEFAULT_MONTHS: Mapping[str, int] = {"qa": 12, "interpretation": 12, "service_item": 12, "case": 24, "notice": 6}
MOST_MONTHS = 120


def parse_months(text: str) -> dict[str, int]:
    """`qa=12,notice=6` → months by kind; kinds not named keep the default.

    Raises:
        ReviewMonthsError: names what is wrong.
    """
    months = dict(DEFAULT_MONTHS)
    for part in filter(None, (part.strip() for part in text.split(","))):
        kind, _, number = (piece.strip() for piece in part.partition("="))
        if kind not in KINDS or not number.isdecimal() or not 1 <= int(number) <= MOST_MONTHS:
            raise ReviewMonthsError(part)
        months[kind] = int(number)
    return months


def due_on(reviewed_on: date | None, months: int | None) -> date | None:
    """The same day of the month, some months later."""
    return None if reviewed_on is None or months is None else _shifted(reviewed_on, months)


def reviewed_by(day: date, months: int) -> date:
    """What was reviewed on this day or before is due on `day`."""
    return _shifted(day, -months)


def _shifted(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
