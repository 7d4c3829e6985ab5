"""Deadlines computed anew when the calendar has learned another year; bad ratings of older versions get their rectification."""

from collections.abc import Callable
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from tickets import rectification, rules
from tickets.models import Rectification, Ticket, TicketRating
from tickets.store import write_note

SYSTEM = "系统"


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
            write_note(session, found, "deadline", found.state, SYSTEM, f"答复期限：{before or '未定'} → {limit.day}", moment)
        changed += 1
    return changed + _rectifications(session, moment, local_day)


def _rectifications(session: Session, moment: datetime, local_day: Callable[[datetime], date]) -> int:
    changed = 0
    owed = (
        select(Ticket, TicketRating)
        .join(TicketRating, TicketRating.ticket_id == Ticket.id)
        .outerjoin(Rectification, Rectification.ticket_id == Ticket.id)
        .where(TicketRating.level <= rectification.BAD, Rectification.id.is_(None))
    )
    for ticket, rating in session.execute(owed).all():
        rectification.begin(session, ticket, moment, local_day(rating.created_at))
        changed += 1
    unsettled = select(Rectification).where(Rectification.due_provisional, Rectification.state.in_(rectification.OPEN_STATES))
    for found in session.scalars(unsettled):
        limit = rectification.due(local_day(found.created_at))
        changed += (found.due_on, found.due_provisional) != (limit.day, limit.provisional)
        found.due_on, found.due_provisional = limit.day, limit.provisional
    return changed
