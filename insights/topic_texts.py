"""What topics are found in: tickets, consultations, letters. Reads only; texts are stored masked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from conversations.models import AnswerRow
from insights.models import Letter
from tickets.models import Ticket

SOURCES = ("tickets", "consultations", "letters")
SOURCE_NAMES = {"tickets": "诉求工单", "consultations": "咨询问题", "letters": "来信"}
MOST_TEXTS = 20_000  # the newest of them
LONGEST = 200


@dataclass(frozen=True)
class TopicText:
    """A text with when it came; `subject` says what it is about, `body` is used for its words only."""

    kind: str
    key: str
    subject: str
    body: str
    at: datetime
    likes: int = 0


def texts_of(
    session: Session, source: str, collection: str | None, since: datetime | None, until: datetime | None
) -> list[TopicText]:
    """The newest texts of a source, oldest first."""
    if source == "tickets":
        query = _between(select(Ticket.number, Ticket.text, Ticket.created_at), Ticket.created_at, since, until)
        rows = [TopicText("ticket", number, text[:LONGEST], "", at) for number, text, at in session.execute(query)]
    elif source == "consultations":
        query = _between(select(AnswerRow.id, AnswerRow.question, AnswerRow.created_at), AnswerRow.created_at, since, until)
        rows = [TopicText("question", str(number), text[:LONGEST], "", at) for number, text, at in session.execute(query)]
    else:
        wanted = select(Letter.external_id, Letter.subject, Letter.text, Letter.asked_at, Letter.likes)
        query = _between(wanted.where(Letter.collection == collection), Letter.asked_at, since, until)
        rows = [
            TopicText("letter", key, (subject or text)[:LONGEST], text[:LONGEST], at, likes)
            for key, subject, text, at, likes in session.execute(query)
        ]
    return rows[::-1]


def collections(session: Session) -> Sequence[dict[str, Any]]:
    """The letters that were brought in."""
    query = select(Letter.collection, func.count(), func.min(Letter.asked_at), func.max(Letter.asked_at)).group_by(
        Letter.collection
    )
    return [
        {"collection": name, "letters": number, "first_at": first.isoformat(), "last_at": last.isoformat()}
        for name, number, first, last in session.execute(query.order_by(Letter.collection))
    ]


def _between(query: Any, moment: Any, since: datetime | None, until: datetime | None) -> Any:
    if since is not None:
        query = query.where(moment >= since)
    if until is not None:
        query = query.where(moment < until)
    return query.order_by(moment.desc()).limit(MOST_TEXTS)
