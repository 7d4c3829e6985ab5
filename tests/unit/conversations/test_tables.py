"""The migration makes the tables that the models describe."""

from sqlalchemy import inspect

from bot.channels.wechat import tables  # noqa: F401 - fills the metadata
from conversations import models  # noqa: F401 - fills the metadata
from database.engine import Base
from desk import tables as desk_tables  # noqa: F401 - fills the metadata
from tickets import models as ticket_models  # noqa: F401 - fills the metadata

OURS = (
    "conversations", "turns", "messages", "answers", "unanswered_questions", "feedback", "handoff_requests", "tickets", "ticket_history",
    "ticket_ratings", "ticket_lookups", "outbox",
    "wechat_deliveries", "wechat_followers", "wechat_accounts",
    "desk_reads", "desk_notes", "desk_transfers", "desk_phrases", "agent_replies", "suggestion_marks", "assist_links", "desk_presence",
)  # fmt: skip


def test_migrated_tables_equal_the_models(database):
    inspector = inspect(database.engine)
    for name in OURS:
        table = Base.metadata.tables[name]
        columns = {column["name"]: column["nullable"] for column in inspector.get_columns(name)}
        assert columns == {column.name: bool(column.nullable) for column in table.columns}
        indexes = {tuple(index["column_names"]) for index in inspector.get_indexes(name) if not index["unique"]}
        assert indexes == {tuple(index.columns.keys()) for index in table.indexes}, name
