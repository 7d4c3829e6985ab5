"""What is answered by fixed words: danger, insults, attempts on the assistant's rules, others' personal data, small talk.

The words are data (`manners.yml`). Danger comes first and whatever the state of a form; questions about such things
("火灾保险怎么理赔") are questions like any other.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from retrieval.text import normalise

FILE = Path(__file__).with_name("manners.yml")
DANGERS = frozenset({"self_harm", "fire", "police", "ambulance"})
_NOT_WORD = re.compile(r"[^0-9a-z\u4e00-\u9fff]+")
MOST_LEFT_OF_AN_INSULT = 1  # characters besides insults and fillers


@dataclass(frozen=True)
class Manner:
    """A fixed reply.

    Attributes: intent: to report, None: whatever was classified; human: offer one.
    """

    kind: str
    outcome: str
    intent: str | None
    say: str
    human: bool


@dataclass(frozen=True)
class _Rule:
    manner: Manner
    always: re.Pattern[str] | None
    when: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    most: int
    only_of: re.Pattern[str] | None
    filler: re.Pattern[str] | None

    def holds(self, text: str) -> bool:
        if self.always and self.always.search(text):
            return True
        if self.when and len(text) <= self.most and self.when.search(text):
            return not (self.unless and self.unless.search(text))
        if self.only_of is None or self.filler is None or not self.only_of.search(text):
            return False
        left = _NOT_WORD.sub("", self.filler.sub("", self.only_of.sub("", text)))
        return len(left) <= MOST_LEFT_OF_AN_INSULT


def manner_of(text: str) -> Manner | None:
    """The fixed reply to a message; None for everything else."""
    plain = normalise(text)
    return next((rule.manner for rule in _rules() if rule.holds(plain)), None)


@lru_cache(maxsize=1)
def _rules() -> tuple[_Rule, ...]:
    return tuple(_rule(data) for data in yaml.safe_load(FILE.read_text(encoding="utf-8")))


def _rule(data: dict[str, Any]) -> _Rule:
    manner = Manner(data["kind"], data["outcome"], data["intent"], data["say"], data["human"])
    patterns = {name: _any_of(data.get(name)) for name in ("always", "when", "unless", "only_of")}
    filler = data.get("filler")
    return _Rule(
        manner, patterns["always"], patterns["when"], patterns["unless"], int(data.get("most", 0)), patterns["only_of"],
        re.compile(filler) if filler else None,
    )  # fmt: skip


def _any_of(patterns: list[str] | None) -> re.Pattern[str] | None:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns)) if patterns else None
