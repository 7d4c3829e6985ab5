"""The live desk: what agents have read, noted, passed on, sent from suggestions, and what they think of suggestions."""

import sqlalchemy as sa
from alembic import op

revision = "0007_desk"
down_revision = "0006_question_labels"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    for name, role in (("last_message_id", ""), ("last_said_id", " AND role = 'user'")):
        op.add_column("conversations", sa.Column(name, _Id))
        newest = f"SELECT MAX(id) FROM messages WHERE conversation_id = conversations.id{role}"  # noqa: S608 - no outside text
        op.execute(f"UPDATE conversations SET {name} = ({newest})")  # noqa: S608
    op.create_index("ix_conversations_last_message", "conversations", ["last_message_id"])
    op.add_column("handoff_requests", sa.Column("close_reason", sa.String(200)))
    op.create_table(
        "desk_reads",
        sa.Column("agent", sa.String(64), primary_key=True),
        sa.Column("conversation_id", sa.String(32), sa.ForeignKey("conversations.id"), primary_key=True),
        sa.Column("message_id", _Id, nullable=False),
        sa.Column("read_at", _Moment, nullable=False),
    )
    op.create_table(
        "desk_notes",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        sa.Column("conversation_id", sa.String(32), sa.ForeignKey("conversations.id"), nullable=False),
        sa.Column("agent", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
    )
    op.create_index("ix_desk_notes_conversation_id", "desk_notes", ["conversation_id"])
    op.create_table(
        "desk_transfers",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        sa.Column("request_id", _Id, sa.ForeignKey("handoff_requests.id"), nullable=False),
        sa.Column("conversation_id", sa.String(32), nullable=False),
        sa.Column("from_agent", sa.String(64), nullable=False),
        sa.Column("to_agent", sa.String(64), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
    )
    op.create_index("ix_desk_transfers_request_id", "desk_transfers", ["request_id"])
    op.create_table(
        "desk_phrases",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        sa.Column("owner", sa.String(64)),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("retired", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("author", sa.String(64), nullable=False),
        sa.Column("updated_at", _Moment, nullable=False),
    )
    op.create_table(
        "agent_replies",
        sa.Column("message_id", _Id, sa.ForeignKey("messages.id"), primary_key=True),
        sa.Column("conversation_id", sa.String(32), nullable=False),
        sa.Column("agent", sa.String(64), nullable=False),
        sa.Column("key", sa.String(128), unique=True),
        sa.Column("asked_id", _Id),
        sa.Column("entry_id", _Id),
        sa.Column("entry_version", sa.Integer),
        sa.Column("suggested", sa.Text),
        sa.Column("edited", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("case_before", sa.JSON, nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
    )
    op.create_index("ix_agent_replies_conversation", "agent_replies", ["conversation_id", "message_id"])
    op.create_table(
        "suggestion_marks",
        sa.Column("id", _Id, primary_key=True, autoincrement=True),
        sa.Column("message_id", _Id),
        sa.Column("conversation_id", sa.String(32)),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("entry_id", _Id),
        sa.Column("entry_version", sa.Integer),
        sa.Column("mark", sa.String(16), nullable=False),
        sa.Column("agent", sa.String(64), nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
    )
    for name in ("entry_id", "conversation_id", "created_at"):
        op.create_index(f"ix_suggestion_marks_{name}", "suggestion_marks", [name])
    op.create_table(
        "assist_links",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("conversation_id", sa.String(32), nullable=False),
        sa.Column("agent", sa.String(64), nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
        sa.Column("used_at", _Moment),
    )
