"""What answering takes and gives."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

Outcome = Literal["answer", "clarify", "fallback"]


@dataclass(frozen=True)
class Citation:
    """The entry an answer rests on; `url` is its page, absolute when a public address is configured, else a path."""

    entry_id: int
    external_id: str | None
    version: int
    title: str
    source: str
    url: str


@dataclass(frozen=True)
class Button:
    """Something to tap; `payload` is what is sent as the next message."""

    title: str
    payload: str


@dataclass(frozen=True)
class CaseView:
    """The part of the case that answering reads and writes: entry under discussion, entries offered, facts told."""

    entry_id: int | None = None
    options: list[int] = field(default_factory=list)
    entities: dict[str, str] = field(default_factory=dict)
    misses: int = 0


@dataclass(frozen=True)
class Inquiry:
    """One message to be answered, as of a day.

    Attributes: opened: the entry that this very message opens (a scanned code, a tapped option); its text is the title.
    """

    text: str
    intent: str | None
    case: CaseView
    as_of: date
    opened: int | None = None


@dataclass(frozen=True)
class Answer:
    """What is said, what it rests on, and everything needed to replay it."""

    outcome: Outcome
    text: str
    citations: list[Citation]
    buttons: list[Button]
    resolved_question: str
    entry_id: int | None
    version: int | None
    probability: float | None
    score: float | None
    revision: int
    model_ids: dict[str, str]
    case: CaseView


@dataclass(frozen=True)
class Found:
    """One row of a search, see `GET /api/search`."""

    entry_id: int
    external_id: str | None
    version: int
    title: str
    kind: str
    score: float
    probability: float
    snippet: str


@dataclass(frozen=True)
class FoundEntries:
    query: str
    revision: int
    threshold: float
    results: list[Found]
