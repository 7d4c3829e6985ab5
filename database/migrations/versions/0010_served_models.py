"""What is served, decision by decision, and how far each serving process has followed."""

import sqlalchemy as sa
from alembic import op

revision = "0010_served_models"
down_revision = "0009_insights"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "served_models",
        sa.Column("generation", _Id, primary_key=True, autoincrement=False),
        sa.Column("run_id", sa.String(64)),
        sa.Column("back_to", _Id),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("bundle_hash", sa.String(64)),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("forced", sa.Boolean, nullable=False),
        sa.Column("at", _Moment, nullable=False),
    )
    op.create_table(
        "serving_workers",
        sa.Column("worker", sa.String(64), primary_key=True),
        sa.Column("generation", _Id, nullable=False),
        sa.Column("trouble", sa.Text),
        sa.Column("seen_at", _Moment, nullable=False),
    )
