"""The versions of an entry: list them, compare them, take an earlier one up again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from knowledge_base.comparing import FieldChange, changes_between
from knowledge_base.content import EntryContent
from knowledge_base.entries import EntryRecord, EntryStore
from knowledge_base.errors import UnknownEntryError
from knowledge_base.journal import Journal
from knowledge_base.models import Entry, EntryVersion
from knowledge_base.records import record_of
from knowledge_base.workflow import Actor


@dataclass(frozen=True)
class VersionInfo:
    """One version: who wrote it, and who let it go live when."""

    version: int
    author: str
    author_role: str
    created_at: datetime
    submitted_by: str | None
    reviewer: str | None
    published_at: datetime | None
    live: bool
    newest: bool


class EntryHistory:
    """Thread-safe."""

    def __init__(self, store: EntryStore) -> None:
        self._store = store

    def versions(self, entry_id: int) -> list[VersionInfo]:
        """Newest first.

        Raises:
            UnknownEntryError
        """
        query = select(Entry, EntryVersion).join(EntryVersion, EntryVersion.entry_id == Entry.id).where(Entry.id == entry_id)
        with self._store.database.read() as session:
            rows = list(session.execute(query.order_by(EntryVersion.version.desc())))
        if not rows:
            raise UnknownEntryError(entry_id)
        return [
            VersionInfo(
                v.version, v.author, v.author_role, v.created_at, v.submitted_by, v.reviewer, v.published_at,
                live=v.version == entry.live_version, newest=v.version == entry.version,
            )
            for entry, v in rows
        ]  # fmt: skip

    def compare(self, entry_id: int, before: int, after: int) -> list[FieldChange]:
        """What changed from one version to another; version 0 is an empty entry.

        Raises:
            UnknownEntryError: a version is missing.
        """
        first = self._store.version(entry_id, before).content if before else None
        return changes_between(first, self._store.version(entry_id, after).content)

    def restore(self, entry_id: int, version: int, actor: Actor, comment: str = "") -> EntryRecord:
        """The content of an earlier version as a new draft; nothing happens when it is what the newest one says.

        Raises:
            UnknownEntryError, DuplicateExternalIdError.
        """
        with self._store.database.write() as session:
            journal = Journal(session, actor)
            entry = journal.entry(entry_id)
            earlier = session.get(EntryVersion, (entry_id, version)) if entry else None
            if entry is None or earlier is None:
                raise UnknownEntryError(f"{entry_id}（第 {version} 版）")
            newest = journal.newest(entry)
            if earlier.content != newest.content:
                newest = journal.add_version(entry, EntryContent.model_validate_json(earlier.content))
                journal.audit("restore", entry.id, version, entry.version, comment)
            session.flush()
            return record_of(entry, newest)
