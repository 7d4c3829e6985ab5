"""Staff: accounts, failed logins, sessions, API tokens, audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0008_staff"
down_revision = "0007_desk"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "staff_users",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(32), nullable=False, unique=True),
        sa.Column("display_name", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("department", sa.String(64)),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("password_changed_at", _Moment, nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
    )
    op.create_table(
        "staff_login_failures",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("locked_until", _Moment),
        sa.Column("last_at", _Moment, nullable=False),
    )
    op.create_table(
        "staff_sessions",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        sa.Column("user_id", _Id, sa.ForeignKey("staff_users.id"), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("created_at", _Moment, nullable=False),
        sa.Column("last_seen_at", _Moment, nullable=False),
        sa.Column("expires_at", _Moment, nullable=False),
        sa.Column("ended_at", _Moment),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("user_agent", sa.String(200), nullable=False),
    )
    op.create_table(
        "staff_tokens",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        sa.Column("user_id", _Id, sa.ForeignKey("staff_users.id"), nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("created_at", _Moment, nullable=False),
        sa.Column("expires_at", _Moment),
        sa.Column("revoked_at", _Moment),
        sa.Column("last_used_at", _Moment),
    )
    for table in ("staff_sessions", "staff_tokens"):
        op.create_index(f"ix_{table}_user_id", table, ["user_id"])
    op.create_table(
        "staff_audit",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        sa.Column("at", _Moment, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("action", sa.String(48), nullable=False),
        sa.Column("object_kind", sa.String(32), nullable=False),
        sa.Column("object_id", sa.String(64), nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
    )
    for column in ("at", "actor", "action"):
        op.create_index(f"ix_staff_audit_{column}", "staff_audit", [column])
