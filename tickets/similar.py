"""Tickets of the last days about the same place or the same matter: told by the words that they share."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tickets.models import Ticket

DAYS = 30
MOST_LOOKED_AT = 500
MOST_SHOWN = 8
SAME_MATTER = 0.4  # share of the shorter text's pairs of characters that the other has, too
SAME_PLACE = 0.75
SHORTEST_PLACE = 6  # characters
BESIDE_THE_PLACE = 0.2  # at one place, less in common is one matter
_WORDS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class SimilarTicket:
    """`why`: what both have in common, place or matter. `text` is masked."""

    number: str
    text: str
    state: str
    department: str
    created_at: datetime
    why: tuple[str, ...]


def similar(session: Session, ticket: Ticket) -> list[SimilarTicket]:
    """Tickets filed within DAYS before or after it, the nearest first; at most the newest MOST_LOOKED_AT are looked at."""
    span = timedelta(days=DAYS)
    query = (
        select(Ticket)
        .where(Ticket.id != ticket.id, Ticket.created_at.between(ticket.created_at - span, ticket.created_at + span))
        .order_by(Ticket.created_at.desc())
        .limit(MOST_LOOKED_AT)
    )
    matter, place = _pairs(_matter(ticket)), _pairs(_place(ticket))
    found: list[tuple[float, SimilarTicket]] = []
    for other in session.scalars(query):
        alike = _shared(matter, _pairs(_matter(other)))
        beside = _shared(place, _pairs(_place(other)))
        why = tuple(
            name
            for name, holds in (
                ("同一地点", beside >= SAME_PLACE and alike >= BESIDE_THE_PLACE),
                ("同一事项", alike >= SAME_MATTER),
            )
            if holds
        )
        if why:
            row = SimilarTicket(other.number, other.text, other.state, other.department, other.created_at, why)
            found.append((alike + beside, row))
    found.sort(key=lambda pair: (-pair[0], pair[1].number))
    return [row for _, row in found[:MOST_SHOWN]]


def to_json(found: SimilarTicket) -> dict[str, Any]:
    return {
        "number": found.number, "text": found.text, "state": found.state, "department": found.department,
        "created_at": found.created_at.isoformat(timespec="seconds"), "why": list(found.why),
    }  # fmt: skip


def _matter(ticket: Ticket) -> str:
    return str(ticket.details.get("what") or ticket.text)


def _place(ticket: Ticket) -> str:
    """The place as told; a district alone, or what is not stated, is none."""
    where = str(ticket.details.get("where") or "")
    return where if len(where) >= SHORTEST_PLACE else ""


def _pairs(text: str) -> set[str]:
    plain = _WORDS.sub("", text)
    return {plain[at : at + 2] for at in range(len(plain) - 1)}


def _shared(one: set[str], other: set[str]) -> float:
    return len(one & other) / min(len(one), len(other)) if one and other else 0.0
