"""Tables of this package. Entry and conversation ids are plain values: their packages own those tables."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, String, Text
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
