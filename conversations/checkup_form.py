"""The asking of facts as it is kept between turns."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

from enterprises.facts import registry
from enterprises.values import Facts, FactValue, from_json, to_json


@dataclass(frozen=True)
class Form:
    """The asking as it stands.

    Attributes: text: the question that began it; asking: the fact asked last, None once concluded; asked: all asked so far;
        unclear: answers to the last question not understood; asides: questions in between;
        again: a conclusion was given before; facts: told for this check only ("那个体工商户呢"), as JSON;
        as_of: the other day whose rules are asked about, ISO 8601, None: today's.
    """

    kind: str
    text: str
    entry_id: int | None = None
    asking: str | None = None
    asked: list[str] = field(default_factory=list)
    unclear: int = 0
    asides: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
    again: bool = False
    as_of: str | None = None

    def day(self, today: date) -> date:
        """Whose rules the conditions are taken from."""
        return date.fromisoformat(self.as_of) if self.as_of else today

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> "Form | None":
        known = {f.name for f in fields(cls)}
        return cls(**{key: value for key, value in data.items() if key in known}) if data else None


def as_json(facts: Facts) -> dict[str, Any]:
    return {name: to_json(value) for name, value in facts.items()}


def facts_from_json(data: Mapping[str, Any]) -> dict[str, FactValue]:
    read = {name: from_json(value) for name, value in data.items() if name in registry()}
    return {name: value for name, value in read.items() if value is not None}
