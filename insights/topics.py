"""Analyses of what is written and asked about: started as jobs, kept with their topics, and similar texts of one topic."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import structlog
from sqlalchemy import func, insert, select, update

from conversations import clock
from conversations.clock import Clock
from database.engine import Database
from insights import topic_texts
from insights.errors import LetterFileError, UnknownTopicError
from insights.meaning import BATCH, MeaningSpace
from insights.models import Topic, TopicItem, TopicRun
from insights.topic_finding import NEAR, FoundTopic, find_topics
from insights.topic_texts import TopicText
from knowledge_base.vectors import batches
from staff import audit
from staff.members import Member
from tickets.departments import Departments

log = structlog.get_logger(__name__)
LOST_AFTER = timedelta(hours=1)  # a run that does not move for so long lost its process
MOST_RUNS = 30
MOST_ITEMS = 300
SHOWN_SIMILAR = 20
EXAMPLES = 5


class TopicDesk:
    """Every method blocks; `start` returns at once and works in a thread of its own."""

    def __init__(
        self, database: Database, space: MeaningSpace, departments: Departments, cut: Callable[[str], list[str]],
        now: Clock = clock.now,
    ) -> None:  # fmt: skip
        self._database, self._space, self._departments, self._cut, self._now = database, space, departments, cut, now
        self._one_at_a_time = threading.Lock()

    def start(
        self, source: str, member: Member, *, collection: str | None = None, since: datetime | None = None,
        until: datetime | None = None,
    ) -> int:  # fmt: skip
        """Begin an analysis; returns its number. Analyses of one process run one after the other."""
        number = self.begin(source, member, collection=collection, since=since, until=until)
        threading.Thread(target=self.work, args=(number,), name=f"topics-{number}", daemon=True).start()
        return number

    def begin(
        self, source: str, member: Member, *, collection: str | None = None, since: datetime | None = None,
        until: datetime | None = None,
    ) -> int:  # fmt: skip
        """Write the analysis down without doing it."""
        if source == "letters" and not collection:
            raise LetterFileError("没有选择来信。", fix="先导入一批来信，再选择它。")
        with self._database.write() as session:
            run = TopicRun(
                source=source, collection=collection if source == "letters" else None, since=since, until=until, state="running", done=0,
                total=0, started_by=member.name, created_at=self._now(),
            )  # fmt: skip
            session.add(run)
            session.flush()
            audit.record(session, member, "topics_start", "topic_run", run.id, {"source": source}, self._now())
            return run.id

    def work(self, number: int) -> None:
        """Do an analysis that was begun; what goes wrong is written down with it."""
        with self._one_at_a_time:
            try:
                self._analyse(number)
            except Exception as exc:  # the outer edge of a thread
                log.exception("topics.failed", run=number)
                self._set(number, state="failed", error=f"{type(exc).__name__}: {exc}"[:500], finished_at=self._now())

    def _analyse(self, number: int) -> None:
        with self._database.read() as session:
            run = session.get_one(TopicRun, number)
            texts = topic_texts.texts_of(session, run.source, run.collection, run.since, run.until)
        self._set(number, total=len(texts))
        vectors = []
        for done, part in enumerate(batches([text.subject for text in texts], BATCH * 4), 1):
            vectors.append(self._space.place(part))
            self._set(number, done=min(len(texts), done * BATCH * 4))
        found = find_topics(texts, np.vstack(vectors), self._space.threshold(NEAR), self._cut) if vectors else []
        for rank, topic in enumerate(found, 1):
            self._keep(number, rank, topic, texts)
        self._set(number, state="done", done=len(texts), finished_at=self._now())

    def _keep(self, number: int, rank: int, topic: FoundTopic, texts: list[TopicText]) -> None:
        subjects = [texts[place].subject for place, _ in topic.members]
        with self._database.write() as session:
            row = Topic(
                run_id=number, rank=rank, words=topic.words, example=subjects[0],
                department=self._departments.department_for("\n".join(subjects[:10])), size=len(topic.members), likes=topic.likes,
                rising=topic.rising, weeks=topic.weeks, months=topic.months,
            )  # fmt: skip
            session.add(row)
            session.flush()
            session.execute(
                insert(TopicItem),
                [
                    {"topic_id": row.id, "kind": texts[place].kind, "key": texts[place].key, "text": texts[place].subject,
                     "at": texts[place].at, "likes": texts[place].likes, "closeness": closeness}
                    for place, closeness in topic.members
                ],
            )  # fmt: skip

    def _set(self, number: int, **values: Any) -> None:
        with self._database.write() as session:
            session.execute(update(TopicRun).where(TopicRun.id == number).values(**values))

    # -- reading

    def runs(self) -> dict[str, Any]:
        """The newest analyses, and the letters that are there to analyse."""
        with self._database.read() as session:
            rows = session.scalars(select(TopicRun).order_by(TopicRun.id.desc()).limit(MOST_RUNS)).all()
            letters = topic_texts.collections(session)
        return {"runs": [self._run(row) for row in rows], "letters": list(letters)}

    def read_run(self, number: int) -> dict[str, Any]:
        """An analysis with its topics, largest first.

        Raises:
            UnknownTopicError
        """
        with self._database.read() as session:
            run = session.get(TopicRun, number)
            if run is None:
                raise UnknownTopicError(f"没有编号为 {number} 的热点分析。", fix="刷新列表后重试。")
            rows = session.scalars(select(Topic).where(Topic.run_id == number).order_by(Topic.rank)).all()
            return {**self._run(run), "topics": [_topic(row) for row in rows]}

    def read(self, topic_id: int) -> dict[str, Any]:
        """A topic with its texts, the most typical first.

        Raises:
            UnknownTopicError
        """
        with self._database.read() as session:
            row = session.get(Topic, topic_id)
            if row is None:
                raise UnknownTopicError(f"没有编号为 {topic_id} 的热点。", fix="刷新列表后重试。")
            query = select(TopicItem).where(TopicItem.topic_id == topic_id)
            items = session.scalars(query.order_by(TopicItem.closeness.desc(), TopicItem.id).limit(MOST_ITEMS)).all()
            return {**_topic(row), "items": [_item(item) for item in items]}

    def similar(self, kind: str, key: str) -> dict[str, Any]:
        """Texts of the same matter (一类事), by the newest analysis that has this one; nothing if none has."""
        with self._database.read() as session:
            query = select(func.max(TopicItem.topic_id)).where(TopicItem.kind == kind, TopicItem.key == key)
            topic_id = session.scalar(query)
            if topic_id is None:
                return {"topic": None, "items": []}
            others = (
                select(TopicItem)
                .where(TopicItem.topic_id == topic_id, TopicItem.key != key)
                .order_by(TopicItem.closeness.desc(), TopicItem.id)
                .limit(SHOWN_SIMILAR)
            )
            return {
                "topic": _topic(session.get_one(Topic, topic_id)),
                "items": [_item(item) for item in session.scalars(others)],
            }

    def _run(self, row: TopicRun) -> dict[str, Any]:
        lost = row.state == "running" and self._now() - row.created_at > LOST_AFTER
        return {
            "id": row.id, "source": row.source, "collection": row.collection, "state": "failed" if lost else row.state,
            "done": row.done, "total": row.total, "error": "服务中途停止，请重新分析。" if lost else row.error,
            "since": row.since.isoformat() if row.since else None, "until": row.until.isoformat() if row.until else None,
            "started_by": row.started_by, "created_at": row.created_at.isoformat(timespec="seconds"),
            "finished_at": row.finished_at.isoformat(timespec="seconds") if row.finished_at else None,
        }  # fmt: skip


def _topic(row: Topic) -> dict[str, Any]:
    return {
        "id": row.id, "run_id": row.run_id, "rank": row.rank, "words": list(row.words), "example": row.example, "size": row.size,
        "likes": row.likes, "rising": row.rising, "department": row.department, "weeks": dict(row.weeks), "months": dict(row.months),
    }  # fmt: skip


def _item(row: TopicItem) -> dict[str, Any]:
    return {
        "kind": row.kind, "key": row.key, "text": row.text, "at": row.at.isoformat(timespec="seconds"), "likes": row.likes,
        "closeness": round(row.closeness, 3),
    }  # fmt: skip
