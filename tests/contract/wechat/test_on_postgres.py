"""The whole gateway with its public account on PostgreSQL: two processes, one effect a message, one delivery an answer."""

import asyncio

import httpx
import pytest

from conversations.models import OutboxMessage, Turn
from tests.contract.http.conftest import publish
from tests.contract.wechat.conftest import SlowDialogue, Start
from tests.contract.wechat.test_five_seconds import ANSWER, QUESTION, Phone, _fifths, in_fifths, outbox, until  # noqa: F401
from tests.fixtures.wechat_server import WeChatServer, text_push
from tests.fixtures.wechat_stand_in import WeChatStandIn

pytestmark = pytest.mark.postgres


async def test_overlapping_attempts_at_two_processes(
    start: Start, postgres_url: str, dialogue: SlowDialogue, api: WeChatStandIn
) -> None:
    (services, first), (others, second) = await start(DATABASE_URL=postgres_url), await start(DATABASE_URL=postgres_url)
    async with (
        httpx.AsyncClient(base_url=first.url, timeout=30) as one,
        httpx.AsyncClient(base_url=second.url, timeout=30) as other,
    ):
        await publish(one)
        await until(lambda: services.index.revision == others.index.revision > 0)
        dialogue.seconds = 0.2
        servers = [WeChatServer(one), WeChatServer(other)]
        pushes = [text_push(QUESTION, f"oPg-{n}") for n in range(8)]
        replies = await asyncio.gather(*(servers[(n + m) % 2].push(push) for n, push in enumerate(pushes) for m in range(3)))
        seen = {servers[0].opened(reply) for reply in replies}
        assert len(seen) == 1
        assert ANSWER in (seen.pop() or "")
        assert dialogue.asked == [QUESTION] * 8
        with services.database.read() as session:
            assert session.query(Turn).count() == 8
        for n in range(8):
            conversation = services.records.find_or_create("wechat", f"oPg-{n}")
            services.records.say(conversation, "agent", "您好，我是人工坐席。")
        await until(lambda: outbox(services) == {"sent": 8})
        assert all(len(api.texts(f"oPg-{n}")) == 1 for n in range(8))


@in_fifths
async def test_what_waits_is_told_with_the_next_reply(start: Start, postgres_url: str, dialogue: SlowDialogue) -> None:
    services, running = await start(can_send=False, DATABASE_URL=postgres_url)
    async with httpx.AsyncClient(base_url=running.url, timeout=30) as client:
        await publish(client)
        phone = Phone(WeChatServer(client), "oPgLate")
        await until(lambda: services.index.revision > 0)
        dialogue.seconds = 4.0
        assert await phone.send(QUESTION) == "正在查询，请回复任意文字获取答案"
        with services.database.read() as session:
            until_waiting = lambda: session.query(OutboxMessage).filter_by(recipient="oPgLate", state="waiting").count() == 1  # noqa: E731
            await until(lambda: (session.rollback(), until_waiting())[1])
        dialogue.seconds = 0.0
        assert ANSWER in (await phone.send("好的") or "")
