"""Tables of the knowledge base. Meaning and rules are in `entries` and `workflow`; nobody else writes to them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Date, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from database.columns import UtcDateTime
from database.engine import Base

_Id = BigInteger().with_variant(Integer, "sqlite")


class Entry(Base):
    """One knowledge entry: where its newest version stands and which version, if any, is live.

    The descriptive columns repeat the newest version's content for filters; the ids are never used again after a removal.
    """

    __tablename__ = "kb_entries"
    __table_args__ = (Index("ix_kb_entries_state_kind", "state", "kind"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    external_id: Mapped[str | None] = mapped_column(String(500), unique=True)
    state: Mapped[str] = mapped_column(String(20))
    version: Mapped[int] = mapped_column(Integer)
    live_version: Mapped[int | None] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(300))
    region_code: Mapped[str | None] = mapped_column(String(6), index=True)
    is_sample: Mapped[bool] = mapped_column(Boolean, default=False)
    content_hash: Mapped[str] = mapped_column(String(64), index=True)
    import_hash: Mapped[str | None] = mapped_column(String(64))  # of the last import; differs from content_hash once staff edited
    live_to: Mapped[date | None] = mapped_column(Date)  # effective_to of the live version
    revision: Mapped[int] = mapped_column(_Id, default=0)
    actor: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    department: Mapped[str | None] = mapped_column(String(500), index=True)
    document_number: Mapped[str | None] = mapped_column(String(500), index=True)  # as `searchable` writes it
    effective_from: Mapped[date | None] = mapped_column(Date)
    effective_to: Mapped[date | None] = mapped_column(Date)
    reviewed_on: Mapped[date | None] = mapped_column(Date)  # published or confirmed to be right
    review_due_on: Mapped[date | None] = mapped_column(Date)  # set by hand; else a while after reviewed_on, by kind
    publish_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    publish_by: Mapped[str | None] = mapped_column(String(200))  # who approved the scheduled publication
    publish_by_role: Mapped[str | None] = mapped_column(String(20))
    search_text: Mapped[str] = mapped_column(Text, server_default="", deferred=True)


class EntryTag(Base):
    """A tag of an entry's newest version."""

    __tablename__ = "kb_entry_tags"

    entry_id: Mapped[int] = mapped_column(_Id, ForeignKey("kb_entries.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(200), primary_key=True, index=True)


class EntryVersion(Base):
    """One version's full content; never changed after it was written."""

    __tablename__ = "kb_entry_versions"

    entry_id: Mapped[int] = mapped_column(_Id, ForeignKey("kb_entries.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(200))
    author_role: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    submitted_by: Mapped[str | None] = mapped_column(String(200))
    reviewer: Mapped[str | None] = mapped_column(String(200))
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class EntryChange(Base):
    """One change of what is live, numbered by the store's revision."""

    __tablename__ = "kb_changes"

    revision: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(_Id, index=True)
    version: Mapped[int | None] = mapped_column(Integer)
    live: Mapped[bool] = mapped_column(Boolean)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class StoreRevision(Base):
    """The single row that numbers changes; every writer takes it first, so numbers grow in commit order."""

    __tablename__ = "kb_revision"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    revision: Mapped[int] = mapped_column(_Id)


class PassageVector(Base):
    """The vector of one text under one encoder, float32 little-endian."""

    __tablename__ = "kb_vectors"

    encoder_hash: Mapped[str] = mapped_column(String(128), primary_key=True)
    text_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)


class AuditRecord(Base):
    """Who did what to which entry, when, and which versions stood before and after. Outlives the entry."""

    __tablename__ = "kb_audit"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(40))
    entry_id: Mapped[int] = mapped_column(_Id, index=True)
    version_before: Mapped[int | None] = mapped_column(Integer)
    version_after: Mapped[int | None] = mapped_column(Integer)
    comment: Mapped[str] = mapped_column(Text, default="")


class ImportJob(Base):
    """An uploaded table on its way into the knowledge base; states and rules are in `importers.desk`."""

    __tablename__ = "kb_imports"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=True)
    file_name: Mapped[str] = mapped_column(String(300))
    profile: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(20))
    actor: Mapped[str] = mapped_column(String(200))
    actor_role: Mapped[str] = mapped_column(String(20))
    done: Mapped[int] = mapped_column(Integer, default=0)
    total: Mapped[int] = mapped_column(Integer, default=0)
    problem: Mapped[str] = mapped_column(Text, default="")
    columns: Mapped[list[str]] = mapped_column(JSON)  # of the file, for the report
    follow_up: Mapped[str] = mapped_column(String(20), default="draft")  # what happens to what was written
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)  # also the sign of life of whoever works on it


class ImportRow(Base):
    """One row of an uploaded table: what it would do, what was chosen, what became of it."""

    __tablename__ = "kb_import_rows"
    __table_args__ = (Index("ix_kb_import_rows_status", "import_id", "status"),)

    import_id: Mapped[int] = mapped_column(_Id, ForeignKey("kb_imports.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    status: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(300), default="")
    entry_id: Mapped[int | None] = mapped_column(_Id)
    problems: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    given: Mapped[dict[str, Any]] = mapped_column(JSON)
    content: Mapped[str | None] = mapped_column(Text)
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    choice: Mapped[str | None] = mapped_column(String(20))
    outcome: Mapped[str | None] = mapped_column(String(20))
    near: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)  # entries and earlier rows that it repeats or contradicts
    has_near: Mapped[bool] = mapped_column(Boolean, default=False)
