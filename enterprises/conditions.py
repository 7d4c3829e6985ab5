"""The declarative form of a condition: fact, operator, value, unit, clause. Validated; what it means is in `evaluation`."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from enterprises.facts import NUMERIC, Fact, registry

ORDER = ("<=", ">=", "<", ">", "=")
SETS = ("in", "not_in")
AGES = ("at_least_months", "at_most_months")
OPERATORS = (*ORDER, "between", "before", "after", *SETS, *AGES)
OPERATORS_OF: dict[str, tuple[str, ...]] = {
    "number": (*ORDER, "between"),
    "months": (*ORDER, "between"),
    "date": ("before", "after", "<=", ">=", "between", *AGES),
    "choice": ("=", *SETS),
    "yes_no": ("=",),
    "place": ("in",),
}
UNITS: dict[str, dict[str, float]] = {  # what a fact's unit is worth in others
    "万元": {"万元": 1, "元": 0.0001, "亿元": 10_000},
    "个月": {"个月": 1, "月": 1, "年": 12},
}
MAX_DEPTH = 3
MAX_ALTERNATIVES = 10
MAX_TEXT = 300


class ConditionPartError(ValueError):
    """What is wrong with one part of a condition, named as in its form."""

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(reason)
        self.part = part


class Condition(BaseModel):
    """One condition of a policy, or alternatives (`any_of`), or several that belong together (`all_of`, within alternatives).

    Args:
        value: a number; a date (2025-01-31); two of them for `between` (both included); texts for `in` and `not_in`; 是 or 否.
        unit: of the value, by default the fact's own.
        clause: where the document says it ("第三条").
        text: how a citizen reads it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    fact: str | None = None
    operator: str | None = None
    value: Any = None
    unit: str | None = None
    clause: str | None = None
    text: str
    any_of: list["Condition"] | None = None
    all_of: list["Condition"] | None = None

    @field_validator("text")
    @classmethod
    def _stated(cls, value: str) -> str:
        value = value.strip()
        if not value or len(value) > MAX_TEXT:
            raise ValueError(f"写一句市民读得懂的话，1 到 {MAX_TEXT} 个字，例如“从业人数不超过300人”")
        return value

    @field_validator("fact")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None and value not in registry():
            raise ValueError(f"没有名为“{value}”的情况；可用：{'、'.join(registry())}（见 enterprises/facts.yml）")
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        kinds = [name for name in ("fact", "any_of", "all_of") if getattr(self, name)]
        if not kinds:
            raise ConditionPartError("fact", "还没有选看哪种情况，或者这一组里没有写条件")
        if len(kinds) != 1:
            raise ValueError("fact、any_of、all_of 只能写一个")
        if self.fact is None:
            if self.operator is not None or self.value is not None or self.unit is not None:
                raise ValueError(f"{kinds[0]} 里的各项才有 operator、value 和 unit")
            if len(self.parts) > MAX_ALTERNATIVES or self.depth > MAX_DEPTH:
                raise ValueError(f"最多 {MAX_ALTERNATIVES} 项、嵌套 {MAX_DEPTH} 层")
            return self
        fact = registry()[self.fact]
        allowed = OPERATORS_OF[fact.type]
        if self.operator not in allowed:
            raise ConditionPartError(
                "operator", f"“{fact.name}”的比较方式（operator）必须是 {'、'.join(allowed)} 之一{_got(self.operator)}"
            )
        try:
            _check_value(fact, self.operator, self.value)
        except ValueError as exc:
            raise ConditionPartError("value", str(exc)) from exc
        try:
            _factor(fact, self.unit)
        except ValueError as exc:
            raise ConditionPartError("unit", str(exc)) from exc
        return self

    @property
    def parts(self) -> list["Condition"]:
        """The alternatives, or what belongs together."""
        return self.any_of or self.all_of or []

    @property
    def depth(self) -> int:
        return 1 + max((part.depth for part in self.parts), default=0)

    def facts(self) -> Iterator[str]:
        """Names of the facts that decide it, in order."""
        if self.fact is not None:
            yield self.fact
        for part in self.parts:
            yield from part.facts()

    def numbers(self) -> list[float]:
        """The value or values in the fact's own unit."""
        factor = _factor(registry()[self.fact or ""], self.unit)
        values = self.value if isinstance(self.value, list) else [self.value]
        return [round(float(value) * factor, 6) for value in values]

    def days(self) -> list[date]:
        values = self.value if isinstance(self.value, list) else [self.value]
        return [date.fromisoformat(value) for value in values]

    def names(self) -> frozenset[str]:
        return frozenset(self.value if isinstance(self.value, list) else [self.value])


def parse_condition(data: Any) -> Condition:
    """Raises: pydantic.ValidationError."""
    return Condition.model_validate(data)


def _check_value(fact: Fact, operator: str, value: Any) -> None:
    count = 2 if operator == "between" else 1
    if operator in AGES or fact.type in NUMERIC:
        values = value if count == 2 else [value]
        numbers = isinstance(values, list) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
        if not numbers or len(values) != count or (count == 2 and values[0] > values[1]):
            raise ValueError(f"“{fact.name}”的值必须是{'由小到大的两个数' if count == 2 else '数字'}{_got(value)}")
    elif fact.type == "date":
        values = value if count == 2 else [value]
        if not isinstance(values, list) or len(values) != count or not all(map(_is_date, values)):
            raise ValueError(f"“{fact.name}”的值必须是日期，例如 2025-01-31{'，两个' if count == 2 else ''}{_got(value)}")
    elif fact.type == "yes_no":
        if value not in ("是", "否"):
            raise ValueError(f"“{fact.name}”的值必须是“是”或“否”{_got(value)}")
    else:
        values = value if operator in SETS else [value]
        if not isinstance(values, list) or not values or not all(isinstance(v, str) and v for v in values):
            raise ValueError(f"“{fact.name}”的值必须是{'一个或几个名称' if operator in SETS else '文字'}{_got(value)}")
        unknown = [v for v in values if fact.type == "choice" and v not in fact.values]
        if unknown:
            raise ValueError(f"“{fact.name}”没有“{'、'.join(unknown)}”这一类；可用：{'、'.join(sorted(fact.values))}")


def _got(value: Any) -> str:
    empty = value in (None, "", []) or (isinstance(value, list) and all(part in (None, "") for part in value))
    return "，还没有填" if empty else f"（收到 {value!r}）"


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _factor(fact: Fact, unit: str | None) -> float:
    if unit is None or unit == fact.unit:
        return 1.0
    known = UNITS.get(fact.unit, {})
    if unit not in known:
        raise ValueError(f"“{fact.name}”的单位是{fact.unit or '无'}，不能换算成“{unit}”")
    return known[unit]
