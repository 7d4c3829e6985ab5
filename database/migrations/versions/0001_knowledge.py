"""Knowledge base: entries, versions, change log, revision, vectors, audit."""

import sqlalchemy as sa
from alembic import op

revision = "0001_knowledge"
down_revision = None
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "kb_entries",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        sa.Column("external_id", sa.String(500), unique=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("live_version", sa.Integer),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("region_code", sa.String(6)),
        sa.Column("is_sample", sa.Boolean, nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("import_hash", sa.String(64)),
        sa.Column("live_to", sa.Date),
        sa.Column("revision", _Id, nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
        sa.Column("updated_at", _Moment, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_kb_entries_state_kind", "kb_entries", ["state", "kind"])
    op.create_index("ix_kb_entries_region_code", "kb_entries", ["region_code"])
    op.create_index("ix_kb_entries_content_hash", "kb_entries", ["content_hash"])
    op.create_table(
        "kb_entry_versions",
        sa.Column("entry_id", _Id, sa.ForeignKey("kb_entries.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("author_role", sa.String(20), nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
        sa.Column("submitted_by", sa.String(200)),
        sa.Column("reviewer", sa.String(200)),
        sa.Column("published_at", _Moment),
    )
    op.create_table(
        "kb_changes",
        sa.Column("revision", _Id, primary_key=True, autoincrement=False),
        sa.Column("entry_id", _Id, nullable=False),
        sa.Column("version", sa.Integer),
        sa.Column("live", sa.Boolean, nullable=False),
        sa.Column("at", _Moment, nullable=False),
    )
    op.create_index("ix_kb_changes_entry_id", "kb_changes", ["entry_id"])
    op.create_table(
        "kb_revision",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("revision", _Id, nullable=False),
    )
    op.create_table(
        "kb_vectors",
        sa.Column("encoder_hash", sa.String(128), primary_key=True),
        sa.Column("text_hash", sa.String(64), primary_key=True),
        sa.Column("vector", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "kb_audit",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        sa.Column("at", _Moment, nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("entry_id", _Id, nullable=False),
        sa.Column("version_before", sa.Integer),
        sa.Column("version_after", sa.Integer),
        sa.Column("comment", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_kb_audit_entry_id", "kb_audit", ["entry_id"])


def downgrade() -> None:
    for table in ("kb_audit", "kb_vectors", "kb_revision", "kb_changes", "kb_entry_versions", "kb_entries"):
        op.drop_table(table)
