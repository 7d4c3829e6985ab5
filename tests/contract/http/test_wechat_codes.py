"""The code that opens the public account at an entry, with WeChat's stand-in."""

import asyncio
from collections.abc import Iterator

import pytest

from bot.channels.wechat.api import _drawn
from tests.contract.http.conftest import publish
from tests.fixtures.wechat_stand_in import WeChatStandIn


@pytest.fixture
def wechat() -> Iterator[WeChatStandIn]:
    server = WeChatStandIn().start()
    yield server
    server.stop()


@pytest.fixture
async def client(build, open_client, wechat):
    return open_client(
        build(WECHAT_APP_ID=wechat.account.app_id, WECHAT_APP_SECRET=wechat.account.secret, WECHAT_API_BASE=wechat.url)
    )


async def test_is_made_once_for_all_visitors(client, wechat):
    entry = (await publish(client))["entry_id"]
    wechat.fail("qrcode/create", delay_s=0.2)
    answers = await asyncio.gather(*(client.get(f"/e/{entry}/wechat-qr.png") for _ in range(5)))
    assert {(a.status_code, a.headers["content-type"]) for a in answers} == {(200, "image/png")}
    assert {a.content for a in answers} == {_drawn(wechat.account.scenes[f"entry_{entry}"])}
    assert len(wechat.requests("qrcode/create")) == 1


async def test_only_for_published_entries(client, wechat):
    assert (await client.get("/e/4711/wechat-qr.png")).status_code == 404
    assert wechat.requests() == []


async def test_without_an_account(build, open_client):
    client = open_client(build())
    answer = await client.get("/e/1/wechat-qr.png")
    assert (answer.status_code, "WECHAT_APP_ID" in answer.json()["fix"]) == (404, True)


async def test_an_unverified_account_is_asked_once(client, wechat):
    wechat.account.verified = False
    entry = (await publish(client))["entry_id"]
    for _ in range(3):
        answer = await client.get(f"/e/{entry}/wechat-qr.png")
        assert (answer.status_code, "微信认证" in answer.json()["fix"]) == (404, True)
    assert len(wechat.requests("qrcode/create")) == 1


async def test_a_wrong_configuration_is_not_shown_to_visitors(client, wechat):
    wechat.account.whitelisted = False
    entry = (await publish(client))["entry_id"]
    answer = await client.get(f"/e/{entry}/wechat-qr.png")
    assert (answer.status_code, "wechat check" in answer.json()["fix"]) == (503, True)
    assert "203.0.113.9" not in answer.text


async def test_a_failure_is_not_kept(client, wechat, monkeypatch):
    monkeypatch.setattr("bot.channels.wechat.api.REPEAT_PAUSES_S", ())
    entry = (await publish(client))["entry_id"]
    wechat.fail("qrcode/create", errcode=-1)
    assert (await client.get(f"/e/{entry}/wechat-qr.png")).status_code == 503
    assert (await client.get(f"/e/{entry}/wechat-qr.png")).status_code == 200
