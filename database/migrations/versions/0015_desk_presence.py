"""Who has the live desk open, by gateway process.

Revision ID: 0015_desk_presence
"""

import sqlalchemy as sa
from alembic import op

revision = "0015_desk_presence"
down_revision = "0014_doubles"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "desk_presence",
        sa.Column("process", sa.String(32), primary_key=True),
        sa.Column("agent", sa.String(64), primary_key=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("desk_presence")
