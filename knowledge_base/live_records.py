"""Live versions by their entries' ids; what was read once is kept as long as its entry's row says the same."""

import threading
from collections import OrderedDict
from collections.abc import Collection
from typing import Any

from sqlalchemy import BindParameter, Select, and_, bindparam, select
from sqlalchemy.orm import Session

from database.engine import Database
from knowledge_base.models import Entry, EntryVersion
from knowledge_base.records import EntryRecord, record_of
from knowledge_base.vectors import batches

LOOKUP_BATCH = 500
MOST_KEPT = 4096  # records; every search asks for some dozens of them anew
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
# all that a record takes from the entry's row; what the version says never changes
_STANDING = select(
    Entry.id, Entry.live_version, Entry.version, Entry.state, Entry.revision, Entry.updated_at
).where(Entry.id.in_(_IDS), Entry.live_version.is_not(None))  # fmt: skip


def live_versions() -> Select[Entry, EntryVersion]:
    """Every live entry with its live version."""
    return select(Entry, EntryVersion).join(
        EntryVersion, and_(EntryVersion.entry_id == Entry.id, EntryVersion.version == Entry.live_version)
    )


_LIVE = live_versions().where(Entry.id.in_(_IDS))


class LiveRecords:
    """Thread-safe. The database is asked each time, so that what was withdrawn a moment ago is absent."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: OrderedDict[tuple[Any, ...], EntryRecord] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, entry_ids: Collection[int]) -> dict[int, EntryRecord]:
        """The live version of each entry; withdrawn and unknown ones are absent. Blocks."""
        found: dict[int, EntryRecord] = {}
        with self._database.read() as session:
            for ids in batches(dict.fromkeys(entry_ids), LOOKUP_BATCH):
                found |= self._batch(session, ids)
        return found

    def _batch(self, session: Session, ids: Collection[int]) -> dict[int, EntryRecord]:
        standing = {row.id: tuple(row) for row in session.execute(_STANDING, {"ids": ids})}
        with self._lock:
            found = {entry_id: self._kept[key] for entry_id, key in standing.items() if key in self._kept}
            for entry_id in found:
                self._kept.move_to_end(standing[entry_id])
        missing = [entry_id for entry_id in standing if entry_id not in found]
        if missing:
            read = {entry.id: record_of(entry, version) for entry, version in session.execute(_LIVE, {"ids": missing})}
            with self._lock:
                self._kept.update({standing[entry_id]: record for entry_id, record in read.items()})
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
            found |= read
        return found
