"""Whether conditions hold: 符合 only when every possible meaning of what was told satisfies them, 不符合 only when none does.

Three-valued: what was not told, or told too vaguely, leaves a condition open. So more facts, or more exact ones, never turn
a decided condition into an open one.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from enterprises.conditions import Condition
from enterprises.dates import add_months
from enterprises.facts import registry
from enterprises.values import Amount, Choice, Facts, FactValue, Period, Place

Verdict = Literal["met", "failed", "open"]
Conclusion = Literal["符合", "不符合", "待核实"]


@dataclass(frozen=True)
class Finding:
    """What became of one condition.

    Attributes: missing: facts that would be needed and were not told; vague: told, but not exactly enough to decide.
    """

    condition: Condition
    verdict: Verdict
    missing: tuple[str, ...] = ()
    vague: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assessment:
    """What became of all conditions of a policy."""

    findings: tuple[Finding, ...]

    @property
    def conclusion(self) -> Conclusion:
        if any(f.verdict == "failed" for f in self.findings):
            return "不符合"
        return "符合" if self.findings and all(f.verdict == "met" for f in self.findings) else "待核实"

    def of(self, verdict: Verdict) -> list[Finding]:
        return [f for f in self.findings if f.verdict == verdict]

    @property
    def missing(self) -> list[str]:
        """Facts that would be needed, in the order of the conditions."""
        return list(dict.fromkeys(name for f in self.of("open") for name in f.missing))

    def next_fact(self, not_again: Collection[str]) -> str | None:
        """The fact to ask next; None when the answer is known already or nothing can be asked any more."""
        if self.conclusion != "待核实":
            return None
        return next((name for name in self.missing if name not in not_again), None)


def assess(conditions: Sequence[Condition], facts: Facts, as_of: date) -> Assessment:
    """All conditions as of a day."""
    return Assessment(tuple(judge(condition, facts, as_of) for condition in conditions))


def judge(condition: Condition, facts: Facts, as_of: date) -> Finding:
    """One condition as of a day."""
    if condition.fact is None:
        return _joined(condition, [judge(part, facts, as_of) for part in condition.parts])
    value = facts.get(condition.fact)
    if value is None:
        return Finding(condition, "open", missing=(condition.fact,))
    verdict = _verdict(condition, value, as_of)
    return Finding(condition, verdict, vague=(condition.fact,) if verdict == "open" else ())


def _joined(condition: Condition, parts: Sequence[Finding]) -> Finding:
    deciding: Verdict = "met" if condition.any_of else "failed"
    otherwise: Verdict = "failed" if condition.any_of else "met"
    if any(part.verdict == deciding for part in parts):
        return Finding(condition, deciding)
    still_open = [part for part in parts if part.verdict == "open"]
    if not still_open:
        return Finding(condition, otherwise)
    return Finding(
        condition, "open",
        missing=tuple(dict.fromkeys(name for part in still_open for name in part.missing)),
        vague=tuple(dict.fromkeys(name for part in still_open for name in part.vague)),
    )  # fmt: skip


def _verdict(condition: Condition, value: FactValue, as_of: date) -> Verdict:
    if isinstance(value, Amount) and registry()[condition.fact or ""].type in ("number", "months"):
        return _of_amount(condition, value)
    if isinstance(value, Period) and registry()[condition.fact or ""].type == "date":
        return _of_period(condition, value, as_of)
    if isinstance(value, Choice):
        return _of_choice(condition, value)
    return _of_place(condition, value) if isinstance(value, Place) else "open"


def _of_amount(condition: Condition, value: Amount) -> Verdict:
    numbers, operator = condition.numbers(), condition.operator
    if operator == "between":
        return _both(_at_least(value, numbers[0]), _at_most(value, numbers[1]))
    if operator == "=":
        return _both(_at_least(value, numbers[0]), _at_most(value, numbers[0]))
    if operator in ("<=", ">"):
        verdict = _at_most(value, numbers[0])
        return verdict if operator == "<=" else _opposite(verdict)
    verdict = _at_least(value, numbers[0])
    return verdict if operator == ">=" else _opposite(verdict)


def _at_most(value: Amount, limit: float) -> Verdict:
    if value.high is not None and value.high <= limit:
        return "met"
    above = value.low is not None and (value.low > limit or (value.low == limit and value.low_open))
    return "failed" if above else "open"


def _at_least(value: Amount, limit: float) -> Verdict:
    if value.low is not None and value.low >= limit:
        return "met"
    below = value.high is not None and (value.high < limit or (value.high == limit and value.high_open))
    return "failed" if below else "open"


def _of_period(condition: Condition, value: Period, as_of: date) -> Verdict:
    operator = condition.operator
    if operator in ("at_least_months", "at_most_months"):
        months = int(condition.numbers()[0])
        if operator == "at_least_months":
            return _monotone(value, lambda day: add_months(day, months) <= as_of, early=True)
        return _monotone(value, lambda day: add_months(day, months) >= as_of, early=False)
    days = condition.days()
    if operator == "between":
        return _both(
            _monotone(value, lambda day: day >= days[0], early=False), _monotone(value, lambda day: day <= days[1], early=True)
        )
    tests: dict[str | None, tuple[Callable[[date], bool], bool]] = {
        "before": (lambda day: day < days[0], True), "<=": (lambda day: day <= days[0], True),
        "after": (lambda day: day > days[0], False), ">=": (lambda day: day >= days[0], False),
    }  # fmt: skip
    test, early = tests[operator]
    return _monotone(value, test, early=early)


def _monotone(value: Period, test: Callable[[date], bool], *, early: bool) -> Verdict:
    """A test that holds for all days up to some day (`early`) or from some day on."""
    hardest, easiest = (value.last, value.first) if early else (value.first, value.last)
    if hardest is not None and test(hardest):
        return "met"
    return "failed" if easiest is not None and not test(easiest) else "open"


def _of_choice(condition: Condition, value: Choice) -> Verdict:
    names = condition.names()
    verdict: Verdict = "met" if value.possible <= names else "open" if value.possible & names else "failed"
    return _opposite(verdict) if condition.operator == "not_in" else verdict


def _of_place(condition: Condition, value: Place) -> Verdict:
    """A condition that names a city lists its counties too; a county-level place that differs from the listed ones fails."""
    names = condition.names()
    if any(name in value.name for name in names):
        return "met"
    of_counties = all(name.endswith(("区", "县", "旗")) for name in names)
    return "failed" if of_counties and value.name.endswith(("区", "县", "旗")) else "open"


def _both(one: Verdict, other: Verdict) -> Verdict:
    if "failed" in (one, other):
        return "failed"
    return "met" if one == other == "met" else "open"


def _opposite(verdict: Verdict) -> Verdict:
    return {"met": "failed", "failed": "met", "open": "open"}[verdict]  # type: ignore[return-value]
