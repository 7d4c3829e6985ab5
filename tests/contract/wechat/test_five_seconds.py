"""Five seconds, three attempts, one effect. Where time matters, WeChat's seconds are fifths here."""

import asyncio
import time

import httpx
import pytest

from bot.channels.wechat import channel, deliveries
from conversations.models import Message, OutboxMessage, Turn
from conversations.outbox import STATES
from tests.contract.http.conftest import ADMIN, publish
from tests.contract.wechat.conftest import SlowDialogue, Start
from tests.fixtures.wechat_server import WeChatServer, text_push
from tests.fixtures.wechat_stand_in import WeChatStandIn

QUESTION = "食品经营许可证延续"
ANSWER = "九十个工作日"
DROPPED_AFTER_S = 1.0


@pytest.fixture
def _fifths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "BUDGET_S", 0.9)
    monkeypatch.setattr(channel, "TYPING_AFTER_S", 0.4)
    monkeypatch.setattr(channel, "LAST_ATTEMPT_AFTER_S", 1.9)
    monkeypatch.setattr(channel, "LOOK_S", 0.03)


in_fifths = pytest.mark.usefixtures("_fifths")


class Phone:
    """A user whose messages WeChat pushes up to three times."""

    def __init__(self, server: WeChatServer, openid: str = "oUser-1", patience_s: float = DROPPED_AFTER_S) -> None:
        self.server, self.openid, self.patience_s, self.attempts = server, openid, patience_s, 0

    async def send(self, content: str, attempts: int = 3) -> str | None:
        """What the user sees; None after `success`. Raises TimeoutError where WeChat would show its fault notice."""
        push = text_push(content, self.openid)
        for self.attempts in range(1, attempts + 1):
            try:
                return self.server.opened(await self.server.push(push, timeout=self.patience_s))
            except httpx.TimeoutException:
                continue
        raise TimeoutError("该公众号提供的服务出现故障，请稍后再试")


async def until(condition, seconds: float = 8.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what happens in other threads and processes sets no event
            await asyncio.sleep(0.03)


def outbox(services) -> dict[str, int]:
    return {state: number for state, number in services.wechat.outbox.counts().items() if number}


@in_fifths
async def test_a_slow_answer_of_a_verified_account_comes_as_one_message(
    plain: WeChatServer, food: dict, gateway, dialogue: SlowDialogue, api: WeChatStandIn
) -> None:
    services, _ = gateway
    dialogue.seconds = 1.4
    assert await Phone(plain).send(QUESTION) is None
    await until(lambda: api.texts("oUser-1"))
    await asyncio.sleep(0.3)
    assert len(api.texts("oUser-1")) == 1
    assert ANSWER in api.texts("oUser-1")[0]
    assert outbox(services) == {"sent": 1}
    assert [entry.body["command"] for entry in api.requests("message/custom/typing")] == ["Typing"]
    left = services.wechat.allowances.left("oUser-1")
    assert (left.left, left.of) == (4, 5)
    assert 47.9 <= left.hours_left <= 48


async def test_without_the_right_to_send_a_later_attempt_carries_the_answer(
    start: Start, dialogue: SlowDialogue, api: WeChatStandIn
) -> None:
    services, running = await start(can_send=False)
    async with httpx.AsyncClient(base_url=running.url) as client:
        await publish(client)
        dialogue.released.clear()
        phone = Phone(WeChatServer(client), patience_s=5)
        sent = asyncio.create_task(phone.send(QUESTION))
        await until(lambda: phone.attempts == 2)
        dialogue.released.set()
        assert ANSWER in (await sent or "")
        assert phone.attempts == 2
        assert dialogue.asked == [QUESTION]
        assert outbox(services) == {}


@in_fifths
async def test_at_the_end_of_the_third_attempt_any_word_fetches_the_answer(start: Start, dialogue: SlowDialogue) -> None:
    services, running = await start(can_send=False)
    async with httpx.AsyncClient(base_url=running.url) as client:
        await publish(client)
        dialogue.seconds = 4.0
        phone = Phone(WeChatServer(client))
        assert await phone.send(QUESTION) == "正在查询，请回复任意文字获取答案"
        assert phone.attempts == 3
        await until(lambda: outbox(services) == {"waiting": 1})
        dialogue.seconds = 0.0
        fetched = await phone.send("1")
        assert ANSWER in (fetched or "")
        assert outbox(services) == {"sent": 1}
        again = await phone.send("要带什么材料")
        assert ANSWER not in (again or "")
        assert "食品经营许可延续申请书" in (again or "")


async def test_what_waits_comes_before_the_answer_to_a_new_question(start: Start, dialogue: SlowDialogue) -> None:
    services, running = await start(can_send=False)
    async with httpx.AsyncClient(base_url=running.url) as client:
        await publish(client)
        phone = Phone(WeChatServer(client), patience_s=5)
        await phone.send(QUESTION)
        conversation = services.records.find_or_create("wechat", "oUser-1")
        services.records.say(conversation, "agent", "您好，我是人工坐席，材料也可以邮寄。")
        assert outbox(services) == {"pending": 1}
        both = await phone.send("办理地点在哪里")
        assert both is not None
        assert both.index("也可以邮寄") < both.index("市民中心")


async def test_the_right_is_lost_while_waiting(
    plain: WeChatServer, food: dict, gateway, dialogue: SlowDialogue, api: WeChatStandIn
) -> None:
    services, _ = gateway
    api.fail("message/custom/typing", errcode=48001, times=None)
    api.fail("message/custom/send", errcode=48001, times=None)
    dialogue.released.clear()
    phone = Phone(plain, patience_s=5)
    sent = asyncio.create_task(phone.send(QUESTION))
    await until(lambda: phone.attempts == 2)
    dialogue.released.set()
    assert ANSWER in (await sent or "")  # the typing notice told that sending is not granted
    assert phone.attempts == 2
    assert outbox(services) == {}
    assert (await plain.client.get("/readyz")).json()["components"]["wechat"]["state"] == "ok"


async def test_a_lost_reply_is_given_again_to_the_letter(
    plain: WeChatServer, food: dict, gateway, dialogue: SlowDialogue
) -> None:
    services, _ = gateway
    push = text_push(QUESTION)
    replies = [plain.opened(await plain.push(push)) for _ in range(3)]
    assert len(set(replies)) == 1
    assert dialogue.asked == [QUESTION]
    with services.database.read() as session:
        assert session.query(Turn).count() == 1
        assert session.query(Message).count() == 2


async def test_overlapping_attempts_do_the_work_once(plain: WeChatServer, food: dict, dialogue: SlowDialogue) -> None:
    dialogue.seconds = 0.2
    push = text_push(QUESTION)
    replies = await asyncio.gather(*(plain.push(push) for _ in range(3)))
    assert len({plain.opened(reply) for reply in replies}) == 1
    assert dialogue.asked == [QUESTION]


async def test_two_processes_do_the_work_once_and_say_the_same(start: Start, dialogue: SlowDialogue) -> None:
    (services, first), (others, second) = await start(), await start()
    async with httpx.AsyncClient(base_url=first.url) as one, httpx.AsyncClient(base_url=second.url) as other:
        await publish(one)
        await until(lambda: services.index.revision == others.index.revision > 0)
        dialogue.seconds = 0.2
        push = text_push(QUESTION)
        servers = [WeChatServer(one), WeChatServer(other), WeChatServer(one)]
        replies = await asyncio.gather(*(server.push(push) for server in servers))
        assert len({servers[0].opened(reply) for reply in replies}) == 1
        assert dialogue.asked == [QUESTION]
        assert services.records.counts()["turns"] == 1


async def test_messages_of_one_user_are_answered_in_order_across_processes(start: Start, dialogue: SlowDialogue) -> None:
    (services, first), (others, second) = await start(), await start()
    async with httpx.AsyncClient(base_url=first.url) as one, httpx.AsyncClient(base_url=second.url) as other:
        await publish(one)
        await until(lambda: services.index.revision == others.index.revision > 0)
        dialogue.seconds = 0.15
        servers = [WeChatServer(one), WeChatServer(other)]
        asked = asyncio.ensure_future(servers[0].push(text_push(QUESTION)))
        await until(lambda: services.records.counts()["turns"] == 1)
        follow_up = servers[1].opened(await servers[1].push(text_push("要带什么材料")))
        await asked
        assert "食品经营许可延续申请书" in (follow_up or ""), "the follow-up was answered from the first message's entry"


async def test_users_never_wait_for_one_another(plain: WeChatServer, food: dict, dialogue: SlowDialogue) -> None:
    dialogue.seconds = 0.3
    started = time.perf_counter()
    await asyncio.gather(*(plain.say(QUESTION, f"oUser-{n}") for n in range(12)))
    assert time.perf_counter() - started < 12 * 0.3 / 2


async def test_a_long_answer_goes_on_with_more(plain: WeChatServer, gateway) -> None:
    services, _ = gateway
    text = "".join(f"第{n}条规定企业应当按时申报并如实填写全部材料，逾期不予受理。" for n in range(120))
    push = text_push("长答复")
    services.records.find_or_create("wechat", "oUser-1")
    services.wechat.allowances.keep_rest("oUser-1", text)
    shown, portion = "", await plain.say("更多")
    while portion and "回复“更多”继续查看" in portion:
        shown += portion.replace("\n（内容较长，回复“更多”继续查看）", "")
        portion = await plain.say("更多")
    assert shown + (portion or "") == text
    assert "更多" not in (await plain.say("更多") or ""), push


async def test_numbers_pick_what_was_offered(plain: WeChatServer, food: dict) -> None:
    welcome = await plain.event("subscribe", EventKey="")
    assert "<a href" in (welcome or "")
    assert ANSWER in (await plain.say("1") or "")


async def test_a_tapped_option_opens_that_entry_even_among_equal_titles(plain: WeChatServer, food: dict) -> None:
    second = await publish(plain.client, external_id="SP-02", answer="另一个区的规定：提前三十个工作日申请。")
    tapped = plain.opened(await plain.push(text_push(QUESTION, bizmsgmenuid=str(second["entry_id"]))))
    assert "三十个工作日申请" in (tapped or "")


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        ({"errcode": -1, "times": 1}, "sent"),
        ({"http_status": 502, "times": 1}, "sent"),
        ({"errcode": 40001, "times": 1}, "sent"),
        ({"errcode": 42001, "times": 1}, "sent"),
        ({"errcode": 45002, "times": 1}, "sent"),
        ({"errcode": 45015, "times": 1}, "waiting"),
        ({"errcode": 45047, "times": 1}, "waiting"),
        ({"errcode": 45009, "times": 1}, "waiting"),
        ({"errcode": 48001, "times": 1}, "waiting"),
        ({"errcode": 43004, "times": 1}, "dropped"),
        ({"drop_connection": "after", "times": 1}, "uncertain"),
        ({"drop_connection": "before", "times": 1}, "uncertain"),
    ],
    ids=str,
)
async def test_every_failure_of_sending_ends_as_the_protocol_says(
    plain: WeChatServer, food: dict, gateway, api: WeChatStandIn, failure: dict, state: str
) -> None:
    services, _ = gateway
    await plain.say("你好")
    api.fail("message/custom/send", **failure)
    conversation = services.records.find_or_create("wechat", "oUser-1")
    services.records.say(conversation, "agent", "您好，我是人工坐席。")
    await until(lambda: outbox(services) == {state: 1})
    await asyncio.sleep(0.2)
    times = len(api.texts("oUser-1"))
    assert times == (1 if state == "sent" or failure.get("drop_connection") == "after" else 0)
    if state == "waiting":
        seen = await plain.say("在吗") or ""
        await until(lambda: outbox(services) == {"sent": 1})
        assert [*api.texts("oUser-1"), seen].count("您好，我是人工坐席。") + seen.count("我是人工坐席。\n") == 1


async def test_wrong_credentials_do_not_lose_an_answer(start: Start, api: WeChatStandIn, dialogue: SlowDialogue) -> None:
    services, running = await start(WECHAT_APP_SECRET="wrong-secret")
    async with httpx.AsyncClient(base_url=running.url) as client:
        await publish(client)
        phone = Phone(WeChatServer(client), patience_s=5)
        assert ANSWER in (await phone.send(QUESTION) or "")
        conversation = services.records.find_or_create("wechat", "oUser-1")
        services.records.say(conversation, "agent", "材料可以邮寄。")
        await until(lambda: services.wechat.outbox.counts()["pending"] == 1 and api.requests("stable_token") != [])
        await until(lambda: "AppSecret" in str(httpx.get(f"{running.url}/readyz").json()["components"]["wechat"]))
        await asyncio.sleep(2.2)  # what was learned counts everywhere after two seconds
        assert "材料可以邮寄" in (await phone.send("办理地点在哪里") or "") or outbox(services).get("waiting") == 1


async def test_a_sixth_message_waits_for_the_user(plain: WeChatServer, food: dict, gateway, api: WeChatStandIn) -> None:
    services, _ = gateway
    await plain.say("你好")
    conversation = services.records.find_or_create("wechat", "oUser-1")
    for number in range(6):
        services.records.say(conversation, "agent", f"第{number}句")
    await until(lambda: outbox(services) == {"sent": 5, "waiting": 1})
    assert api.texts("oUser-1") == [f"第{number}句" for number in range(5)]
    assert services.wechat.allowances.left("oUser-1").left == 0
    await plain.say("嗯")
    await until(lambda: outbox(services) == {"sent": 6})
    assert api.texts("oUser-1")[-1] == "第5句"


async def test_a_turn_whose_process_died_is_answered_through_the_outbox(
    start: Start, api: WeChatStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    services, running = await start()
    async with httpx.AsyncClient(base_url=running.url) as client:
        await publish(client)
        from bot.channels.wechat.inbound import understand

        push = understand({k: str(v) for k, v in text_push(QUESTION, "oLost").items()})
        services.wechat._deliveries.arrive(push, True)  # and then it died
        services.records.reserve("wechat", "oLost", QUESTION, push.key)
        services.turns.abandoned_after = timedelta(seconds=0.2)
        monkeypatch.setattr(deliveries, "NO_MORE_ATTEMPTS", timedelta(seconds=0.3))
        await until(lambda: api.texts("oLost"), 12)
        await asyncio.sleep(0.2)
        assert [ANSWER in text for text in api.texts("oLost")] == [True]
        assert set(outbox(services)) <= set(STATES)
        with services.database.read() as session:
            assert session.query(OutboxMessage).count() == 1


async def test_what_a_dead_process_was_sending_is_shown_and_not_sent_again(
    gateway, plain: WeChatServer, food: dict, api: WeChatStandIn, monkeypatch
) -> None:
    from datetime import timedelta

    from conversations import outbox as queue

    services, _ = gateway
    monkeypatch.setattr(queue, "IN_HAND_AT_MOST", timedelta(seconds=0.1))
    await plain.say("你好")
    conversation = services.records.find_or_create("wechat", "oUser-1")
    with services.database.write() as session:
        from conversations.clock import now

        queue.add_to_outbox(
            session,
            channel="wechat",
            recipient="oUser-1",
            conversation_id=conversation,
            content={"text": "x"},
            key="k",
            moment=now(),
            state="sending",
        )
        session.query(OutboxMessage).update({"claimed_at": now() - timedelta(seconds=90)})
    await until(lambda: outbox(services) == {"uncertain": 1})
    assert api.texts("oUser-1") == []
    assert (await plain.client.get("/readyz")).json()["components"]["outbox"]["state"] == "degraded"


async def test_staff_see_what_waits_and_decide_on_what_is_uncertain(
    plain: WeChatServer, food: dict, gateway, api: WeChatStandIn
) -> None:
    services, _ = gateway
    assert (await plain.client.get("/api/outbox")).status_code == 401
    await plain.say("你好")
    api.fail("message/custom/send", drop_connection="before")
    conversation = services.records.find_or_create("wechat", "oUser-1")
    services.records.say(conversation, "agent", "您好，我是人工坐席。")
    await until(lambda: outbox(services) == {"uncertain": 1})
    shown = (await plain.client.get("/api/outbox", headers=ADMIN)).json()
    [message] = shown["messages"]
    assert (message["state"], message["content"]) == ("uncertain", {"text": "您好，我是人工坐席。"})
    assert (message["allowance"]["left"], message["allowance"]["of"]) == (4, 5)
    assert shown["counts"]["uncertain"] == 1
    again = await plain.client.post(f"/api/outbox/{message['id']}/resend", json={}, headers=ADMIN)
    assert again.json() == {"id": message["id"], "state": "pending"}
    log = (await plain.client.get("/api/staff/audit", params={"action": "outbox.pending"}, headers=ADMIN)).json()
    assert str(message["id"]) in str(log)
    await until(lambda: outbox(services) == {"sent": 1})
    assert api.texts("oUser-1") == ["您好，我是人工坐席。"]
    assert (await plain.client.post(f"/api/outbox/{message['id']}/drop", json={}, headers=ADMIN)).status_code == 404


async def test_who_waited_at_the_door_of_a_starting_gateway_is_answered_by_a_message(
    start: Start, api: WeChatStandIn, dialogue: SlowDialogue
) -> None:
    services, running = await start(settled=False)
    async with httpx.AsyncClient(base_url=running.url) as client:
        await publish(client)
        services.wechat.channel.opened()
        server = WeChatServer(client)
        assert await server.say(QUESTION) is None
        await until(lambda: outbox(services) == {"sent": 1})
        assert [ANSWER in text for text in api.texts("oUser-1")] == [True]
