"""Tables of the live desk. Made by migrations 0007 and 0015."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from database.columns import UtcDateTime
from database.engine import Base

_Id = BigInteger().with_variant(Integer, "sqlite")


class ReadMark(Base):
    """Up to which message an agent has seen a conversation."""

    __tablename__ = "desk_reads"

    agent: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    message_id: Mapped[int] = mapped_column(_Id)
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Note(Base):
    """What an agent wrote down for colleagues; the citizen never sees it."""

    __tablename__ = "desk_notes"

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    agent: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Transfer(Base):
    """A conversation passed from one agent to another, and what was said about it between them."""

    __tablename__ = "desk_transfers"

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("handoff_requests.id"), index=True)
    conversation_id: Mapped[str] = mapped_column(String(32))
    from_agent: Mapped[str] = mapped_column(String(64))
    to_agent: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Phrase(Base):
    """A canned phrase. `owner`: None when everybody has it. A phrase that was removed is kept, `retired`."""

    __tablename__ = "desk_phrases"

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    owner: Mapped[str | None] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(60))
    text: Mapped[str] = mapped_column(Text)
    retired: Mapped[bool] = mapped_column(default=False, server_default=false())
    author: Mapped[str] = mapped_column(String(64))
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AgentReply(Base):
    """Who said a message of role `agent`, and which suggestion it came from. Not for the citizen's eyes.

    Attributes:
        key: of the request that sent it; a repeated one sends nothing.
        asked_id: the caller's message that it answers.
        suggested: the suggestion's text as it was offered; edited: whether something else was sent.
        case_before: what the conversation was about until then.
    """

    __tablename__ = "agent_replies"
    __table_args__ = (Index("ix_agent_replies_conversation", "conversation_id", "message_id"),)

    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(32))
    agent: Mapped[str] = mapped_column(String(64))
    key: Mapped[str | None] = mapped_column(String(128), unique=True)
    asked_id: Mapped[int | None] = mapped_column(_Id)
    entry_id: Mapped[int | None] = mapped_column(_Id)
    entry_version: Mapped[int | None]
    suggested: Mapped[str | None] = mapped_column(Text)
    edited: Mapped[bool] = mapped_column(default=False, server_default=false())
    case_before: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SuggestionMark(Base):
    """An agent's verdict on a suggestion, for those who mend knowledge and those who train. The question is stored masked.

    Attributes:
        entry_id, entry_version: the suggestion; None where the right one is missing.
        mark: wrong | outdated | missing | chosen (sent as it was) | edited (sent with other words).
    """

    __tablename__ = "suggestion_marks"

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    message_id: Mapped[int | None] = mapped_column(_Id)
    conversation_id: Mapped[str | None] = mapped_column(String(32), index=True)
    question: Mapped[str] = mapped_column(Text)
    entry_id: Mapped[int | None] = mapped_column(_Id, index=True)
    entry_version: Mapped[int | None]
    mark: Mapped[str] = mapped_column(String(16))
    agent: Mapped[str] = mapped_column(String(64))
    comment: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class AssistLink(Base):
    """A link that opens the suggestions of one conversation in another system's window, once."""

    __tablename__ = "assist_links"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(32))
    agent: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DeskPresence(Base):
    """An agent who has the desk open in a gateway process."""

    __tablename__ = "desk_presence"

    process: Mapped[str] = mapped_column(String(32), primary_key=True)
    agent: Mapped[str] = mapped_column(String(64), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
