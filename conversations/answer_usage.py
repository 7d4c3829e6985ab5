"""Which answers were given from which entries. Questions are stored masked; nothing else of a citizen is shown."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, func, select

from conversations import clock
from conversations.clock import Clock
from conversations.models import AnswerRow
from database.engine import Database

LOOKUP_BATCH = 500


@dataclass(frozen=True)
class GivenAnswer:
    """One answer that rested on an entry, and the version it was given from."""

    answer_id: int
    entry_id: int
    entry_version: int | None
    question: str
    as_of: date
    at: datetime


class AnswerUsage:
    """Reads only; thread-safe."""

    def __init__(self, database: Database, now: Clock = clock.now) -> None:
        self._database, self._now = database, now

    def counts(self, entry_ids: Collection[int], days: int) -> dict[int, int]:
        """Entry id → answers given from it in the last days."""
        found: dict[int, int] = {}
        ids = sorted(set(entry_ids))
        with self._database.read() as session:
            for start in range(0, len(ids), LOOKUP_BATCH):
                query = select(AnswerRow.entry_id, func.count()).where(*self._recent(ids[start : start + LOOKUP_BATCH], days))
                found.update((i, n) for i, n in session.execute(query.group_by(AnswerRow.entry_id)).tuples() if i is not None)
        return found

    def recent(self, entry_ids: Collection[int], days: int, limit: int = 50) -> list[GivenAnswer]:
        """The latest answers given from these entries, newest first."""
        query = select(AnswerRow).where(*self._recent(sorted(set(entry_ids)), days)).order_by(AnswerRow.id.desc()).limit(limit)
        with self._database.read() as session:
            return [
                GivenAnswer(row.id, row.entry_id or 0, row.entry_version, row.question, row.as_of, row.created_at)
                for row in session.scalars(query)
            ]

    def _recent(self, ids: list[int], days: int) -> list[ColumnElement[bool]]:
        return [AnswerRow.entry_id.in_(ids), AnswerRow.created_at >= self._now() - timedelta(days=days)]
