"""Tables of this package. Entry, conversation and ticket ids are plain values: their packages own those tables."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from database.columns import UtcDateTime
from database.engine import Base

_Id = BigInteger().with_variant(Integer, "sqlite")


class QuestionLabel(Base):
    """What a member of staff says a citizen's question is; training reads it.

    Attributes:
        question: masked.
        verdict: intent (it has this intent) | entry (this entry answers it) | out_of_scope (no matter of this knowledge base).
        source: gap | active_learning | desk.
        revoked_at: when it was taken back; the row stays.
    """

    __tablename__ = "question_labels"
    __table_args__ = (Index("ix_question_labels_verdict", "verdict", "revoked_at"),)

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    question: Mapped[str] = mapped_column(Text)
    intent: Mapped[str | None] = mapped_column(String(64))
    entry_id: Mapped[int | None] = mapped_column(_Id, index=True)
    verdict: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(20))
    labelled_by: Mapped[str] = mapped_column(String(200))
    conversation_id: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class GapGroup(Base):
    """Missed questions of one meaning. The id never changes, and a question never moves but by a person's hand.

    Attributes:
        title: its first question.
        state: open | in_progress (an entry was written or changed and waits for publication) | closed.
        centre: sum of the members' vectors, each wording once, float32 little-endian; members: how many wordings.
        encoder_hash: the encoder whose vectors `centre` adds up.
        resolution: attached | written | out_of_scope | intent; None until somebody acted.
        entry_id, entry_version: what closes the group when it is live.
    """

    __tablename__ = "gap_groups"

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    title: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(12), index=True)
    centre: Mapped[bytes] = mapped_column(LargeBinary)
    members: Mapped[int]
    encoder_hash: Mapped[str] = mapped_column(String(128))
    resolution: Mapped[str | None] = mapped_column(String(16))
    intent: Mapped[str | None] = mapped_column(String(64))
    entry_id: Mapped[int | None] = mapped_column(_Id)
    entry_version: Mapped[int | None]
    acted_by: Mapped[str | None] = mapped_column(String(200))
    acted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class GapQuestion(Base):
    """One miss. `(source, source_id)` is the row it comes from.

    Attributes:
        question: masked.
        source: not_found | out_of_scope | negative_feedback (rows of unanswered_questions) | not_picked (answers) |
            mark (suggestion_marks) | ticket_rating (ticket_ratings).
    """

    __tablename__ = "gap_questions"
    __table_args__ = (
        UniqueConstraint("source", "source_id", name="uq_gap_questions_source"),
        Index("ix_gap_questions_group", "group_id", "asked_at", "conversation_id"),
    )

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("gap_groups.id"))
    source: Mapped[str] = mapped_column(String(20))
    source_id: Mapped[int] = mapped_column(_Id)
    question: Mapped[str] = mapped_column(Text)
    conversation_id: Mapped[str | None] = mapped_column(String(32))
    answer_id: Mapped[int | None] = mapped_column(_Id)
    entry_id: Mapped[int | None] = mapped_column(_Id)
    detail: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class GapWatermark(Base):
    """Up to which moment a source has been read."""

    __tablename__ = "gap_watermarks"

    source: Mapped[str] = mapped_column(String(20), primary_key=True)
    until: Mapped[datetime] = mapped_column(UtcDateTime)


class BankProposal(Base):
    """An agent's reply that may become an entry. What was taken out of it is not kept here: the message still has it.

    Attributes:
        question, answer: without personal data.
        state: proposed | accepted | rejected.
    """

    __tablename__ = "bank_proposals"

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    message_id: Mapped[int] = mapped_column(_Id, unique=True)
    conversation_id: Mapped[str] = mapped_column(String(32), index=True)
    question: Mapped[str] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(12), index=True)
    proposed_by: Mapped[str] = mapped_column(String(200))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(String(200))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(Text, default="")
    entry_id: Mapped[int | None] = mapped_column(_Id)


class Letter(Base):
    """A letter of a collection that was brought in for analysis; subject and text are masked."""

    __tablename__ = "letters"
    __table_args__ = (
        UniqueConstraint("collection", "external_id", name="uq_letters_external"),
        Index("ix_letters_asked", "collection", "asked_at"),
    )

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    collection: Mapped[str] = mapped_column(String(100))
    external_id: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    likes: Mapped[int]


class TopicRun(Base):
    """One analysis of what was said about.

    Attributes:
        source: tickets | consultations | letters; collection: of letters.
        state: running | done | failed; done of total texts are finished.
    """

    __tablename__ = "topic_runs"

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    source: Mapped[str] = mapped_column(String(16))
    collection: Mapped[str | None] = mapped_column(String(100))
    since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(12), index=True)
    done: Mapped[int]
    total: Mapped[int]
    error: Mapped[str] = mapped_column(Text, default="")
    started_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Topic(Base):
    """One topic of a run, named by its most telling words."""

    __tablename__ = "topics"
    __table_args__ = (Index("ix_topics_run", "run_id", "rank"),)

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("topic_runs.id"))
    rank: Mapped[int]
    words: Mapped[list[str]] = mapped_column(JSON)
    example: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    likes: Mapped[int]
    rising: Mapped[bool]
    weeks: Mapped[dict[str, Any]] = mapped_column(JSON)  # first day of the week → how many
    months: Mapped[dict[str, Any]] = mapped_column(JSON)


class TopicItem(Base):
    """A ticket, question or letter of a topic; `closeness` to the topic's centre orders them."""

    __tablename__ = "topic_items"
    __table_args__ = (Index("ix_topic_items_key", "kind", "key"),)

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # ticket | question | letter
    key: Mapped[str] = mapped_column(String(200))  # number of the ticket, id of the answer, the letter's own id
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    likes: Mapped[int]
    closeness: Mapped[float]
