"""A migrated database, and WeChat's API as a stand-in on a real port."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.channels.wechat.account_record import AccountRecord
from bot.channels.wechat.api import WeChatApi
from bot.channels.wechat.tokens import TokenStore
from database.engine import Database
from database.migrate import migrate
from tests.fixtures.wechat_stand_in import WeChatStandIn

APP_ID = "wx0123456789abcdef"
SECRET = "0123456789abcdef0123456789abcdef"


@dataclass
class ShiftedClock:
    """The real time, moved by what a test says."""

    shift: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.shift

    def advance(self, **parts: float) -> None:
        self.shift += timedelta(**parts)


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'wechat.db'}")
    migrate(database)
    yield database
    database.dispose()


@pytest.fixture(scope="session")
def _server() -> Iterator[WeChatStandIn]:
    server = WeChatStandIn().start()
    yield server
    server.stop()


@pytest.fixture
def wechat(_server: WeChatStandIn) -> WeChatStandIn:
    """The stand-in as after a fresh start."""
    _server.reset()
    return _server


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=httpx.Timeout(0.5), trust_env=False) as client:
        yield client


@pytest.fixture
def account(database: Database, clock: ShiftedClock) -> AccountRecord:
    return AccountRecord(database, APP_ID, clock)


MakeTokens = Callable[..., TokenStore]


@pytest.fixture
def make_tokens(database: Database, wechat: WeChatStandIn, http: httpx.AsyncClient, clock: ShiftedClock) -> MakeTokens:
    """A TokenStore of its own, like another process's; app_id and secret may differ from the account's."""

    def make(**changes: Any) -> TokenStore:
        values = {"app_id": APP_ID, "secret": SECRET, "api_base": wechat.url, **changes}
        return TokenStore(database, http=http, now=clock, **values)

    return make


@pytest.fixture
def api(account: AccountRecord, make_tokens: MakeTokens, http: httpx.AsyncClient, wechat: WeChatStandIn) -> WeChatApi:
    return WeChatApi(account, make_tokens(), http, wechat.url)
