"""Gaps by meaning, proposals for the answer bank, letters and topics; indices for the figures."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0009_insights"
down_revision = "0008_staff"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_Moment = sa.DateTime(timezone=True)


def _key() -> sa.Column[int]:
    return sa.Column("id", _Id, primary_key=True, autoincrement=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, _Moment, nullable=nullable)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def upgrade() -> None:
    _gaps()
    _bank()
    _topics()
    op.create_index("ix_answers_figures", "answers", ["created_at", "outcome", "entry_id", "latency_ms", "conversation_id"])
    op.create_index("ix_turns_figures", "turns", ["received_at", "channel", "conversation_id"])
    for table in ("feedback", "handoff_requests", "tickets"):
        op.create_index(f"ix_{table}_created_at", table, ["created_at"])


def _gaps() -> None:
    op.create_table(
        "gap_groups",
        _key(),
        _text("title"),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("centre", sa.LargeBinary, nullable=False),
        _number("members"),
        sa.Column("encoder_hash", sa.String(128), nullable=False),
        sa.Column("resolution", sa.String(16)),
        sa.Column("intent", sa.String(64)),
        sa.Column("entry_id", _Id),
        sa.Column("entry_version", sa.Integer),
        sa.Column("acted_by", sa.String(200)),
        _moment("acted_at", nullable=True),
        _moment("created_at"),
    )
    op.create_index("ix_gap_groups_state", "gap_groups", ["state"])
    op.create_table(
        "gap_questions",
        _key(),
        sa.Column("group_id", _Id, sa.ForeignKey("gap_groups.id"), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("source_id", _Id, nullable=False),
        _text("question"),
        sa.Column("conversation_id", sa.String(32)),
        sa.Column("answer_id", _Id),
        sa.Column("entry_id", _Id),
        _text("detail"),
        _moment("asked_at"),
        sa.UniqueConstraint("source", "source_id", name="uq_gap_questions_source"),
    )
    op.create_index("ix_gap_questions_group", "gap_questions", ["group_id", "asked_at", "conversation_id"])
    op.create_table("gap_watermarks", sa.Column("source", sa.String(20), primary_key=True), _moment("until"))


def _bank() -> None:
    op.create_table(
        "bank_proposals",
        _key(),
        sa.Column("message_id", _Id, nullable=False, unique=True),
        sa.Column("conversation_id", sa.String(32), nullable=False),
        _text("question"),
        _text("answer"),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("proposed_by", sa.String(200), nullable=False),
        _moment("proposed_at"),
        sa.Column("decided_by", sa.String(200)),
        _moment("decided_at", nullable=True),
        _text("reason"),
        sa.Column("entry_id", _Id),
    )
    for column in ("conversation_id", "state"):
        op.create_index(f"ix_bank_proposals_{column}", "bank_proposals", [column])


def _topics() -> None:
    op.create_table(
        "letters",
        _key(),
        sa.Column("collection", sa.String(100), nullable=False),
        sa.Column("external_id", sa.String(200), nullable=False),
        _text("subject"),
        _text("text"),
        _moment("asked_at"),
        _number("likes"),
        sa.UniqueConstraint("collection", "external_id", name="uq_letters_external"),
    )
    op.create_index("ix_letters_asked", "letters", ["collection", "asked_at"])
    op.create_table(
        "topic_runs",
        _key(),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("collection", sa.String(100)),
        _moment("since", nullable=True),
        _moment("until", nullable=True),
        sa.Column("state", sa.String(12), nullable=False),
        _number("done"),
        _number("total"),
        _text("error"),
        sa.Column("started_by", sa.String(200), nullable=False),
        _moment("created_at"),
        _moment("finished_at", nullable=True),
    )
    op.create_index("ix_topic_runs_state", "topic_runs", ["state"])
    op.create_table(
        "topics",
        _key(),
        sa.Column("run_id", _Id, sa.ForeignKey("topic_runs.id"), nullable=False),
        _number("rank"),
        sa.Column("words", sa.JSON, nullable=False),
        _text("example"),
        sa.Column("department", sa.String(64), nullable=False),
        _number("size"),
        _number("likes"),
        sa.Column("rising", sa.Boolean, nullable=False),
        sa.Column("weeks", sa.JSON, nullable=False),
        sa.Column("months", sa.JSON, nullable=False),
    )
    op.create_index("ix_topics_run", "topics", ["run_id", "rank"])
    op.create_table(
        "topic_items",
        _key(),
        sa.Column("topic_id", _Id, sa.ForeignKey("topics.id"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        _text("text"),
        _moment("at"),
        _number("likes"),
        sa.Column("closeness", sa.Float, nullable=False),
    )
    op.create_index("ix_topic_items_key", "topic_items", ["kind", "key"])
    op.create_index("ix_topic_items_topic_id", "topic_items", ["topic_id"])
