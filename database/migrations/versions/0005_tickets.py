"""Tickets with kind, department, deadline, history and ratings; requests for a human with their agent."""

import sqlalchemy as sa
from alembic import op

revision = "0005_tickets"
down_revision = "0004_profile"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    for column in (
        sa.Column("kind", sa.String(16), nullable=False, server_default="complaint"),
        sa.Column("details", sa.JSON, nullable=False, server_default="{}"),
        sa.Column("department", sa.String(64), nullable=False, server_default="12345 中心"),
        sa.Column("region", sa.String(64)),
        sa.Column("due_on", sa.Date),
        sa.Column("due_provisional", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("answer", sa.Text),
    ):
        op.add_column("tickets", column)
    op.create_index("ix_tickets_state", "tickets", ["state"])
    op.create_table(
        "ticket_history",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        sa.Column("ticket_id", _Id, sa.ForeignKey("tickets.id"), nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("from_state", sa.String(16)),
        sa.Column("to_state", sa.String(16), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("at", _Moment, nullable=False),
    )
    op.create_index("ix_ticket_history_ticket_id", "ticket_history", ["ticket_id"])
    op.create_table(
        "ticket_ratings",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        sa.Column("ticket_id", _Id, sa.ForeignKey("tickets.id"), nullable=False, unique=True),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
    )
    op.create_table(
        "ticket_lookups",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        sa.Column("conversation_id", sa.String(32), nullable=False),
        sa.Column("number", sa.String(24), nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
    )
    for name in ("conversation_id", "number"):
        op.create_index(f"ix_ticket_lookups_{name}", "ticket_lookups", [name])
    op.execute(  # rows of before begin their history with the filing that was
        "INSERT INTO ticket_history (ticket_id, step, from_state, to_state, actor, note, at) "
        "SELECT id, 'file', NULL, state, '市民', '', created_at FROM tickets ORDER BY id"
    )
    for column in (
        sa.Column("reason", sa.String(16), nullable=False, server_default="asked"),
        sa.Column("agent", sa.String(64)),
        sa.Column("last_word_at", _Moment),
        sa.Column("closed_at", _Moment),
    ):
        op.add_column("handoff_requests", column)
