"""A migrated SQLite store with a clock that the tests set."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from database.engine import Database
from database.migrate import migrate
from tests.unit.conversations.conftest import SettableClock


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'insights.db'}")
    migrate(database)
    yield database
    database.dispose()


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()
