"""What agents see: lists, a conversation, suggestions."""

from typing import Any

from sqlalchemy import select

from conversations.models import Conversation
from desk.tables import AgentReply, SuggestionMark
from tests.contract.http.conftest import ADMIN, ask
from tests.contract.http.desk.conftest import QUESTION, Bearer, act, listed, member, suggested
from tests.contract.http.test_chat import assert_error


class TestLists:
    async def test_who_waits_with_unread_mood_and_words_masked(self, client, wang, waiting):
        await ask(client, "你们太差劲了，气死我了，电话13800138000")
        (row,) = (await listed(client, wang))["conversations"]
        assert (row["conversation_id"], row["state"], row["position"], row["unread"]) == (waiting, "waiting", 1, 3)
        assert row["mood"] == "annoyed"
        assert "13800138000" not in row["last_words"]
        assert row["asked_at"] <= row["last_at"]

    async def test_whoever_only_asks_for_a_human_is_listed_with_their_matter(self, client, wang):
        await ask(client, "我电话13800138000，小饭馆要办什么证", sender="甲")
        await ask(client, "转人工", sender="甲")
        await ask(client, "转人工", sender="乙")
        await ask(client, "社保卡丢了怎么补办", sender="丙")
        shown = {row["last_words"]: row["matter"] for row in (await listed(client, wang, view="all"))["conversations"]}
        waiting = [(row["last_words"], row["matter"]) for row in (await listed(client, wang))["conversations"]]
        assert waiting == [("转人工", "我电话[电话号码]，小饭馆要办什么证"), ("转人工", None)]
        assert shown["社保卡丢了怎么补办"] is None, "the last words tell it"

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
        assert (await listed(client, wang, view="all", channel="wechat"))["total"] == 0

    async def test_words_are_searched_for_in_the_body_and_never_in_an_address(self, client, wang):
        for number in range(5):
            await ask(client, f"第{number}号市民问 100% 的补贴", sender=f"市民{number}")

        async def found(q: str, **more: Any) -> dict[str, Any]:
            response = await client.post("/api/desk/conversations/search", json={"q": q, **more}, headers=wang)
            assert response.status_code == 200, response.text
            return response.json()

        assert (await found("第3号"))["total"] == 1
        pages = [await found("100%", limit=3, offset=offset) for offset in (0, 3)]
        assert [(page["total"], len(page["conversations"])) for page in pages] == [(5, 3), (5, 2)]
        assert (await found("10_%"))["total"] == 0, "no wildcards from strangers"
        assert (await found("补贴", view="waiting"))["total"] == 0
        unfiltered = await client.get("/api/desk/conversations", params={"view": "all", "q": "第3号"}, headers=wang)
        assert unfiltered.json()["total"] == 5, "an address is not listened to"

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
            f"assist?conversation={waiting}",
        ):
            assert_error(await client.get(f"/api/desk/{url}"), 401)
        assert_error(await client.post("/api/desk/suggestions", json={"q": "x"}), 401)


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
        found = (await client.post("/api/desk/suggestions", json={"q": QUESTION}, headers=wang)).json()
        shown = await suggested(client, wang, waiting)
        assert found.keys() == shown.keys()
        assert found["suggestions"][0]["text"] == shown["suggestions"][0]["text"]

    async def test_personal_numbers_reach_neither_search_nor_what_is_kept(self, client, wang, waiting, services, caplog, capfd):
        numbers = ("13800138000", "11010119900307757X", "6222021234567890128")
        words = f"手机{numbers[0]}，身份证{numbers[1]}，卡{numbers[2]}，食品经营许可证怎么延续"
        looked_up = []
        searcher = services.index.searcher
        search, encode = searcher.search, searcher.encoder.encode_queries
        searcher.search = lambda query, *args, **more: looked_up.append(query) or search(query, *args, **more)
        searcher.encoder.encode_queries = lambda texts: looked_up.extend(texts) or encode(texts)
        try:
            await act(client, wang, waiting, "take")
            await ask(client, words)
            told = await suggested(client, wang, waiting)
            typed = (await client.post("/api/desk/suggestions", json={"q": words}, headers=wang)).json()
            alone = (await client.post("/api/desk/suggestions", json={"q": numbers[1]}, headers=wang)).json()
            first = told["suggestions"][0]
            body = {"entry_id": first["entry_id"], "version": first["version"]}
            for asked in ({"message_id": told["message_id"]}, {"q": words}):
                assert (await act(client, wang, waiting, "send", {**body, **asked})).status_code == 200
        finally:
            del searcher.search, searcher.encoder.encode_queries
        assert first["title"] == typed["suggestions"][0]["title"] == "食品经营许可证延续"
        assert looked_up
        assert told["question"] == "手机 ，身份证 ，卡 ，食品经营许可证怎么延续"
        assert typed["text"] == "手机[电话号码]，身份证[身份证号]，卡[银行卡号]，食品经营许可证怎么延续"
        assert alone["text"] == "[身份证号]"
        with services.database.read() as session:
            rows = [
                [getattr(row, column.name if column.name != "case_state" else "case") for column in table.__table__.columns]
                for table in (SuggestionMark, AgentReply, Conversation)
                for row in session.scalars(select(table))
            ]
        output = capfd.readouterr()
        kept = str([looked_up, told, typed, [f.result() for f in services.desk.suggestions._kept.values()], rows])
        for number in numbers:
            assert number not in kept + caplog.text + output.out + output.err
        assert (await client.get("/api/desk/suggestions", params={"q": "证"}, headers=wang)).status_code == 405

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
