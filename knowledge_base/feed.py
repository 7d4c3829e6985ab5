"""What readers follow: the revision, the changes since one, and the live documents."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import func, select

from database.engine import Database
from knowledge_base.content import EntryContent
from knowledge_base.live_records import live_versions
from knowledge_base.models import Entry, EntryChange, StoreRevision
from knowledge_base.passages import passages_of

PAGE = 500


@dataclass(frozen=True)
class Change:
    """The last change of one entry: whether it is live since `revision`."""

    revision: int
    entry_id: int
    live: bool


@dataclass(frozen=True)
class LiveDocument:
    """A live version and its passages as (role, text)."""

    entry_id: int
    content: EntryContent
    passages: list[tuple[str, str]]


class ChangeFeed:
    """Reads only. A reader that applies `changes_since` up to `revision()` taken *before* misses nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def revision(self) -> int:
        """Number of the last committed change; 0 for an empty store."""
        with self._database.read() as session:
            return session.scalar(select(StoreRevision.revision).where(StoreRevision.id == 1)) or 0

    def changes_since(self, revision: int) -> list[Change]:
        """The last change of every entry that changed after `revision`, in order."""
        last = select(func.max(EntryChange.revision)).where(EntryChange.revision > revision).group_by(EntryChange.entry_id)
        query = select(EntryChange).where(EntryChange.revision.in_(last)).order_by(EntryChange.revision)
        with self._database.read() as session:
            return [Change(row.revision, row.entry_id, row.live) for row in session.scalars(query)]

    def live_documents(self, entry_ids: Collection[int] | None) -> Iterator[LiveDocument]:
        """Live documents in the order of their ids, page by page; all of them for None. Expired ones are included."""
        wanted = None if entry_ids is None else sorted(set(entry_ids))
        after = 0
        while True:
            query = live_versions().where(Entry.id > after).order_by(Entry.id).limit(PAGE)
            if wanted is not None:
                page, wanted = wanted[:PAGE], wanted[PAGE:]
                if not page:
                    return
                query = live_versions().where(Entry.id.in_(page)).order_by(Entry.id)
            with self._database.read() as session:
                rows = [(entry.id, version.content) for entry, version in session.execute(query)]
            for entry_id, text in rows:
                content = EntryContent.model_validate_json(text)
                yield LiveDocument(entry_id, content, passages_of(content))
            if wanted is None:
                if len(rows) < PAGE:
                    return
                after = rows[-1][0]
