"""What agents say and pass on."""

import asyncio
import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.channels.wechat.allowances import note_user_action
from conversations.clock import now
from desk.tables import AgentReply, SuggestionMark
from staff.audit import AuditFilter
from tests.contract.http.conftest import ask
from tests.contract.http.desk.conftest import QUESTION, Bearer, act, listed, suggested
from tests.contract.http.test_chat import assert_error


class TestAnswering:
    async def test_a_suggestion_reaches_the_citizen_with_its_source_and_is_remembered(self, client, wang, waiting, services):
        await act(client, wang, waiting, "take")
        found = await suggested(client, wang, waiting)
        first = found["suggestions"][0]
        body = {"entry_id": first["entry_id"], "version": first["version"], "message_id": found["message_id"]}
        sent = await act(client, wang, waiting, "send", body, **{"Idempotency-Key": "once"})
        again = await act(client, wang, waiting, "send", body, **{"Idempotency-Key": "once"})
        assert sent.json()["message_id"] == again.json()["message_id"]
        both = await asyncio.gather(
            *(act(client, wang, waiting, "send", {"text": "请稍等"}, **{"Idempotency-Key": "two"}) for _ in "12")
        )
        assert len({reply.json()["message_id"] for reply in both}) == 1
        said = (await client.get(f"/api/conversations/{waiting}/messages")).json()["messages"]
        words = [message for message in said if message["role"] == "agent"]
        assert [message["text"] for message in words] == [first["text"], "请稍等"]
        assert words[0]["citations"][0]["entry_id"] == first["entry_id"]
        assert "wang" not in json.dumps(words), "a citizen does not learn the agent's login name"
        shown = (await client.get(f"/api/desk/conversations/{waiting}", headers=wang)).json()["messages"]
        assert [message["key"] for message in shown if message["role"] == "agent"] == ["once", "two"], (
            "told by its key that it arrived"
        )
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
