"""What training learns from, row by row: masked, with where it comes from, in parts that never change.

Pure: reading the store is the matter of `training.sources`.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from conversations.masking import mask_personal_data
from retrieval.text import matchable, normalise

ENTRY, NOT_ENTRY, INTENT, OUT_OF_SCOPE = "entry", "not_entry", "intent", "out_of_scope"
TRAIN, TEST = "train", "test"
TEST_SHARE = 5  # one group in five
# who is believed where the same row comes twice: those who say it on purpose first
SOURCES = (
    "label", "agent_choice", "agent_wrong", "correction", "clarification", "rating_up", "rating_down", "similar_question",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One thing to learn.

    Attributes:
        text: masked.
        kind: entry (it answers) | not_entry (it does not) | intent | out_of_scope.
        label: the entry's external id, else its number; the intent; "" for out_of_scope.
        origin: table and row it comes from; group: conversation or entry, which is wholly in one part.
        times: how often the same was found.
    """

    text: str
    kind: str
    label: str
    source: str
    origin: str
    group: str
    times: int = 1

    @property
    def key(self) -> str:
        """Its text, whatever its width, case and punctuation."""
        return matchable(normalise(self.text))

    @property
    def part(self) -> str:
        """Similar questions stand in the index word for word: finding them proves nothing."""
        return TRAIN if self.source == "similar_question" else part_of(self.group)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Conflict:
    """The same text with labels that exclude each other; a human decides, training uses none of them."""

    text: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Dataset:
    """Attributes: train, test: rows of each part. leaks: rows left out of training since their text is in the test part."""

    train: tuple[Row, ...]
    test: tuple[Row, ...]
    conflicts: tuple[Conflict, ...]
    leaks: tuple[Row, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        return (*self.train, *self.test)


def part_of(group: str) -> str:
    """By hash alone, so that a group stays where it is whatever is added."""
    return TEST if int(hashlib.sha256(f"part:{group}".encode()).hexdigest(), 16) % TEST_SHARE == 0 else TRAIN


def assemble(found: Iterable[Row]) -> Dataset:
    """Mask, drop what says nothing, count doubles once, take conflicts out, divide."""
    masked = (replace(row, text=mask_personal_data(row.text).strip()) for row in found)
    rows = distinct(row for row in masked if row.key)
    conflicts = conflicts_in(rows)
    disputed = {row for conflict in conflicts for row in conflict.rows}
    agreed = [row for row in rows if row not in disputed]
    test = [row for row in agreed if row.part == TEST]
    held = {row.key for row in test}
    train = [row for row in agreed if row.part == TRAIN]
    leaks = tuple(row for row in train if row.key in held)
    return Dataset(tuple(row for row in train if row.key not in held), tuple(test), conflicts, leaks)


def distinct(rows: Iterable[Row]) -> list[Row]:
    """The same text with the same label once in each part, from the source most believed; in a stable order."""
    groups: dict[tuple[str, str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.key, row.kind, row.label, row.part].append(row)
    best = []
    for same in groups.values():
        first = min(same, key=lambda row: (SOURCES.index(row.source), row.origin))
        best.append(replace(first, times=sum(row.times for row in same)))
    return sorted(best, key=lambda row: (row.kind, row.key, row.label, row.origin))


def conflicts_in(rows: Sequence[Row]) -> tuple[Conflict, ...]:
    by_text: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_text[row.key].append(row)
    return tuple(Conflict(same[0].text, tuple(same)) for _, same in sorted(by_text.items()) if _disagree(same))


def _disagree(rows: Sequence[Row]) -> bool:
    labels = defaultdict(set)
    for row in rows:
        labels[row.kind].add(row.label)
    refused = labels[ENTRY] & labels[NOT_ENTRY]
    out = bool(labels[OUT_OF_SCOPE]) and bool(labels[ENTRY] or labels[INTENT] - {OUT_OF_SCOPE})
    return len(labels[ENTRY]) > 1 or len(labels[INTENT]) > 1 or bool(refused) or out
