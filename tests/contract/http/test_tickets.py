"""Tickets and hand-offs over HTTP, from the citizen's complaint to the rating, as staff's programs drive them."""

import asyncio
from datetime import timedelta

import pytest

from bot.caretaker import Caretaker
from conversations import clock
from conversations.handoff_desk import HandoffDesk
from conversations.outbox import Outbox
from staff.accounts import COMMAND_LINE
from tests.contract.http.conftest import ADMIN, ask

STORY = "我要投诉昨天下午在示例区政务服务中心3号窗口，工作人员态度恶劣不给办理"
STEPS = (("accept", {}), ("assign", {"department": "政务服务管理局督查科"}), ("progress", {"note": "已联系窗口"}))


async def file(client, sender="投诉人", **more):
    for text in (STORY, "13800138000"):
        await ask(client, text, sender, **more)
    return await ask(client, "好", sender, **more)


async def post(client, path, body=None, status=200):
    response = await client.post(path, json=body or {}, headers=ADMIN)
    assert response.status_code == status, response.text
    return response.json()


async def number_of(client):
    return (await client.get("/api/tickets", headers=ADMIN)).json()["tickets"][0]["number"]


class TestTickets:
    async def test_from_filing_to_rating(self, client):
        receipt = await file(client)
        assert receipt["outcome"] == "ticket"
        listed = (await client.get("/api/tickets", headers=ADMIN)).json()
        assert listed["total"] == 1
        assert "13800138000" not in str(listed)
        number = listed["tickets"][0]["number"]
        assert number in receipt["messages"][0]["text"]
        for step, body in STEPS:
            await post(client, f"/api/tickets/{number}/{step}", {**body, "actor": "李科长"})
        answered = await post(client, f"/api/tickets/{number}/answer", {"text": "已对当事人批评教育，请您再来办理。"})
        assert (answered["state"], answered["department"]) == ("answered", "政务服务管理局督查科")
        said = (await client.get(f"/api/conversations/{receipt['conversation_id']}/messages")).json()["messages"]
        assert "批评教育" in said[-1]["text"]
        assert next(button["payload"] for button in said[-1]["buttons"]) == "非常满意"
        assert "13800138000" not in str(said)
        rated = await ask(client, "基本满意，就是慢了点", "投诉人")
        assert rated["outcome"] == "ticket"
        full = (await client.get(f"/api/tickets/{number}", headers=ADMIN)).json()
        assert full["details"]["contact"] == "13800138000"
        assert full["rating"] == {"level": 3, "name": "基本满意", "comment": "就是慢了点"}
        assert [event["to"] for event in full["history"]] == [
            "filed", "accepted", "assigned", "in_progress", "answered", "rated",
        ]  # fmt: skip
        assert [event["actor"] for event in full["history"]][1:4] == ["李科长"] * 3

    async def test_steps_out_of_order_are_conflicts(self, client):
        await file(client)
        number = await number_of(client)
        refused = await post(client, f"/api/tickets/{number}/answer", {"text": "好了"}, 409)
        assert refused["ok"] is False
        assert "受理" in refused["fix"]
        await post(client, "/api/tickets/WZ190001010001/accept", {}, 404)
        await post(client, f"/api/tickets/{number}/return", {"reason": "  "}, 422)

    async def test_a_return_is_told_with_its_reason(self, client):
        filed = await file(client)
        number = await number_of(client)
        await post(client, f"/api/tickets/{number}/return", {"reason": "请补充窗口编号"})
        said = (await client.get(f"/api/conversations/{filed['conversation_id']}/messages")).json()["messages"]
        assert "请补充窗口编号" in said[-1]["text"]

    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_only_with_the_token(self, client, method):
        path = "/api/tickets" if method == "GET" else "/api/tickets/WZ202611230001/accept"
        assert (await client.request(method, path)).status_code == 401
        assert (await client.get("/api/handoffs")).status_code == 401

    async def test_results_reach_wechat_as_text_or_by_the_configured_template(self, build, open_client):
        for template in (None, "TPL-1"):
            services = build(WECHAT_TICKET_TEMPLATE_ID=template, DATABASE_URL=None)
            client = open_client(services)
            response = {"channel": "wechat"}
            for text in (STORY, "跳过", "好"):
                body = {"sender_id": f"openid-{template}", "text": text, **response}
                assert (await client.post("/api/chat", json=body, headers=ADMIN)).status_code == 200
            number = await number_of(client)
            for step, body in (*STEPS, ("answer", {"text": "已经整改，并向您道歉，感谢您对我们工作的监督。"})):
                await post(client, f"/api/tickets/{number}/{step}", body)
            (item,) = [i for i in Outbox(services.database).listed(["pending"]) if i["recipient"] == f"openid-{template}"]
            if template is None:
                assert (item["kind"], "已经整改" in item["content"]["text"]) == ("text", True)
            else:
                assert (item["kind"], item["content"]["template_id"]) == ("template", "TPL-1")
                assert item["content"]["data"]["character_string1"] == number
                assert len(item["content"]["data"]["thing3"]) <= 20


class TestHandoffs:
    async def test_a_human_takes_over_and_hands_back(self, client):
        asked = await ask(client, "转人工", "等的人")
        conversation_id = asked["conversation_id"]
        assert asked["outcome"] == "handoff"
        (waiting,) = (await client.get("/api/handoffs", headers=ADMIN)).json()["handoffs"]
        assert (waiting["conversation_id"], waiting["position"]) == (conversation_id, 1)
        path = f"/api/handoffs/{conversation_id}"
        await post(client, f"{path}/take", {"agent": "王工"})
        await post(client, f"{path}/take", {"agent": "李工"}, 409)
        await post(client, f"{path}/say", {"agent": "王工", "text": "您好，我是人工坐席。"})
        silent = await ask(client, "你是真人吗", "等的人")
        assert (silent["outcome"], silent["messages"]) == ("handoff", [])
        await post(client, f"{path}/release", {"agent": "王工"})
        assert (await ask(client, "你好", "等的人"))["messages"] != []
        await post(client, f"{path}/take", {"agent": "李工"})
        await post(client, f"{path}/close", {"agent": "李工"})
        said = (await client.get(f"/api/conversations/{conversation_id}/messages")).json()
        assert said["holder"] == "bot"
        assert ("agent", "您好，我是人工坐席。") in [(m["role"], m["text"]) for m in said["messages"]]
        await post(client, f"{path}/say", {"agent": "李工", "text": "还在吗"}, 409)
        await post(client, "/api/handoffs/nobody/take", {"agent": "王工"}, 404)

    async def test_the_caretaker_returns_what_a_silent_agent_holds(self, services, client):
        asked = await ask(client, "转人工", "等的人")
        await post(client, f"/api/handoffs/{asked['conversation_id']}/take", {"agent": "王工"})
        later = HandoffDesk(services.database, now=lambda: clock.now() + timedelta(minutes=3))
        caretaker = Caretaker(later.look_after, services.ticket_desk.recompute_deadlines, look_s=0.01)
        caretaker.start()
        async with asyncio.timeout(10):
            while services.records.holder(asked["conversation_id"]) != "waiting":  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await caretaker.stop()
        assert (await ask(client, "你好", "等的人"))["messages"] != []


CALLER = {
    "key": "call-0001", "kind": "complaint", "what": "楼下烧烤店油烟太大，电话13800138000", "where": "示例市幸福小区", "when": "昨晚",
    "contact": "13800138000",
}  # fmt: skip


class TestForCallers:
    async def test_an_agent_files_what_a_caller_says(self, client, services):
        token = _token(services, "wang", "agent")
        reply = await client.post("/api/tickets", json=CALLER, headers=token)
        assert reply.status_code == 201
        filed = reply.json()
        assert (filed["department"], filed["channel"], filed["history"][0]["actor"]) == ("综合行政执法局", "phone", "wang")
        assert "13800138000" not in str(filed)
        assert (await client.post("/api/tickets", json=CALLER, headers=token)).json()["number"] == filed["number"]
        assert (await client.get("/api/tickets", headers=token)).json()["total"] == 1

    async def test_a_caller_s_conversation_gets_the_ticket(self, client):
        said = await ask(client, "你好", "来电人")
        body = {**CALLER, "conversation_id": said["conversation_id"], "department": "城管局"}
        filed = await client.post("/api/tickets", json=body, headers=ADMIN)
        assert (filed.json()["conversation_id"], filed.json()["department"]) == (said["conversation_id"], "城管局")
        missing = await client.post("/api/tickets", json={**body, "conversation_id": "nope"}, headers=ADMIN)
        assert missing.status_code == 404

    async def test_looking_at_the_contact_is_written_down(self, client, services):
        token = _token(services, "wang", "agent")
        number = (await client.post("/api/tickets", json=CALLER, headers=token)).json()["number"]
        assert services.ticket_desk.read(number)["details"]["contact"] == "138****8000"
        assert (await client.get(f"/api/tickets/{number}", headers=token)).json()["details"]["contact"] == "13800138000"
        line = (await client.get("/api/staff/audit", params={"action": "ticket.contact"}, headers=ADMIN)).json()["lines"][0]
        assert (line["actor"], line["object_id"]) == ("wang", number)
        assert "13800138000" not in str((await client.get("/api/staff/audit", headers=ADMIN)).json())

    async def test_found_by_department_handler_words_and_number(self, client, services):
        token = _token(services, "wang", "agent")
        first = (await client.post("/api/tickets", json=CALLER, headers=token)).json()["number"]
        other = {**CALLER, "key": "call-0002", "kind": "consultation", "what": "医保怎么异地报销", "where": ""}
        second = (await client.post("/api/tickets", json=other, headers=token)).json()["number"]
        await client.post(f"/api/tickets/{first}/accept", headers=token)

        async def found(**query):
            return [row["number"] for row in (await client.get("/api/tickets", params=query, headers=token)).json()["tickets"]]

        assert await found() == [second, first]  # the earlier deadline first
        assert await found(department="综合行政执法局") == [first]
        assert await found(handler="wang") == [first]
        assert await found(q="医保 报销") == [second]
        assert await found(q=first.lower()) == [first]
        assert await found(kind="consultation", state="accepted") == []
        counts = (await client.get("/api/tickets/counts", headers=token)).json()
        assert (counts["states"]["filed"], counts["states"]["accepted"], counts["overdue"]) == (1, 1, 0)
        assert {"综合行政执法局", "医疗保障局"} <= set(counts["departments"])


class TestBadRatings:
    async def rated(self, client, words):
        receipt = await file(client)
        number = await number_of(client)
        for step, body in STEPS:
            await post(client, f"/api/tickets/{number}/{step}", body)
        await post(client, f"/api/tickets/{number}/answer", {"text": "已转达。"})
        await ask(client, words, "投诉人")
        return number, receipt["conversation_id"]

    async def test_put_right_and_called_back(self, client):
        number, _ = await self.rated(client, "非常不满意，根本没人联系我")
        rating = (await client.get("/api/tickets/ratings", headers=ADMIN)).json()["ratings"][0]
        owed = rating["rectification"]
        assert (rating["level"], owed["state"], owed["days_left"], owed["overdue"]) == (1, "open", 15, False)
        path = f"/api/tickets/{number}/rectification"
        await post(client, f"{path}/call-back", {"text": "满意"}, 409)
        await post(client, f"{path}/assign", {"department": "督查科"})
        await post(client, f"{path}/rectify", {"text": "已当面道歉并办结。"})
        assert (await post(client, f"{path}/reopen", {"text": "市民说还没有收到证"}))["state"] == "assigned"
        await post(client, f"{path}/rectify", {"text": "证件已送达。"})
        done = await post(client, f"{path}/call-back", {"text": "市民表示满意"})
        assert (done["state"], done["department"], done["days_left"]) == ("called_back", "督查科", None)
        steps = [event["step"] for event in (await client.get(f"/api/tickets/{number}", headers=ADMIN)).json()["history"]]
        assert steps[-5:] == ["rectify_assign", "rectify_done", "rectify_again", "rectify_done", "rectify_call"]

    async def test_overdue_after_fifteen_working_days(self, client, services):
        await self.rated(client, "不满意")
        services.rectifications._now = lambda: clock.now() + timedelta(days=40)
        late = (await client.get("/api/tickets/ratings", params={"overdue": True}, headers=ADMIN)).json()["ratings"]
        assert late[0]["rectification"]["overdue"] is True
        assert late[0]["rectification"]["days_left"] < 0

    async def test_good_ratings_owe_nothing(self, client):
        number, _ = await self.rated(client, "满意")
        ratings = (await client.get("/api/tickets/ratings", headers=ADMIN)).json()["ratings"]
        assert [(row["level"], row["rectification"]) for row in ratings] == [(4, None)]
        await post(client, f"/api/tickets/{number}/rectification/assign", {}, 404)


def _token(services, name, role):
    services.accounts.add(name, "four words long", role, COMMAND_LINE)
    return {"Authorization": f"Bearer {services.accounts.tokens.add(name, 't', COMMAND_LINE).token}"}


async def test_a_ticket_shows_those_of_the_same_place_and_matter(client):
    async def call(what, where):
        body = {"key": f"similar-{len(what)}-{len(where)}", "what": what, "where": where, "contact": "13800138000"}
        return (await client.post("/api/tickets", json=body, headers=ADMIN)).json()["number"]

    first = await call("小区门口工地夜里一直施工，吵得睡不着", "示例区幸福路88号阳光小区")
    again = await call("夜里工地施工噪音太大，老人孩子都睡不着", "幸福路88号阳光小区")
    other_place = await call("工地夜里施工，吵得一家人睡不着", "样板县人民东路")
    unlike = await call("公交站台的灯坏了半个月没人修", "样板县人民西路公交站")
    found = (await client.get(f"/api/tickets/{first}/similar", headers=ADMIN)).json()["tickets"]
    assert {row["number"]: "同一地点" in row["why"] for row in found} == {again: True, other_place: False}
    assert "13800138000" not in str(found)
    assert (await client.get(f"/api/tickets/{unlike}/similar", headers=ADMIN)).json() == {"tickets": []}
    assert (await client.get(f"/api/tickets/{first}/similar")).status_code == 401
