"""The writing side of one transaction: numbered changes, versions and audit rows. Decides nothing."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from database.columns import utc_now
from knowledge_base.content import EntryContent
from knowledge_base.errors import DuplicateExternalIdError
from knowledge_base.models import AuditRecord, Entry, EntryChange, EntryTag, EntryVersion, StoreRevision
from knowledge_base.searchable import department_of, search_text, searchable
from knowledge_base.validity import today
from knowledge_base.workflow import Actor, State
from staff import audit as staff_audit
from staff.members import Member
from staff.roles import ROLE_NAMES

SAMPLE_ATTRIBUTE = "sample"
MAX_TAG = 200


class Journal:
    """Opened at the start of every writing transaction of the knowledge base.

    It takes the revision row first (SQLite's write lock already excludes other writers), so revisions grow in commit order on
    both engines and two writers cannot deadlock.
    """

    def __init__(self, session: Session, actor: Actor, *, one_by_one: bool = True) -> None:
        """Args: one_by_one: each step is also a line of the staff's audit log; a table of thousands of rows is one line there."""
        self.session = session
        self.actor = actor
        self._one_by_one = one_by_one and actor.role in ROLE_NAMES
        self.now: datetime = utc_now()
        self._revision = self._take_revision()

    def entry(self, entry_id: int) -> Entry | None:
        return self.session.get(Entry, entry_id)

    def newest(self, entry: Entry) -> EntryVersion:
        return self.session.get_one(EntryVersion, (entry.id, entry.version))

    def add_entry(self, content: EntryContent) -> tuple[Entry, EntryVersion]:
        """A new entry as draft, version 1.

        Raises:
            DuplicateExternalIdError
        """
        self.check_external_id(content.external_id, None)
        return self.add_entries([content])[0]

    def add_entries(self, contents: Sequence[EntryContent], *, imported: bool = False) -> list[tuple[Entry, EntryVersion]]:
        """New entries as drafts; the caller has made sure that their external ids are free."""
        entries = []
        for content in contents:
            entry = Entry(version=1, live_version=None, revision=0, created_at=self.now)
            self._describe(entry, content, "draft", imported)
            entries.append(entry)
        self.session.add_all(entries)
        self.session.flush()
        return [(entry, self._write_version(entry, content)) for entry, content in zip(entries, contents, strict=True)]

    def add_version(self, entry: Entry, content: EntryContent, *, imported: bool = False) -> EntryVersion:
        """A further version, as draft; what is live stays live."""
        self.check_external_id(content.external_id, entry.id)
        entry.version += 1
        self._describe(entry, content, "draft", imported)
        return self._write_version(entry, content)

    def go_live(self, entry: Entry, version: EntryVersion, content: EntryContent) -> None:
        entry.live_version = version.version
        entry.live_to = content.effective_to
        version.reviewer = self.actor.name
        version.published_at = self.now
        entry.reviewed_on, entry.review_due_on = today(), None
        self.set_state(entry, "published")
        self._record_change(entry, live=True)

    def take_down(self, entry: Entry) -> None:
        entry.live_version = None
        entry.live_to = None
        self.set_state(entry, "withdrawn")
        self._record_change(entry, live=False)

    def set_state(self, entry: Entry, state: State) -> None:
        entry.state = state
        entry.publish_at = entry.publish_by = entry.publish_by_role = None  # an approval is for what was seen
        entry.actor = self.actor.name
        entry.updated_at = self.now

    def audit(self, action: str, entry_id: int, before: int | None, after: int | None, comment: str = "") -> None:
        self.session.add(
            AuditRecord(
                at=self.now,
                actor=self.actor.name,
                role=self.actor.role,
                action=action,
                entry_id=entry_id,
                version_before=before,
                version_after=after,
                comment=comment,
            )
        )
        if self._one_by_one:
            entry = self.session.get(Entry, entry_id)
            said = {"title": entry.title if entry else None, "before": before, "version": after, "comment": comment[:200]}
            detail = {name: value for name, value in said.items() if value}
            staff_audit.record(
                self.session, Member(self.actor.name, self.actor.name, self.actor.role), f"entry.{action}", "entry", entry_id,
                detail, self.now,
            )  # fmt: skip

    def check_external_id(self, external_id: str | None, own_id: int | None) -> None:
        """Raises DuplicateExternalIdError when another entry carries it."""
        if external_id is None:
            return
        with self.session.no_autoflush:
            owner = self.session.scalar(select(Entry.id).where(Entry.external_id == external_id))
        if owner is not None and owner != own_id:
            raise DuplicateExternalIdError(external_id)

    def _describe(self, entry: Entry, content: EntryContent, state: State, imported: bool) -> None:
        entry.external_id = content.external_id
        entry.kind = content.kind
        entry.title = content.title
        entry.region_code = content.region_code
        entry.department = department_of(content)
        number = content.source.document_number
        entry.document_number = searchable(number) if number else None
        entry.effective_from, entry.effective_to = content.effective_from, content.effective_to
        entry.search_text = search_text(content)
        entry.is_sample = content.attributes.get(SAMPLE_ATTRIBUTE) == "yes"
        entry.content_hash = content.content_hash()
        if imported:
            entry.import_hash = entry.content_hash
        self.set_state(entry, state)

    def _write_version(self, entry: Entry, content: EntryContent) -> EntryVersion:
        version = EntryVersion(
            entry_id=entry.id,
            version=entry.version,
            content=content.to_json(),
            author=self.actor.name,
            author_role=self.actor.role,
            created_at=self.now,
        )
        self.session.add(version)
        if entry.version > 1:
            self.session.execute(delete(EntryTag).where(EntryTag.entry_id == entry.id))
        tags = dict.fromkeys(tag[:MAX_TAG] for tag in content.tags)
        if tags:
            self.session.execute(insert(EntryTag), [{"entry_id": entry.id, "tag": tag} for tag in tags])
        return version

    def _record_change(self, entry: Entry, *, live: bool) -> None:
        self._revision.revision += 1
        entry.revision = self._revision.revision
        change = EntryChange(revision=entry.revision, entry_id=entry.id, version=entry.live_version, live=live, at=self.now)
        self.session.add(change)

    def _take_revision(self) -> StoreRevision:
        """The revision row, locked until the end of the transaction; written once, with the other rows."""
        query = select(StoreRevision).where(StoreRevision.id == 1).with_for_update().execution_options(populate_existing=True)
        found = self.session.scalar(query)
        if found is None:
            upsert = sqlite.insert if self.session.get_bind().dialect.name == "sqlite" else postgresql.insert
            self.session.execute(upsert(StoreRevision).values(id=1, revision=0).on_conflict_do_nothing())
            found = self.session.scalars(query).one()
        return found
