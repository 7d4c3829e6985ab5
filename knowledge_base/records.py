"""What the store hands out: values, never rows."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from knowledge_base.content import EntryContent
from knowledge_base.models import Entry, EntryVersion
from knowledge_base.workflow import Actor


@dataclass(frozen=True)
class EntryRecord:
    """One version of an entry; `live_version` and `revision` (last change of what is live) are the entry's."""

    entry_id: int
    version: int
    state: str
    live_version: int | None
    content: EntryContent
    updated_at: datetime
    actor: Actor
    revision: int

    @property
    def external_id(self) -> str | None:
        return self.content.external_id


@dataclass(frozen=True)
class AuditEntry:
    """One row of the audit trail."""

    at: datetime
    actor: Actor
    action: str
    entry_id: int
    version_before: int | None
    version_after: int | None
    comment: str


def record_of(entry: Entry, version: EntryVersion) -> EntryRecord:
    """A record of the newest version or, if another version is given, of that one."""
    newest = version.version == entry.version
    state = entry.state if newest else "published" if version.version == entry.live_version else "draft"
    return EntryRecord(
        entry_id=entry.id,
        version=version.version,
        state=state,
        live_version=entry.live_version,
        content=_content(version.content),
        updated_at=entry.updated_at if newest else version.created_at,
        actor=Actor(version.author, version.author_role),  # type: ignore[arg-type]
        revision=entry.revision,
    )


@lru_cache(maxsize=4096)  # every turn asks the store for a dozen entries anew; what a version says never changes
def _content(text: str) -> EntryContent:
    return EntryContent.model_validate_json(text)
