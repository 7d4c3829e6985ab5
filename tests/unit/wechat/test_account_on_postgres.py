"""The lease on the account's row under PostgreSQL's concurrency."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from bot.channels.wechat.account_record import AccountRecord
from bot.channels.wechat.tokens import TokenStore
from tests.unit.wechat.conftest import APP_ID, SECRET

pytestmark = pytest.mark.postgres
AT_ONCE = 8


def test_of_many_one_gets_the_lease(postgres):
    def take(number: int) -> bool:
        return AccountRecord(postgres, "wx-lease").take_lease(f"{number}", unwanted=None, fresh=False)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert sum(pool.map(take, range(AT_ONCE))) == 1


async def test_many_stores_fetch_and_refresh_once(postgres, wechat):
    async with httpx.AsyncClient(trust_env=False) as http:
        stores = [TokenStore(postgres, APP_ID, SECRET, wechat.url, http) for _ in range(AT_ONCE)]
        wechat.fail("stable_token", delay_s=0.2)
        (first,) = set(await asyncio.gather(*(store.token() for store in stores)))
        wechat.void_tokens()
        (second,) = set(await asyncio.gather(*(store.refresh(first) for store in stores)))
    assert first != second
    assert len(wechat.requests("stable_token")) == 2
