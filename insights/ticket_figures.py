"""Tickets by department: how many, how many in time. Reads only."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from conversations.clock import CHINA
from conversations.models import Conversation
from insights.figure_filter import FigureFilter
from tickets import rules
from tickets.models import Ticket, TicketEvent, TicketRating

SATISFIED = 3  # 基本满意


def by_department(session: Session, wanted: FigureFilter, today: date) -> list[dict[str, Any]]:
    """One line a department, most tickets first; the last line is their sum."""
    answered = (
        select(TicketEvent.ticket_id, func.min(TicketEvent.at).label("at"))
        .where(TicketEvent.step == rules.ANSWER)
        .group_by(TicketEvent.ticket_id)
        .subquery()
    )
    query = (
        select(Ticket.department, Ticket.state, Ticket.due_on, answered.c.at, TicketRating.level)
        .outerjoin(answered, answered.c.ticket_id == Ticket.id)
        .outerjoin(TicketRating, TicketRating.ticket_id == Ticket.id)
        .where(Ticket.created_at >= wanted.start, Ticket.created_at < wanted.end)
    )
    if wanted.department:
        query = query.where(Ticket.department == wanted.department)
    if wanted.channel:
        query = query.join(Conversation, Conversation.id == Ticket.conversation_id).where(Conversation.channel == wanted.channel)
    lines: dict[str, _Line] = {}
    total = _Line("合计")
    for department, state, due_on, at, level in session.execute(query):
        for line in (lines.setdefault(department, _Line(department)), total):
            line.add(state, due_on, at, level, today)
    ordered = sorted(lines.values(), key=lambda line: (-line.tickets, line.department))
    return [line.to_json() for line in (*ordered, total)]


class _Line:
    def __init__(self, department: str) -> None:
        self.department = department
        self.tickets = self.answered = self.on_time = self.overdue = self.rated = self.satisfied = 0

    def add(self, state: str, due_on: date | None, answered_at: datetime | None, level: int | None, today: date) -> None:
        self.tickets += 1
        if answered_at is not None:
            self.answered += 1
            self.on_time += due_on is None or answered_at.astimezone(CHINA).date() <= due_on
        elif rules.is_overdue(state, due_on, today):
            self.overdue += 1
        if level is not None:
            self.rated += 1
            self.satisfied += level >= SATISFIED

    def to_json(self) -> dict[str, Any]:
        owed = self.answered + self.overdue
        return {
            "department": self.department,
            "tickets": self.tickets,
            "answered": self.answered,
            "on_time": self.on_time,
            "overdue": self.overdue,
            "on_time_rate": round(100 * self.on_time / owed, 1) if owed else None,
            "rated": self.rated,
            "satisfaction": round(100 * self.satisfied / self.rated, 1) if self.rated else None,
        }
