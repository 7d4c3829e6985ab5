"""Complaints as filed: number, masked text, state. Assignment and deadlines are not kept here."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from conversations.clock import CHINA
from conversations.models import Ticket
from database.engine import Database

SHOWN_AT_ONCE = 3
_NUMBERING_LOCK = 7_330_442  # any constant; only the numbering of tickets uses it


@dataclass(frozen=True)
class TicketState:
    """What a citizen is told about a ticket."""

    number: str
    state: str
    filed_on: date


def file_ticket(session: Session, conversation_id: str, masked_text: str, moment: datetime) -> str:
    """Add a ticket inside the caller's transaction; returns its number. Filers wait for each other until they commit."""
    if session.get_bind().dialect.name == "postgresql":  # SQLite lets only one writer in anyway
        session.execute(select(func.pg_advisory_xact_lock(_NUMBERING_LOCK)))
    prefix = f"WZ{moment.astimezone(CHINA):%Y%m%d}"
    last = session.scalar(
        select(Ticket.number)
        .where(Ticket.number.startswith(prefix))
        .order_by(func.length(Ticket.number).desc(), Ticket.number.desc())
    )
    number = f"{prefix}{int(last.removeprefix(prefix)) + 1 if last else 1:04d}"
    session.add(
        Ticket(
            number=number, conversation_id=conversation_id, text=masked_text, state="filed",
            created_at=moment, updated_at=moment,
        )
    )  # fmt: skip
    session.flush()
    return number


def tickets_of(database: Database, conversation_id: str, number: str | None = None) -> list[TicketState]:
    """The newest tickets of one conversation; with a number, that ticket if it belongs to the conversation."""
    query = select(Ticket).where(Ticket.conversation_id == conversation_id).order_by(Ticket.id.desc()).limit(SHOWN_AT_ONCE)
    if number:
        query = query.where(Ticket.number == number)
    with database.read() as session:
        rows = session.scalars(query).all()
    return [TicketState(row.number, row.state, row.created_at.astimezone(CHINA).date()) for row in rows]
