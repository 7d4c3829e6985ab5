"""The registry of facts: what may be asked of enterprises and people, and by which words it is told. Data: facts.yml."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

import yaml

FILE = Path(__file__).with_name("facts.yml")
FactType = Literal["number", "months", "date", "choice", "yes_no", "place"]
NUMERIC: frozenset[FactType] = frozenset({"number", "months"})


@dataclass(frozen=True)
class Fact:
    """One thing that may be asked; the fields are described at the head of facts.yml."""

    name: str
    type: FactType
    ask: str
    unit: str = ""
    examples: tuple[str, ...] = ()
    personal: bool = False
    signed: bool = False
    future: bool = False
    none_is: float | None = None
    hints: tuple[str, ...] = ()
    not_near: tuple[str, ...] = ()
    phrases: Mapping[str, float | str] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stands_for: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    means_yes: tuple[str, ...] = ()
    means_no: tuple[str, ...] = ()
    share_of: str = ""

    @cached_property
    def values(self) -> frozenset[str]:
        """What a choice may be in the end."""
        return frozenset(name for name in self.choices if name not in self.stands_for)

    @cached_property
    def choice_patterns(self) -> dict[str, re.Pattern[str]]:
        return {name: re.compile("|".join(patterns), re.IGNORECASE) for name, patterns in self.choices.items()}

    @cached_property
    def yes_pattern(self) -> re.Pattern[str] | None:
        return re.compile("|".join(self.means_yes)) if self.means_yes else None

    @cached_property
    def no_pattern(self) -> re.Pattern[str] | None:
        return re.compile("|".join(self.means_no)) if self.means_no else None

    @cached_property
    def not_near_pattern(self) -> re.Pattern[str] | None:
        return re.compile("|".join(map(re.escape, self.not_near))) if self.not_near else None


@lru_cache(maxsize=1)
def registry() -> Mapping[str, Fact]:
    """All facts by name, in the order of the file."""
    facts = {}
    for row in yaml.safe_load(FILE.read_text(encoding="utf-8")):
        for name in ("choices", "stands_for"):
            row[name] = {key: tuple(value) for key, value in (row.get(name) or {}).items()}
        for name in ("examples", "hints", "not_near", "means_yes", "means_no"):
            row[name] = tuple(str(item) for item in row.get(name) or ())
        facts[row["name"]] = Fact(**row)
    return facts
