"""Reads everything trainable from the store, each row with where it comes from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import select

from answering.following import correction
from conversations.models import AnswerRow, Feedback
from database.engine import Database
from desk.tables import SuggestionMark
from insights.models import QuestionLabel
from knowledge_base.content import EntryContent
from knowledge_base.feed import ChangeFeed
from training.rows import ENTRY, INTENT, NOT_ENTRY, OUT_OF_SCOPE, Row

CHOSEN, WRONG = frozenset({"chosen", "edited"}), frozenset({"wrong"})


@dataclass(frozen=True)
class Entries:
    """The published entries. Attributes: names: number → external id, else the number as text."""

    contents: Mapping[int, EntryContent]

    @property
    def names(self) -> dict[int | None, str]:
        return {i: content.external_id or str(i) for i, content in self.contents.items()}


def read_entries(database: Database) -> Entries:
    return Entries({d.entry_id: d.content for d in ChangeFeed(database).live_documents(None)})


def read_rows(database: Database, entries: Entries) -> Iterator[Row]:
    """Of every source; rows about entries that are not published are left out."""
    names = entries.names
    yield from _similar_questions(entries)
    yield from _labels(database, names)
    yield from _agents(database, names)
    yield from _answers(database, names)


def _similar_questions(entries: Entries) -> Iterator[Row]:
    names = entries.names
    for entry_id, content in entries.contents.items():
        for number, question in enumerate(content.similar_questions):
            yield Row(
                question,
                ENTRY,
                names[entry_id],
                "similar_question",
                f"kb_entries:{entry_id}.{number}",
                f"entry:{names[entry_id]}",
            )


def _labels(database: Database, names: Mapping[int | None, str]) -> Iterator[Row]:
    with database.read() as session:
        labels = session.scalars(select(QuestionLabel).where(QuestionLabel.revoked_at.is_(None)).order_by(QuestionLabel.id)).all()
    for label in labels:
        origin, group = f"question_labels:{label.id}", label.conversation_id or f"label:{label.id}"
        if label.verdict == ENTRY and label.entry_id in names:
            yield Row(label.question, ENTRY, names[label.entry_id], "label", origin, group)
        elif label.verdict == INTENT and label.intent:
            yield Row(label.question, INTENT, label.intent, "label", origin, group)
        elif label.verdict == OUT_OF_SCOPE:
            yield Row(label.question, OUT_OF_SCOPE, "", "label", origin, group)


def _agents(database: Database, names: Mapping[int | None, str]) -> Iterator[Row]:
    with database.read() as session:
        marks = session.scalars(select(SuggestionMark).order_by(SuggestionMark.id)).all()
    for mark in marks:
        if mark.entry_id not in names or mark.mark not in CHOSEN | WRONG:
            continue
        kind, source = (ENTRY, "agent_choice") if mark.mark in CHOSEN else (NOT_ENTRY, "agent_wrong")
        group = mark.conversation_id or f"mark:{mark.id}"
        yield Row(mark.question, kind, names[mark.entry_id], source, f"suggestion_marks:{mark.id}", group)


def _answers(database: Database, names: Mapping[int | None, str]) -> Iterator[Row]:
    """Ratings, corrections, and what was picked when the assistant asked back."""
    with database.read() as session:
        answers = session.scalars(select(AnswerRow).order_by(AnswerRow.conversation_id, AnswerRow.id)).all()
        newest = {f.answer_id: f for f in session.scalars(select(Feedback).order_by(Feedback.id)).all() if f.answer_id}
    for answer in answers:
        rated = newest.get(answer.id)
        if rated is not None and answer.outcome == "answer" and answer.entry_id in names:
            kind, source = (ENTRY, "rating_up") if rated.rating > 0 else (NOT_ENTRY, "rating_down")
            text = answer.resolved_question or answer.question
            yield Row(text, kind, names[answer.entry_id], source, f"feedback:{rated.id}", answer.conversation_id)
    refused = {answer_id for answer_id, rated in newest.items() if rated.rating < 0}
    for before, after in pairwise(answers):
        if before.conversation_id != after.conversation_id or after.outcome != "answer" or after.id in refused:
            continue
        if after.entry_id not in names:
            continue
        label, origin, group = names[after.entry_id], f"answers:{after.id}", after.conversation_id
        offered = {citation.get("entry_id") for citation in before.citations}
        if before.outcome == "clarify" and after.entry_id in offered:
            yield Row(before.resolved_question or before.question, ENTRY, label, "clarification", origin, group)
        elif (meant := correction(after.question)) is not None:
            yield Row(meant, ENTRY, label, "correction", origin, group)
