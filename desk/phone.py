"""Consultations by telephone: written down like any other, so that figures and gaps count them."""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from answering.answerer import Answerer
from conversations import clock
from conversations.case import Case
from conversations.clock import CHINA, Clock
from conversations.masking import mask_json, mask_personal_data
from conversations.models import AnswerRow, Conversation, Message, Turn, UnansweredQuestion
from conversations.records import write_message
from database.engine import Database
from desk.listing import PHONE
from desk.tables import AgentReply, Note, SuggestionMark
from knowledge_base.entries import EntryRecord, EntryStore
from staff import audit
from staff.members import Member


@dataclass(frozen=True)
class PhoneQuestion:
    """One thing the caller asked, and what was told. Without an entry the knowledge had no answer.

    Attributes:
        text: what was told, empty when nothing was; probability: as it was suggested.
    """

    question: str
    entry_id: int | None = None
    version: int | None = None
    text: str = ""
    probability: float | None = None


class PhoneDesk:
    """All methods block."""

    def __init__(self, database: Database, entries: EntryStore, answerer: Answerer, now: Clock = clock.now) -> None:
        self._database, self._entries, self._answerer, self._now = database, entries, answerer, now

    def save(self, member: Member, key: str, questions: Sequence[PhoneQuestion], notes: str) -> dict[str, Any]:
        """Write a call down, once for each `key`; returns its conversation.

        Raises:
            UnknownEntryError: an entry or version that does not exist.
        """
        known = self._saved(key)
        if known:
            return {"conversation_id": known, "repeated": True}
        told = [self._entries.version(q.entry_id, q.version) if q.entry_id and q.version else None for q in questions]
        try:
            with self._database.write() as session:
                return {"conversation_id": self._write(session, member, key, list(zip(questions, told, strict=True)), notes)}
        except IntegrityError:  # the other of two requests was faster
            return {"conversation_id": self._saved(key), "repeated": True}

    def _saved(self, key: str) -> str | None:
        query = select(Conversation.id).where(Conversation.channel == PHONE, Conversation.sender_id == f"call:{key}")
        with self._database.read() as session:
            return session.scalar(query)

    def _write(
        self, session: Session, member: Member, key: str, told: Sequence[tuple[PhoneQuestion, EntryRecord | None]], notes: str
    ) -> str:
        moment = self._now()
        conversation = Conversation(
            id=secrets.token_urlsafe(16), channel=PHONE, sender_id=f"call:{key}", holder="bot", case={}, profile={},
            created_at=moment, updated_at=moment,
        )  # fmt: skip
        session.add(conversation)
        session.flush()
        for number, (question, record) in enumerate(told):
            self._write_question(session, conversation, member, f"{key}:{number}", question, record, moment)
        if notes:
            session.add(Note(conversation_id=conversation.id, agent=member.name, text=notes, created_at=moment))
        detail = {"questions": len(told), "answered": sum(record is not None for _, record in told)}
        audit.record(session, member, "desk.phone", "conversation", conversation.id, detail, moment)
        return conversation.id

    def _write_question(
        self, session: Session, conversation: Conversation, member: Member, key: str, asked: PhoneQuestion,
        record: EntryRecord | None, moment: datetime,
    ) -> None:  # fmt: skip
        question = mask_personal_data(asked.question)
        outcome = "answer" if record else "fallback"
        citations = [asdict(self._answerer.citation(record))] if record else []
        turn = Turn(
            id=secrets.token_hex(16), conversation_id=conversation.id, channel=PHONE, key=key, state="done", source=PHONE,
            reply={"text": asked.text, "outcome": outcome, "intent": {"name": None, "confidence": 0.0}}, received_at=moment,
            reserved_at=moment, closed_at=moment,
        )  # fmt: skip
        session.add(turn)
        session.flush()
        said = Message(conversation_id=conversation.id, turn_id=turn.id, role="user", text=question, extra={}, created_at=moment)
        said_id = write_message(session, conversation, said)
        answer = _answer(conversation.id, turn.id, question, asked, record, citations, moment)
        session.add(answer)
        session.flush()
        if asked.text:
            extra = {"citations": citations} if citations else {}
            reply = Message(
                conversation_id=conversation.id, turn_id=turn.id, role="agent", text=asked.text, extra=extra, created_at=moment
            )
            reply_id = write_message(session, conversation, reply)
            session.add(
                AgentReply(
                    message_id=reply_id, conversation_id=conversation.id, agent=member.name, key=None, asked_id=said_id,
                    entry_id=record.entry_id if record else None, entry_version=record.version if record else None,
                    suggested=asked.text if record else None, edited=False, case_before=Case().to_json(), created_at=moment,
                )
            )  # fmt: skip
        if record is None:
            session.add(
                UnansweredQuestion(
                    conversation_id=conversation.id, answer_id=answer.id, question=question, reason="not_found", near_entries=[],
                    state="open", created_at=moment,
                )
            )  # fmt: skip
            return
        session.add(
            SuggestionMark(
                message_id=said_id, conversation_id=conversation.id, question=question, entry_id=record.entry_id,
                entry_version=record.version, mark="chosen", agent=member.name, comment="", created_at=moment,
            )
        )  # fmt: skip


def _answer(
    conversation_id: str, turn_id: str, question: str, asked: PhoneQuestion, record: EntryRecord | None,
    citations: list[dict[str, Any]], moment: datetime,
) -> AnswerRow:  # fmt: skip
    return AnswerRow(
        conversation_id=conversation_id, turn_id=turn_id, question=question, resolved_question=question,
        case_before=mask_json(Case().to_json()), intent=None, confidence=0.0, entry_id=record.entry_id if record else None,
        entry_version=record.version if record else None, text=asked.text, citations=citations, score=None,
        probability=asked.probability, index_revision=0, model_ids={}, as_of=moment.astimezone(CHINA).date(),
        outcome="answer" if record else "fallback", source=PHONE, latency_ms=0, created_at=moment,
    )  # fmt: skip
