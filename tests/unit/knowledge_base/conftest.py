"""A migrated store on SQLite, and actors by role."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from database.engine import Database
from database.migrate import migrate
from knowledge_base.entries import EntryStore
from knowledge_base.feed import ChangeFeed
from knowledge_base.vectors import VectorStore, VectorWriter
from knowledge_base.workflow import Actor
from tests.fixtures.bigram_encoder import BigramHashEncoder
from tests.fixtures.postgres import find_binaries, running_postgres

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


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with running_postgres(binaries) as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database on the session's server."""
    name = f"test_{uuid4().hex[:12]}"
    server = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield postgres_server.rsplit("/", 1)[0] + f"/{name}"
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Database]:
    database = Database(postgres_url)
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
