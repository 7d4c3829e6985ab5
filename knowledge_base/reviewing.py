"""Keeping entries fresh: confirm that one is still right, ask for a new look, leave a note on one."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import select

from knowledge_base.entries import EntryStore
from knowledge_base.errors import UnknownEntryError, WorkflowError
from knowledge_base.journal import Journal
from knowledge_base.models import Entry
from knowledge_base.validity import today
from knowledge_base.vectors import batches
from knowledge_base.workflow import Actor

BATCH = 25  # rows a transaction: a turn waits a fraction of a second at most


class Reviews:
    """Thread-safe."""

    def __init__(self, store: EntryStore) -> None:
        self._store = store

    def confirm(self, entry_id: int, actor: Actor, comment: str = "", due_on: date | None = None) -> None:
        """The live version was checked and is right; the next look is due by its kind, or on `due_on`.

        Raises:
            UnknownEntryError; WorkflowError: nothing is live, or the day is past.
        """
        if due_on is not None and due_on <= today():
            raise WorkflowError("下次复核的日期必须晚于今天。", fix="改为将来的日期，或不填，按类型自动确定。")
        with self._store.database.write() as session:
            journal = Journal(session, actor)
            entry = journal.entry(entry_id)
            if entry is None:
                raise UnknownEntryError(entry_id)
            if entry.live_version is None:
                raise WorkflowError("条目没有发布的版本，不需要复核。", fix="草稿请提交审核。")
            entry.reviewed_on, entry.review_due_on = today(), due_on
            journal.audit("reviewed", entry.id, entry.live_version, entry.live_version, comment)

    def demand(self, entry_ids: Collection[int], actor: Actor, comment: str) -> int:
        """Make the review of these due today; returns how many live ones there were."""
        done = 0
        for part in batches(sorted(set(entry_ids)), BATCH):
            with self._store.database.write() as session:
                journal = Journal(session, actor)
                for entry in session.scalars(select(Entry).where(Entry.id.in_(part), Entry.live_version.is_not(None))):
                    entry.review_due_on = today()
                    journal.audit("review_demanded", entry.id, entry.live_version, entry.live_version, comment)
                    done += 1
        return done
