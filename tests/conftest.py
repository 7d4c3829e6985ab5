"""A PostgreSQL for tests that need one: one server a session, an empty database a test. Imports late: other environments collect tests too."""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.fixtures.postgres import find_binaries, running_postgres

if TYPE_CHECKING:
    from database.engine import Database


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
    from sqlalchemy import create_engine, text

    name = f"test_{uuid4().hex[:12]}"
    server = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield postgres_server.rsplit("/", 1)[0] + f"/{name}"
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def postgres(postgres_url: str) -> "Iterator[Database]":
    """A migrated one."""
    from database.engine import Database
    from database.migrate import migrate

    database = Database(postgres_url)
    migrate(database)
    yield database
    database.dispose()
