"""A condition read out in plain Chinese, from what decides it: "从业人数不超过 300 人". May be unfinished. Pure."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from enterprises.conditions import AGES
from enterprises.facts import NUMERIC, Fact, registry

OPEN = "……"  # what has not been filled in yet
_ORDER = {"<=": "不超过", ">=": "不少于", "<": "少于", ">": "超过", "=": "等于"}
_DAYS = {"before": "早于{}", "after": "晚于{}", "<=": "不晚于{}", ">=": "不早于{}"}
_AGES = {"at_least_months": "至今已满 {} 个月", "at_most_months": "至今不超过 {} 个月"}


def reading(condition: Mapping[str, Any], depth: int = 0) -> str:
    """Args: condition: as content has it. depth: 0 for a condition of its own."""
    for key, opening, between in (("any_of", "满足其中一项：", "，或者"), ("all_of", "同时满足：", "，并且")):
        if key in condition:
            parts = [reading(part, depth + 1) for part in condition[key] or ()]
            if not parts:
                return OPEN
            if depth == 0:
                return opening + "；".join(f"（{number}）{part}" for number, part in enumerate(parts, 1))
            told = between.join(parts)
            return told if key == "all_of" and depth == 1 else f"（{told}）"
    fact = registry().get(str(condition.get("fact")))
    return OPEN if fact is None else fact.name + _comparison(fact, condition)


def _comparison(fact: Fact, condition: Mapping[str, Any]) -> str:
    operator, value = str(condition.get("operator")), condition.get("value")
    values = [v for v in (value if isinstance(value, list) else [value]) if v not in (None, "")]
    if fact.type == "yes_no":
        return f"：{values[0] if values else OPEN}"
    if operator in AGES:
        return _AGES[operator].format(values[0] if values else OPEN)
    if fact.type in {"choice", "place"}:
        return ("不是" if operator == "not_in" else "是") + ("或".join(map(str, values)) or OPEN)
    told = [_day(v) if fact.type == "date" else f"{v:g}" if isinstance(v, float) else str(v) for v in values]
    unit = str(condition.get("unit") or fact.unit) if fact.type in NUMERIC else ""
    unit = unit if unit in {"", "%"} else f" {unit}"
    if operator == "between":
        first, last = [*told, OPEN, OPEN][:2]
        return f"在 {first} 到 {last}{unit}之间"
    if fact.type == "date":
        return _DAYS.get(operator, OPEN).format(told[0] if told else OPEN)
    return f"{_ORDER.get(operator, OPEN)} {told[0] if told else OPEN}{unit}"


def _day(value: Any) -> str:
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        return str(value)
    return f"{day.year}年{day.month}月{day.day}日"
