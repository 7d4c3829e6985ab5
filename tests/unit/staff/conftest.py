"""Accounts on a real store, with a clock that tests turn."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from database.engine import Database
from database.migrate import migrate
from staff.accounts import Member, StaffAccounts

BOSS = Member("boss", "主任", "admin", address="10.1.1.1")
PASSWORD = "four words long"


class TurnedClock:
    """Tells the time that it was set to."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def turn(self, **by: float) -> None:
        self.moment += timedelta(**by)


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'staff.db'}")
    migrate(database)
    yield database
    database.dispose()


@pytest.fixture
def accounts(database: Database, clock: TurnedClock) -> StaffAccounts:
    return StaffAccounts(database, now=clock)
