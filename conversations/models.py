"""Tables of conversations. Entry ids are plain numbers: the knowledge base owns its tables and is never joined from here."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Date, Float, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from database.columns import UtcDateTime
from database.engine import Base

_Id = BigInteger().with_variant(Integer, "sqlite")


class Conversation(Base):
    """One sender on one channel. The id is unguessable: knowing it is the right to read the conversation."""

    __tablename__ = "conversations"
    __table_args__ = (
        UniqueConstraint("channel", "sender_id", name="uq_conversations_sender"),
        Index("ix_conversations_last_message", "last_message_id"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    channel: Mapped[str] = mapped_column(String(32))
    sender_id: Mapped[str] = mapped_column(String(160))
    holder: Mapped[str] = mapped_column(String(16))  # bot | waiting (a human was asked for) | human (the bot is silent)
    case: Mapped[dict[str, Any]] = mapped_column("case_state", JSON)  # CASE is a reserved word of SQL
    profile: Mapped[dict[str, Any]] = mapped_column(
        JSON, default=dict
    )  # what the sender told about themselves; outlives the case
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_message_id: Mapped[int | None] = mapped_column(_Id)
    last_said_id: Mapped[int | None] = mapped_column(_Id)  # by the citizen


class Turn(Base):
    """One message and its one reply. `(channel, key)` is the delivery's identity; whoever inserts it first does the work."""

    __tablename__ = "turns"
    __table_args__ = (
        UniqueConstraint("channel", "key", name="uq_turns_delivery"),
        Index("ix_turns_figures", "received_at", "channel", "conversation_id"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    channel: Mapped[str] = mapped_column(String(32))
    key: Mapped[str | None] = mapped_column(String(320))
    entry_id: Mapped[int | None] = mapped_column(_Id)  # the entry whose page or code the message came from
    state: Mapped[str] = mapped_column(String(8))  # open | done
    source: Mapped[str | None] = mapped_column(String(16))  # rasa | direct | channel | human | edge
    reply: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reserved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Message(Base):
    """One thing said, in order of id, by the citizen (`user`), the assistant (`bot`) or a human seat (`agent`)."""

    __tablename__ = "messages"
    __table_args__ = (Index("ix_messages_conversation", "conversation_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    turn_id: Mapped[str | None] = mapped_column(ForeignKey("turns.id"), index=True)
    role: Mapped[str] = mapped_column(String(8))
    text: Mapped[str] = mapped_column(Text)
    extra: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AnswerRow(Base):
    """The replayable record of an answer, a question back or a refusal. The question is stored masked."""

    __tablename__ = "answers"
    __table_args__ = (Index("ix_answers_figures", "created_at", "outcome", "entry_id", "latency_ms", "conversation_id"),)

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    turn_id: Mapped[str] = mapped_column(ForeignKey("turns.id"), unique=True)
    question: Mapped[str] = mapped_column(Text)
    resolved_question: Mapped[str] = mapped_column(Text)
    case_before: Mapped[dict[str, Any]] = mapped_column(JSON)
    intent: Mapped[str | None] = mapped_column(String(64))
    confidence: Mapped[float] = mapped_column(Float)
    entry_id: Mapped[int | None] = mapped_column(_Id, index=True)
    entry_version: Mapped[int | None]
    text: Mapped[str] = mapped_column(Text)
    citations: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    score: Mapped[float | None] = mapped_column(Float)
    probability: Mapped[float | None] = mapped_column(Float)
    index_revision: Mapped[int] = mapped_column(_Id)
    model_ids: Mapped[dict[str, Any]] = mapped_column(JSON)
    as_of: Mapped[date] = mapped_column(Date)
    outcome: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(16))  # rasa | direct
    latency_ms: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class UnansweredQuestion(Base):
    """A gap for the staff who can fill it."""

    __tablename__ = "unanswered_questions"

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    answer_id: Mapped[int | None] = mapped_column(ForeignKey("answers.id"))
    question: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(String(32))  # not_found | out_of_scope | negative_feedback
    near_entries: Mapped[list[int]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(16))  # open
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Feedback(Base):
    """A citizen's word on an answer: +1 or -1."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    answer_id: Mapped[int | None] = mapped_column(ForeignKey("answers.id"), index=True)
    rating: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class HandoffRequest(Base):
    """A conversation that waits for a human, or that one has taken.

    Attributes:
        reason: asked | anger | distress | topic.
        agent: who has taken it.
        last_word_at: when the agent took it or last said something.
        close_reason: how it ended, in the agent's words.
    """

    __tablename__ = "handoff_requests"

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    state: Mapped[str] = mapped_column(String(16), index=True)  # waiting | taken | left | expired | closed
    reason: Mapped[str] = mapped_column(String(16), default="asked")
    agent: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    last_word_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    close_reason: Mapped[str | None] = mapped_column(String(200))


class OutboxMessage(Base):
    """Something said to a citizen outside of the reply to their message: late answers, seats' words, results.

    Attributes:
        kind: text | template; content: what the channel needs, for text {"text": …}.
        dedupe_key: whoever enqueues the same thing again adds nothing.
        state: pending | sending (a process has it in hand) | sent | waiting (until the user writes again) |
            uncertain (it may or may not have arrived; never sent again by itself) | dropped.
        reason: why it waits, is uncertain or was dropped, for staff.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_state", "state", "not_before"),
        Index("ix_outbox_recipient", "channel", "recipient", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    channel: Mapped[str] = mapped_column(String(32))
    recipient: Mapped[str] = mapped_column(String(160))
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversations.id"))
    kind: Mapped[str] = mapped_column(String(16))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    dedupe_key: Mapped[str] = mapped_column(String(340), unique=True)
    state: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str | None] = mapped_column(String(200))
    attempts: Mapped[int]
    not_before: Mapped[datetime] = mapped_column(UtcDateTime)
    claimed_by: Mapped[str | None] = mapped_column(String(40))
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
