"""Tickets as staff see and move them; what the citizen is told about it goes out in the same transaction."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from answering.regions import place_named
from conversations import clock, complaint_facts
from conversations import ticket_wording as wording
from conversations.case import IDLE_LIMIT
from conversations.clock import Clock
from conversations.complaint_form import UNSTATED
from conversations.errors import UnknownConversationError
from conversations.masking import mask_json, mask_personal_data
from conversations.models import Conversation
from conversations.records import say_in
from conversations.ticket_dialogue import china_day
from database.engine import Database
from staff import audit
from staff.members import Member
from tickets import deadlines, draft_contacts, rules, similar, store, workdays
from tickets.departments import Departments
from tickets.models import Ticket
from tickets.store import Filing, Wanted

PHONE = "phone"  # the channel of callers
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


@dataclass(frozen=True)
class CallersRequest:
    """What an agent writes down for a caller.

    Args:
        key: made by whoever asks, so that asking twice files once.
        department: None: by the words of the story.
        conversation_id: that it came up in; None: a call that was not written down.
    """

    key: str
    kind: str
    what: str
    where: str = ""
    when: str = ""
    contact: str = ""
    department: str | None = None
    conversation_id: str | None = None


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
        departments: Departments | None = None,
        template: TicketTemplate | None = None,
        on_message: Callable[[str], None] = lambda _conversation_id: None,
        now: Clock = clock.now,
    ) -> None:
        self._database, self._template, self._on_message, self._now = database, template, on_message, now
        self._departments = departments or Departments.load()

    def listed(self, wanted: Wanted, *, overdue: bool = False, offset: int = 0, limit: int = 50) -> dict[str, Any]:
        """One page of tickets without personal data: those that owe an answer by their last day, then the others, newest first."""
        wanted = self._with_today(wanted, overdue)
        with self._database.read() as session:
            total, found = store.listed(session, wanted, offset=offset, limit=limit)
            return {"total": total, "offset": offset, "tickets": [self._outline(ticket) for ticket in found]}

    def counts(self, wanted: Wanted, *, overdue: bool = False) -> dict[str, Any]:
        """Tickets in each state, how many are overdue, and the departments to choose from."""
        with self._database.read() as session:
            late, _ = store.listed(session, self._with_today(wanted, True), limit=1)
            return {
                "states": store.counts(session, self._with_today(wanted, overdue)),
                "overdue": late,
                "departments": sorted(store.departments(session) | self._known_departments()),
            }

    def board(self, wanted: Wanted, *, overdue: bool = False, limit: int = 30) -> list[dict[str, Any]]:
        """A column a state, each with how many there are and the first of them."""
        return [
            {"state": state, "name": rules.STATE_SHORT_NAMES[state], **self.listed(replace(wanted, state=state), overdue=overdue, limit=limit)}
            for state in rules.STATES
        ]  # fmt: skip

    def read(self, number: str) -> dict[str, Any]:
        """A ticket with what was told and its history; personal data is masked.

        Raises:
            UnknownTicketError: no ticket has this number.
        """
        with self._database.read() as session:
            return self._full(session, store.ticket(session, number))

    def similar(self, number: str) -> list[dict[str, Any]]:
        """Tickets of the last days about the same place or matter; masked. Raises UnknownTicketError."""
        with self._database.read() as session:
            return [similar.to_json(found) for found in similar.similar(session, store.ticket(session, number))]

    def as_told(self, number: str, member: Member) -> dict[str, Any]:
        """What was told, with contact and personal data; that it was looked at is recorded. Raises UnknownTicketError."""
        with self._database.write() as session:
            found = store.ticket(session, number)
            told = _told(found)
            if told != _shown_details(found):
                audit.record(session, member, "ticket.contact", "ticket", number, {}, self._now())
            return told

    def create(self, told: CallersRequest, member: Member) -> dict[str, Any]:
        """A ticket for somebody who cannot write it themselves; the same key twice is one ticket.

        Raises:
            UnknownConversationError: the conversation that it is to belong to does not exist.
        """
        facts = {"what": told.what, "where": told.where or UNSTATED, "when": told.when or UNSTATED}
        contact = {"contact": told.contact} if told.contact else {}
        story = told.what if told.kind == rules.CONSULTATION else f"{told.what}（地点：{facts['where']}；时间：{facts['when']}）"
        department = told.department or self._departments.department_for(f"{told.what} {told.where}", told.where)
        region = place_named(told.where) if told.where else None
        filing = Filing(told.kind, mask_personal_data(story), {**facts, **contact, "key": told.key}, department, region)
        with self._database.write() as session:
            moment = self._now()
            conversation = self._conversation(session, told, moment)
            known = store.filed_with(session, conversation.id, told.key)
            if known is not None:
                return self._full(session, known)
            ticket = store.file_ticket(session, conversation.id, filing, moment, china_day(moment), member.name)
            audit.record(
                session, member, "ticket.create", "ticket", ticket.number, {"kind": told.kind, "department": department}, moment
            )
            session.flush()
            return self._full(session, ticket)

    def suggest_department(self, what: str, where: str = "") -> str:
        """Who would get a ticket with this story."""
        return self._departments.department_for(f"{what} {where}", where)

    def take_step(self, number: str, step: str, member: Member, note: str = "", department: str | None = None) -> dict[str, Any]:
        """Move a ticket on. An answer and a return are told to the citizen.

        Raises:
            UnknownTicketError, TicketStateError.
        """
        with self._database.write() as session:
            moment = self._now()
            ticket = store.take_step(session, number, step, member.name, moment, note=note, department=department)
            if step in {rules.ANSWER, rules.RETURN}:
                self._tell(session, ticket, step, note, moment)
            detail = {"state": ticket.state, "department": ticket.department}
            audit.record(session, member, f"ticket.{step}", "ticket", number, detail, moment)
            session.flush()
            shown, conversation_id = self._full(session, ticket), ticket.conversation_id
        if step in {rules.ANSWER, rules.RETURN}:
            self._on_message(conversation_id)
        return shown

    def recompute_deadlines(self) -> int:
        """Deadlines that were provisional or missing, by the calendar of today; returns how many changed."""
        with self._database.write() as session:
            return deadlines.recompute_deadlines(session, self._now(), china_day)

    def _with_today(self, wanted: Wanted, overdue: bool) -> Wanted:
        return replace(wanted, overdue_on=china_day(self._now())) if overdue else wanted

    def _known_departments(self) -> set[str]:
        return {rule.department for rule in self._departments.rules} | {self._departments.fallback}

    def _conversation(self, session: Session, told: CallersRequest, moment: datetime) -> Conversation:
        if told.conversation_id is not None:
            found = session.get(Conversation, told.conversation_id)
            if found is None:
                raise UnknownConversationError("没有这个会话。", fix="核对会话编号；来电没有会话时不填。")
            return found
        sender = f"ticket:{told.key}"
        known = session.scalar(select(Conversation).where(Conversation.channel == PHONE, Conversation.sender_id == sender))
        if known is not None:
            return known
        conversation = Conversation(
            id=secrets.token_urlsafe(16), channel=PHONE, sender_id=sender, holder="bot", case={}, profile={},
            created_at=moment, updated_at=moment,
        )  # fmt: skip
        session.add(conversation)
        session.flush()
        return conversation

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
        today, owing = china_day(self._now()), ticket.state in rules.OPEN_STATES
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
            "overdue": rules.is_overdue(ticket.state, ticket.due_on, today),
            "days_left": workdays.working_days_left(today, ticket.due_on) if ticket.due_on and owing else None,
            "handler": ticket.handler,
            "conversation_id": ticket.conversation_id,
            "filed_at": _time(ticket.created_at),
            "updated_at": _time(ticket.updated_at),
        }

    def _full(self, session: Session, ticket: Ticket) -> dict[str, Any]:
        rating = store.rating_of(session, ticket.id)
        return {
            **self._outline(ticket),
            "channel": session.get_one(Conversation, ticket.conversation_id).channel,
            "steps": [step for step, (states, _) in rules.STEPS.items() if ticket.state in states and step not in rules.CITIZENS_STEPS],
            "details": _shown_details(ticket),
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


def _told(ticket: Ticket) -> dict[str, Any]:
    return {name: value for name, value in ticket.details.items() if name != "key"}


def _shown_details(ticket: Ticket) -> dict[str, Any]:
    shown: dict[str, Any] = mask_json(_told(ticket))
    if ticket.details.get("contact"):
        shown["contact"] = complaint_facts.shown_contact(str(ticket.details["contact"]))
    return shown


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _short(value: str) -> str:
    return value if len(value) <= SHORTEST_FIELD else f"{value[: SHORTEST_FIELD - 1]}…"
