"""A task's result and its one transaction: reply, case and records are committed together or not at all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from answering.models import Answer
from conversations import feedback, profile
from conversations.case import Case
from conversations.masking import mask_json, mask_personal_data
from conversations.models import AnswerRow, Conversation, Message, UnansweredQuestion
from conversations.records import OpenTurn, bot_message, claim_turn, store_reply, write_message
from enterprises.values import FactValue


@dataclass(frozen=True)
class Result:
    """A task's outcome before it is committed.

    Args:
        finish: writes what belongs to the task inside the turn's transaction and returns the text to say, in place of `text`.
        private: the message may hold a contact; it is kept masked.
    """

    outcome: str
    text: str
    case: Case
    buttons: Sequence[Mapping[str, str]] = ()
    citations: Sequence[Mapping[str, Any]] = ()
    answer: Answer | None = None
    as_of: date | None = None
    unanswered: str | None = None
    rating: int | None = None
    adds_reason: bool = False  # to the newest rating
    finish: Callable[[Session, datetime], str] | None = None
    private: bool = False
    told: Mapping[str, FactValue] = field(default_factory=dict)  # of the sender, to be remembered
    forgets: frozenset[str] = frozenset()


class TurnClosedError(Exception):
    """Leaves the transaction without committing: another finisher was first."""


def write_result(
    session: Session, turn: OpenTurn, before: Case, result: Result, intent: dict[str, Any], source: str, moment: datetime
) -> dict[str, Any]:
    """Close the turn with this result; returns the wire result.

    Raises:
        TurnClosedError: the turn was closed before; the caller rolls back.
    """
    if not claim_turn(session, turn.turn_id, source, moment):
        raise TurnClosedError
    conversation = session.get_one(Conversation, turn.conversation_id)
    case, text, answer_id = result.case, result.text, None
    if result.answer is not None:
        row = _answer_row(turn, before, result, result.answer, intent, source, moment)
        session.add(row)
        session.flush()
        answer_id = row.id
        case = replace(case, last_answer_id=answer_id)
    if result.unanswered:
        near = [int(citation["entry_id"]) for citation in result.citations]
        session.add(_gap(turn.conversation_id, answer_id, mask_personal_data(turn.text), result.unanswered, near, moment))
    if result.rating is not None:
        feedback.rate(session, turn.conversation_id, before.last_answer_id, result.rating, turn.text, moment)
    if result.adds_reason:
        feedback.add_reason(session, turn.conversation_id, turn.text)
    if result.finish is not None:
        text = result.finish(session, moment)
    if result.private:
        masked = mask_personal_data(turn.text)
        session.execute(update(Message).where(Message.turn_id == turn.turn_id, Message.role == "user").values(text=masked))
    reply = {
        "turn_id": turn.turn_id,
        "text": text,
        "buttons": [dict(button) for button in result.buttons],
        "citations": [dict(citation) for citation in result.citations],
        "intent": intent,
        "outcome": result.outcome,
        "answer_id": answer_id,
    }
    store_reply(session, turn.turn_id, reply)
    write_message(session, conversation, bot_message(turn.conversation_id, turn.turn_id, reply, moment))
    if result.told or result.forgets:
        kept = profile.without(conversation.profile, result.forgets)
        conversation.profile = profile.with_told(kept, result.told, moment)
    conversation.case, conversation.updated_at = case.to_json(), moment
    return reply


def _answer_row(
    turn: OpenTurn, before: Case, result: Result, answer: Answer, intent: dict[str, Any], source: str, moment: datetime
) -> AnswerRow:
    return AnswerRow(
        conversation_id=turn.conversation_id,
        turn_id=turn.turn_id,
        question=mask_personal_data(turn.text),
        resolved_question=mask_personal_data(answer.resolved_question),
        case_before=mask_json(before.to_json()),
        intent=intent["name"],
        confidence=intent["confidence"],
        entry_id=answer.entry_id,
        entry_version=answer.version,
        text=result.text,
        citations=[dict(citation) for citation in result.citations],
        score=answer.score,
        probability=answer.probability,
        index_revision=answer.revision,
        model_ids=dict(answer.model_ids),
        as_of=result.as_of,
        outcome=result.outcome,
        source=source,
        latency_ms=max(0, round((moment - turn.received_at).total_seconds() * 1000)),
        created_at=moment,
    )


def _gap(
    conversation_id: str, answer_id: int | None, question: str, reason: str, near: list[int], moment: datetime
) -> UnansweredQuestion:
    return UnansweredQuestion(
        conversation_id=conversation_id,
        answer_id=answer_id,
        question=question,
        reason=reason,
        near_entries=near,
        state="open",
        created_at=moment,
    )
