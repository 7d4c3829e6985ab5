"""Reading and writing of tickets inside the caller's transaction. Rules are in `rules`, wording is the caller's."""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from tickets import rectification, rules
from tickets.errors import TicketStateError, UnknownTicketError
from tickets.models import Ticket, TicketEvent, TicketLookup, TicketRating

CITIZEN = "市民"
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


def file_ticket(
    session: Session, conversation_id: str, filing: Filing, moment: datetime, today: date, actor: str = CITIZEN
) -> Ticket:
    """Add a ticket with the day's next number. Filers wait for each other until they commit.

    Args:
        today: the day in China; deadline and number follow it.
        actor: who filed it; staff do for callers.
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
    write_note(session, ticket, "file", None, actor, "", moment)
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
    if step in {rules.ACCEPT, rules.PROGRESS} and (step == rules.ACCEPT or not changed.handler):
        changed.handler = actor
    if step == rules.ANSWER:
        changed.answer = note
    changed.updated_at = moment
    write_note(session, changed, step, before, actor, note, moment)
    return changed


def supplement(session: Session, number: str, text: str, contact: str | None, moment: datetime) -> Ticket:
    """Add to an open ticket what the citizen tells later.

    Args:
        text: masked; contact: in place of the one told before.

    Raises:
        UnknownTicketError, TicketStateError: nothing is owed any more.
    """
    changed = ticket(session, number, for_change=True)
    if changed.state not in rules.OPEN_STATES:
        raise TicketStateError("这件工单已经办结，不能再补充。", fix="有新的情况请另行登记。")
    changed.text = f"{changed.text}；补充：{text}"
    more = {"contact": contact} if contact else {}
    changed.details = {**changed.details, "what": f"{changed.details.get('what', '')}；补充：{text}", **more}
    changed.updated_at = moment
    write_note(session, changed, "supplement", changed.state, CITIZEN, text, moment)
    return changed


def rate(session: Session, number: str, level: int, comment: str, moment: datetime, today: date) -> Ticket:
    """Record the citizen's rating; a bad one opens a rectification, due by the day in China.

    Raises:
        UnknownTicketError, TicketStateError: not answered yet, or rated before.
    """
    rated = take_step(session, number, rules.RATE, CITIZEN, moment, note=f"{rules.LEVELS[level]} {comment}".strip())
    session.add(TicketRating(ticket_id=rated.id, level=level, comment=comment, created_at=moment))
    if level <= rectification.BAD:
        rectification.begin(session, rated, moment, today)
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


def filed_with(session: Session, conversation_id: str, key: str) -> Ticket | None:
    """The ticket that was filed in a conversation with this key."""
    found = session.scalars(select(Ticket).where(Ticket.conversation_id == conversation_id))
    return next((ticket for ticket in found if ticket.details.get("key") == key), None)


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


@dataclass(frozen=True)
class Wanted:
    """Which tickets; None leaves a field open.

    Args:
        overdue_on: only those that are overdue on this day.
        text: a number, or words of the masked text.
    """

    state: str | None = None
    kind: str | None = None
    department: str | None = None
    handler: str | None = None
    overdue_on: date | None = None
    text: str | None = None


def listed(session: Session, wanted: Wanted, *, offset: int = 0, limit: int = 50) -> tuple[int, Sequence[Ticket]]:
    """How many tickets there are, and one page of them: those that owe an answer by their last day, then the others, newest first."""
    query = select(Ticket).where(*_conditions(wanted))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    owing = Ticket.state.in_(rules.OPEN_STATES)
    ordered = query.order_by(case((owing, 0), else_=1), case((owing, Ticket.due_on)), Ticket.id.desc())
    return total, session.scalars(ordered.offset(offset).limit(limit)).all()


def counts(session: Session, wanted: Wanted) -> dict[str, int]:
    """Tickets in each state, whatever state is wanted."""
    query = select(Ticket.state, func.count()).where(*_conditions(replace(wanted, state=None))).group_by(Ticket.state)
    found = dict(session.execute(query).tuples().all())
    return {state: found.get(state, 0) for state in rules.STATES}


def departments(session: Session) -> set[str]:
    """Those that have tickets."""
    return set(session.scalars(select(Ticket.department).distinct()))


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    pairs = (
        (Ticket.state, wanted.state),
        (Ticket.kind, wanted.kind),
        (Ticket.department, wanted.department),
        (Ticket.handler, wanted.handler),
    )
    conditions: list[ColumnElement[bool]] = [column == value for column, value in pairs if value]
    if wanted.overdue_on:
        conditions += [Ticket.state.in_(rules.OPEN_STATES), Ticket.due_on < wanted.overdue_on]
    if wanted.text:
        number = rules.number_in(wanted.text) or wanted.text.strip().upper()
        words = [Ticket.text.icontains(word, autoescape=True) for word in wanted.text.split()]
        conditions.append(or_(Ticket.number == number, and_(*words)))
    return conditions


def history(session: Session, ticket_id: int) -> Sequence[TicketEvent]:
    """Everything that happened to a ticket, oldest first."""
    return session.scalars(select(TicketEvent).where(TicketEvent.ticket_id == ticket_id).order_by(TicketEvent.id)).all()


def rating_of(session: Session, ticket_id: int) -> TicketRating | None:
    return session.scalar(select(TicketRating).where(TicketRating.ticket_id == ticket_id))


def write_note(session: Session, changed: Ticket, step: str, before: str | None, actor: str, note: str, moment: datetime) -> None:
    session.add(
        TicketEvent(ticket_id=changed.id, step=step, from_state=before, to_state=changed.state, actor=actor, note=note, at=moment)
    )
