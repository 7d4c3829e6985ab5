"""Labels that staff give to citizens' questions. Training and active learning read them; nothing is ever deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from conversations import clock
from conversations.clock import Clock
from conversations.masking import mask_personal_data
from database.engine import Database
from insights.errors import LabelError, UnknownLabelError
from insights.models import QuestionLabel
from staff import audit
from staff.members import Member

Verdict = Literal["intent", "entry", "out_of_scope"]
LabelSource = Literal["gap", "active_learning", "desk"]
MOST_CHARACTERS = 2000


@dataclass(frozen=True)
class Label:
    """One label; `intent` goes with the verdict intent, `entry_id` with the verdict entry."""

    label_id: int
    question: str
    verdict: Verdict
    intent: str | None
    entry_id: int | None
    source: LabelSource
    labelled_by: str
    conversation_id: str | None
    created_at: datetime
    revoked_at: datetime | None


class QuestionLabels:
    """The table of labels. Each method is one short transaction."""

    def __init__(self, database: Database, now: Clock = clock.now) -> None:
        self._database, self._now = database, now

    def add(
        self, question: str, verdict: Verdict, labelled_by: str, source: LabelSource, *, intent: str | None = None,
        entry_id: int | None = None, conversation_id: str | None = None,
    ) -> Label:  # fmt: skip
        """Record a label; the question is masked first.

        Raises:
            LabelError: no question, an unknown verdict or source, or the verdict's own field is missing.
        """
        with self._database.write() as session:
            row = add_label(
                session, question, verdict, labelled_by, source, self._now(), intent=intent, entry_id=entry_id,
                conversation_id=conversation_id,
            )  # fmt: skip
            session.flush()
            return _label(row)

    def revoke(self, label_id: int, member: Member | None = None) -> Label:
        """Take a label back; a second time changes nothing.

        Args:
            member: who does it, for the audit log.

        Raises:
            UnknownLabelError.
        """
        with self._database.write() as session:
            row = session.get(QuestionLabel, label_id)
            if row is None:
                raise UnknownLabelError(f"没有编号为 {label_id} 的标注。", fix="刷新列表后重试。")
            if row.revoked_at is None:
                row.revoked_at = self._now()
                if member is not None:
                    audit.record(session, member, "label_revoke", "label", label_id, {"verdict": row.verdict}, row.revoked_at)
            return _label(row)

    def listed(self, verdict: Verdict | None = None, *, revoked: bool = False) -> list[Label]:
        """Labels in the order in which they were given; revoked ones only on request. Of one question the last label counts."""
        query = select(QuestionLabel).order_by(QuestionLabel.id)
        if verdict is not None:
            query = query.where(QuestionLabel.verdict == verdict)
        if not revoked:
            query = query.where(QuestionLabel.revoked_at.is_(None))
        with self._database.read() as session:
            rows: Sequence[QuestionLabel] = session.scalars(query).all()
        return [_label(row) for row in rows]


def add_label(
    session: Session, question: str, verdict: Verdict, labelled_by: str, source: LabelSource, moment: datetime, *,
    intent: str | None = None, entry_id: int | None = None, conversation_id: str | None = None,
) -> QuestionLabel:  # fmt: skip
    """Record a label inside the caller's transaction. Raises as `QuestionLabels.add`."""
    text = mask_personal_data(question.strip())[:MOST_CHARACTERS]
    if not text or verdict not in get_args(Verdict) or source not in get_args(LabelSource):
        raise LabelError("标注缺少问题、结论或来源。", fix="写明问题，结论为 intent、entry 或 out_of_scope。")
    if (verdict == "intent") != (intent is not None) or (verdict == "entry") != (entry_id is not None):
        raise LabelError("标注的结论与内容不一致。", fix="标注意图时给出意图名称，标注条目时给出条目编号，超出范围时都不给。")
    row = QuestionLabel(
        question=text, verdict=verdict, intent=intent, entry_id=entry_id, source=source, labelled_by=labelled_by,
        conversation_id=conversation_id, created_at=moment,
    )  # fmt: skip
    session.add(row)
    return row


def _label(row: QuestionLabel) -> Label:
    return Label(
        row.id, row.question, row.verdict, row.intent, row.entry_id, row.source, row.labelled_by, row.conversation_id,  # type: ignore[arg-type]
        row.created_at, row.revoked_at,
    )  # fmt: skip
