"""Conversations: turns, messages, answers, unanswered questions, feedback, requests for a human, tickets."""

import sqlalchemy as sa
from alembic import op

revision = "0002_conversations"
down_revision = "0001_knowledge"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_Moment = sa.DateTime(timezone=True)


def _conversation() -> sa.Column[str]:
    return sa.Column("conversation_id", sa.String(32), sa.ForeignKey("conversations.id"), nullable=False)


def _answer() -> sa.Column[int]:
    return sa.Column("answer_id", _Id, sa.ForeignKey("answers.id"))


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("sender_id", sa.String(160), nullable=False),
        sa.Column("holder", sa.String(16), nullable=False),
        sa.Column("case_state", sa.JSON, nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
        sa.Column("updated_at", _Moment, nullable=False),
        sa.UniqueConstraint("channel", "sender_id", name="uq_conversations_sender"),
    )
    op.create_table(
        "turns",
        sa.Column("id", sa.String(32), primary_key=True),
        _conversation(),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("key", sa.String(320)),
        sa.Column("entry_id", _Id),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("source", sa.String(16)),
        sa.Column("reply", sa.JSON),
        sa.Column("received_at", _Moment, nullable=False),
        sa.Column("reserved_at", _Moment, nullable=False),
        sa.Column("closed_at", _Moment),
        sa.UniqueConstraint("channel", "key", name="uq_turns_delivery"),
    )
    op.create_index("ix_turns_conversation_id", "turns", ["conversation_id"])
    op.create_table(
        "messages",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        _conversation(),
        sa.Column("turn_id", sa.String(32), sa.ForeignKey("turns.id")),
        sa.Column("role", sa.String(8), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("extra", sa.JSON, nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_messages_turn_id", "messages", ["turn_id"])
    op.create_index("ix_messages_conversation", "messages", ["conversation_id", "id"])
    op.create_table(
        "answers",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        _conversation(),
        sa.Column("turn_id", sa.String(32), sa.ForeignKey("turns.id"), nullable=False, unique=True),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("resolved_question", sa.Text, nullable=False),
        sa.Column("case_before", sa.JSON, nullable=False),
        sa.Column("intent", sa.String(64)),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("entry_id", _Id),
        sa.Column("entry_version", sa.Integer),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("citations", sa.JSON, nullable=False),
        sa.Column("score", sa.Float),
        sa.Column("probability", sa.Float),
        sa.Column("index_revision", _Id, nullable=False),
        sa.Column("model_ids", sa.JSON, nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("latency_ms", sa.Integer, nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
    )
    for column in ("conversation_id", "entry_id", "created_at"):
        op.create_index(f"ix_answers_{column}", "answers", [column])
    op.create_table(
        "unanswered_questions",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        _conversation(),
        _answer(),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("near_entries", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
    )
    op.create_index("ix_unanswered_questions_created_at", "unanswered_questions", ["created_at"])
    op.create_table(
        "feedback",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        _conversation(),
        _answer(),
        sa.Column("rating", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
    )
    op.create_index("ix_feedback_answer_id", "feedback", ["answer_id"])
    op.create_table(
        "handoff_requests",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        _conversation(),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
    )
    for column in ("conversation_id", "state"):
        op.create_index(f"ix_handoff_requests_{column}", "handoff_requests", [column])
    op.create_table(
        "tickets",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        sa.Column("number", sa.String(24), nullable=False, unique=True),
        _conversation(),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
        sa.Column("updated_at", _Moment, nullable=False),
    )
    op.create_index("ix_tickets_conversation_id", "tickets", ["conversation_id"])


def downgrade() -> None:
    for table in (
        "tickets", "handoff_requests", "feedback", "unanswered_questions", "answers", "messages", "turns", "conversations",
    ):  # fmt: skip
        op.drop_table(table)
