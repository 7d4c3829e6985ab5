"""What is said later (outbox), and what a WeChat public account needs: deliveries, followers, the account's token."""

import sqlalchemy as sa
from alembic import op

revision = "0003_channels"
down_revision = "0002_conversations"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("recipient", sa.String(160), nullable=False),
        sa.Column("conversation_id", sa.String(32), sa.ForeignKey("conversations.id")),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("dedupe_key", sa.String(340), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("reason", sa.String(200)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", _Moment, nullable=False),
        sa.Column("claimed_by", sa.String(40)),
        sa.Column("claimed_at", _Moment),
        sa.Column("created_at", _Moment, nullable=False),
        sa.Column("done_at", _Moment),
        sa.UniqueConstraint("dedupe_key", name="uq_outbox_dedupe_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_state", "outbox", ["state", "not_before"])
    op.create_index("ix_outbox_recipient", "outbox", ["channel", "recipient", "id"])
    op.create_table(
        "wechat_deliveries",
        sa.Column("key", sa.String(320), primary_key=True),
        sa.Column("openid", sa.String(128), nullable=False),
        sa.Column("push", sa.JSON),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("first_at", _Moment, nullable=False),
        sa.Column("last_at", _Moment, nullable=False),
        sa.Column("route", sa.String(12)),
        sa.Column("content", sa.Text),
        sa.Column("done", sa.Boolean, nullable=False),
    )
    op.create_index("ix_wechat_deliveries_done", "wechat_deliveries", ["done", "last_at"])
    op.create_table(
        "wechat_followers",
        sa.Column("openid", sa.String(128), primary_key=True),
        sa.Column("followed", sa.Boolean, nullable=False),
        sa.Column("message_at", _Moment),
        sa.Column("message_sent", sa.Integer, nullable=False),
        sa.Column("action_at", _Moment),
        sa.Column("action_sent", sa.Integer, nullable=False),
        sa.Column("rest", sa.Text),
        sa.Column("updated_at", _Moment, nullable=False),
    )
    op.create_table(
        "wechat_accounts",
        sa.Column("app_id", sa.String(64), primary_key=True),
        sa.Column("token", sa.Text),
        sa.Column("token_expires_at", _Moment),
        sa.Column("token_source", sa.String(16)),
        sa.Column("lease_by", sa.String(40)),
        sa.Column("lease_until", _Moment),
        sa.Column("sending", sa.String(12), nullable=False),
        sa.Column("sending_checked_at", _Moment),
        sa.Column("trouble", sa.String(200)),
        sa.Column("trouble_at", _Moment),
    )
