"""What the assistant missed, read from the tables of conversations, the desk and tickets. Reads only."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import Session

from conversations.models import AnswerRow, Feedback, UnansweredQuestion
from desk.tables import SuggestionMark
from insights.models import GapQuestion
from knowledge_base.vectors import batches
from tickets.models import Ticket, TicketRating
from tickets.rules import CONSULTATION

SETTLED = timedelta(minutes=30)  # after that a list that nobody picked from was not picked from
LATE = timedelta(hours=1)  # rows may be committed later than they are dated
BAD_MARKS = {"wrong": "坐席标记：推荐有误", "outdated": "坐席标记：内容过时", "missing": "坐席标记：没有合适的答复"}
BAD_LEVEL = 2  # 不满意
SHORTEST = 3  # letters, digits and characters of a question that can be told apart
LONGEST = 300
_SAID = re.compile(r"\w")
_LOOKUP = 500


@dataclass(frozen=True)
class Miss:
    """A question that was not answered, or not well. `(source, source_id)` names the row it was read from."""

    source: str
    source_id: int
    question: str
    conversation_id: str | None
    answer_id: int | None
    entry_id: int | None
    detail: str
    asked_at: datetime


def new_misses(session: Session, since: datetime | None, now: datetime) -> list[Miss]:
    """Misses that are in no group yet, oldest first.

    Args:
        since: up to here everything has been read; None: from the beginning.
    """
    after = since - LATE if since else None
    found = [
        *_unanswered(session, after),
        *_not_picked(session, after - SETTLED if after else None, now - SETTLED),
        *_marked(session, after),
        *_badly_rated_tickets(session, after),
    ]
    usable = (miss for miss in found if len(_SAID.findall(miss.question)) >= SHORTEST)
    return sorted(usable, key=lambda miss: (miss.asked_at, miss.source, miss.source_id))


def _unanswered(session: Session, after: datetime | None) -> Iterator[Miss]:
    query = (
        select(UnansweredQuestion, AnswerRow.resolved_question)
        .outerjoin(AnswerRow, AnswerRow.id == UnansweredQuestion.answer_id)
        .where(~_known(UnansweredQuestion.reason, UnansweredQuestion.id))
    )
    if after is not None:
        query = query.where(UnansweredQuestion.created_at > after)
    for row, resolved in session.execute(query):
        near = row.near_entries[0] if row.reason == "negative_feedback" and row.near_entries else None
        question = (resolved or row.question)[:LONGEST]
        yield Miss(row.reason, row.id, question, row.conversation_id, row.answer_id, near, "", row.created_at)


def _not_picked(session: Session, after: datetime | None, until: datetime) -> Iterator[Miss]:
    query = select(
        AnswerRow.id, AnswerRow.conversation_id, AnswerRow.resolved_question, AnswerRow.citations, AnswerRow.created_at
    ).where(AnswerRow.outcome == "clarify", AnswerRow.created_at <= until, ~_known("not_picked", AnswerRow.id))
    if after is not None:
        query = query.where(AnswerRow.created_at > after)
    offers = [row for row in session.execute(query) if row.citations]
    picked = _picked(session, {row.conversation_id for row in offers}, min((row.id for row in offers), default=0))
    for row in offers:
        entries = {int(citation["entry_id"]) for citation in row.citations}
        later = picked.get(row.conversation_id, [])
        if any(number > row.id and entry in entries and at - row.created_at <= SETTLED for number, entry, at in later):
            continue
        yield Miss(
            "not_picked", row.id, row.resolved_question[:LONGEST], row.conversation_id, row.id, None, "给出了几个选项，没有被选择",
            row.created_at,
        )  # fmt: skip


def _picked(session: Session, conversations: Iterable[str], first: int) -> dict[str, list[tuple[int, int | None, datetime]]]:
    found: dict[str, list[tuple[int, int | None, datetime]]] = {}
    for part in batches(sorted(conversations), _LOOKUP):
        query = select(AnswerRow.conversation_id, AnswerRow.id, AnswerRow.entry_id, AnswerRow.created_at).where(
            AnswerRow.conversation_id.in_(part), AnswerRow.id > first, AnswerRow.outcome == "answer",
            AnswerRow.entry_id.is_not(None),
        )  # fmt: skip
        for conversation, number, entry, at in session.execute(query):
            found.setdefault(conversation, []).append((number, entry, at))
    return found


def _marked(session: Session, after: datetime | None) -> Iterator[Miss]:
    query = select(SuggestionMark).where(SuggestionMark.mark.in_(BAD_MARKS), ~_known("mark", SuggestionMark.id))
    if after is not None:
        query = query.where(SuggestionMark.created_at > after)
    for row in session.scalars(query):
        detail = "；".join(filter(None, (BAD_MARKS[row.mark], row.comment)))
        yield Miss(
            "mark", row.id, row.question[:LONGEST], row.conversation_id, None, row.entry_id, detail[:LONGEST], row.created_at
        )


def _badly_rated_tickets(session: Session, after: datetime | None) -> Iterator[Miss]:
    query = (
        select(TicketRating, Ticket)
        .join(Ticket, Ticket.id == TicketRating.ticket_id)
        .where(
            TicketRating.level <= BAD_LEVEL, Ticket.kind == CONSULTATION, ~_known("ticket_rating", TicketRating.id)
        )
    )  # fmt: skip
    if after is not None:
        query = query.where(TicketRating.created_at > after)
    for rating, ticket in session.execute(query):
        detail = f"咨询工单 {ticket.number} 评价为不满意"
        yield Miss(
            "ticket_rating", rating.id, ticket.text[:LONGEST], ticket.conversation_id, None, None, detail, rating.created_at
        )


def reasons_of(session: Session, answer_ids: Sequence[int]) -> dict[int, str]:
    """What citizens said of answers that they rated badly; the words may have come after the rating."""
    found: dict[int, str] = {}
    for part in batches(answer_ids, _LOOKUP):
        query = select(Feedback.answer_id, Feedback.text).where(Feedback.answer_id.in_(part), Feedback.rating < 0)
        found.update((answer, text) for answer, text in session.execute(query) if answer is not None)
    return found


def _known(source: Any, source_id: Any) -> Any:
    return exists().where(and_(GapQuestion.source == source, GapQuestion.source_id == source_id))
