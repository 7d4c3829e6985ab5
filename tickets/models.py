"""Tables of tickets. The conversation a ticket came from is a plain id: conversations are above and not known here.

Personal data is kept in `details` alone; `text` and everything that leaves a ticket is masked by whoever files it.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Date, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from database.columns import UtcDateTime
from database.engine import Base

_Id = BigInteger().with_variant(Integer, "sqlite")


class Ticket(Base):
    """A citizen's request as filed, and how far it is.

    Attributes:
        text: what is shown outside the ticket, masked.
        details: what, where, when, contact as told; for those who handle the ticket only.
        department, region: who answers it, and the place it is about, as named.
        handler: the member of staff who looks after it.
        due_on: last day for the answer; None in rows of older versions until it is computed.
        due_provisional: the holidays of a year on the way were not known yet.
    """

    __tablename__ = "tickets"

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    number: Mapped[str] = mapped_column(String(24), unique=True)  # WZ + yyyymmdd + 4 digits
    conversation_id: Mapped[str] = mapped_column(String(32), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    department: Mapped[str] = mapped_column(String(64))
    region: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), index=True)
    handler: Mapped[str | None] = mapped_column(String(64), index=True)  # login name of who took it up
    due_on: Mapped[date | None] = mapped_column(Date)
    due_provisional: Mapped[bool] = mapped_column(Boolean)
    answer: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DraftContact(Base):
    """How to reach the citizen whose complaint is being taken; see `tickets.draft_contacts`."""

    __tablename__ = "ticket_draft_contacts"

    conversation_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    contact: Mapped[str] = mapped_column(String(80))
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TicketEvent(Base):
    """One step in a ticket's life: who did what, when."""

    __tablename__ = "ticket_history"

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    step: Mapped[str] = mapped_column(
        String(16)
    )  # file | accept | assign | progress | answer | return | rate | supplement | withdraw | deadline | rectify_*
    from_state: Mapped[str | None] = mapped_column(String(16))
    to_state: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class TicketRating(Base):
    """The citizen's word on how it was handled, 5 (非常满意) to 1 (非常不满意); one a ticket."""

    __tablename__ = "ticket_ratings"

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), unique=True)
    level: Mapped[int]
    comment: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Rectification(Base):
    """What is owed for a bad rating: put right within fifteen working days, then the citizen is called back; one a ticket."""

    __tablename__ = "ticket_rectifications"

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), unique=True)
    state: Mapped[str] = mapped_column(String(16), index=True)  # open | assigned | rectified | called_back
    department: Mapped[str] = mapped_column(String(64))
    due_on: Mapped[date] = mapped_column(Date)
    due_provisional: Mapped[bool] = mapped_column(Boolean)
    measure: Mapped[str] = mapped_column(Text)  # what was done
    call: Mapped[str] = mapped_column(Text)  # what the citizen said of it
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TicketLookup(Base):
    """A failed attempt to see a ticket by its number; counted to limit guessing, also for numbers that do not exist."""

    __tablename__ = "ticket_lookups"

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(String(32), index=True)
    number: Mapped[str] = mapped_column(String(24), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
