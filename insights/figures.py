"""The figures of `figure_registry`, computed from the records over indices. Reads only; every method blocks."""

import math
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Date, String, cast, func, literal_column, select
from sqlalchemy.orm import Session

from conversations import clock
from conversations.clock import CHINA, Clock
from conversations.models import AnswerRow, Conversation, Feedback, HandoffRequest, Turn
from database.engine import Database
from insights.figure_filter import FigureFilter
from insights.figure_registry import FIGURES, Figure
from insights.ticket_figures import by_department
from knowledge_base.models import Entry
from tickets.models import Ticket

MOST_ENTRIES = 200  # in the lists of used and never used entries


class Figures:
    """Figures for a range of days."""

    def __init__(self, database: Database, now: Clock = clock.now) -> None:
        self._database, self._now = database, now

    def usual_range(self) -> FigureFilter:
        return FigureFilter.usual(self._now())

    def wanted(
        self, since: date | None, until: date | None, channel: str | None = None, department: str | None = None
    ) -> FigureFilter:
        """The range as asked for; what is left open is the last thirty days.

        Raises:
            FigureRangeError
        """
        usual = self.usual_range()
        first = since or min(usual.since, until or usual.since)
        return FigureFilter(first, until or usual.until, channel or None, department or None)

    def overview(self, wanted: FigureFilter) -> dict[str, Any]:
        """Every figure of the registry, the days' series, and tickets by department."""
        with self._database.read() as session:
            days = self._days(session, wanted)
            totals = {outcome: sum(day[outcome] for day in days) for outcome in ("answer", "clarify", "fallback")}
            asked = sum(totals.values())
            talks, messages = self._turns(session, wanted)
            median, p95 = self._latencies(session, wanted)
            good, bad = self._ratings(session, wanted)
            departments = by_department(session, wanted, self._now().astimezone(CHINA).date())
            tickets = departments[-1]
            live, used, never = self._entries(session, wanted)
            values: dict[str, float | None] = {
                "conversations": talks, "messages": messages, "consultations": asked,
                "answered": totals["answer"], "clarified": totals["clarify"], "unanswered": totals["fallback"],
                "answer_rate": _share(totals["answer"], totals["answer"] + totals["fallback"]),
                "hit_rate": _share(totals["answer"] + totals["clarify"], asked),
                "exact_hit_rate": _share(self._direct(session, wanted), asked),
                "handoff_rate": _share(self._handed_off(session, wanted), talks),
                "median_ms": median, "p95_ms": p95, "helpful": good, "unhelpful": bad, "helpful_rate": _share(good, good + bad),
                "tickets": tickets["tickets"], "on_time_rate": tickets["on_time_rate"], "overdue": tickets["overdue"],
                "ticket_satisfaction": tickets["satisfaction"],
                "live_entries": live, "used_entries": used, "never_used_entries": never,
            }  # fmt: skip
        return {
            "since": f"{wanted.since}", "until": f"{wanted.until}", "channel": wanted.channel, "department": wanted.department,
            "figures": [_shown(figure, values[figure.key]) for figure in FIGURES],
            "days": days, "departments": departments[:-1],
        }  # fmt: skip

    def used_entries(self, wanted: FigureFilter, limit: int = MOST_ENTRIES) -> list[dict[str, Any]]:
        """Entries by how often they answered, most often first."""
        counted = (
            _answers(wanted, AnswerRow.entry_id, func.count().label("uses"))
            .where(AnswerRow.entry_id.is_not(None), AnswerRow.outcome == "answer")
            .group_by(AnswerRow.entry_id)
            .subquery()
        )
        query = (
            select(Entry.id, Entry.title, Entry.kind, Entry.department, Entry.state, counted.c.uses)
            .join(counted, counted.c.entry_id == Entry.id)
            .order_by(counted.c.uses.desc(), Entry.id)
            .limit(limit)
        )
        if wanted.department:
            query = query.where(Entry.department == wanted.department)
        with self._database.read() as session:
            return [_entry(row, uses=row.uses) for row in session.execute(query)]

    def never_used(self, wanted: FigureFilter, limit: int = MOST_ENTRIES) -> list[dict[str, Any]]:
        """Live entries that never answered anything, the oldest first."""
        query = (
            select(Entry.id, Entry.title, Entry.kind, Entry.department, Entry.state, Entry.created_at)
            .where(Entry.live_version.is_not(None), *self._never())
            .order_by(Entry.created_at, Entry.id)
            .limit(limit)
        )
        if wanted.department:
            query = query.where(Entry.department == wanted.department)
        with self._database.read() as session:
            return [_entry(row, since=f"{row.created_at.astimezone(CHINA).date()}") for row in session.execute(query)]

    def choices(self) -> dict[str, list[str]]:
        """Channels and departments that occur."""
        with self._database.read() as session:
            channels = session.scalars(select(Conversation.channel).distinct().order_by(Conversation.channel)).all()
            departments = {
                *session.scalars(select(Ticket.department).distinct()),
                *session.scalars(select(Entry.department).where(Entry.department.is_not(None)).distinct()),
            }
        return {"channels": list(channels), "departments": sorted(filter(None, departments))}

    # -- one figure each

    def _days(self, session: Session, wanted: FigureFilter) -> list[dict[str, Any]]:
        day = china_day(session, AnswerRow.created_at)
        query = _answers(wanted, day, AnswerRow.outcome, func.count()).group_by(day, AnswerRow.outcome)
        found = {f"{d}": {"day": f"{d}", "answer": 0, "clarify": 0, "fallback": 0} for d in wanted.days()}
        for on, outcome, number in session.execute(query):
            line = found.get(f"{on}")
            if line is not None and outcome in line:
                line[outcome] = number
        return list(found.values())

    def _turns(self, session: Session, wanted: FigureFilter) -> tuple[int, int]:
        query = select(func.count(Turn.conversation_id.distinct()), func.count()).where(
            Turn.received_at >= wanted.start, Turn.received_at < wanted.end
        )
        if wanted.channel:
            query = query.where(Turn.channel == wanted.channel)
        talks, messages = session.execute(query).one()
        return talks, messages

    def _latencies(self, session: Session, wanted: FigureFilter) -> tuple[int | None, int | None]:
        timed = _answers(wanted, AnswerRow.latency_ms, func.count()).where(AnswerRow.source != "phone")  # nobody timed the agent
        query = timed.group_by(AnswerRow.latency_ms).order_by(AnswerRow.latency_ms)
        counted = [(value, number) for value, number in session.execute(query)]
        return _percentile(counted, 0.5), _percentile(counted, 0.95)

    def _direct(self, session: Session, wanted: FigureFilter) -> int:
        before = func.lag(AnswerRow.outcome).over(partition_by=AnswerRow.conversation_id, order_by=AnswerRow.created_at)
        inner = _answers(wanted, AnswerRow.outcome, before.label("before")).subquery()
        query = select(func.count()).where(inner.c.outcome == "answer", func.coalesce(inner.c.before, "") != "clarify")
        return session.scalar(query.select_from(inner)) or 0

    def _handed_off(self, session: Session, wanted: FigureFilter) -> int:
        query = select(func.count(HandoffRequest.conversation_id.distinct())).where(
            HandoffRequest.created_at >= wanted.start, HandoffRequest.created_at < wanted.end
        )
        return session.scalar(_on_channel(query, HandoffRequest.conversation_id, wanted)) or 0

    def _ratings(self, session: Session, wanted: FigureFilter) -> tuple[int, int]:
        query = select(Feedback.rating, func.count()).where(Feedback.created_at >= wanted.start, Feedback.created_at < wanted.end)
        by_rating = _on_channel(query, Feedback.conversation_id, wanted).group_by(Feedback.rating)
        counted = session.execute(by_rating).all()
        return sum(n for rating, n in counted if rating > 0), sum(n for rating, n in counted if rating < 0)

    def _entries(self, session: Session, wanted: FigureFilter) -> tuple[int, int, int]:
        live: list[Any] = [Entry.live_version.is_not(None)]
        if wanted.department:
            live.append(Entry.department == wanted.department)
        used = _answers(wanted, AnswerRow.entry_id).where(AnswerRow.entry_id.is_not(None), AnswerRow.outcome == "answer")
        count = select(func.count()).select_from(Entry).where(*live)
        return (
            session.scalar(count) or 0,
            session.scalar(count.where(Entry.id.in_(used.distinct()))) or 0,
            session.scalar(count.where(*self._never())) or 0,
        )

    def _never(self) -> list[Any]:
        used = select(AnswerRow.entry_id).where(AnswerRow.entry_id == Entry.id).correlate(Entry)
        return [~used.exists()]


def china_day(session: Session, moment: Any) -> Any:
    """The day in China of a moment, as SQL."""
    if session.get_bind().dialect.name == "sqlite":
        return func.date(cast(moment, String), "+8 hours")
    return cast(func.timezone(literal_column("'Asia/Shanghai'"), moment), Date)


def _answers(wanted: FigureFilter, *columns: Any) -> Any:
    query = select(*columns).select_from(AnswerRow).where(AnswerRow.created_at >= wanted.start, AnswerRow.created_at < wanted.end)
    return _on_channel(query, AnswerRow.conversation_id, wanted)


def _on_channel(query: Any, conversation: Any, wanted: FigureFilter) -> Any:
    if not wanted.channel:
        return query
    return query.join(Conversation, Conversation.id == conversation).where(Conversation.channel == wanted.channel)


def _percentile(counted: Sequence[tuple[int, int]], share: float) -> int | None:
    """Nearest rank over (value, how often), ascending."""
    rank = math.ceil(share * sum(number for _, number in counted))
    for value, number in counted:
        rank -= number
        if rank <= 0:
            return value
    return None


def _share(part: float, whole: float) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def _shown(figure: Figure, value: float | None) -> dict[str, Any]:
    return {
        "key": figure.key, "name": figure.name, "value": value, "unit": figure.unit, "definition": figure.definition,
        "formula": figure.formula, "sources": list(figure.sources), "group": figure.group,
        "by_channel": figure.by_channel, "by_department": figure.by_department,
    }  # fmt: skip


def _entry(row: Any, **more: Any) -> dict[str, Any]:
    return {"entry_id": row.id, "title": row.title, "kind": row.kind, "department": row.department, "state": row.state, **more}
