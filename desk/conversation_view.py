"""One conversation as an agent works with it: what was said and from what, what it is about, who is asking, what was before."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from conversations import clock, handoff
from conversations.case import IDLE_LIMIT, Case
from conversations.clock import CHINA, Clock
from conversations.errors import UnknownConversationError
from conversations.models import Conversation, Feedback, HandoffRequest, Message, OutboxMessage
from conversations.profile import known_facts, lines
from database.engine import Database
from desk.listing import Lists
from desk.tables import AgentReply, Note, Transfer
from knowledge_base.entries import EntryStore
from knowledge_base.validity import validity_of
from tickets import rules
from tickets.models import Ticket

MESSAGES = 100
LONGEST_FIRST_WORDS = 60
VISITS = 20
MOST_LOOKED_AT = 2000  # messages from which earlier visits are told
UNSENT = ("pending", "sending", "waiting", "uncertain", "dropped")


class Allowance(Protocol):
    """What a channel still takes to a user: n of m, hours left, or why nothing."""

    left: int
    of: int
    hours_left: float
    reason: str | None


Allowances = Callable[[Collection[str]], Mapping[str, Any]]


class ConversationViews:
    """All methods block.

    Args:
        allowances: by recipient, for WeChat.
    """

    def __init__(
        self, database: Database, entries: EntryStore, lists: Lists, allowances: Allowances, now: Clock = clock.now
    ) -> None:
        self._database, self._entries, self._lists, self._allowances, self._now = database, entries, lists, allowances, now

    def read(self, conversation_id: str) -> dict[str, Any]:
        """Everything beside the messages' suggestions.

        Raises:
            UnknownConversationError
        """
        with self._database.read() as session:
            conversation = known(session, conversation_id)
            row = self._lists.one(session, conversation_id)
            case, profile = Case.from_json(conversation.case), conversation.profile
            idle = self._now() - conversation.updated_at > IDLE_LIMIT
            shown = {
                **(row or {}),
                "messages": _messages(session, conversation_id, None, None),
                "profile": lines(known_facts(profile)),
                "notes": notes_of(session, conversation_id),
                "visits": _visits(session, conversation_id),
                "requests": _requests(session, conversation_id),
                "tickets": self._tickets(session, conversation_id),
                "allowance": self.allowance(session, conversation),
            }
        return {**shown, "case": self._case(case, idle)}

    def messages(self, conversation_id: str, *, after: int | None, before: int | None) -> list[dict[str, Any]]:
        """At most 100 messages: those after one, or the last ones before one. Raises: UnknownConversationError."""
        with self._database.read() as session:
            known(session, conversation_id)
            return _messages(session, conversation_id, after, before)

    def allowance(self, session: Session, conversation: Conversation) -> dict[str, Any] | None:
        """What WeChat still takes to this user, less what is on its way; None on other channels."""
        if conversation.channel != "wechat":
            return None
        given: Allowance = self._allowances([conversation.sender_id])[conversation.sender_id]
        query = select(OutboxMessage.id).where(
            OutboxMessage.channel == conversation.channel,
            OutboxMessage.recipient == conversation.sender_id,
            OutboxMessage.state.in_(["pending", "sending", "waiting"]),
        )
        left = max(0, given.left - len(session.scalars(query).all()))
        reason = given.reason or (None if left else "还有消息在发送途中，可发条数已用完，等用户再次发言后送达")
        return {"left": left, "of": given.of, "hours_left": given.hours_left, "reason": reason}

    def allowance_of(self, conversation_id: str) -> dict[str, Any] | None:
        """As `allowance`. Raises: UnknownConversationError."""
        with self._database.read() as session:
            return self.allowance(session, known(session, conversation_id))

    def holding(self) -> dict[str, int]:
        """Agent → how many conversations they hold."""
        query = (
            select(HandoffRequest.agent, func.count()).where(HandoffRequest.state == handoff.TAKEN).group_by(HandoffRequest.agent)
        )
        with self._database.read() as session:
            return {agent: number for agent, number in session.execute(query) if agent}

    def _case(self, case: Case, idle: bool) -> dict[str, Any]:
        """What is under discussion. `idle`: it was so long ago that a new message is not understood by it."""
        ids = [i for i in (case.entry_id, *case.options) if i is not None]
        live = self._entries.published(ids)
        today = self._now().astimezone(CHINA).date()
        return {
            "entry": _entry(live.get(case.entry_id), today) if case.entry_id is not None else None,
            "options": [live[i].content.title for i in case.options if i in live],
            "question": case.question,
            "facts": {**case.entities},
            "taking_ticket": case.ticket is not None,
            "idle": idle,
        }

    def _tickets(self, session: Session, conversation_id: str) -> list[dict[str, Any]]:
        today = self._now().astimezone(CHINA).date()
        query = select(Ticket).where(Ticket.conversation_id == conversation_id).order_by(Ticket.id.desc())
        return [
            {
                "number": ticket.number, "state": ticket.state, "state_name": rules.STATE_NAMES.get(ticket.state, ticket.state),
                "text": ticket.text, "department": ticket.department, "filed_at": _time(ticket.created_at),
                "due_on": ticket.due_on.isoformat() if ticket.due_on else None,
                "overdue": rules.is_overdue(ticket.state, ticket.due_on, today),
            }
            for ticket in session.scalars(query)
        ]  # fmt: skip


def known(session: Session, conversation_id: str) -> Conversation:
    """Raises: UnknownConversationError."""
    conversation = session.get(Conversation, conversation_id)
    if conversation is None:
        raise UnknownConversationError("没有这个会话。", fix="核对会话编号；会话清单见 GET /api/desk/conversations。")
    return conversation


def notes_of(session: Session, conversation_id: str) -> list[dict[str, Any]]:
    """Agents' private notes, oldest first."""
    query = select(Note).where(Note.conversation_id == conversation_id).order_by(Note.id)
    return [{"id": n.id, "agent": n.agent, "text": n.text, "at": _time(n.created_at)} for n in session.scalars(query)]


def _messages(session: Session, conversation_id: str, after: int | None, before: int | None) -> list[dict[str, Any]]:
    query = select(Message).where(Message.conversation_id == conversation_id)
    if after is not None:
        found = list(session.scalars(query.where(Message.id > after).order_by(Message.id).limit(MESSAGES)))
    else:
        older = query.where(Message.id < before) if before is not None else query
        found = list(session.scalars(older.order_by(Message.id.desc()).limit(MESSAGES)))[::-1]
    if not found:
        return []
    ids = [message.id for message in found]
    replies = {r.message_id: r for r in session.scalars(select(AgentReply).where(AgentReply.message_id.in_(ids)))}
    keys = [f"message:{m.id}" for m in found] + [f"turn:{m.turn_id}" for m in found if m.turn_id and m.role == "bot"]
    unsent = select(OutboxMessage).where(OutboxMessage.dedupe_key.in_(keys), OutboxMessage.state.in_(UNSENT))
    delivery = {row.dedupe_key: {"state": row.state, "reason": row.reason} for row in session.scalars(unsent)}
    answers = [m.extra["answer_id"] for m in found if m.extra.get("answer_id")]
    rated = {f.answer_id: f.rating for f in session.scalars(select(Feedback).where(Feedback.answer_id.in_(answers)))}
    return [_said(message, replies.get(message.id), delivery, rated) for message in found]


def _said(
    message: Message, reply: AgentReply | None, delivery: Mapping[str, Any], rated: Mapping[int | None, int]
) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": message.id, "role": message.role, "text": message.text, "at": _time(message.created_at)}
    shown |= {name: message.extra[name] for name in ("citations", "buttons", "outcome", "answer_id") if message.extra.get(name)}
    if reply is not None:
        shown["agent"] = reply.agent
        shown["asked_id"] = reply.asked_id
        if reply.key:
            shown["key"] = reply.key.removeprefix(f"{reply.agent}:")
        if reply.entry_id is not None:
            shown["suggestion"] = {
                "entry_id": reply.entry_id, "version": reply.entry_version, "edited": reply.edited, "text": reply.suggested,
            }  # fmt: skip
    way = delivery.get(f"message:{message.id}") or delivery.get(f"turn:{message.turn_id}" if message.role == "bot" else "")
    rating = rated.get(message.extra.get("answer_id"))
    return shown | ({"delivery": way} if way else {}) | ({"rating": rating} if rating else {})


def _visits(session: Session, conversation_id: str) -> list[dict[str, Any]]:
    """The times this person came, newest first: a pause of two hours ends a visit."""
    query = (
        select(Message.id, Message.text, Message.created_at)
        .where(Message.conversation_id == conversation_id, Message.role == "user")
        .order_by(Message.id.desc())
        .limit(MOST_LOOKED_AT)
    )
    visits: list[dict[str, Any]] = []
    earliest: datetime | None = None
    for number, text, moment in session.execute(query):
        if earliest is None or earliest - moment > IDLE_LIMIT:
            visits.append({"messages": 0, "first_id": 0, "at": None, "first_words": ""})
        visits[-1] |= {
            "messages": visits[-1]["messages"] + 1, "first_id": number, "at": _time(moment),
            "first_words": text[:LONGEST_FIRST_WORDS],
        }  # fmt: skip
        earliest = moment
    return visits[:VISITS]


def _requests(session: Session, conversation_id: str) -> list[dict[str, Any]]:
    """Earlier and present requests for a human, newest first, with what agents passed on."""
    found: Sequence[HandoffRequest] = session.scalars(
        select(HandoffRequest).where(HandoffRequest.conversation_id == conversation_id).order_by(HandoffRequest.id.desc())
    ).all()
    passed: dict[int, list[dict[str, Any]]] = {}
    for transfer in session.scalars(select(Transfer).where(Transfer.request_id.in_([r.id for r in found])).order_by(Transfer.id)):
        line = {"from": transfer.from_agent, "to": transfer.to_agent, "note": transfer.note, "at": _time(transfer.created_at)}
        passed.setdefault(transfer.request_id, []).append(line)
    return [
        {
            "state": r.state, "reason": r.reason, "agent": r.agent, "asked_at": _time(r.created_at), "closed_at": _time(r.closed_at),
            "close_reason": r.close_reason, "transfers": passed.get(r.id, []),
        }
        for r in found
    ]  # fmt: skip


def _entry(record: Any, today: date) -> dict[str, Any] | None:
    if record is None:
        return None
    return {
        "entry_id": record.entry_id, "version": record.version, "title": record.content.title,
        "validity": validity_of(record.content, today),
    }  # fmt: skip


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds") if moment else None
