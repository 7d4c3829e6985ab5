"""Ratings of tickets as staff see them, and the rectification of bad ones."""

from dataclasses import replace
from typing import Any

from conversations import clock
from conversations.clock import Clock
from conversations.ticket_dialogue import china_day
from database.engine import Database
from staff import audit
from staff.members import Member
from tickets import rectification, rules, workdays
from tickets.models import Rectification, Ticket, TicketRating
from tickets.rectification import WantedRatings


class RectificationDesk:
    """Each method is one short transaction; all of them block."""

    def __init__(self, database: Database, now: Clock = clock.now) -> None:
        self._database, self._now = database, now

    def listed(self, wanted: WantedRatings, *, overdue: bool = False, offset: int = 0, limit: int = 50) -> dict[str, Any]:
        """One page of ratings: what is still owed by its last day, then the others, newest first."""
        if overdue:
            wanted = replace(wanted, overdue_on=china_day(self._now()))
        with self._database.read() as session:
            total, found = rectification.ratings(session, wanted, offset=offset, limit=limit)
            return {"total": total, "offset": offset, "ratings": [self._shown(*rated) for rated in found]}

    def take_step(self, number: str, step: str, member: Member, text: str = "", department: str | None = None) -> dict[str, Any]:
        """Move a rectification on.

        Raises:
            UnknownTicketError, TicketStateError.
        """
        with self._database.write() as session:
            moment = self._now()
            ticket, row = rectification.take_step(session, number, step, member.name, moment, text=text, department=department)
            detail = {"state": row.state, "department": row.department}
            audit.record(session, member, f"rectification.{step}", "ticket", number, detail, moment)
            return {"number": ticket.number, **self._state(row)}

    def _shown(self, rating: TicketRating, ticket: Ticket, row: Rectification | None) -> dict[str, Any]:
        return {
            "number": ticket.number,
            "text": ticket.text,
            "department": row.department if row else ticket.department,
            "level": rating.level,
            "name": rules.LEVELS[rating.level],
            "comment": rating.comment,
            "rated_at": rating.created_at.isoformat(timespec="seconds"),
            "rectification": self._state(row) if row else None,
        }

    def _state(self, row: Rectification) -> dict[str, Any]:
        today = china_day(self._now())
        owed = row.state in rectification.OPEN_STATES
        return {
            "state": row.state,
            "state_name": rectification.STATE_NAMES[row.state],
            "department": row.department,
            "due_on": row.due_on.isoformat(),
            "due_provisional": row.due_provisional,
            "overdue": rectification.is_overdue(row, today),
            "days_left": workdays.working_days_left(today, row.due_on) if owed else None,
            "measure": row.measure,
            "call": row.call,
            "steps": [step for step, (states, _) in rectification.STEPS.items() if row.state in states],
        }
