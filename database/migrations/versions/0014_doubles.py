"""Rows of an uploaded table name the entries that they repeat or contradict.

Revision ID: 0014_doubles
"""

import sqlalchemy as sa
from alembic import op

revision = "0014_doubles"
down_revision = "0013_draft_contacts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("kb_import_rows", sa.Column("near", sa.JSON))
    op.add_column("kb_import_rows", sa.Column("has_near", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("kb_import_rows", "has_near")
    op.drop_column("kb_import_rows", "near")
