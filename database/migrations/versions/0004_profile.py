"""What a sender told about themselves and is remembered beyond the case: region, enterprise type, numbers of an enterprise."""

import sqlalchemy as sa
from alembic import op

revision = "0004_profile"
down_revision = "0003_channels"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversations", sa.Column("profile", sa.JSON, nullable=False, server_default="{}"))
