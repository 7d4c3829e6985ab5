"""Contacts of complaints that are not filed yet stand apart from the conversation.

Revision ID: 0013_draft_contacts
"""

import sqlalchemy as sa
from alembic import op

revision = "0013_draft_contacts"
down_revision = "0012_rectifications"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ticket_draft_contacts",
        sa.Column("conversation_id", sa.String(32), primary_key=True),
        sa.Column("contact", sa.String(80), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("ticket_draft_contacts")
