"""Labels that staff give to citizens' questions."""

import sqlalchemy as sa
from alembic import op

revision = "0006_question_labels"
down_revision = "0005_tickets"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "question_labels",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("intent", sa.String(64)),
        sa.Column("entry_id", _Id),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("labelled_by", sa.String(200), nullable=False),
        sa.Column("conversation_id", sa.String(32)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_question_labels_entry_id", "question_labels", ["entry_id"])
    op.create_index("ix_question_labels_verdict", "question_labels", ["verdict", "revoked_at"])
