"""`POST /api/chat` and what can be read back."""

import asyncio
import json

import httpx
import pytest

from bot.channels.web import COOKIE
from conversations import wording
from tests.contract.http.conftest import ADMIN, ask, publish

QUESTION = "食品经营许可证延续要什么材料"
ERROR_KEYS = {"ok", "error", "errors", "status", "fix"}


def assert_error(response: httpx.Response, status: int) -> dict:
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == ERROR_KEYS
    assert (body["ok"], body["status"]) == (False, status)
    assert body["error"]
    assert body["fix"]
    assert body["errors"]
    assert all(isinstance(line, str) for line in body["errors"])
    return body


class TestReply:
    async def test_an_answer_has_the_contracts_shape_and_cites_its_entry(self, client):
        entry = await publish(client)
        reply = await ask(client, QUESTION)
        assert set(reply) == {"conversation_id", "messages", "intent", "outcome", "answer_id"}
        assert reply["outcome"] == "answer"
        assert reply["intent"] == {"name": None, "confidence": 0.0}
        (message,) = reply["messages"]
        assert "食品经营许可延续申请书" in message["text"]
        (citation,) = message["citations"]
        assert set(citation) == {"entry_id", "external_id", "version", "title", "source", "url"}
        assert (citation["entry_id"], citation["external_id"], citation["version"]) == (entry["entry_id"], "SP-01", 1)

    async def test_a_follow_up_is_about_the_same_entry(self, client):
        await publish(client)
        await ask(client, QUESTION)
        assert "0571-87654321" in (await ask(client, "电话是多少"))["messages"][0]["text"]

    async def test_a_message_from_an_entrys_page_is_about_that_entry(self, client):
        entry = await publish(client)
        reply = await ask(client, "在哪里办", entry_id=entry["entry_id"])
        assert "12 号窗口" in reply["messages"][0]["text"]

    async def test_what_is_withdrawn_is_not_answered_any_more(self, client):
        entry = await publish(client)
        assert (await ask(client, QUESTION))["outcome"] == "answer"
        await client.post(f"/api/entries/{entry['entry_id']}/withdraw", json={}, headers=ADMIN)
        reply = await ask(client, QUESTION, sender="另一人")
        assert reply["outcome"] == "fallback"
        assert "citations" not in reply["messages"][0]

    async def test_small_talk_has_no_answer_id(self, client):
        reply = await ask(client, "你好")
        assert (reply["outcome"], "answer_id" in reply) == ("smalltalk", False)

    async def test_buttons_have_title_and_payload(self, client):
        reply = await ask(client, "完全无关的火星话题")
        assert {"title": "转人工", "payload": "转人工"} in reply["messages"][0]["buttons"]

    async def test_while_a_human_holds_the_conversation_there_is_no_bot_text(self, client, services):
        conversation = (await ask(client, "你好"))["conversation_id"]
        services.records.give_to(conversation, "human")
        reply = await ask(client, "在吗")
        assert (reply["outcome"], reply["messages"]) == ("handoff", [])


class TestRepeats:
    async def test_the_same_message_ten_times_at_once_is_one_turn(self, client, services):
        await publish(client)
        headers = {"Idempotency-Key": "k1"}
        body = {"sender_id": "甲", "text": QUESTION}
        replies = await asyncio.gather(*(client.post("/api/chat", json=body, headers=headers) for _ in range(10)))
        assert len({reply.text for reply in replies}) == 1
        assert services.records.counts() == {"conversations": 1, "turns": 1}

    async def test_a_key_belongs_to_its_sender(self, client, services):
        for sender in ("甲", "乙"):
            await client.post("/api/chat", json={"sender_id": sender, "text": "你好"}, headers={"Idempotency-Key": "k1"})
        assert services.records.counts() == {"conversations": 2, "turns": 2}


class TestBadInput:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"sender_id": "a"}, "text"),
            ({"sender_id": "a", "text": 5}, "text"),
            ({"sender_id": "a", "text": None}, "text"),
            ({"sender_id": "a", "text": ["你好"]}, "text"),
            ({"sender_id": "a", "text": "x" * 20_000}, "text"),
            ({"sender_id": "a", "text": "政" * 7_000}, "text"),
            ({"sender_id": 7, "text": "你好"}, "sender_id"),
            ({"sender_id": "", "text": "你好"}, "sender_id"),
            ({"sender_id": "a\x00b", "text": "你好"}, "sender_id"),
            ({"sender_id": "a" * 129, "text": "你好"}, "sender_id"),
            ({"sender_id": "a", "text": "你好", "admin": True}, "admin"),
            ({"sender_id": "a", "text": "你好", "channel": "../etc"}, "channel"),
            ({"sender_id": "a", "text": "你好", "entry_id": "x"}, "entry_id"),
        ],
    )
    async def test_is_refused_field_by_field(self, client, body, field):
        problem = assert_error(await client.post("/api/chat", json=body), 422)
        assert any(line.startswith(field) for line in problem["errors"])
        assert "xxxx" not in json.dumps(problem, ensure_ascii=False), "what was sent is not repeated"

    @pytest.mark.parametrize("content", [b"", b"[]", b"null", b'"x"', b"{", b"\xff\xfe", b'{"sender_id":"a","text":"\\ud800"}'])
    async def test_broken_json_is_refused(self, client, content):
        response = await client.post("/api/chat", content=content, headers={"Content-Type": "application/json"})
        assert response.status_code in {400, 422}
        assert_error(response, response.status_code)

    async def test_deep_nesting_is_refused(self, client):
        response = await client.post("/api/chat", content=b"[" * 30_000, headers={"Content-Type": "application/json"})
        assert 400 <= response.status_code < 500
        assert_error(response, response.status_code)

    async def test_a_body_over_64_kb_is_refused(self, client):
        assert_error(await client.post("/api/chat", json={"sender_id": "a", "text": "x" * 70_000}), 413)

        async def stream():
            for _ in range(9):
                yield b"x" * 8192

        assert_error(await client.post("/api/chat", content=stream()), 413)

    @pytest.mark.parametrize("text", ["", "  \n ", "\u0000\u001b\u200b"])
    async def test_nothing_said_is_answered_politely(self, client, text):
        reply = await ask(client, text)
        assert (reply["messages"], reply["outcome"]) == ([{"text": wording.EMPTY_MESSAGE}], "fallback")

    async def test_too_long_is_answered_politely(self, client):
        assert "2000 字" in (await ask(client, "政" * 2001))["messages"][0]["text"]

    async def test_control_characters_do_no_harm(self, client):
        await publish(client)
        assert (await ask(client, "食品\x00经营\x1d许可证\u202e延续要什么材料"))["outcome"] == "answer"

    async def test_markup_comes_back_as_text(self, client):
        conversation = (await ask(client, "<script>alert(1)</script>"))["conversation_id"]
        said = (await client.get(f"/api/conversations/{conversation}/messages")).json()["messages"]
        assert said[0]["text"] == "<script>alert(1)</script>"

    async def test_a_form_is_no_message(self, client):
        response = await client.post("/api/chat", data={"sender_id": "a", "text": "你好"})
        assert_error(response, 422)


class TestWhoIsWho:
    async def test_the_page_gives_a_signed_cookie_that_is_the_sender(self, client, services):
        page = await client.get("/chat")
        assert "httponly" in page.headers["set-cookie"].lower()
        first = await client.post("/api/chat", json={"text": "你好"})
        second = await client.post("/api/chat", json={"text": "谢谢"})
        assert first.json()["conversation_id"] == second.json()["conversation_id"]
        await client.get("/chat")
        assert (await client.post("/api/chat", json={"text": "在吗"})).json()["conversation_id"] == first.json()[
            "conversation_id"
        ]

    async def test_without_sender_and_cookie_it_is_refused(self, client):
        assert_error(await client.post("/api/chat", json={"text": "你好"}), 422)
        client.cookies.set(COOKIE, "forged.value.here")
        assert_error(await client.post("/api/chat", json={"text": "你好"}), 422)

    async def test_nobody_enters_a_visitors_conversation_by_naming_its_sender(self, client, services):
        await client.get("/chat")
        mine = (await client.post("/api/chat", json={"text": "你好"})).json()["conversation_id"]
        with services.database.read() as session:
            sender = session.connection().exec_driver_sql("SELECT sender_id FROM conversations").scalar_one()
        for name in (sender, sender.removeprefix("page:")):
            assert (await ask(client, "你好", sender=name))["conversation_id"] != mine

    async def test_another_channel_needs_the_token(self, client, open_client, build):
        body = {"sender_id": "openid-1", "text": "你好", "channel": "wechat"}
        assert_error(await client.post("/api/chat", json=body), 401)
        assert_error(await client.post("/api/chat", json=body, headers={"Authorization": "Bearer wrong"}), 401)
        assert (await client.post("/api/chat", json=body, headers=ADMIN)).status_code == 200

    async def test_without_a_configured_token_other_channels_are_closed(self, open_client, build):
        client = open_client(build(WENZHENG_ADMIN_TOKEN=""))
        body = {"sender_id": "openid-1", "text": "你好", "channel": "wechat"}
        assert_error(await client.post("/api/chat", json=body, headers=ADMIN), 403)

    async def test_too_many_messages_are_429(self, open_client, build):
        client = open_client(build(WENZHENG_RATE_LIMIT=2))
        for _ in range(2):
            await ask(client, "你好")
        response = await client.post("/api/chat", json={"sender_id": "测试员", "text": "你好"})
        assert_error(response, 429)
        assert int(response.headers["retry-after"]) > 0
        assert (await ask(client, "你好", sender="别人"))["outcome"] == "smalltalk"


class TestReadingBack:
    async def test_messages_since(self, client):
        conversation = (await ask(client, "你好"))["conversation_id"]
        address = f"/api/conversations/{conversation}/messages"
        page = (await client.get(address)).json()
        assert [m["role"] for m in page["messages"]] == ["user", "bot"]
        assert page["messages"][1]["outcome"] == "smalltalk"
        await ask(client, "谢谢")
        later = (await client.get(address, params={"after": page["last"]})).json()
        assert [m["text"] for m in later["messages"]] == ["谢谢", wording.THANKS]
        assert later["holder"] == "bot"

    async def test_an_unknown_conversation_is_404(self, client):
        assert_error(await client.get("/api/conversations/nope/messages"), 404)
        assert_error(await client.get("/api/conversations/nope/events"), 404)

    @pytest.mark.parametrize("after", ["x", "-1", "99999999999999999999"])
    async def test_a_bad_cursor_is_422(self, client, after):
        assert_error(await client.get("/api/conversations/x/messages", params={"after": after}), 422)

    async def test_a_humans_words_arrive_through_the_stream(self, running, services):
        async with httpx.AsyncClient(base_url=running.url, timeout=10) as client:
            conversation = (await ask(client, "你好"))["conversation_id"]
            got: list[dict] = []

            async def listen() -> None:
                async with client.stream("GET", f"/api/conversations/{conversation}/events", params={"after": 2}) as stream:
                    assert stream.headers["content-type"].startswith("text/event-stream")
                    async for line in stream.aiter_lines():
                        if line.startswith("data: "):
                            got.append(json.loads(line.removeprefix("data: ")))
                            return

            listening = asyncio.create_task(listen())
            await asyncio.sleep(0.3)
            await asyncio.to_thread(services.records.say, conversation, "agent", "您好，我是坐席")
            services.live.notify(conversation)
            await asyncio.wait_for(listening, 5)
            assert (got[0]["role"], got[0]["text"]) == ("agent", "您好，我是坐席")
