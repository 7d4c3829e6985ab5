"""The simulator against a callback made with wechatpy, which knows nothing of our code, and against wrong ones."""

from collections.abc import AsyncIterator

import httpx
import pytest
from wechatpy.exceptions import InvalidSignatureException

from bot.channels.wechat.crypto import MessageCipher
from bot.channels.wechat.simulator import ATTEMPTS, SimulatedUser, SimulatedWeChat, readable
from tests.fixtures.wechat_peer import APP_ID, KEY, TOKEN, PeerCallback

URL = "http://callback.test/wechat"
OPENID = "oAbC"


@pytest.fixture
def peer() -> PeerCallback:
    return PeerCallback()


@pytest.fixture
async def client(peer: PeerCallback) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(peer.app())) as client:
        yield client


@pytest.fixture
def simulated(client):
    def make(mode: str = "plaintext", **changes) -> SimulatedWeChat:
        cipher = MessageCipher(APP_ID, [KEY])
        return SimulatedWeChat(client, URL, **{"token": TOKEN, "cipher": cipher, "mode": mode, "attempt_s": 0.3, **changes})

    return make


@pytest.fixture
def user(simulated) -> SimulatedUser:
    return SimulatedUser(simulated(), OPENID)


class TestProtocol:
    @pytest.mark.parametrize("mode", ["plaintext", "compatible", "safe"])
    async def test_a_peer_understands_it_and_is_understood(self, simulated, peer, mode):
        reply = await SimulatedUser(simulated(mode), OPENID).send_text("你好 <&> 😀")
        assert (reply.text, reply.fault, reply.attempts) == ("您说：你好 <&> 😀", None, 1)
        assert (peer.seen[0].source, peer.seen[0].target) == (OPENID, "gh_0123456789ab")
        assert ("<Encrypt>" in peer.bodies[0], "<Content>" in peer.bodies[0]) == (mode != "plaintext", mode != "safe")

    async def test_verification(self, simulated, peer):
        assert await simulated().verify() is None
        peer.echo = '"{}"'
        assert await simulated().verify() == "没有原样返回 echostr"
        peer.statuses = [404]
        assert await simulated().verify() == "返回 HTTP 404"
        with pytest.raises(InvalidSignatureException):
            await simulated(token="other").verify()

    async def test_menu_options_go_out_as_wechat_sends_them(self, user, peer):
        await user.send_text("甲事项", menu_id="e:7")
        assert "<bizmsgmenuid><![CDATA[e:7]]></bizmsgmenuid></xml>" in peer.bodies[0]
        assert "<Content><![CDATA[甲事项]]></Content>" in peer.bodies[0]

    async def test_events(self, user, peer):
        assert (await user.scan("entry_12")).text == "subscribe_scan:entry_12"
        assert (await user.scan("entry_12")).text == "scan:entry_12"
        assert (await user.send_event("CLICK", "say:转人工")).text == "click:"
        assert [m.id for m in peer.seen] == [0, 0, 0], "events have no MsgId"

    async def test_kinds_of_messages(self, user, peer):
        peer.answer = lambda _openid: b"success"
        await user.send_message("location", {"Location_X": "30.27", "Location_Y": "120.15", "Scale": "15", "Label": "杭州"})
        await user.send_message("image", {"PicUrl": "http://a/b", "MediaId": "m"})
        assert [m.type for m in peer.seen] == ["location", "image"]
        assert peer.seen[0].location == ("30.27", "120.15")

    async def test_message_ids_differ_and_an_equal_post_repeats(self, user, peer):
        await user.send_text("一")
        await user.send_text("一")
        xml = user.message("text", {"Content": "二"})
        await user.post(xml)
        await user.post(xml)
        ids = [m.id for m in peer.seen]
        assert len(set(ids)) == 3
        assert ids[2] == ids[3] < 2**63


class TestAttempts:
    async def test_silence_is_pushed_again_with_the_same_id(self, user, peer):
        peer.delays = [5, 5]
        reply = await user.send_text("慢")
        assert (reply.text, reply.attempts) == ("您说：慢", 3)
        assert len({m.id for m in peer.seen}) == 1
        assert 0.6 <= reply.seconds < 3

    async def test_three_times_in_all(self, user, peer):
        peer.delays = [5] * 9
        reply = await user.send_text("慢")
        assert (reply.text, reply.attempts, len(peer.seen)) == (None, ATTEMPTS, ATTEMPTS)
        assert "没有回答" in reply.fault

    async def test_error_status(self, user, peer):
        peer.statuses = [500] * 9
        assert "HTTP 500" in (await user.send_text("一")).fault

    async def test_nobody_there(self):
        async with httpx.AsyncClient(trust_env=False) as client:
            reply = await SimulatedUser(SimulatedWeChat(client, "http://127.0.0.1:9/wechat", TOKEN)).send_text("一")
        assert (reply.text, reply.attempts) == (None, ATTEMPTS)
        assert "连接失败" in reply.fault


def xml(openid: str, **changes: str) -> bytes:
    fields = {"ToUserName": openid, "FromUserName": "gh_0123456789ab", "CreateTime": "1", "MsgType": "text", "Content": "好"}
    return f"<xml>{''.join(f'<{k}>{v}</{k}>' for k, v in {**fields, **changes}.items())}</xml>".encode()


class TestReplies:
    @pytest.mark.parametrize("body", [b"success", b""])
    async def test_nothing_is_not_a_fault(self, user, peer, body):
        peer.answer = lambda _openid: body
        reply = await user.send_text("一")
        assert (reply.text, reply.fault) == (None, None)

    @pytest.mark.parametrize(
        ("answer", "fault"),
        [
            (lambda _: b'"success"', "XML"), (lambda _: b'{"ok":true}', "XML"), (lambda _: b"<html></html>", "根元素"),
            (lambda o: xml(o)[:-3], "XML"), (lambda o: xml(o, Content="a]]>b"), "XML"), (lambda _: xml("another"), "ToUserName"),
            (lambda o: xml(o, FromUserName="wx1"), "FromUserName"), (lambda o: xml(o, CreateTime="1.5"), "CreateTime"),
            (lambda o: xml(o, MsgType="json"), "MsgType"), (lambda o: xml(o, Content=""), "Content 为空"),
            (lambda o: xml(o, Content="字" * 683), "2047"), (lambda _: "<xml>中".encode("gbk"), "utf-8"),
        ],
    )  # fmt: skip
    async def test_what_users_would_see_as_a_fault(self, user, peer, answer, fault):
        peer.answer = answer
        reply = await user.send_text("一")
        assert reply.text is None
        assert fault in reply.fault

    async def test_the_longest_reply(self, user, peer):
        peer.answer = lambda o: xml(o, Content="a" * 2047)
        assert len((await user.send_text("一")).text) == 2047

    async def test_plain_replies_are_a_fault_in_safe_mode_only(self, simulated, peer):
        peer.answer = xml
        assert "没有加密" in (await SimulatedUser(simulated("safe"), OPENID).send_text("一")).fault
        assert (await SimulatedUser(simulated("compatible"), OPENID).send_text("一")).text == "好"

    async def test_a_reply_with_a_wrong_signature(self, simulated, peer):
        sealed = MessageCipher(APP_ID, [KEY]).encrypt(xml(OPENID).decode())
        body = f"<xml><Encrypt>{sealed}</Encrypt><MsgSignature>0</MsgSignature><TimeStamp>1</TimeStamp><Nonce>2</Nonce></xml>"
        peer.answer = lambda _openid: body.encode()
        assert "MsgSignature" in (await SimulatedUser(simulated("safe"), OPENID).send_text("一")).fault
        assert "明文模式" in (await SimulatedUser(simulated(), OPENID).send_text("一")).fault

    async def test_some_events_allow_no_text(self, user, peer):
        peer.answer = xml
        assert "不允许" in (await user.send_event("LOCATION", Latitude="1", Longitude="2", Precision="3")).fault


def test_readable():
    text = (
        '请选：\n<a href="weixin://bizmsgmenu?msgmenucontent=%E7%94%B2&amp;msgmenuid=e7">甲事项</a>\n'
        "<a href='weixin://bizmsgmenu?msgmenucontent=乙&msgmenuid=8'>乙</a> <a href=\"https://a.cn/?x=1&amp;y=2\">原文</a> 1<2"
    )
    shown, options = readable(text)
    assert shown == "请选：\n[1] 甲事项\n[2] 乙 原文（https://a.cn/?x=1&y=2） 1<2"
    assert [(o.content, o.menu_id) for o in options] == [("甲", "e7"), ("乙", "8")]


def test_modes_with_encryption_need_a_cipher():
    with pytest.raises(ValueError, match="cipher"):
        SimulatedWeChat(httpx.AsyncClient(), URL, TOKEN, mode="safe")
