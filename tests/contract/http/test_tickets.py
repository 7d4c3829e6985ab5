"""Tickets and hand-offs over HTTP, from the citizen's complaint to the rating, as staff's programs drive them."""

import asyncio
from datetime import timedelta

import pytest

from bot.caretaker import Caretaker
from conversations import clock
from conversations.handoff_desk import HandoffDesk
from conversations.outbox import Outbox
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
