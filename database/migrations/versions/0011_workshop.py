"""Knowledge workshop: what staff filter by, tags, review dates, scheduled publication, import jobs."""

import json
import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011_workshop"
down_revision = "0010_served_models"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_Moment = sa.DateTime(timezone=True)
_BRACKETS = str.maketrans("[]【】〔〕〈〉《》{}", "()()()()()()")
_COLUMNS = (
    sa.Column("department", sa.String(500)),
    sa.Column("document_number", sa.String(500)),
    sa.Column("effective_from", sa.Date),
    sa.Column("effective_to", sa.Date),
    sa.Column("reviewed_on", sa.Date),
    sa.Column("review_due_on", sa.Date),
    sa.Column("publish_at", _Moment),
    sa.Column("publish_by", sa.String(200)),
    sa.Column("publish_by_role", sa.String(20)),
    sa.Column("search_text", sa.Text, nullable=False, server_default=""),
)
_BATCH = 500


def upgrade() -> None:
    for column in _COLUMNS:
        op.add_column("kb_entries", column)
    op.create_index("ix_kb_entries_department", "kb_entries", ["department"])
    op.create_index("ix_kb_entries_document_number", "kb_entries", ["document_number"])
    op.create_index("ix_kb_entries_publish_at", "kb_entries", ["publish_at"])
    op.create_table(
        "kb_entry_tags",
        sa.Column("entry_id", _Id, sa.ForeignKey("kb_entries.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("tag", sa.String(200), primary_key=True),
    )
    op.create_index("ix_kb_entry_tags_tag", "kb_entry_tags", ["tag"])
    op.create_table(
        "kb_imports",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        sa.Column("file_name", sa.String(300), nullable=False),
        sa.Column("profile", sa.String(100), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("actor_role", sa.String(20), nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("columns", sa.JSON, nullable=False),
        sa.Column("follow_up", sa.String(20), nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
        sa.Column("updated_at", _Moment, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "kb_import_rows",
        sa.Column("import_id", _Id, sa.ForeignKey("kb_imports.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("entry_id", _Id),
        sa.Column("problems", sa.JSON, nullable=False),
        sa.Column("given", sa.JSON, nullable=False),
        sa.Column("content", sa.Text),
        sa.Column("changes", sa.JSON, nullable=False),
        sa.Column("choice", sa.String(20)),
        sa.Column("outcome", sa.String(20)),
    )
    op.create_index("ix_kb_import_rows_status", "kb_import_rows", ["import_id", "status"])
    _describe_what_is_there()


def _describe_what_is_there() -> None:
    """Fill the columns from the newest version of every entry."""
    connection = op.get_bind()
    entries = sa.table(
        "kb_entries", *(sa.column(name) for name in ("id", "version", "live_version", *(c.name for c in _COLUMNS)))
    )
    versions = sa.table(
        "kb_entry_versions", *(sa.column(name) for name in ("entry_id", "version", "content")), sa.column("published_at", _Moment)
    )
    tags = sa.table("kb_entry_tags", sa.column("entry_id"), sa.column("tag"))
    live = versions.alias()
    query = (
        sa.select(entries.c.id, versions.c.content, live.c.published_at)
        .join(versions, sa.and_(versions.c.entry_id == entries.c.id, versions.c.version == entries.c.version))
        .outerjoin(live, sa.and_(live.c.entry_id == entries.c.id, live.c.version == entries.c.live_version))
        .order_by(entries.c.id)
        .limit(_BATCH)
    )
    after = 0
    while rows := connection.execute(query.where(entries.c.id > after)).all():
        described = [(row.id, json.loads(row.content), row.published_at) for row in rows]
        names = [
            column.name
            for column in _COLUMNS
            if column.name not in {"review_due_on", "publish_at", "publish_by", "publish_by_role"}
        ]
        typed = {
            name: sa.bindparam(f"new_{name}", type_=sa.Date() if name.endswith(("_from", "_to", "_on")) else sa.Text())
            for name in names
        }
        connection.execute(
            sa.update(entries).where(entries.c.id == sa.bindparam("its_id")).values(typed),
            [{"its_id": number, **_columns(content, published)} for number, content, published in described],
        )
        wanted = [
            {"entry_id": n, "tag": tag}
            for n, content, _ in described
            for tag in dict.fromkeys(t[:200] for t in content.get("tags", []))
        ]
        if wanted:
            connection.execute(sa.insert(tags), wanted)
        after = rows[-1].id


def _columns(content: dict[str, Any], published: datetime | str | None) -> dict[str, Any]:
    number = content.get("source", {}).get("document_number")
    if isinstance(published, str):
        published = datetime.fromisoformat(published)
    return {
        "new_department": content.get("owner_department") or content.get("authority"),
        "new_document_number": _searchable(number) if number else None,
        "new_effective_from": _day(content.get("effective_from")),
        "new_effective_to": _day(content.get("effective_to")),
        "new_reviewed_on": published.astimezone(UTC).date()
        if published and published.tzinfo
        else published.date()
        if published
        else None,
        "new_search_text": "\n".join(_searchable(line) for line in _lines(content)),
    }


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _lines(content: dict[str, Any]) -> Iterator[str]:
    facets, source = content.get("facets", {}), content.get("source", {})
    values = (
        content["title"], content.get("external_id"), content.get("similar_questions"), content["answer"], *facets.values(),
        *source.values(), content.get("authority"), content.get("owner_department"), content.get("tags"), content.get("audience"),
        content.get("replaced_by"), [condition["text"] for condition in content.get("eligibility", [])],
    )  # fmt: skip
    for value in values:
        if value:
            yield from [value] if isinstance(value, str) else value


def _searchable(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).lower().translate(_BRACKETS).split())
