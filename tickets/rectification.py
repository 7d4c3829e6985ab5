"""Rectification of bad ratings (差评整改): what may follow what, until when, and its rows inside the caller's transaction.

国办发〔2019〕51号: bad ratings are looked into, put right within a set time, and every citizen is called back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from tickets import workdays
from tickets.errors import TicketStateError, UnknownTicketError
from tickets.models import Rectification, Ticket, TicketEvent, TicketRating
from tickets.workdays import Deadline

BAD = 2  # ratings of this level and below
WORKING_DAYS = 15

OPEN, ASSIGNED, RECTIFIED, CALLED_BACK = "open", "assigned", "rectified", "called_back"
STATES = (OPEN, ASSIGNED, RECTIFIED, CALLED_BACK)
OPEN_STATES = frozenset({OPEN, ASSIGNED, RECTIFIED})
STATE_NAMES: Mapping[str, str] = {OPEN: "待交办", ASSIGNED: "整改中", RECTIFIED: "待回访", CALLED_BACK: "已回访"}

ASSIGN, RECTIFY, CALL_BACK, REOPEN = "assign", "rectify", "call_back", "reopen"
STEPS: Mapping[str, tuple[frozenset[str], str]] = {
    ASSIGN: (frozenset({OPEN, ASSIGNED}), ASSIGNED),
    RECTIFY: (frozenset({ASSIGNED, RECTIFIED}), RECTIFIED),
    CALL_BACK: (frozenset({RECTIFIED}), CALLED_BACK),
    REOPEN: (frozenset({RECTIFIED, CALLED_BACK}), ASSIGNED),  # the citizen is still not content
}
EVENTS: Mapping[str, str] = {  # in the ticket's history
    ASSIGN: "rectify_assign", RECTIFY: "rectify_done", CALL_BACK: "rectify_call", REOPEN: "rectify_again",
}  # fmt: skip
STEP_NAMES: Mapping[str, str] = {ASSIGN: "交办", RECTIFY: "登记整改", CALL_BACK: "登记回访", REOPEN: "重新整改"}


def due(rated_on: date) -> Deadline:
    """Until when a rating of this day must be rectified."""
    return workdays.deadline(rated_on, WORKING_DAYS)


def begin(session: Session, ticket: Ticket, moment: datetime, rated_on: date) -> None:
    """Open the rectification of a ticket that was rated badly."""
    limit = due(rated_on)
    session.add(
        Rectification(
            ticket_id=ticket.id, state=OPEN, department=ticket.department, due_on=limit.day, due_provisional=limit.provisional,
            measure="", call="", created_at=moment, updated_at=moment,
        )
    )  # fmt: skip


def take_step(
    session: Session, number: str, step: str, actor: str, moment: datetime, *, text: str = "", department: str | None = None
) -> tuple[Ticket, Rectification]:
    """Move a rectification on; written down in the ticket's history.

    Raises:
        UnknownTicketError: no ticket of this number was rated badly. TicketStateError.
    """
    query = select(Ticket, Rectification).join(Rectification, Rectification.ticket_id == Ticket.id).where(Ticket.number == number)
    found = session.execute(query.with_for_update()).first()
    if found is None:
        raise UnknownTicketError(f"工单 {number} 没有需要整改的差评。", fix="差评整改见 GET /api/tickets/ratings。")
    ticket, row = found
    before, after = STEPS[step]
    if row.state not in before:
        possible = "、".join(STEP_NAMES[name] for name, (states, _) in STEPS.items() if row.state in states) or "无"
        raise TicketStateError(
            f"整改现在的状态是“{STATE_NAMES[row.state]}”，不能{STEP_NAMES[step]}。", fix=f"现在可以做的是：{possible}。"
        )
    row.state, row.updated_at = after, moment
    if department:
        row.department = department
    if step == RECTIFY:
        row.measure = text
    elif step == CALL_BACK:
        row.call = text
    note = f"{row.department} {text}".strip() if step == ASSIGN else text
    session.add(
        TicketEvent(
            ticket_id=ticket.id, step=EVENTS[step], from_state=ticket.state, to_state=ticket.state, actor=actor, note=note,
            at=moment,
        )
    )  # fmt: skip
    return ticket, row


def is_overdue(row: Rectification, today: date) -> bool:
    """Whether it is owed and its last day is over."""
    return row.state in OPEN_STATES and today > row.due_on


@dataclass(frozen=True)
class WantedRatings:
    """Which ratings; None leaves a field open.

    Args:
        worst: only of this level and below; state: of the rectification; overdue_on: only rectifications overdue on this day.
    """

    worst: int | None = None
    state: str | None = None
    department: str | None = None
    overdue_on: date | None = None


Rated = tuple[TicketRating, Ticket, Rectification | None]


def ratings(session: Session, wanted: WantedRatings, *, offset: int = 0, limit: int = 50) -> tuple[int, Sequence[Rated]]:
    """How many ratings there are, and one page: what is still owed by its last day, then the others, newest first."""
    query = _ratings().where(*_conditions(wanted))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    owed = Rectification.state.in_(OPEN_STATES)
    ordered = query.order_by(case((owed, 0), else_=1), case((owed, Rectification.due_on)), TicketRating.id.desc())
    rows = session.execute(ordered.offset(offset).limit(limit)).all()
    return total, [(rating, ticket, row) for rating, ticket, row in rows]


def _ratings() -> Select[TicketRating, Ticket, Rectification]:
    return (
        select(TicketRating, Ticket, Rectification)
        .join(Ticket, Ticket.id == TicketRating.ticket_id)
        .outerjoin(Rectification, Rectification.ticket_id == Ticket.id)
    )


def _conditions(wanted: WantedRatings) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.worst is not None:
        conditions.append(TicketRating.level <= wanted.worst)
    if wanted.state:
        conditions.append(Rectification.state == wanted.state)
    if wanted.department:
        conditions.append(func.coalesce(Rectification.department, Ticket.department) == wanted.department)
    if wanted.overdue_on:
        conditions += [Rectification.state.in_(OPEN_STATES), Rectification.due_on < wanted.overdue_on]
    return conditions
