"""The simulator and the callback understand each other, as an operator and the load tests use them."""

import httpx
import pytest

from bot.channels.wechat.checkup import check_channel
from bot.channels.wechat.crypto import MessageCipher
from bot.channels.wechat.simulator import Mode, SimulatedUser, SimulatedWeChat, readable
from tests.contract.http.conftest import publish
from tests.fixtures.wechat_server import APP_ID, KEY, TOKEN

QUESTION = "食品经营许可证延续"


@pytest.fixture
def simulated(gateway, client: httpx.AsyncClient):
    def make(mode: Mode = "plaintext", **more) -> SimulatedWeChat:
        cipher = MessageCipher(APP_ID, [KEY])
        return SimulatedWeChat(client, f"{gateway[1].url}/wechat", TOKEN, cipher=cipher, mode=mode, **more)

    return make


@pytest.mark.parametrize("mode", ["plaintext", "compatible", "safe"])
async def test_a_question_in_every_mode(simulated, food, mode):
    reply = await SimulatedUser(simulated(mode)).send_text(QUESTION)
    assert reply.fault is None
    assert "九十个工作日" in reply.text


async def test_a_scanned_code_and_a_question_about_it(simulated, food):
    user = SimulatedUser(simulated())
    for _ in range(2):  # by subscribing, then as a follower
        assert "九十个工作日" in (await user.scan(f"entry_{food['entry_id']}")).text
    assert "原许可证正副本" in (await user.send_text("要带什么材料")).text


async def test_options_are_tapped(simulated, client, food):
    await publish(client, external_id="SP-02", title="食品经营许可证补办", similar_questions=[])
    user = SimulatedUser(simulated())
    welcome = await user.send_event("subscribe", "")
    _, options = readable(welcome.text)
    assert options
    reply = await user.send_text(options[0].content, options[0].menu_id)
    assert (reply.fault, "食品经营许可" in reply.text) == (None, True)


async def test_silent_events(simulated):
    reply = await SimulatedUser(simulated()).send_event("LOCATION", Latitude="23.1", Longitude="113.3", Precision="60")
    assert (reply.text, reply.fault) == (None, None)


async def test_three_attempts_are_one_question(simulated, dialogue, food):
    dialogue.seconds = 2.0
    reply = await SimulatedUser(simulated(attempt_s=0.3)).send_text(QUESTION)
    assert (reply.text, reply.attempts) == (None, 3)
    assert "没有回答" in reply.fault
    assert dialogue.asked == [QUESTION]


async def test_check_finds_nothing_wrong(gateway, api):
    services, running = gateway
    settings = services.settings.model_copy(update={"port": int(running.url.rpartition(":")[2])})
    findings = await check_channel(settings, services.wechat.api)
    assert {f.subject for f in findings if f.state == "ok"} >= {"令牌 Token", "消息加解密", "接口凭证", "客服消息", "回调地址"}
    assert [f for f in findings if f.state == "bad"] == []


async def test_check_notices_another_token(gateway, api):
    services, running = gateway
    port = int(running.url.rpartition(":")[2])
    settings = services.settings.model_copy(update={"port": port, "wechat_token": services.settings.wechat_aes_key})
    finding = (await check_channel(settings, services.wechat.api))[-1]
    assert (finding.state, "HTTP 403" in finding.detail) == ("bad", True)
