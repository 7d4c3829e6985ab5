"""Calls, the window in other systems, and what changes."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from bot.routes.desk.events import CHECK_S
from conversations.models import AnswerRow, UnansweredQuestion
from staff.accounts import COMMAND_LINE
from tests.contract.http.conftest import ADMIN, ask
from tests.contract.http.desk.conftest import QUESTION, listed
from tests.contract.http.test_chat import assert_error

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


class TestPhone:
    async def test_a_call_counts_in_answers_and_gaps_once(self, client, wang, waiting, services):
        found = (await client.post("/api/desk/suggestions", json={"q": QUESTION}, headers=wang)).json()["suggestions"][0]
        call = {
            "key": "call-0001", "notes": "来电人着急",
            "questions": [
                {"question": QUESTION, "entry_id": found["entry_id"], "version": found["version"], "text": found["text"]},
                {"question": "我电话13800138000，养狗要办什么证"},
            ],
        }  # fmt: skip
        saved = await client.post("/api/desk/phone", json=call, headers=wang)
        assert saved.status_code == 201
        again = await client.post("/api/desk/phone", json=call, headers=wang)
        assert again.json()["conversation_id"] == saved.json()["conversation_id"]
        conversation_id = saved.json()["conversation_id"]
        with services.database.read() as session:
            query = select(AnswerRow).where(AnswerRow.conversation_id == conversation_id).order_by(AnswerRow.id)
            answers = [(a.outcome, a.source, a.entry_id) for a in session.scalars(query)]
            gaps = session.scalars(
                select(UnansweredQuestion.question).where(UnansweredQuestion.conversation_id == conversation_id)
            ).all()
        assert answers == [("answer", "phone", found["entry_id"]), ("fallback", "phone", None)]
        assert gaps == ["我电话[电话号码]，养狗要办什么证"]
        shown = (await client.get(f"/api/desk/conversations/{conversation_id}", headers=wang)).json()
        assert (shown["channel"], shown["state"], shown["notes"][0]["text"]) == ("phone", "closed", "来电人着急")
        assert (await listed(client, wang, view="closed"))["total"] == 1

    async def test_a_ticket_is_drafted_from_what_was_said_and_nothing_is_kept(self, client, wang, services):
        said = ["您好", "幸福路8号烧烤店昨晚又很吵", "转人工", "来电人李女士 138 0013 8000"]
        draft = (await client.post("/api/desk/ticket-drafts", json={"said": said}, headers=wang)).json()
        assert draft == {
            "kind": "complaint", "what": "幸福路8号烧烤店昨晚又很吵\n来电人李女士 138 0013 8000", "where": "幸福路8号", "when": "昨晚",
            "contact": "13800138000",
        }  # fmt: skip
        empty = (await client.post("/api/desk/ticket-drafts", json={"said": ["转人工", ""]}, headers=wang)).json()
        assert [empty[name] for name in ("what", "where", "when", "contact")] == [""] * 4
        assert services.records.counts()["conversations"] == 0


class TestAssist:
    async def test_a_link_opens_once_and_only_for_its_conversation(self, client, wang, waiting):
        link = (await client.post("/api/desk/assist-links", json={"conversation_id": waiting}, headers=wang)).json()
        page = await client.get(link["url"])
        assert page.status_code == 200
        signed = page.text.split('data-pass="')[1].split('"')[0]
        assert_error(await client.get(link["url"], headers={"Accept": "application/json"}), 403)
        mine = {"Authorization": f"Assist {signed}"}
        found = await client.get("/api/desk/assist", params={"conversation": waiting}, headers=mine)
        assert [item["rank"] for item in found.json()["suggestions"]] == [1, 2, 3]
        other = (await ask(client, QUESTION, sender="别人"))["conversation_id"]
        assert_error(await client.get("/api/desk/assist", params={"conversation": other}, headers=mine), 403)
        assert_error(await client.get("/api/desk/conversations", headers=mine), 401)
        mark = {"mark": "wrong", "conversation_id": waiting, "entry_id": 1, "version": 1}
        assert (await client.post("/api/desk/assist/marks", json=mark, headers=mine)).status_code == 201

    async def test_an_agent_who_left_has_no_pass_any_more(self, client, wang, waiting, services):
        link = (await client.post("/api/desk/assist-links", json={"conversation_id": waiting}, headers=wang)).json()
        signed = (await client.get(link["url"])).text.split('data-pass="')[1].split('"')[0]
        services.accounts.deactivate("wang", COMMAND_LINE)
        refused = await client.get(
            "/api/desk/assist", params={"conversation": waiting}, headers={"Authorization": f"Assist {signed}"}
        )
        assert_error(refused, 403)

    async def test_waiting_for_the_next_question(self, client, wang, waiting):
        first = (await client.get("/api/desk/assist", params={"conversation": waiting}, headers=wang)).json()
        params = {"conversation": waiting, "after": first["message_id"], "wait": 10}
        asking = asyncio.create_task(client.get("/api/desk/assist", params=params, headers=wang))
        await asyncio.sleep(0.1)
        assert not asking.done()
        await ask(client, "小饭馆要办什么证")
        async with asyncio.timeout(3):
            found = (await asking).json()
        assert found["suggestions"][0]["title"] == "小餐饮登记证办理"

    async def test_an_edited_entry_is_news_as_well(self, client, wang, waiting, services):
        services.index.follow()
        first = (await client.get("/api/desk/assist", params={"conversation": waiting}, headers=wang)).json()
        params = {"conversation": waiting, "after": first["message_id"], "revision": first["revision"], "wait": 10}
        asking = asyncio.create_task(client.get("/api/desk/assist", params=params, headers=wang))
        await asyncio.sleep(0.1)
        assert not asking.done()
        entry_id = first["suggestions"][0]["entry_id"]
        await client.patch(f"/api/entries/{entry_id}", json={"answer": "可以，当场办结。"}, headers=ADMIN)
        services.index.follow()
        async with asyncio.timeout(3):
            found = (await asking).json()
        assert (found["message_id"], found["suggestions"][0]["version"]) == (first["message_id"], 2)

    async def test_who_may_frame_it(self, open_client, build):
        closed, opened = open_client(build()), open_client(build(WENZHENG_FRAME_ANCESTORS="https://callcentre.example.gov.cn"))
        for client, allowed in ((closed, "'self'"), (opened, "'self' https://callcentre.example.gov.cn")):
            page = await client.get("/panel/assist?conversation=x", headers=ADMIN)
            assert f"frame-ancestors {allowed};" in page.headers["content-security-policy"] + ";"
            assert "x-frame-options" not in page.headers
            chat = await client.get("/chat")
            assert chat.headers["x-frame-options"] == "DENY"


class TestEvents:
    async def test_a_message_arrives_in_less_than_a_second_and_masked(self, running, services, wang):
        async with httpx.AsyncClient(base_url=running.url, timeout=20) as client:
            await ask(client, "转人工")
            events: list[tuple[str, dict[str, Any]]] = []
            took: list[float] = []
            async with client.stream("GET", "/api/desk/events", headers=wang) as stream:
                lines = stream.aiter_lines()
                await _next(lines, "hello")
                await asyncio.sleep(0.5)
                for number in range(3):
                    words = f"第 {number} 次，电话13800138000，{HOSTILE}"
                    started = asyncio.get_running_loop().time()
                    asking = asyncio.create_task(ask(client, words))
                    async with asyncio.timeout(5):
                        while not any(name == "message" and f"第 {number} 次" in data["text"] for name, data in events):
                            events.append(await _next(lines))
                    took.append(asyncio.get_running_loop().time() - started)
                    await asking
        rows = next(data["rows"] for name, data in events if name == "list")
        message = next(data for name, data in events if name == "message")
        assert max(took) < 1.0
        assert (rows[0]["state"], rows[0]["channel"]) == ("waiting", "web")
        assert "[电话号码]" in message["text"]

    async def test_a_stream_ends_at_once_with_the_account(self, running, services, wang, li):
        async with httpx.AsyncClient(base_url=running.url, timeout=20) as client:
            async with (
                client.stream("GET", "/api/desk/events", headers=wang) as hers,
                client.stream("GET", "/api/desk/events", headers=li) as his,
            ):
                lines, others = hers.aiter_lines(), his.aiter_lines()
                await _next(lines, "hello")
                await _next(others, "hello")
                services.accounts.deactivate("wang", COMMAND_LINE)
                async with asyncio.timeout(CHECK_S / 2):  # before the usual look at the right
                    assert await _next(lines, "ended") == ("ended", {})
                    with pytest.raises(AssertionError, match="the stream ended"):
                        await _next(lines)
                await ask(client, "转人工")
                async with asyncio.timeout(5):
                    while (await _next(others, "list"))[1]["waiting"] != 1:
                        pass
            assert_error(await client.get("/api/desk/conversations", headers=wang), 401)


async def _next(lines: Any, wanted: str | None = None) -> tuple[str, dict[str, Any]]:
    name = ""
    async for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: ") and wanted in {None, name}:
            return name, json.loads(line.removeprefix("data: "))
    raise AssertionError("the stream ended")
