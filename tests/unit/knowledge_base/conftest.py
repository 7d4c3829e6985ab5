"""A migrated store on SQLite, and actors by role."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from database.engine import Database
from database.migrate import migrate
from knowledge_base.entries import EntryStore
from knowledge_base.feed import ChangeFeed
from knowledge_base.vectors import VectorStore, VectorWriter
from knowledge_base.workflow import Actor
from tests.fixtures.bigram_encoder import BigramHashEncoder

ADMIN = Actor("管理员", "admin")
EDITOR = Actor("小编", "editor")
REVIEWER = Actor("审核员", "reviewer")
IMPORTER = Actor("导入", "importer")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'kb.db'}")
    migrate(database)
    yield database
    database.dispose()


@pytest.fixture
def encoder() -> BigramHashEncoder:
    return BigramHashEncoder()


@pytest.fixture
def vectors(database: Database, encoder: BigramHashEncoder) -> VectorWriter:
    return VectorWriter(VectorStore(database), encoder)


@pytest.fixture
def store(database: Database, vectors: VectorWriter) -> EntryStore:
    return EntryStore(database, vectors)


@pytest.fixture
def feed(database: Database) -> ChangeFeed:
    return ChangeFeed(database)
