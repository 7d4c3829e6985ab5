"""Two gateways on one database: what one of them changes, the other's desk suggests within a second, whatever it had kept."""

import asyncio
from time import monotonic
from typing import Any

import httpx
import pytest

from bot.services import Services
from tests.contract.http.conftest import ADMIN, Build, Open, ask, publish
from tests.contract.http.desk.conftest import QUESTION, Bearer, act, member, suggested
from tests.contract.http.test_chat import assert_error

WITHIN_S = 1.0
CHANGED = "可以。自今年起改为全程网办，当场办结。"


@pytest.fixture
def both(build: Build) -> tuple[Services, Services]:
    """They follow the store by themselves, as in operation."""
    pair = build(), build()
    for services in pair:
        services.index.start()
    return pair


@pytest.fixture
def gateways(both: tuple[Services, Services], open_client: Open) -> tuple[httpx.AsyncClient, httpx.AsyncClient]:
    return open_client(both[0]), open_client(both[1])


@pytest.fixture
def wang(both: tuple[Services, Services]) -> Bearer:
    return member(both[0], "wang")


async def first(client: httpx.AsyncClient, who: Bearer, conversation_id: str) -> dict[str, Any] | None:
    return next(iter((await suggested(client, who, conversation_id))["suggestions"]), None)


async def becomes(
    client: httpx.AsyncClient, who: Bearer, conversation_id: str, wanted: tuple[int, int] | None
) -> dict[str, Any] | None:
    """The first suggestion as soon as it is this entry in this version (None: as soon as there is none); fails after a second."""
    ends = monotonic() + WITHIN_S
    while True:
        item = await first(client, who, conversation_id)
        shown = item and (item["entry_id"], item["version"])
        if shown == wanted:
            return item
        assert monotonic() < ends, f"still {shown} after {WITHIN_S} s, not {wanted}"
        await asyncio.sleep(0.05)


async def test_what_one_publishes_the_other_suggests_and_sends_within_a_second(gateways, wang):
    one, two = gateways
    entry_id = (await publish(one))["entry_id"]
    asked = (await ask(one, QUESTION))["conversation_id"]
    await ask(one, "转人工")
    await act(two, wang, asked, "take")
    for client in gateways:
        await becomes(client, wang, asked, (entry_id, 1))  # kept by both from now on
    message_id = (await suggested(two, wang, asked))["message_id"]
    edited = await one.patch(f"/api/entries/{entry_id}", json={"answer": CHANGED}, headers=ADMIN)
    assert (edited.json()["version"], edited.json()["state"]) == (2, "published")
    for client in (two, one):
        item = await becomes(client, wang, asked, (entry_id, 2))
        assert "当场办结" in item["text"]
        assert "三个工作日" not in item["text"]
    choice = {"entry_id": entry_id, "message_id": message_id}
    assert_error(await act(two, wang, asked, "send", {**choice, "version": 1}), 409)
    assert (await act(two, wang, asked, "send", {**choice, "version": 2})).status_code == 200
    said = (await one.get(f"/api/desk/conversations/{asked}", headers=wang)).json()["messages"][-1]
    assert (said["role"], "当场办结" in said["text"]) == ("agent", True)


async def test_what_one_withdraws_the_other_suggests_no_more_within_a_second(gateways, wang):
    one, two = gateways
    entry = await publish(one)
    asked = (await ask(two, QUESTION))["conversation_id"]
    for client in gateways:
        await becomes(client, wang, asked, (entry["entry_id"], 1))
    await one.post(f"/api/entries/{entry['entry_id']}/withdraw", json={"comment": "停用"}, headers=ADMIN)
    for client in (two, one):
        await becomes(client, wang, asked, None)
