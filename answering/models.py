"""What answering takes and gives."""

from collections.abc import Mapping
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
class PickList:
    """The choices last offered. They stay pickable by number after one was taken.

    Attributes:
        question: what the choice decides, as it was asked.
        labels, payloads: as shown, and as a button sends it, of each choice.
        entries: that each choice stands for.
        asked: deciding questions asked for this question so far.
        picked: index of the choice taken last.
    """

    question: str
    labels: list[str]
    payloads: list[str]
    entries: list[list[int]]
    asked: int = 0
    picked: int | None = None


@dataclass(frozen=True)
class CaseView:
    """The part of the case that answering reads and writes: entry under discussion, entries offered, facts told.

    Attributes:
        options: entries of the list that waits for a choice; empty when none waits.
        picks: that list, or the last one; previous: the entry discussed before this one.
        question: the last question answered from the entry; as_of: the other time it asked about, an ISO 8601
        interval of dates; elsewhere: the last question, when it was declined for naming another place, without that place.
    """

    entry_id: int | None = None
    options: list[int] = field(default_factory=list)
    entities: dict[str, str] = field(default_factory=dict)
    misses: int = 0
    picks: PickList | None = None
    previous: int | None = None
    question: str = ""
    as_of: str | None = None
    elsewhere: str = ""


@dataclass(frozen=True)
class Inquiry:
    """One message to be answered.

    Attributes:
        as_of: the day it is; the message may ask about another one.
        opened: the entry that this very message opens (a scanned code, a tapped option); its text is the title.
        profile: what is remembered about the sender: "region", "enterprise_type".
    """

    text: str
    intent: str | None
    case: CaseView
    as_of: date
    opened: int | None = None
    profile: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What is said, what it rests on, and everything needed to replay it. `as_of`: the day it holds for."""

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
    as_of: date | None = None


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
