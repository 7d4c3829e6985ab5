"""Reading and writing of tickets inside the caller's transaction. Rules are in `rules`, wording is the caller's."""

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from tickets import rules
from tickets.errors import UnknownTicketError
from tickets.models import Ticket, TicketEvent, TicketLookup, TicketRating

CITIZEN, SYSTEM = "市民", "系统"
LOOKUP_PERIOD = timedelta(hours=24)
FAILURES_A_CONVERSATION = 5  # within the period
FAILURES_A_NUMBER = 10
_NUMBERING_LOCK = 7_330_442  # any constant; only the numbering of tickets uses it


@dataclass(frozen=True)
class Filing:
    """A ticket to be filed.

    Args:
        text: masked; details: as told, with `contact`.
    """

    kind: str
    text: str
    details: Mapping[str, str]
    department: str
    region: str | None = None


def file_ticket(session: Session, conversation_id: str, filing: Filing, moment: datetime, today: date) -> Ticket:
    """Add a ticket with the day's next number. Filers wait for each other until they commit.

    Args:
        today: the day in China; deadline and number follow it.
    """
    if session.get_bind().dialect.name == "postgresql":  # SQLite lets only one writer in anyway
        session.execute(select(func.pg_advisory_xact_lock(_NUMBERING_LOCK)))
    prefix = rules.day_prefix(today)
    last = session.scalar(
        select(Ticket.number)
        .where(Ticket.number.startswith(prefix))
        .order_by(func.length(Ticket.number).desc(), Ticket.number.desc())
    )
    limit = rules.due(filing.kind, today)
    ticket = Ticket(
        number=rules.number_of(today, int(last.removeprefix(prefix)) + 1 if last else 1), conversation_id=conversation_id,
        kind=filing.kind, text=filing.text, details=dict(filing.details), department=filing.department, region=filing.region,
        state=rules.FILED, due_on=limit.day, due_provisional=limit.provisional, created_at=moment, updated_at=moment,
    )  # fmt: skip
    session.add(ticket)
    session.flush()
    _note(session, ticket, "file", None, CITIZEN, "", moment)
    return ticket


def ticket(session: Session, number: str, *, for_change: bool = False) -> Ticket:
    """Raises: UnknownTicketError."""
    query = select(Ticket).where(Ticket.number == number)
    found = session.scalar(query.with_for_update() if for_change else query)
    if found is None:
        raise UnknownTicketError(f"没有编号为 {number} 的工单。", fix="核对编号；全部工单见 GET /api/tickets。")
    return found


def take_step(
    session: Session, number: str, step: str, actor: str, moment: datetime, *, note: str = "", department: str | None = None
) -> Ticket:
    """Move a ticket on and write it down in its history.

    Args:
        note: for an answer the result, for a return the reason.
        department: who has it from now on; None leaves it.

    Raises:
        UnknownTicketError, TicketStateError.
    """
    changed = ticket(session, number, for_change=True)
    before, changed.state = changed.state, rules.state_after(changed.state, step)
    if department:
        changed.department = department
    if step == rules.ANSWER:
        changed.answer = note
    changed.updated_at = moment
    _note(session, changed, step, before, actor, note, moment)
    return changed


def rate(session: Session, number: str, level: int, comment: str, moment: datetime) -> Ticket:
    """Record the citizen's rating.

    Raises:
        UnknownTicketError, TicketStateError: not answered yet, or rated before.
    """
    rated = take_step(session, number, rules.RATE, CITIZEN, moment, note=f"{rules.LEVELS[level]} {comment}".strip())
    session.add(TicketRating(ticket_id=rated.id, level=level, comment=comment, created_at=moment))
    return rated


def add_comment(session: Session, number: str, comment: str) -> None:
    """Add words to a rating that came without."""
    rating = session.scalar(select(TicketRating).join(Ticket, Ticket.id == TicketRating.ticket_id).where(Ticket.number == number))
    if rating is not None and not rating.comment:
        rating.comment = comment


def tickets_of(session: Session, conversation_id: str, limit: int = 3) -> Sequence[Ticket]:
    """The newest tickets filed in a conversation."""
    query = select(Ticket).where(Ticket.conversation_id == conversation_id).order_by(Ticket.id.desc()).limit(limit)
    return session.scalars(query).all()


def unrated_of(session: Session, conversation_id: str) -> Sequence[Ticket]:
    """Answered tickets of a conversation that wait for their rating, the last answered first."""
    query = (
        select(Ticket)
        .where(Ticket.conversation_id == conversation_id, Ticket.state == rules.ANSWERED)
        .order_by(Ticket.updated_at.desc(), Ticket.id.desc())
    )
    return session.scalars(query).all()


def look_up(session: Session, conversation_id: str, number: str, last_digits: str, moment: datetime) -> Ticket | None:
    """Another sender's ticket, for whoever knows the last four digits of its contact phone; a failure is counted.

    None alike for a wrong number, wrong digits, a ticket without phone, and too many attempts.
    """
    since = moment - LOOKUP_PERIOD
    failed = select(func.count()).select_from(TicketLookup).where(TicketLookup.created_at > since)
    blocked = (
        (session.scalar(failed.where(TicketLookup.conversation_id == conversation_id)) or 0) >= FAILURES_A_CONVERSATION
        or (session.scalar(failed.where(TicketLookup.number == number)) or 0) >= FAILURES_A_NUMBER
    )  # fmt: skip
    found = session.scalar(select(Ticket).where(Ticket.number == number))
    phone = re.sub(r"\D", "", str(found.details.get("contact", ""))) if found else ""
    known = phone[-4:] if len(phone) >= 7 else "----"
    if hmac.compare_digest(known.encode(), last_digits.encode()) and not blocked:
        return found
    if not blocked:
        session.add(TicketLookup(conversation_id=conversation_id, number=number, created_at=moment))
    return None


def listed(
    session: Session, *, state: str | None = None, overdue_on: date | None = None, offset: int = 0, limit: int = 50
) -> tuple[int, Sequence[Ticket]]:
    """How many tickets there are, and one page of them, newest first.

    Args:
        overdue_on: only those that are overdue on this day.
    """
    query = select(Ticket)
    if state:
        query = query.where(Ticket.state == state)
    if overdue_on:
        query = query.where(Ticket.state.in_(rules.OPEN_STATES), Ticket.due_on < overdue_on)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    return total, session.scalars(query.order_by(Ticket.id.desc()).offset(offset).limit(limit)).all()


def history(session: Session, ticket_id: int) -> Sequence[TicketEvent]:
    """Everything that happened to a ticket, oldest first."""
    return session.scalars(select(TicketEvent).where(TicketEvent.ticket_id == ticket_id).order_by(TicketEvent.id)).all()


def rating_of(session: Session, ticket_id: int) -> TicketRating | None:
    return session.scalar(select(TicketRating).where(TicketRating.ticket_id == ticket_id))


def recompute_deadlines(session: Session, moment: datetime, local_day: Callable[[datetime], date]) -> int:
    """Compute missing and provisional deadlines of open tickets anew; returns how many changed.

    To be called when the calendar has learned another year, and after an upgrade from a version without deadlines.

    Args:
        local_day: the day in China of a moment.
    """
    unsettled = or_(Ticket.due_on.is_(None), Ticket.due_provisional)
    changed = 0
    for found in session.scalars(select(Ticket).where(Ticket.state.in_(rules.OPEN_STATES), unsettled).with_for_update()):
        limit = rules.due(found.kind, local_day(found.created_at))
        if (found.due_on, found.due_provisional) == (limit.day, limit.provisional):
            continue
        before, found.due_on, found.due_provisional = found.due_on, limit.day, limit.provisional
        if before != limit.day:
            _note(session, found, "deadline", found.state, SYSTEM, f"答复期限：{before or '未定'} → {limit.day}", moment)
        changed += 1
    return changed


def _note(session: Session, changed: Ticket, step: str, before: str | None, actor: str, note: str, moment: datetime) -> None:
    session.add(
        TicketEvent(ticket_id=changed.id, step=step, from_state=before, to_state=changed.state, actor=actor, note=note, at=moment)
    )
