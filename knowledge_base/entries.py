"""The store of knowledge entries: create, edit, review, publish, withdraw, read. Every write is one transaction with audit."""

import builtins
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal

from sqlalchemy import Select, and_, func, select

from database.engine import Database
from knowledge_base import workflow
from knowledge_base.catalogue import EntryFilter, filter_conditions
from knowledge_base.content import EntryContent, merge_content
from knowledge_base.errors import StaleVersionError, UnknownEntryError, VectorError, WorkflowError
from knowledge_base.journal import Journal
from knowledge_base.live_records import LOOKUP_BATCH, LiveRecords, live_versions
from knowledge_base.models import AuditRecord, Entry, EntryVersion
from knowledge_base.records import AuditEntry, EntryRecord, record_of
from knowledge_base.vectors import VectorWriter, batches
from knowledge_base.workflow import Actor

__all__ = ["Actor", "EntryRecord", "EntryStore"]

ATTEMPTS = 5  # publishing starts over when somebody edited between embedding and the transaction


class EntryStore:
    """Entries with their versions and workflow.

    Args:
        vectors: embeds before publishing; without it everything works except what makes a text live.
    """

    def __init__(self, database: Database, vectors: VectorWriter | None = None) -> None:
        self.database = database
        self.vectors = vectors
        self._live = LiveRecords(database)

    # -- writing

    def create(self, content: EntryContent, actor: Actor) -> EntryRecord:
        """A new entry as draft.

        Raises:
            DuplicateExternalIdError: the external id is taken.
        """
        with self.database.write() as session:
            journal = Journal(session, actor)
            entry, version = journal.add_entry(content)
            journal.audit("create", entry.id, None, 1)
            session.flush()
            return record_of(entry, version)

    def edit(
        self, entry_id: int, changes: Mapping[str, Any], actor: Actor, *, seen: int | None = None, as_draft: bool = False
    ) -> EntryRecord:
        """Apply a merge patch as a new draft version; what is live stays live until the draft is published.

        An administrator's edit of a published entry goes live at once. Changes that change nothing write nothing.

        Args:
            seen: the version that the changes were made on; another one now is not overwritten.
            as_draft: an administrator's edit waits, too.

        Raises:
            UnknownEntryError, ContentError, DuplicateExternalIdError, StaleVersionError.
        """
        for _ in range(ATTEMPTS):
            before = self.get(entry_id)
            if seen is not None and before.version != seen:
                raise StaleVersionError(entry_id, before.version, before.actor.name)
            content = merge_content(before.content, changes)
            if content == before.content:
                return before
            at_once = not as_draft and workflow.goes_live_at_once(before.state, actor)
            if at_once:
                self._embed(content)
            with self.database.write() as session:
                journal = Journal(session, actor)
                entry = self._entry(journal, entry_id)
                if (entry.version, entry.state) != (before.version, before.state):
                    continue
                version = journal.add_version(entry, content)
                journal.audit("edit", entry.id, before.version, entry.version)
                if at_once:
                    publish(journal, entry, version, content, before.live_version, "管理员修改，即时生效")
                session.flush()
                return record_of(entry, version)
        raise _busy(entry_id)

    def submit(self, entry_id: int, actor: Actor, comment: str = "") -> EntryRecord:
        """Hand the newest version in for review; nothing happens when it already is."""
        with self.database.write() as session:
            journal = Journal(session, actor)
            entry = self._entry(journal, entry_id)
            version = journal.newest(entry)
            if entry.state != "in_review":
                workflow.check_submit(entry.state)
                version.submitted_by = actor.name
                journal.set_state(entry, "in_review")
                journal.audit("submit", entry.id, entry.version, entry.version, comment)
            session.flush()
            return record_of(entry, version)

    def send_back(self, entry_id: int, actor: Actor, comment: str) -> EntryRecord:
        """Return a reviewed version to its author as draft."""
        with self.database.write() as session:
            journal = Journal(session, actor)
            entry = self._entry(journal, entry_id)
            workflow.check_send_back(entry.state)
            journal.set_state(entry, "draft")
            journal.audit("send_back", entry.id, entry.version, entry.version, comment)
            session.flush()
            return record_of(entry, journal.newest(entry))

    def publish(self, entry_id: int, actor: Actor, comment: str = "") -> EntryRecord:
        """Make the newest version live; nothing happens when it already is. Vectors are written before the transaction.

        Raises:
            NotAllowedError: an editor's or reviewer's own text, or one that was not submitted.
        """
        for _ in range(ATTEMPTS):
            before = self.get(entry_id)
            if before.state == "published":
                return before
            self._check_publish(entry_id, actor)
            self._embed(before.content)
            with self.database.write() as session:
                journal = Journal(session, actor)
                entry = self._entry(journal, entry_id)
                if (entry.version, entry.state) != (before.version, before.state):
                    continue
                version = journal.newest(entry)
                publish(journal, entry, version, before.content, before.live_version, comment)
                session.flush()
                return record_of(entry, version)
        raise _busy(entry_id)

    def withdraw(self, entry_id: int, actor: Actor, comment: str = "") -> EntryRecord:
        """Take the entry out of service, drafts included; nothing happens when it already is."""
        with self.database.write() as session:
            journal = Journal(session, actor)
            entry = self._entry(journal, entry_id)
            if entry.state != "withdrawn":
                before = entry.live_version
                if before is None:
                    journal.set_state(entry, "withdrawn")
                else:
                    journal.take_down(entry)
                journal.audit("withdraw", entry.id, before, None, comment)
            session.flush()
            return record_of(entry, journal.newest(entry))

    # -- reading

    def get(self, entry_id: int) -> EntryRecord:
        """The newest version.

        Raises:
            UnknownEntryError
        """
        with self.database.read() as session:
            row = session.execute(newest_versions().where(Entry.id == entry_id)).first() if _plausible(entry_id) else None
            if row is None:
                raise UnknownEntryError(entry_id)
            return record_of(*row)

    def version(self, entry_id: int, version: int) -> EntryRecord:
        """One version as it was written, live or not."""
        with self.database.read() as session:
            query = select(Entry, EntryVersion).join(EntryVersion, EntryVersion.entry_id == Entry.id)
            row = session.execute(query.where(Entry.id == entry_id, EntryVersion.version == version)).first()
            if row is None:
                raise UnknownEntryError(f"{entry_id}（第 {version} 版）")
            return record_of(*row)

    def published(self, entry_ids: Collection[int]) -> dict[int, EntryRecord]:
        """The live version of each entry; withdrawn and unknown ones are absent. Dates are not looked at."""
        return self._live.of([entry_id for entry_id in entry_ids if _plausible(entry_id)])

    def newest(self, entry_ids: Collection[int]) -> dict[int, EntryRecord]:
        """The newest version of each entry, whatever its state; unknown ones are absent."""
        found: dict[int, EntryRecord] = {}
        with self.database.read() as session:
            for ids in batches(dict.fromkeys(filter(_plausible, entry_ids)), LOOKUP_BATCH):
                for entry, version in session.execute(newest_versions().where(Entry.id.in_(ids))):
                    found[entry.id] = record_of(entry, version)
        return found

    def by_external_id(self, external_id: str) -> EntryRecord | None:
        with self.database.read() as session:
            row = session.execute(newest_versions().where(Entry.external_id == external_id)).first()
            return record_of(*row) if row else None

    def list(
        self,
        *,
        state: str | None = None,
        kind: str | None = None,
        region: str | None = None,
        text: str | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> list[EntryRecord]:
        """Newest versions, last touched first.

        Args:
            state: draft, in_review, published, withdrawn; `live` = answered from now; `expired` = live but past its date.
            text: occurs anywhere in the newest version, or is the external id.
        """
        wanted = EntryFilter(state=state, kind=kind, region=region, text=text)
        query = newest_versions().where(*filter_conditions(wanted)).order_by(Entry.updated_at.desc(), Entry.id.desc())
        with self.database.read() as session:
            rows = session.execute(query.offset(offset).limit(limit))
            return [record_of(entry, version) for entry, version in rows]

    def count(
        self, *, state: str | None = None, kind: str | None = None, region: str | None = None, text: str | None = None
    ) -> int:
        """How many entries `list` would find."""
        wanted = EntryFilter(state=state, kind=kind, region=region, text=text)
        query = select(func.count()).select_from(Entry).where(*filter_conditions(wanted))
        with self.database.read() as session:
            return session.scalar(query) or 0

    def contents(self, selection: Literal["live", "newest"]) -> Iterator[EntryContent]:
        """The live version of every live entry, or the newest of every entry, in the order of their ids."""
        base = live_versions() if selection == "live" else newest_versions()
        after = 0
        while True:
            with self.database.read() as session:
                rows = [(entry.id, version.content) for entry, version in session.execute(_page(base, after))]
            yield from (EntryContent.model_validate_json(text) for _, text in rows)
            if len(rows) < LOOKUP_BATCH:
                return
            after = rows[-1][0]

    def behind_drafts(self) -> builtins.list[EntryRecord]:
        """Live versions of entries whose newest version is another one."""
        with self.database.read() as session:
            rows = session.execute(live_versions().where(Entry.version != Entry.live_version).order_by(Entry.id))
            return [record_of(entry, version) for entry, version in rows]

    def naming_a_successor(self) -> builtins.list[EntryRecord]:
        """Newest versions that say which entry takes their place."""
        with self.database.read() as session:
            rows = session.execute(newest_versions().where(EntryVersion.content.contains('"replaced_by":')).order_by(Entry.id))
            found = [record_of(entry, version) for entry, version in rows]
        return [record for record in found if record.content.replaced_by]

    def published_regions(self) -> set[str]:
        """Region codes of all live entries."""
        query = select(Entry.region_code).where(Entry.live_version.is_not(None), Entry.region_code.is_not(None)).distinct()
        with self.database.read() as session:
            return {code for code in session.scalars(query) if code}

    def audit_trail(self, entry_id: int) -> builtins.list[AuditEntry]:
        """Everything done to an entry, oldest first; survives the entry's removal."""
        query = select(AuditRecord).where(AuditRecord.entry_id == entry_id).order_by(AuditRecord.id)
        with self.database.read() as session:
            return [
                AuditEntry(
                    at=row.at,
                    actor=Actor(row.actor, row.role),  # type: ignore[arg-type]
                    action=row.action,
                    entry_id=row.entry_id,
                    version_before=row.version_before,
                    version_after=row.version_after,
                    comment=row.comment,
                )
                for row in session.scalars(query)
            ]

    # -- inside

    def _entry(self, journal: Journal, entry_id: int) -> Entry:
        entry = journal.entry(entry_id) if _plausible(entry_id) else None
        if entry is None:
            raise UnknownEntryError(entry_id)
        return entry

    def _check_publish(self, entry_id: int, actor: Actor) -> None:
        """Refuse before embedding what would be refused afterwards."""
        with self.database.read() as session:
            row = session.execute(newest_versions().where(Entry.id == entry_id)).first()
            if row is not None:
                entry, version = row
                workflow.second_person_missing(entry.state, authors(version), actor)

    def _embed(self, content: EntryContent) -> None:
        if self.vectors is None:
            raise VectorError("没有可用的编码器，不能发布。", fix="先运行 `wenzheng serve` 或 `wenzheng reindex` 准备编码器。")
        self.vectors.ensure([content])


def publish(
    journal: Journal, entry: Entry, version: EntryVersion, content: EntryContent, live_before: int | None, comment: str
) -> None:
    """Go live with an audit row that says whether a second person looked at it. Also used by imports."""
    state = "draft" if entry.state == "published" else entry.state
    alone = workflow.second_person_missing(state, authors(version), journal.actor)
    journal.go_live(entry, version, content)
    journal.audit("publish_alone" if alone else "publish", entry.id, live_before, version.version, comment)


def _page(query: Select[Entry, EntryVersion], after: int) -> Select[Entry, EntryVersion]:
    return query.where(Entry.id > after).order_by(Entry.id).limit(LOOKUP_BATCH)


def newest_versions() -> Select[Entry, EntryVersion]:
    """Every entry with its newest version."""
    return select(Entry, EntryVersion).join(
        EntryVersion, and_(EntryVersion.entry_id == Entry.id, EntryVersion.version == Entry.version)
    )


def authors(version: EntryVersion) -> set[str]:
    """Who wrote the version or handed it in: none of them is its second person."""
    return {version.author, version.submitted_by} - {None}  # type: ignore[return-value]


def _plausible(entry_id: int) -> bool:
    return 0 < entry_id < 2**63


def _busy(entry_id: int) -> WorkflowError:
    return WorkflowError(f"条目 {entry_id} 正被其他人反复修改。", fix="稍后重试。")
