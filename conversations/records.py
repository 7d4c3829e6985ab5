"""Reading and writing of conversations, turns and messages. Each method is one short transaction; all of them block."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from conversations import clock, wording
from conversations.clock import Clock
from conversations.errors import UnknownConversationError, UnknownTurnError
from conversations.masking import mask_personal_data
from conversations.models import AnswerRow, Conversation, Message, Turn
from conversations.outbox import UNSEEN_CHANNELS, add_to_outbox
from database.engine import Database
from tickets import draft_contacts

MESSAGES_PER_PAGE = 200


@dataclass(frozen=True)
class Reservation:
    """A turn and whether this call made it; `holder` says who answers the conversation.

    Attributes: follows: an earlier message of the conversation had no reply yet when this one was written down.
    """

    turn_id: str
    conversation_id: str
    is_new: bool
    holder: str
    reserved_at: datetime | None = None
    follows: bool = False


@dataclass(frozen=True)
class ClosedTurn:
    """A turn's committed reply and where it came from: rasa, direct, channel, human or edge."""

    conversation_id: str
    reply: Mapping[str, Any]
    source: str


@dataclass(frozen=True)
class OpenTurn:
    """What the consultation needs to know of a turn."""

    turn_id: str
    conversation_id: str
    text: str
    entry_id: int | None
    case: Mapping[str, Any]
    case_updated_at: datetime
    profile: Mapping[str, Any]
    received_at: datetime
    reply: Mapping[str, Any] | None
    holder: str = "bot"


class ConversationRecords:
    """The conversation tables as the rest of this package sees them."""

    def __init__(self, database: Database, now: Clock = clock.now) -> None:
        self._database, self._now = database, now

    def moment(self) -> datetime:
        """Now, by the clock of the records."""
        return self._now()

    def find_or_create(self, channel: str, sender_id: str) -> str:
        """The id of the sender's conversation."""
        with self._database.read() as session:
            found = _conversation_of(session, channel, sender_id)
        if found:
            return found.id
        try:
            with self._database.write() as session:
                return self._create(session, channel, sender_id).id
        except IntegrityError:  # another process was faster
            return self.find_or_create(channel, sender_id)

    def reserve(self, channel: str, sender_id: str, text: str, key: str | None, entry_id: int | None = None) -> Reservation:
        """Insert the turn and its message in one transaction. Of two deliveries with one key exactly one gets `is_new`."""
        try:
            with self._database.write() as session:
                known = _turn_by_key(session, channel, key)
                if known:
                    return known
                moment = self._now()
                conversation = _conversation_of(session, channel, sender_id) or self._create(session, channel, sender_id)
                unanswered = select(Turn.id).where(Turn.conversation_id == conversation.id, Turn.state == "open").limit(1)
                follows = session.scalar(unanswered) is not None
                turn = Turn(
                    id=secrets.token_hex(16), conversation_id=conversation.id, channel=channel, key=key, entry_id=entry_id,
                    state="open", received_at=moment, reserved_at=moment,
                )  # fmt: skip
                session.add(turn)
                session.flush()
                said = Message(
                    conversation_id=conversation.id, turn_id=turn.id, role="user", text=text, extra={}, created_at=moment
                )
                write_message(session, conversation, said)
                return Reservation(turn.id, conversation.id, True, conversation.holder, moment, follows)
        except IntegrityError:  # PostgreSQL: the other delivery committed between our look and our insert
            found = self.by_key(channel, key)
            return found or self.reserve(channel, sender_id, text, key, entry_id)

    def by_key(self, channel: str, key: str | None) -> Reservation | None:
        """The turn that an earlier delivery with this key reserved."""
        with self._database.read() as session:
            return _turn_by_key(session, channel, key)

    def take_over(self, reservation: Reservation, older_than: timedelta) -> bool:
        """Claim an open turn whose worker died. True for exactly one caller."""
        moment = self._now()
        if reservation.reserved_at is None or moment - reservation.reserved_at < older_than:
            return False
        claim = (
            update(Turn)
            .where(Turn.id == reservation.turn_id, Turn.state == "open", Turn.reserved_at == reservation.reserved_at)
            .values(reserved_at=moment)
        )
        with self._database.write() as session:
            return session.connection().execute(claim).rowcount == 1

    def closed(self, turn_id: str) -> ClosedTurn | None:
        """The committed reply; None while the turn is open."""
        with self._database.read() as session:
            turn = session.get(Turn, turn_id)
        if turn is None or turn.reply is None:
            return None
        return ClosedTurn(turn.conversation_id, turn.reply, turn.source or "")

    def load_turn(self, turn_id: str) -> OpenTurn:
        """Raises: UnknownTurnError."""
        query = (
            select(Turn, Conversation, Message.text)
            .join(Conversation, Conversation.id == Turn.conversation_id)
            .join(Message, (Message.turn_id == Turn.id) & (Message.role == "user"))
            .where(Turn.id == turn_id)
        )
        with self._database.read() as session:
            row = session.execute(query).first()
        if row is None:
            raise UnknownTurnError(f"没有编号为 {turn_id} 的对话轮次。", fix="确认 Rasa 与网关使用同一个数据目录，然后重发消息。")
        turn, conversation, text = row
        return OpenTurn(
            turn_id=turn.id, conversation_id=conversation.id, text=text, entry_id=turn.entry_id, case=conversation.case,
            case_updated_at=conversation.updated_at, profile=conversation.profile, received_at=turn.received_at, reply=turn.reply,
            holder=conversation.holder,
        )  # fmt: skip

    def messages(self, conversation_id: str, after: int = 0) -> list[dict[str, Any]]:
        """What was said since message `after`, oldest first, at most `MESSAGES_PER_PAGE`.

        Raises:
            UnknownConversationError: no conversation has this id.
        """
        query = (
            select(Message)
            .where(Message.conversation_id == conversation_id, Message.id > after)
            .order_by(Message.id)
            .limit(MESSAGES_PER_PAGE)
        )
        with self._database.read() as session:
            rows: Sequence[Message] = session.scalars(query).all()
            if not rows and session.get(Conversation, conversation_id) is None:
                raise UnknownConversationError(
                    "没有这个会话。", fix="核对会话编号；它在 /api/chat 的回复 conversation_id 中给出。"
                )
        return [
            {"id": row.id, "role": row.role, "text": row.text, "at": row.created_at.isoformat(timespec="seconds"), **row.extra}
            for row in rows
        ]

    def holder(self, conversation_id: str) -> str:
        """Who answers: bot, waiting or human."""
        with self._database.read() as session:
            conversation = session.get(Conversation, conversation_id)
        return conversation.holder if conversation else "bot"

    def give_to(self, conversation_id: str, holder: str) -> None:
        """Hand the conversation to `human` (the assistant falls silent) or back to `bot`."""
        with self._database.write() as session:
            session.execute(update(Conversation).where(Conversation.id == conversation_id).values(holder=holder))

    def say(self, conversation_id: str, role: str, text: str) -> int:
        """Record words outside a turn, such as a human seat's; returns the message's id.

        On a channel whose users do not look for themselves, they are put in the outbox in the same transaction.
        """
        with self._database.write() as session:
            return say_in(session, session.get_one(Conversation, conversation_id), role, text, self._now())

    def earlier_open(self, turn: Reservation, newer_than: datetime) -> bool:
        """Whether an earlier message of this conversation is still being answered, by whatever process.

        Args:
            newer_than: turns reserved before that lost their worker and hold up nobody.
        """
        query = select(Turn.id).where(
            Turn.conversation_id == turn.conversation_id, Turn.state == "open", Turn.reserved_at > newer_than,
            or_(Turn.received_at < turn.reserved_at, and_(Turn.received_at == turn.reserved_at, Turn.id < turn.turn_id)),
        )  # fmt: skip
        with self._database.read() as session:
            return session.scalar(query.limit(1)) is not None

    def last_offer(self, channel: str, sender_id: str) -> tuple[list[dict[str, str]], int]:
        """Buttons of the assistant's last message to this sender, and how many of them, from the first, are entries.

        Those that rate an answer have no number.
        """
        query = (
            select(Message)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .where(Conversation.channel == channel, Conversation.sender_id == sender_id, Message.role == "bot")
            .order_by(Message.id.desc())
            .limit(1)
        )
        with self._database.read() as session:
            message = session.scalar(query)
        if message is None:
            return [], 0
        entries = len(message.extra.get("citations", [])) if message.extra.get("outcome") != "answer" else 0
        return [b for b in message.extra.get("buttons", []) if b not in wording.USEFUL_BUTTONS], entries

    def remember(self, channel: str, sender_id: str, facts: Mapping[str, str]) -> None:
        """Add facts that the channel itself told, such as a region, to what is known about the sender."""
        conversation_id = self.find_or_create(channel, sender_id)
        with self._database.write() as session:
            conversation = session.get_one(Conversation, conversation_id)
            conversation.profile = {**conversation.profile, **facts}

    def forget(self, channel: str, sender_id: str) -> bool:
        """The sender is gone: their name and case are erased and personal data in their words masked. False: nobody known.

        The conversation itself stays, as the record of what the assistant said.
        """
        with self._database.write() as session:
            conversation = _conversation_of(session, channel, sender_id)
            if conversation is None:
                return False
            conversation.sender_id, conversation.case, conversation.profile = f"gone:{secrets.token_hex(8)}", {}, {}
            draft_contacts.take(session, conversation.id)
            for message in session.scalars(select(Message).where(Message.conversation_id == conversation.id)):
                message.text = mask_personal_data(message.text)
            return True

    def close(self, turn_id: str, reply: Mapping[str, Any], source: str) -> bool:
        """Close a turn that no task was done for (a human holds the conversation, or something broke). False if closed before."""
        with self._database.write() as session:
            moment = self._now()
            if not claim_turn(session, turn_id, source, moment):
                return False
            store_reply(session, turn_id, reply)
            if reply["text"]:
                conversation = session.get_one(Conversation, session.get_one(Turn, turn_id).conversation_id)
                write_message(session, conversation, bot_message(conversation.id, turn_id, reply, moment))
            return True

    def answer(self, answer_id: int) -> AnswerRow | None:
        """The replayable record of an answer."""
        with self._database.read() as session:
            return session.get(AnswerRow, answer_id)

    def counts(self) -> dict[str, int]:
        """How many conversations and turns there are."""
        with self._database.read() as session:
            return {
                "conversations": session.scalar(select(func.count()).select_from(Conversation)) or 0,
                "turns": session.scalar(select(func.count()).select_from(Turn)) or 0,
            }

    def _create(self, session: Session, channel: str, sender_id: str) -> Conversation:
        moment = self._now()
        conversation = Conversation(
            id=secrets.token_urlsafe(16), channel=channel, sender_id=sender_id, holder="bot", case={},
            created_at=moment, updated_at=moment,
        )  # fmt: skip
        session.add(conversation)
        session.flush()
        return conversation


def claim_turn(session: Session, turn_id: str, source: str, moment: datetime) -> bool:
    """The one statement that decides whose reply counts. False: the turn was closed before; commit nothing."""
    closing = update(Turn).where(Turn.id == turn_id, Turn.state == "open").values(state="done", source=source, closed_at=moment)
    return session.connection().execute(closing).rowcount == 1


def store_reply(session: Session, turn_id: str, reply: Mapping[str, Any]) -> None:
    """Keep the wire result of a turn claimed in this transaction."""
    session.execute(update(Turn).where(Turn.id == turn_id).values(reply=dict(reply)))


def write_message(session: Session, conversation: Conversation, message: Message) -> int:
    """Add a line to a conversation, which remembers its last ones; returns the message's id."""
    session.add(message)
    session.flush()
    conversation.last_message_id = message.id
    if message.role == "user":
        conversation.last_said_id = message.id
    return message.id


def bot_message(conversation_id: str, turn_id: str, reply: Mapping[str, Any], moment: datetime) -> Message:
    """The reply as a line of the conversation."""
    kept = ("buttons", "citations", "intent", "outcome", "answer_id")
    extra = {key: reply[key] for key in kept if reply.get(key) is not None}
    return Message(
        conversation_id=conversation_id, turn_id=turn_id, role="bot", text=reply["text"], extra=extra, created_at=moment
    )


def say_in(
    session: Session, conversation: Conversation, role: str, text: str, moment: datetime,
    buttons: Sequence[Mapping[str, str]] = (), template: Mapping[str, Any] | None = None,
    citations: Sequence[Mapping[str, Any]] = (),
) -> int:  # fmt: skip
    """Record words outside a turn inside the caller's transaction; returns the message's id.

    Args:
        template: sent in place of the text where a channel's users do not look for themselves.
        citations: the entries that the words rest on.
    """
    extra: dict[str, Any] = {"buttons": [dict(button) for button in buttons]} if buttons else {}
    shown = {**extra, "citations": [dict(citation) for citation in citations]} if citations else extra
    message = Message(conversation_id=conversation.id, turn_id=None, role=role, text=text, extra=shown, created_at=moment)
    write_message(session, conversation, message)
    if conversation.channel in UNSEEN_CHANNELS:
        add_to_outbox(
            session, channel=conversation.channel, recipient=conversation.sender_id, conversation_id=conversation.id,
            content=template or {"text": text, **extra}, kind="template" if template else "text",
            key=f"message:{message.id}", moment=moment,
        )  # fmt: skip
    return message.id


def _conversation_of(session: Session, channel: str, sender_id: str) -> Conversation | None:
    return session.scalar(select(Conversation).where(Conversation.channel == channel, Conversation.sender_id == sender_id))


def _turn_by_key(session: Session, channel: str, key: str | None) -> Reservation | None:
    if key is None:
        return None
    turn = session.scalar(select(Turn).where(Turn.channel == channel, Turn.key == key))
    if turn is None:
        return None
    holder = session.get_one(Conversation, turn.conversation_id).holder
    return Reservation(turn.id, turn.conversation_id, False, holder, turn.reserved_at)
