"""Agents, citizens and what they do at the live desk, over HTTP."""

from typing import Any

import httpx
import pytest

from bot.services import Services
from staff.accounts import COMMAND_LINE
from tests.contract.http.conftest import ask, publish

PASSWORD = "三只麻雀 42 号窗口"
QUESTION = "食品经营许可证快到期了怎么延续"

Bearer = dict[str, str]


def member(services: Services, name: str, role: str = "agent") -> Bearer:
    """An account with a token of its own."""
    added = services.accounts.add(name, PASSWORD, role, COMMAND_LINE)
    return {"Authorization": f"Bearer {services.accounts.tokens.add(name, '测试', added).token}"}


@pytest.fixture
def wang(services: Services) -> Bearer:
    return member(services, "wang")


@pytest.fixture
def li(services: Services) -> Bearer:
    return member(services, "li")


@pytest.fixture
async def waiting(client: httpx.AsyncClient) -> str:
    """A citizen who asked a question and then for a human."""
    await publish(client)
    await publish(client, external_id="SP-02", title="小餐饮登记证办理", similar_questions=["小饭馆要办什么证"])
    await publish(client, external_id="SP-03", title="食品小作坊登记证办理", similar_questions=["豆腐坊要办什么证"])
    await ask(client, QUESTION)
    return (await ask(client, "转人工"))["conversation_id"]


async def listed(client: httpx.AsyncClient, who: Bearer, **params: Any) -> dict[str, Any]:
    response = await client.get("/api/desk/conversations", params=params, headers=who)
    assert response.status_code == 200, response.text
    return response.json()


async def act(
    client: httpx.AsyncClient, who: Bearer, conversation_id: str, step: str, body: Any = None, **headers: str
) -> httpx.Response:
    url = f"/api/desk/conversations/{conversation_id}/{step}"
    return await client.post(url, json=body or {}, headers={**who, **headers})


async def suggested(client: httpx.AsyncClient, who: Bearer, conversation_id: str) -> dict[str, Any]:
    response = await client.get(f"/api/desk/conversations/{conversation_id}/suggestions", headers=who)
    assert response.status_code == 200, response.text
    return response.json()
