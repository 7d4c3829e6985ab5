"""What is known of a fact: never more than what was said. Every value is the set of what it may be; sizes have bounds, dates a span."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Amount:
    """A number between two bounds, in the fact's unit; a missing bound is unlimited, an open bound does not belong to it."""

    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False

    @classmethod
    def exactly(cls, number: float) -> "Amount":
        return cls(number, number)

    @property
    def exact(self) -> bool:
        return self.low is not None and self.low == self.high

    def scaled(self, factor: float) -> "Amount":
        """In another unit.

        Args:
            factor: positive.
        """
        return Amount(_times(self.low, factor), _times(self.high, factor), self.low_open, self.high_open)

    def holds(self, number: float) -> bool:
        """Whether the number is one of those meant."""
        above = self.low is None or number > self.low or (number == self.low and not self.low_open)
        below = self.high is None or number < self.high or (number == self.high and not self.high_open)
        return above and below


@dataclass(frozen=True)
class Period:
    """Some day between two days, both included; None: no limit on that side."""

    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Choice:
    """One of these; never empty."""

    possible: frozenset[str]

    @classmethod
    def of(cls, *names: str) -> "Choice":
        return cls(frozenset(names))


@dataclass(frozen=True)
class Place:
    """Where somebody is, in their words ("示例市示例区")."""

    name: str


FactValue = Amount | Period | Choice | Place
Facts = Mapping[str, FactValue]
YES, NO = "是", "否"


def to_json(value: FactValue) -> dict[str, Any]:
    """As plain JSON; `from_json` reads it back."""
    if isinstance(value, Amount):
        return {"amount": [value.low, value.high, value.low_open, value.high_open]}
    if isinstance(value, Period):
        return {"period": [day.isoformat() if day else None for day in (value.first, value.last)]}
    return {"place": value.name} if isinstance(value, Place) else {"choice": sorted(value.possible)}


def from_json(data: Mapping[str, Any]) -> FactValue | None:
    """None for what another version of this program wrote."""
    if "amount" in data:
        low, high, low_open, high_open = data["amount"]
        return Amount(low, high, low_open, high_open)
    if "period" in data:
        first, last = (date.fromisoformat(day) if day else None for day in data["period"])
        return Period(first, last)
    if "place" in data:
        return Place(data["place"])
    return Choice(frozenset(data["choice"])) if data.get("choice") else None


def describe(value: FactValue, unit: str = "") -> str:
    """As a citizen reads it: "270至330人", "不到300人", "2025年3月", "小型或微型"."""
    if isinstance(value, Amount):
        return _amount(value, unit)
    if isinstance(value, Period):
        return _period(value)
    return value.name if isinstance(value, Place) else "或".join(sorted(value.possible))


def number(value: float) -> str:
    """Without a needless fraction."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _amount(value: Amount, unit: str) -> str:
    low, high = value.low, value.high
    if low is not None and high is not None and low == high:
        return f"{number(low)}{unit}"
    if high is not None and (low is None or low == 0):
        return f"{'不到' if value.high_open else '不超过'}{number(high)}{unit}"
    if high is None:
        return f"{'超过' if value.low_open else '不少于'}{number(low)}{unit}" if low is not None else "不确定"
    return f"{number(low or 0)}至{number(high)}{unit}之间"


def _period(value: Period) -> str:
    first, last = value.first, value.last
    if first is None or last is None:
        return f"{_day(last)}以前" if last else f"{_day(first)}以后" if first else "不确定"
    if first == last:
        return _day(first)
    if first.day == 1 and (last.year, last.month) == (first.year, first.month):
        return f"{first.year}年{first.month}月"
    if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31) and first.year == last.year:
        return f"{first.year}年"
    return f"{first.year}年{first.month}月至{last.year}年{last.month}月之间"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _times(bound: float | None, factor: float) -> float | None:
    return None if bound is None else round(bound * factor, 6)
