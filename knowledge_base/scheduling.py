"""Publication at a time that was approved beforehand."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from database.columns import utc_now
from knowledge_base import workflow
from knowledge_base.entries import EntryRecord, EntryStore, authors
from knowledge_base.errors import NotAllowedError, ScheduleError, UnknownEntryError, VectorError, WorkflowError
from knowledge_base.journal import Journal
from knowledge_base.models import Entry, EntryVersion
from knowledge_base.records import record_of
from knowledge_base.validity import CHINA
from knowledge_base.workflow import Actor

FARTHEST = timedelta(days=366 * 2)

log = structlog.get_logger(__name__)


class PublicationSchedule:
    """Thread-safe; several processes may each publish what is due: every step is decided in its own transaction."""

    def __init__(self, store: EntryStore) -> None:
        self._store = store

    def plan(self, entry_id: int, at: datetime, actor: Actor, comment: str = "") -> EntryRecord:
        """Approve the newest version now, for a time to come. Its vectors are made now. A later edit takes the approval back.

        Raises:
            ScheduleError: the time is past, too far away, or there is nothing to publish.
            NotAllowedError: see `EntryStore.publish`.
        """
        if not utc_now() < at <= utc_now() + FARTHEST:
            raise ScheduleError("计划发布的时间必须晚于现在，最远两年以内。", fix="改为将来的时间；要立即生效请直接发布。")
        record = self._store.get(entry_id)
        if record.state == "published":
            raise ScheduleError("条目的最新版本已经发布，没有可计划的内容。", fix="先修改条目，再计划发布。")
        if self._store.vectors is None:
            raise VectorError(
                "没有可用的编码器，不能计划发布。", fix="先运行 `wenzheng serve` 或 `wenzheng reindex` 准备编码器。"
            )
        self._store.vectors.ensure([record.content])
        with self._store.database.write() as session:
            journal = Journal(session, actor)
            entry = _entry(journal, entry_id)
            if entry.version != record.version or entry.state == "published":
                raise WorkflowError(f"条目 {entry_id} 刚刚被修改。", fix="重新查看后再计划发布。")
            version = journal.newest(entry)
            workflow.second_person_missing(entry.state, authors(version), actor)
            journal.set_state(entry, "in_review")
            entry.publish_at, entry.publish_by, entry.publish_by_role = at, actor.name, actor.role
            when = at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
            journal.audit("schedule", entry.id, entry.live_version, entry.version, f"{when}；{comment}" if comment else when)
            session.flush()
            return record_of(entry, version)

    def cancel(self, entry_id: int, actor: Actor, comment: str = "") -> EntryRecord:
        """Back to waiting for review; nothing happens when no publication is planned."""
        with self._store.database.write() as session:
            journal = Journal(session, actor)
            entry = _entry(journal, entry_id)
            if entry.publish_at is not None:
                journal.set_state(entry, "in_review")
                journal.audit("unschedule", entry.id, entry.version, entry.version, comment)
            session.flush()
            return record_of(entry, journal.newest(entry))

    def publish_due(self) -> int:
        """Publish everything whose time has come, in the name of who approved it; returns how many."""
        query = (
            select(Entry.id, Entry.publish_by, Entry.publish_by_role)
            .where(Entry.publish_at <= utc_now())
            .order_by(Entry.publish_at)
        )
        with self._store.database.read() as session:
            due = list(session.execute(query).tuples())
        done = 0
        for entry_id, name, role in due:
            actor = Actor(name or "计划发布", "admin" if role == "admin" else "reviewer")
            try:
                self._store.publish(entry_id, actor, "按计划的时间发布")
                done += 1
            except (WorkflowError, NotAllowedError, UnknownEntryError) as exc:
                log.warning("schedule.refused", entry_id=entry_id, problem=exc.problem)
                self.cancel(entry_id, actor, f"没有发布：{exc.problem}")
        return done


def publication_plan(entry: Entry, version: EntryVersion) -> dict[str, str | None]:
    """When the newest version goes live, and who approved it."""
    planned = entry.publish_at if entry.version == version.version else None
    return {
        "publish_at": planned.isoformat(timespec="seconds") if planned else None,
        "publish_by": entry.publish_by if planned else None,
    }


def _entry(journal: Journal, entry_id: int) -> Entry:
    entry = journal.entry(entry_id)
    if entry is None:
        raise UnknownEntryError(entry_id)
    return entry
