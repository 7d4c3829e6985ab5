"""Members of staff with tokens, and their requests."""

from typing import Any

import httpx
import pytest

from bot.authorization import TOKEN_MEMBER
from bot.services import Services
from staff.accounts import StaffAccounts
from tests.contract.http.conftest import ADMIN


def token_of(accounts: StaffAccounts, name: str, role: str) -> dict[str, str]:
    accounts.add(name, "correct horse battery staple", role, TOKEN_MEMBER)
    return {"Authorization": f"Bearer {accounts.tokens.add(name, '测试', TOKEN_MEMBER).token}"}


@pytest.fixture
def editor(services: Services) -> dict[str, str]:
    return token_of(services.accounts, "bianji", "editor")


@pytest.fixture
def reviewer(services: Services) -> dict[str, str]:
    return token_of(services.accounts, "shenhe", "reviewer")


@pytest.fixture
def agent(services: Services) -> dict[str, str]:
    return token_of(services.accounts, "zuoxi", "agent")


async def post(client: httpx.AsyncClient, path: str, who: dict[str, str], json: Any = None, status: int = 200) -> Any:
    reply = await client.post(path, json={} if json is None else json, headers=who)
    assert reply.status_code == status, reply.text
    return reply.json()


async def get(client: httpx.AsyncClient, path: str, who: dict[str, str] = ADMIN, **params: Any) -> Any:
    reply = await client.get(path, params=params, headers=who)
    assert reply.status_code == 200, reply.text
    return reply.json()
