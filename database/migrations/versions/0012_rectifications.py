"""Tickets: who looks after one; bad ratings are put right."""

import sqlalchemy as sa
from alembic import op

revision = "0012_rectifications"
down_revision = "0011_workshop"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("tickets", sa.Column("handler", sa.String(64)))
    op.create_index("ix_tickets_handler", "tickets", ["handler"])
    op.create_table(
        "ticket_rectifications",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        sa.Column("ticket_id", _Id, sa.ForeignKey("tickets.id"), nullable=False, unique=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("department", sa.String(64), nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("due_provisional", sa.Boolean, nullable=False),
        sa.Column("measure", sa.Text, nullable=False),
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
        sa.Column("updated_at", _Moment, nullable=False),
    )
    op.create_index("ix_ticket_rectifications_state", "ticket_rectifications", ["state"])
