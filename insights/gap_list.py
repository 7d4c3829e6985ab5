"""Groups of missed questions as staff see them: lists, counts, trend. Reads only."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from insights.errors import UnknownGapError
from insights.misses import reasons_of
from insights.models import GapGroup, GapQuestion

WEEK = timedelta(days=7)
SORTS = ("count", "trend", "last")
SOURCE_NAMES: Mapping[str, str] = {
    "not_found": "知识库里没有",
    "out_of_scope": "判为超出范围",
    "negative_feedback": "群众评价没用",
    "not_picked": "选项没人选",
    "mark": "坐席标记",
    "ticket_rating": "咨询工单不满意",
}
STATE_NAMES: Mapping[str, str] = {"open": "待补", "in_progress": "待发布", "closed": "已补"}
RESOLUTION_NAMES: Mapping[str, str] = {
    "attached": "并入条目", "written": "新写条目", "out_of_scope": "不属于本库范围", "intent": "标注意图",
}  # fmt: skip
MOST_QUESTIONS = 500  # wordings of one group that are shown


def listed(
    session: Session, now: datetime, *, state: str | None, source: str | None, text: str | None, sort: str, offset: int,
    limit: int,
) -> tuple[int, list[dict[str, Any]]]:  # fmt: skip
    """How many groups there are, and one page of them with counts of all, this week's and last week's misses."""
    counted = _counted(now, source).subquery()
    query = select(GapGroup, counted).join(counted, counted.c.group_id == GapGroup.id)
    if state:
        query = query.where(GapGroup.state == state)
    if text:
        having = select(GapQuestion.group_id).where(GapQuestion.question.icontains(text, autoescape=True))
        query = query.where(GapGroup.id.in_(having))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    orders: dict[str, list[ColumnElement[Any]]] = {
        "count": [counted.c.misses.desc()],
        "trend": [(counted.c.this_week - counted.c.last_week).desc(), counted.c.misses.desc()],
        "last": [counted.c.last_at.desc()],
    }
    rows = session.execute(query.order_by(*orders[sort], GapGroup.id).offset(offset).limit(limit)).all()
    sources = _sources(session, [row[0].id for row in rows])
    return total, [_line(row, sources[row[0].id]) for row in rows]


def one(session: Session, now: datetime, group_id: int) -> dict[str, Any]:
    """One group with all its wordings, most frequent first.

    Raises:
        UnknownGapError
    """
    counted = _counted(now, None).where(GapQuestion.group_id == group_id).subquery()
    row = session.execute(select(GapGroup, counted).join(counted, counted.c.group_id == GapGroup.id)).first()
    if row is None:
        raise UnknownGapError(f"没有编号为 {group_id} 的缺口。", fix="刷新列表后重试。")
    questions = _questions(session, group_id)
    return {**_line(row, _sources(session, [group_id])[group_id]), "questions": questions[:MOST_QUESTIONS]}


def wordings(session: Session, group_id: int) -> list[str]:
    """The different wordings of a group, most frequent first; among equals the older."""
    query = select(GapQuestion.question).where(GapQuestion.group_id == group_id).order_by(GapQuestion.asked_at, GapQuestion.id)
    return [text for text, _ in Counter(session.scalars(query)).most_common()]


def counts(session: Session) -> dict[str, int]:
    """Groups by state."""
    found = dict.fromkeys(STATE_NAMES, 0)
    for state, number in session.execute(select(GapGroup.state, func.count()).group_by(GapGroup.state)):
        found[state] = number
    return found


def _counted(now: datetime, source: str | None) -> Any:
    this_week = case((GapQuestion.asked_at > now - WEEK, 1), else_=0)
    last_week = case(((GapQuestion.asked_at <= now - WEEK) & (GapQuestion.asked_at > now - 2 * WEEK), 1), else_=0)
    query = select(
        GapQuestion.group_id,
        func.count().label("misses"),
        func.count(GapQuestion.conversation_id.distinct()).label("askers"),
        func.min(GapQuestion.asked_at).label("first_at"),
        func.max(GapQuestion.asked_at).label("last_at"),
        func.sum(this_week).label("this_week"),
        func.sum(last_week).label("last_week"),
    ).group_by(GapQuestion.group_id)
    if source:
        query = query.where(GapQuestion.group_id.in_(select(GapQuestion.group_id).where(GapQuestion.source == source)))
    return query


def _line(row: Any, sources: Mapping[str, int]) -> dict[str, Any]:
    group: GapGroup = row[0]
    return {
        "id": group.id,
        "title": group.title,
        "state": group.state,
        "count": row.misses,
        "askers": row.askers,
        "this_week": row.this_week,
        "last_week": row.last_week,
        "trend": row.this_week - row.last_week,
        "first_at": row.first_at.isoformat(timespec="seconds"),
        "last_at": row.last_at.isoformat(timespec="seconds"),
        "sources": dict(sources),
        "resolution": group.resolution,
        "intent": group.intent,
        "entry_id": group.entry_id,
        "entry_version": group.entry_version,
        "acted_by": group.acted_by,
        "acted_at": group.acted_at.isoformat(timespec="seconds") if group.acted_at else None,
    }


def _sources(session: Session, group_ids: Sequence[int]) -> defaultdict[int, dict[str, int]]:
    found: defaultdict[int, dict[str, int]] = defaultdict(dict)
    query = (
        select(GapQuestion.group_id, GapQuestion.source, func.count())
        .where(GapQuestion.group_id.in_(group_ids))
        .group_by(GapQuestion.group_id, GapQuestion.source)
        .order_by(GapQuestion.source)
    )
    for group_id, source, number in session.execute(query):
        found[group_id][source] = number
    return found


def _questions(session: Session, group_id: int) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(GapQuestion).where(GapQuestion.group_id == group_id).order_by(GapQuestion.asked_at, GapQuestion.id)
    ).all()
    said = reasons_of(session, [row.answer_id for row in rows if row.answer_id is not None])
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        detail = said.get(row.answer_id or 0, "") if row.source == "negative_feedback" else row.detail
        line = found.setdefault(
            row.question, {"id": row.id, "question": row.question, "count": 0, "sources": [], "details": [], "conversation_id": None}
        )  # fmt: skip
        line["count"] += 1
        line["last_at"] = row.asked_at.isoformat(timespec="seconds")
        line["conversation_id"] = row.conversation_id or line["conversation_id"]
        if row.source not in line["sources"]:
            line["sources"].append(row.source)
        if detail and detail not in line["details"]:
            line["details"].append(detail)
    return sorted(found.values(), key=lambda line: -line["count"])
