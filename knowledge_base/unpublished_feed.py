"""What follows the texts that are not live: drafts, those in review, those withdrawn."""

from collections.abc import Collection, Iterator

from sqlalchemy import func, or_, select

from database.engine import Database
from knowledge_base.content import EntryContent
from knowledge_base.entries import newest_versions
from knowledge_base.feed import PAGE, Change, LiveDocument
from knowledge_base.models import AuditRecord, Entry
from knowledge_base.passages import passages_of


class UnpublishedFeed:
    """Like `ChangeFeed`, of every entry's newest version that is not the live one. Reads only.

    Whatever is done to an entry is audited, and the audit rows' numbers grow in commit order, because every writer takes the
    revision row first: they are the revisions here.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def revision(self) -> int:
        """Number of the last audit row; 0 for an empty store."""
        with self._database.read() as session:
            return session.scalar(select(func.max(AuditRecord.id))) or 0

    def changes_since(self, revision: int) -> list[Change]:
        """The last step with every entry after `revision`, in order."""
        last = select(AuditRecord.entry_id, func.max(AuditRecord.id).label("number")).where(AuditRecord.id > revision)
        with self._database.read() as session:
            rows = session.execute(last.group_by(AuditRecord.entry_id).order_by("number"))
            return [Change(number, entry_id, live=False) for entry_id, number in rows]

    def live_documents(self, entry_ids: Collection[int] | None) -> Iterator[LiveDocument]:
        """Newest versions that are not live, in the order of their ids, page by page; all of them for None."""
        wanted = None if entry_ids is None else sorted(set(entry_ids))
        query = newest_versions().where(or_(Entry.live_version.is_(None), Entry.live_version != Entry.version))
        query = query.order_by(Entry.id)
        after = 0
        while wanted is None or wanted:
            page = query.where(Entry.id > after).limit(PAGE)
            if wanted is not None:
                page, wanted = query.where(Entry.id.in_(wanted[:PAGE])), wanted[PAGE:]
            with self._database.read() as session:
                rows = [(entry.id, version.content) for entry, version in session.execute(page)]
            for entry_id, text in rows:
                content = EntryContent.model_validate_json(text)
                yield LiveDocument(entry_id, content, passages_of(content))
            if wanted is None and len(rows) < PAGE:
                return
            after = rows[-1][0] if rows else after
