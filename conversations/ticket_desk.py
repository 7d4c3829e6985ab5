"""Tickets as staff see and move them; what the citizen is told about it goes out in the same transaction."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from conversations import clock
from conversations import ticket_wording as wording
from conversations.case import IDLE_LIMIT
from conversations.clock import Clock
from conversations.models import Conversation
from conversations.records import say_in
from conversations.ticket_dialogue import china_day
from database.engine import Database
from tickets import draft_contacts, rules, store
from tickets.models import Ticket

SHORTEST_FIELD = 20  # characters that WeChat shows of a template's "thing"


@dataclass(frozen=True)
class TicketTemplate:
    """WeChat's template for "your request has been answered".

    Args:
        fields: the template's field → number, department or result.
    """

    template_id: str
    fields: Mapping[str, str] = field(default_factory=dict)

    def content(self, ticket: Ticket) -> dict[str, Any]:
        """What the outbox keeps for the template message."""
        values = {"number": ticket.number, "department": ticket.department, "result": ticket.answer or ""}
        data = {name: _short(values[value]) for name, value in self.fields.items()}
        return {"template_id": self.template_id, "data": data}


class TicketDesk:
    """Each method is one short transaction; all of them block.

    Args:
        template: None: results go out as text.
        on_message: told the conversation id after something was said in it.
    """

    def __init__(
        self,
        database: Database,
        *,
        template: TicketTemplate | None = None,
        on_message: Callable[[str], None] = lambda _conversation_id: None,
        now: Clock = clock.now,
    ) -> None:
        self._database, self._template, self._on_message, self._now = database, template, on_message, now

    def listed(self, *, state: str | None, overdue: bool, offset: int, limit: int) -> dict[str, Any]:
        """One page of tickets, newest first, without personal data."""
        today = china_day(self._now())
        with self._database.read() as session:
            total, found = store.listed(session, state=state, overdue_on=today if overdue else None, offset=offset, limit=limit)
            return {"total": total, "offset": offset, "tickets": [self._outline(ticket) for ticket in found]}

    def read(self, number: str) -> dict[str, Any]:
        """A ticket with everything told and its history.

        Raises:
            UnknownTicketError: no ticket has this number.
        """
        with self._database.read() as session:
            return self._full(session, store.ticket(session, number))

    def take_step(self, number: str, step: str, actor: str, note: str = "", department: str | None = None) -> dict[str, Any]:
        """Move a ticket on. An answer and a return are told to the citizen.

        Raises:
            UnknownTicketError, TicketStateError.
        """
        with self._database.write() as session:
            moment = self._now()
            ticket = store.take_step(session, number, step, actor, moment, note=note, department=department)
            if step in {rules.ANSWER, rules.RETURN}:
                self._tell(session, ticket, step, note, moment)
            session.flush()
            shown, conversation_id = self._full(session, ticket), ticket.conversation_id
        if step in {rules.ANSWER, rules.RETURN}:
            self._on_message(conversation_id)
        return shown

    def recompute_deadlines(self) -> int:
        """Deadlines that were provisional or missing, by the calendar of today; returns how many changed."""
        with self._database.write() as session:
            return store.recompute_deadlines(session, self._now(), china_day)

    def keep_in_order(self) -> None:
        """What is to be done now and then: deadlines by the calendar of today, contacts of complaints given up forgotten."""
        self.recompute_deadlines()
        with self._database.write() as session:
            draft_contacts.forget_older(session, self._now() - IDLE_LIMIT)

    def _tell(self, session: Session, ticket: Ticket, step: str, note: str, moment: datetime) -> None:
        conversation = session.get_one(Conversation, ticket.conversation_id)
        if step == rules.RETURN:
            say_in(session, conversation, "bot", wording.returned(ticket, note), moment)
            return
        template = self._template.content(ticket) if self._template else None
        say_in(session, conversation, "bot", wording.result(ticket), moment, wording.RATING_BUTTONS, template)

    def _outline(self, ticket: Ticket) -> dict[str, Any]:
        return {
            "number": ticket.number,
            "kind": ticket.kind,
            "state": ticket.state,
            "state_name": rules.STATE_NAMES.get(ticket.state, ticket.state),
            "text": ticket.text,
            "department": ticket.department,
            "region": ticket.region,
            "due_on": ticket.due_on.isoformat() if ticket.due_on else None,
            "due_provisional": ticket.due_provisional,
            "overdue": rules.is_overdue(ticket.state, ticket.due_on, china_day(self._now())),
            "conversation_id": ticket.conversation_id,
            "filed_at": _time(ticket.created_at),
            "updated_at": _time(ticket.updated_at),
        }

    def _full(self, session: Session, ticket: Ticket) -> dict[str, Any]:
        rating = store.rating_of(session, ticket.id)
        return {
            **self._outline(ticket),
            "details": dict(ticket.details),
            "answer": ticket.answer,
            "rating": rating and {"level": rating.level, "name": rules.LEVELS[rating.level], "comment": rating.comment},
            "history": [
                {
                    "step": event.step, "from": event.from_state, "to": event.to_state, "actor": event.actor,
                    "note": event.note, "at": _time(event.at),
                }
                for event in store.history(session, ticket.id)
            ],
        }  # fmt: skip


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _short(value: str) -> str:
    return value if len(value) <= SHORTEST_FIELD else f"{value[: SHORTEST_FIELD - 1]}…"
