"""The migrations make the tables that the models describe."""

from sqlalchemy import inspect

from database.engine import Base, Database
from insights import models  # noqa: F401 - fills the metadata

OURS = (
    "question_labels", "gap_groups", "gap_questions", "gap_watermarks", "bank_proposals", "letters", "topic_runs", "topics", "topic_items",
)  # fmt: skip


def test_migrated_tables_equal_the_models(database: Database) -> None:
    inspector = inspect(database.engine)
    for name in OURS:
        table = Base.metadata.tables[name]
        columns = {column["name"]: column["nullable"] for column in inspector.get_columns(name)}
        assert columns == {column.name: bool(column.nullable) for column in table.columns}
        indexes = {tuple(index["column_names"]) for index in inspector.get_indexes(name) if not index["unique"]}
        assert indexes == {tuple(index.columns.keys()) for index in table.indexes}, name
