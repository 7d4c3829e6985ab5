"""The live desk over HTTP: what agents see, say and pass on, on a real store and index."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from bot.channels.wechat.allowances import note_user_action
from bot.services import Services
from conversations.clock import now
from conversations.models import AnswerRow, UnansweredQuestion
from desk.tables import AgentReply, SuggestionMark
from staff.accounts import COMMAND_LINE
from staff.audit import AuditFilter
from tests.contract.http.conftest import ADMIN, ask, publish
from tests.contract.http.test_chat import assert_error

PASSWORD = "三只麻雀 42 号窗口"
QUESTION = "食品经营许可证快到期了怎么延续"
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"

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


class TestLists:
    async def test_who_waits_with_unread_mood_and_words_masked(self, client, wang, waiting):
        await ask(client, "你们太差劲了，气死我了，电话13800138000")
        (row,) = (await listed(client, wang))["conversations"]
        assert (row["conversation_id"], row["state"], row["position"], row["unread"]) == (waiting, "waiting", 1, 3)
        assert row["mood"] == "annoyed"
        assert "13800138000" not in row["last_words"]
        assert row["asked_at"] <= row["last_at"]

    async def test_views_follow_what_happens(self, client, wang, li, waiting):
        async def views(who: Bearer) -> list[str]:
            names = ("waiting", "mine", "others", "bot", "closed")
            return [name for name in names if (await listed(client, who, view=name))["total"]]

        assert await views(wang) == ["waiting"]
        assert (await act(client, wang, waiting, "take")).status_code == 200
        assert (await views(wang), await views(li)) == (["mine"], ["others"])
        assert (await listed(client, wang, view="mine"))["counts"] == {"waiting": 0, "mine": 1, "others": 0}
        await act(client, wang, waiting, "close", {"reason": "已答复"})
        assert await views(wang) == ["closed"]
        (row,) = (await listed(client, li, view="closed"))["conversations"]
        assert (row["closed"]["reason"], row["closed"]["agent"]) == ("已答复", "wang")
        await ask(client, QUESTION)
        assert await views(li) == ["bot"], "the assistant has it again"
        assert (await listed(client, li, view="all"))["total"] == 1

    async def test_search_and_pages(self, client, wang):
        for number in range(5):
            await ask(client, f"第{number}号市民问 100% 的补贴", sender=f"市民{number}")
        first = await listed(client, wang, view="all", limit=2)
        rest = await listed(client, wang, view="all", limit=3, offset=2)
        assert (first["total"], len(first["conversations"]), len(rest["conversations"])) == (5, 2, 3)
        seen = [row["conversation_id"] for row in first["conversations"] + rest["conversations"]]
        assert len(set(seen)) == 5
        assert (await listed(client, wang, view="all", q="第3号"))["total"] == 1
        assert (await listed(client, wang, view="all", q="100%"))["total"] == 5
        assert (await listed(client, wang, view="all", q="10_%"))["total"] == 0, "no wildcards from strangers"
        assert (await listed(client, wang, view="all", channel="wechat"))["total"] == 0

    async def test_a_page_of_many_takes_no_more_queries_than_a_page_of_few(self, client, wang, services):
        from sqlalchemy import event

        async def queries() -> int:
            counted: list[str] = []
            count = lambda *args: counted.append(args[2])  # noqa: E731
            event.listen(services.database.engine, "before_cursor_execute", count)
            await listed(client, wang, view="all", limit=200)
            event.remove(services.database.engine, "before_cursor_execute", count)
            return len(counted)

        await ask(client, "你好", sender="甲")
        few = await queries()
        for number in range(12):
            await ask(client, "转人工", sender=f"市民{number}")
        assert await queries() <= few + 2, "places in the queue and transfers, once each"

    async def test_only_those_who_may(self, client, services, waiting):
        for role in ("editor", "maintainer"):
            assert_error(await client.get("/api/desk/conversations", headers=member(services, f"x-{role}", role)), 403)
        assert_error(await client.get("/api/desk/conversations"), 401)
        for step in ("take", "send", "transfer", "release", "hand-back", "close", "notes", "read"):
            assert (await act(client, {}, waiting, step)).status_code in {401, 422}, step
        for url in (
            "agents",
            "phrases",
            f"conversations/{waiting}",
            "events",
            "suggestions?q=x",
            f"assist?conversation={waiting}",
        ):
            assert_error(await client.get(f"/api/desk/{url}"), 401)


class TestConversation:
    async def test_what_was_said_from_what_and_who_asks(self, client, wang, waiting):
        await ask(client, "我是个体工商户，员工6人")
        await act(client, wang, waiting, "notes", {"text": "老客户，说话慢一点"})
        shown = (await client.get(f"/api/desk/conversations/{waiting}", headers=wang)).json()
        roles = [message["role"] for message in shown["messages"]]
        assert roles[:2] == ["user", "bot"]
        assert shown["messages"][1]["citations"][0]["title"] == "食品经营许可证延续"
        assert shown["case"]["entry"]["title"] == "食品经营许可证延续"
        assert shown["profile"]
        assert [note["text"] for note in shown["notes"]] == ["老客户，说话慢一点"]
        assert (len(shown["visits"]), shown["requests"][0]["state"], shown["allowance"]) == (1, "waiting", None)

    async def test_reading_sets_unread_to_zero_for_this_agent_only(self, client, wang, li, waiting):
        assert (await act(client, wang, waiting, "read")).status_code == 204
        assert (await listed(client, wang))["conversations"][0]["unread"] == 0
        assert (await listed(client, li))["conversations"][0]["unread"] == 2
        await ask(client, "还在吗")
        assert (await listed(client, wang))["conversations"][0]["unread"] == 1

    async def test_pages_of_messages(self, client, wang, waiting):
        url = f"/api/desk/conversations/{waiting}/messages"
        everything = (await client.get(url, headers=wang)).json()["messages"]
        second = everything[1]["id"]
        assert (await client.get(url, params={"after": second}, headers=wang)).json()["messages"] == everything[2:]
        assert (await client.get(url, params={"before": second}, headers=wang)).json()["messages"] == everything[:1]
        assert_error(await client.get("/api/desk/conversations/nobody/messages", headers=wang), 404)


class TestSuggestions:
    async def test_three_ranked_with_the_words_of_the_bot(self, client, wang, waiting):
        bot = (await ask(client, QUESTION, sender="别人"))["messages"][0]
        found = await suggested(client, wang, waiting)
        items = found["suggestions"]
        assert [item["rank"] for item in items] == [1, 2, 3]
        assert (items[0]["entry_id"], items[0]["version"]) == (bot["citations"][0]["entry_id"], bot["citations"][0]["version"])
        assert items[0]["text"] == bot["text"], "one wording"
        assert items[0]["probability"] >= items[1]["probability"] >= items[2]["probability"]
        assert (items[0]["validity"], items[0]["source"]) == ("valid", bot["citations"][0]["source"])
        passage = items[0]["passage"]
        marked = [passage["text"][start:end] for start, end in passage["spans"]]
        assert "延续" in marked
        assert "食品" not in "".join(marked) or "食品" in passage["text"]

    async def test_a_follow_up_is_understood_in_the_conversation(self, client, wang, waiting):
        bot = await ask(client, "要什么材料", sender="测试员")
        await act(client, wang, waiting, "take")
        await ask(client, "要什么材料")
        first = (await suggested(client, wang, waiting))["suggestions"][0]
        assert first["text"] == bot["messages"][0]["text"]
        assert "原许可证正副本" in first["text"]

    async def test_the_entry_that_the_agent_sent_is_under_discussion(self, client, wang, waiting):
        await act(client, wang, waiting, "take")
        found = await suggested(client, wang, waiting)
        other = next(item for item in found["suggestions"] if item["title"] == "小餐饮登记证办理")
        body = {"entry_id": other["entry_id"], "version": other["version"], "message_id": found["message_id"]}
        assert (await act(client, wang, waiting, "send", body)).status_code == 200
        await ask(client, "在哪里办")
        assert (await suggested(client, wang, waiting))["suggestions"][0]["entry_id"] == other["entry_id"]
        again = (await suggested(client, wang, waiting))["message_id"]
        url = f"/api/desk/conversations/{waiting}/messages/{found['message_id']}/suggestions"
        before = (await client.get(url, headers=wang)).json()
        assert before["suggestions"][0]["title"] == "食品经营许可证延续", "an earlier message keeps its own case"
        assert again > found["message_id"]

    async def test_a_withdrawn_entry_is_suggested_and_sent_no_more(self, client, wang, waiting, services):
        await act(client, wang, waiting, "take")
        found = await suggested(client, wang, waiting)
        first = found["suggestions"][0]
        await client.post(f"/api/entries/{first['entry_id']}/withdraw", json={}, headers=ADMIN)
        services.index.follow()
        body = {"entry_id": first["entry_id"], "version": first["version"], "message_id": found["message_id"]}
        assert_error(await act(client, wang, waiting, "send", body), 409)
        assert first["entry_id"] not in [item["entry_id"] for item in (await suggested(client, wang, waiting))["suggestions"]]

    async def test_worked_out_once_a_message_and_revision(self, client, wang, waiting, services, monkeypatch):
        await suggested(client, wang, waiting)
        monkeypatch.setattr(services.desk.suggestions._suggester, "suggest", lambda *_args: 1 / 0)
        assert (await suggested(client, wang, waiting))["suggestions"]

    async def test_courtesies_have_none(self, client, wang):
        reply = await ask(client, "你好")
        assert (await suggested(client, wang, reply["conversation_id"]))["idle"] is True

    async def test_search_by_hand_has_the_same_shape(self, client, wang, waiting):
        found = (await client.get("/api/desk/suggestions", params={"q": QUESTION}, headers=wang)).json()
        shown = await suggested(client, wang, waiting)
        assert found.keys() == shown.keys()
        assert found["suggestions"][0]["text"] == shown["suggestions"][0]["text"]

    async def test_marks_are_kept_masked(self, client, wang, waiting, services):
        body = {
            "mark": "outdated",
            "conversation_id": waiting,
            "question": "电话13800138000的许可证",
            "entry_id": 1,
            "version": 1,
        }
        assert (await client.post("/api/desk/marks", json=body, headers=wang)).status_code == 201
        assert (
            await client.post("/api/desk/marks", json={"mark": "missing", "question": "养狗证"}, headers=wang)
        ).status_code == 201
        assert_error(await client.post("/api/desk/marks", json={"mark": "chosen"}, headers=wang), 422)
        with services.database.read() as session:
            rows = session.scalars(select(SuggestionMark).order_by(SuggestionMark.id)).all()
        assert [(row.mark, row.question, row.entry_id, row.agent) for row in rows] == [
            ("outdated", "电话[电话号码]的许可证", 1, "wang"), ("missing", "养狗证", None, "wang"),
        ]  # fmt: skip


class TestAnswering:
    async def test_a_suggestion_reaches_the_citizen_with_its_source_and_is_remembered(self, client, wang, waiting, services):
        await act(client, wang, waiting, "take")
        found = await suggested(client, wang, waiting)
        first = found["suggestions"][0]
        body = {"entry_id": first["entry_id"], "version": first["version"], "message_id": found["message_id"]}
        sent = await act(client, wang, waiting, "send", body, **{"Idempotency-Key": "once"})
        again = await act(client, wang, waiting, "send", body, **{"Idempotency-Key": "once"})
        assert sent.json()["message_id"] == again.json()["message_id"]
        said = (await client.get(f"/api/conversations/{waiting}/messages")).json()["messages"]
        words = [message for message in said if message["role"] == "agent"]
        assert [message["text"] for message in words] == [first["text"]]
        assert words[0]["citations"][0]["entry_id"] == first["entry_id"]
        assert "wang" not in json.dumps(words), "a citizen does not learn the agent's login name"
        with services.database.read() as session:
            mark = session.scalars(select(SuggestionMark)).one()
        assert (mark.mark, mark.entry_id, mark.entry_version, mark.message_id) == (
            "chosen",
            first["entry_id"],
            first["version"],
            found["message_id"],
        )

    async def test_edited_words_keep_the_original(self, client, wang, waiting, services):
        await act(client, wang, waiting, "take")
        found = await suggested(client, wang, waiting)
        first = found["suggestions"][0]
        body = {
            "entry_id": first["entry_id"],
            "version": first["version"],
            "message_id": found["message_id"],
            "text": "可以延续。",
        }
        await act(client, wang, waiting, "send", body)
        shown = (await client.get(f"/api/desk/conversations/{waiting}", headers=wang)).json()["messages"][-1]
        assert (shown["text"], shown["agent"], shown["suggestion"]["edited"]) == ("可以延续。", "wang", True)
        assert shown["suggestion"]["text"] == first["text"]
        with services.database.read() as session:
            assert session.scalars(select(SuggestionMark.mark)).all() == ["edited"]
            assert session.scalars(select(AgentReply.edited)).all() == [True]

    async def test_nobody_speaks_without_holding(self, client, wang, li, waiting):
        assert_error(await act(client, wang, waiting, "send", {"text": "您好"}), 409)
        await act(client, wang, waiting, "take")
        assert_error(await act(client, li, waiting, "send", {"text": "您好"}), 409)
        assert_error(await act(client, li, waiting, "take"), 409)
        assert_error(await act(client, wang, waiting, "send", {}), 422)
        assert_error(await act(client, wang, waiting, "send", {"entry_id": 1}), 422)

    async def test_two_agents_race_for_one_conversation(self, client, wang, li, waiting):
        """Ten times, both at once: one gets it, the other is told who has it."""
        for _ in range(10):
            both = await asyncio.gather(*(act(client, who, waiting, "take") for who in (wang, li)))
            assert sorted(reply.status_code for reply in both) == [200, 409]
            winner = next(who for who, reply in zip((wang, li), both, strict=True) if reply.status_code == 200)
            says = await asyncio.gather(*(act(client, who, waiting, "send", {"text": "您好"}) for who in (wang, li)))
            assert sorted(reply.status_code for reply in says) == [200, 409]
            assert (await act(client, winner, waiting, "release")).status_code == 200

    async def test_passed_on_with_a_word_and_held_by_the_other_at_once(self, client, wang, li, waiting):
        await act(client, wang, waiting, "take")
        assert_error(await act(client, wang, waiting, "transfer", {"to": "nobody"}), 422)
        assert (await act(client, wang, waiting, "transfer", {"to": "li", "note": "问社保的，您熟"})).status_code == 200
        (row,) = (await listed(client, li, view="mine"))["conversations"]
        assert (row["transfer"]["from"], row["transfer"]["note"]) == ("wang", "问社保的，您熟")
        assert_error(await act(client, wang, waiting, "send", {"text": "您好"}), 409)
        assert (await act(client, li, waiting, "send", {"text": "您好"})).status_code == 200
        agents = {a["name"]: a["holding"] for a in (await client.get("/api/desk/agents", headers=wang)).json()["agents"]}
        assert (agents["wang"], agents["li"]) == (0, 1)

    async def test_given_back_to_the_assistant(self, client, wang, waiting):
        await act(client, wang, waiting, "take")
        assert (await ask(client, QUESTION))["messages"] == []
        assert (await act(client, wang, waiting, "hand-back")).status_code == 200
        assert (await ask(client, QUESTION))["outcome"] == "answer"

    async def test_every_step_is_written_down(self, client, wang, li, waiting, services):
        for step, body in (("take", {}), ("send", {"text": "您好"}), ("notes", {"text": "备注"}), ("transfer", {"to": "li"})):
            assert (await act(client, wang, waiting, step, body)).is_success
        await act(client, li, waiting, "close", {"reason": "已答复"})
        _, lines = services.audit_log.page(AuditFilter(object_id=waiting))
        assert [(line["actor"], line["action"]) for line in reversed(lines)] == [
            ("wang", "desk.take"), ("wang", "desk.send"), ("wang", "desk.note"), ("wang", "desk.transfer"), ("li", "desk.close"),
        ]  # fmt: skip


class TestWeChat:
    @pytest.fixture
    async def follower(self, client, wang, services) -> str:
        conversation_id = services.records.find_or_create("wechat", "openid")
        with services.database.write() as session:
            note_user_action(session, "openid", "message", now())
        services.records.reserve("wechat", "openid", QUESTION, None)
        await act(client, wang, conversation_id, "take")  # the word that a human is there is one of the five
        return conversation_id

    async def test_what_may_still_be_sent_and_why_not(self, client, wang, follower):
        for left in (4, 3, 2, 1):
            shown = (await client.get(f"/api/desk/conversations/{follower}", headers=wang)).json()["allowance"]
            assert (shown["left"], shown["of"], shown["reason"]) == (left, 5, None)
            assert 47 < shown["hours_left"] <= 48
            assert (await act(client, wang, follower, "send", {"text": f"还有 {left} 条"})).status_code == 200
        refused = await act(client, wang, follower, "send", {"text": "多说一句"})
        assert_error(refused, 409)
        assert "微信" in refused.json()["error"]

    async def test_the_window_is_over(self, client, wang, follower, services):
        with services.database.write() as session:
            note_user_action(session, "openid", "message", now() - timedelta(hours=49))
        refused = await act(client, wang, follower, "send", {"text": "您好"})
        assert_error(refused, 409)
        assert "48 小时" in refused.json()["error"]


class TestPhrases:
    async def test_shared_and_own(self, client, wang, li, services):
        shared = (
            await client.post("/api/desk/phrases", json={"title": "稍等", "text": "请稍等。", "shared": True}, headers=wang)
        ).json()
        own = (await client.post("/api/desk/phrases", json={"title": "我的", "text": "我是 3 号坐席。"}, headers=wang)).json()

        async def titles(who: Bearer) -> list[str]:
            return [p["title"] for p in (await client.get("/api/desk/phrases", headers=who)).json()["phrases"]]

        assert (await titles(wang), await titles(li)) == (["稍等", "我的"], ["稍等"])
        change = {"title": "请等", "text": "请您稍等。"}
        assert (await client.put(f"/api/desk/phrases/{shared['id']}", json=change, headers=li)).status_code == 200
        assert_error(await client.put(f"/api/desk/phrases/{own['id']}", json=change, headers=li), 404)
        assert (await client.delete(f"/api/desk/phrases/{shared['id']}", headers=wang)).status_code == 204
        assert await titles(wang) == ["我的"]
        _, lines = services.audit_log.page(AuditFilter(object_kind="phrase"))
        assert [line["action"] for line in reversed(lines)] == ["phrase.add", "phrase.add", "phrase.change", "phrase.remove"]


class TestPhone:
    async def test_a_call_counts_in_answers_and_gaps_once(self, client, wang, waiting, services):
        found = (await client.get("/api/desk/suggestions", params={"q": QUESTION}, headers=wang)).json()["suggestions"][0]
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
            async with client.stream("GET", "/api/desk/events", headers=wang) as stream:
                lines = stream.aiter_lines()
                await _next(lines, "hello")
                await asyncio.sleep(0.5)
                started = asyncio.get_running_loop().time()
                asking = asyncio.create_task(ask(client, "电话13800138000，" + HOSTILE))
                async with asyncio.timeout(5):
                    while not any(name == "message" and data["role"] == "user" for name, data in events):
                        events.append(await _next(lines))
                took = asyncio.get_running_loop().time() - started
                await asking
        rows = next(data["rows"] for name, data in events if name == "list")
        message = next(data for name, data in events if name == "message")
        assert took < 1.0
        assert (rows[0]["state"], rows[0]["channel"]) == ("waiting", "web")
        assert "[电话号码]" in message["text"]


async def _next(lines: Any, wanted: str | None = None) -> tuple[str, dict[str, Any]]:
    name = ""
    async for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: ") and wanted in {None, name}:
            return name, json.loads(line.removeprefix("data: "))
    raise AssertionError("the stream ended")
