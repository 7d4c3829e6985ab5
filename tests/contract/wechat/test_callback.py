"""The callback as WeChat calls it."""

import httpx
import pytest

from bot.channels.wechat.crypto import MessageCipher
from tests.contract.http.conftest import publish
from tests.contract.wechat.conftest import Start
from tests.fixtures.wechat_server import (
    APP_ID,
    KEY,
    MODES,
    TOKEN,
    WeChatServer,
    as_xml,
    event_push,
    message_push,
    signed_query,
    text_push,
    wrapped,
)  # fmt: skip

QUESTION = "食品经营许可证延续"


async def test_the_address_is_verified_with_the_bare_echo(client: httpx.AsyncClient) -> None:
    reply = await client.get("/wechat", params={**signed_query(), "echostr": "8123456789012345678"})
    assert (reply.status_code, reply.text) == (200, "8123456789012345678")
    assert "text/plain" in reply.headers["content-type"]


@pytest.mark.parametrize("change", [{"signature": "0" * 40}, {"signature": ""}, {"nonce": "another"}, {"timestamp": "1"}])
async def test_a_wrong_signature_gets_no_echo(client: httpx.AsyncClient, change: dict[str, str]) -> None:
    reply = await client.get("/wechat", params={**signed_query(), "echostr": "secret-echo", **change})
    assert reply.status_code == 403
    assert "secret-echo" not in reply.text


async def test_a_question_is_answered_with_its_source_in_every_mode(wechat: WeChatServer, food: dict) -> None:
    answer = await wechat.say(QUESTION)
    assert answer is not None
    assert "九十个工作日" in answer
    assert "市监总局令第78号" in answer


async def test_an_old_clock_is_tolerated_and_a_replay_changes_nothing(plain: WeChatServer, food: dict, gateway) -> None:
    services, _ = gateway
    body, query = as_xml(text_push(QUESTION, number=77)), signed_query(at=1_500_000_000)
    first = await plain.client.post("/wechat", params=query, content=body.encode())
    again = await plain.client.post("/wechat", params=query, content=body.encode())
    assert plain.opened(first) == plain.opened(again)
    assert services.records.counts()["turns"] == 1


@pytest.mark.parametrize("mode", MODES)
async def test_pushes_that_are_not_signed_with_our_token_are_refused(client: httpx.AsyncClient, mode: str, food: dict) -> None:
    cipher = MessageCipher(APP_ID, [KEY])
    body, query = wrapped(text_push(QUESTION), mode, cipher)
    name = "signature" if mode == "plaintext" else "msg_signature"
    for given in ("f" * 40, "", "é"):
        assert (await client.post("/wechat", params={**query, name: given}, content=body)).status_code == 403


async def test_envelopes_of_others_and_broken_ones_are_refused(client: httpx.AsyncClient) -> None:
    bodies = [
        MessageCipher("wxffffffffffffffff", [KEY]).encrypt(as_xml(text_push("你好"))),
        MessageCipher(APP_ID, ["Z" * 43]).encrypt(as_xml(text_push("你好"))),
        "bm90IGEgY2lwaGVy", "不是密文", "",
    ]  # fmt: skip
    for encrypted in bodies:
        reply = await client.post(
            "/wechat", params=signed_query("safe", encrypted), content=as_xml({"ToUserName": "gh", "Encrypt": encrypted}).encode()
        )
        assert 400 <= reply.status_code < 500, encrypted
        assert reply.json()["ok"] is False


BILLION_LAUGHS = '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><xml><ToUserName>g</ToUserName><FromUserName>o</FromUserName><MsgType>text</MsgType><Content>&b;</Content><MsgId>1</MsgId></xml>'
EXTERNAL = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><MsgType>text</MsgType><Content>&a;</Content></xml>'


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "<xml>",
        "<html></html>",
        "<xml></xml>",
        BILLION_LAUGHS,
        EXTERNAL,
        "<xml><MsgType>text</MsgType></xml>",
        "\ufffe" * 9,
    ],
)
async def test_what_is_not_a_push_is_refused(client: httpx.AsyncClient, body: str) -> None:
    reply = await client.post("/wechat", params=signed_query(), content=body.encode("utf-8", "surrogatepass"))
    assert 400 <= reply.status_code < 500
    assert set(reply.json()) == {"ok", "error", "errors", "status", "fix"}


async def test_a_body_over_64_kb_is_refused(client: httpx.AsyncClient) -> None:
    reply = await client.post("/wechat", params=signed_query(), content=as_xml(text_push("长" * 30_000)).encode())
    assert reply.status_code == 413


async def test_control_characters_and_cdata_marks_of_users_are_survived(wechat: WeChatServer, food: dict) -> None:
    assert "九十个工作日" in (await wechat.say(f"\x02{QUESTION}\x1d") or "")
    assert await wechat.say("请问]]>这个<![CDATA[符号]]>是什么") is not None


async def test_a_user_cannot_speak_for_another(wechat: WeChatServer, food: dict, gateway) -> None:
    services, _ = gateway
    forged = "]]></Content><FromUserName><![CDATA[oVictim]]></FromUserName><MsgId>5</MsgId><Content><![CDATA[你好"
    await wechat.say(forged, "oForger")
    with services.database.read() as session:
        from conversations.models import Conversation

        assert [c.sender_id for c in session.query(Conversation)] == ["oForger"]


async def test_an_echoed_cdata_end_forges_nothing(plain: WeChatServer) -> None:
    await publish(plain.client, title="测试]]>边界的办理", answer="结论]]></Content><MsgType><![CDATA[image]]></MsgType>在此。")
    answer = await plain.say("测试]]>边界的办理")
    assert answer is not None
    assert "]]＞" in answer


async def test_a_changed_key_still_opens_and_the_reply_uses_the_key_that_did(start: Start) -> None:
    _, gateway = await start(WECHAT_AES_KEY="N" * 43, WECHAT_AES_KEY_PREVIOUS=KEY)
    async with httpx.AsyncClient(base_url=gateway.url) as client:
        await publish(client)
        old, new = WeChatServer(client, "safe", KEY), WeChatServer(client, "safe", "N" * 43)
        assert "九十个工作日" in (await old.say(QUESTION) or "")
        assert "九十个工作日" in (await new.say(QUESTION) or "")


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"WECHAT_TOKEN": None}, "off"),
        ({"WECHAT_AES_KEY": "short"}, "degraded"),
        ({"WECHAT_APP_ID": None}, "degraded"),
    ],
)
async def test_without_a_working_configuration_it_says_so(start: Start, changes: dict[str, str], state: str) -> None:
    _, gateway = await start(**changes)
    async with httpx.AsyncClient(base_url=gateway.url) as client:
        assert (await client.get("/wechat", params={**signed_query(), "echostr": "1"})).status_code == 503
        assert (await client.post("/wechat", params=signed_query(), content=as_xml(text_push("你好")))).status_code == 503
        ready = await client.get("/readyz")
        assert ready.status_code == 200
        assert ready.json()["components"]["wechat"]["state"] == state
        assert "WECHAT_" in ready.json()["components"]["wechat"]["detail"]


async def test_every_kind_of_message_gets_a_helpful_word(wechat: WeChatServer, food: dict) -> None:
    for kind, fields, word in [
        ("image", {"PicUrl": "http://x/1.jpg", "MediaId": "m"}, "图片"),
        ("video", {"MediaId": "m", "ThumbMediaId": "t"}, "视频"),
        ("shortvideo", {"MediaId": "m", "ThumbMediaId": "t"}, "视频"),
        ("link", {"Title": "通知", "Description": "…", "Url": "http://x"}, "链接"),
        ("voice", {"MediaId": "m", "Format": "amr", "Recognition": ""}, "语音"),
        ("voice", {"MediaId": "m", "Format": "amr"}, "语音"),
        ("location", {"Location_X": "23.1", "Location_Y": "113.3", "Scale": 16, "Label": "某地"}, "位置"),
        ("text", {"Content": "【收到不支持的消息类型，暂无法显示】"}, "消息"),
    ]:
        said = wechat.opened(await wechat.push(message_push(kind, **fields)))
        assert said is not None
        assert word in said
        assert "文字" in said
    assert wechat.opened(await wechat.push(message_push("hologram", Depth="3"))) is None


async def test_voice_is_answered_by_what_was_recognised(wechat: WeChatServer, food: dict) -> None:
    said = wechat.opened(await wechat.push(message_push("voice", MediaId="m", Format="amr", Recognition=QUESTION)))
    assert "九十个工作日" in (said or "")


async def test_a_location_sets_the_region(plain: WeChatServer, gateway) -> None:
    services, _ = gateway
    label = "广东省深圳市南山区深南大道10000号"
    said = plain.opened(await plain.push(message_push("location", Location_X="22.5", Location_Y="113.9", Scale=16, Label=label)))
    assert "深圳市" in (said or "")
    with services.database.read() as session:
        from conversations.models import Conversation

        assert session.query(Conversation).one().profile["region"] == "广东省深圳市南山区"


async def test_a_new_follower_is_welcomed_with_questions_to_tap(wechat: WeChatServer, food: dict) -> None:
    said = await wechat.event("subscribe", EventKey="")
    assert said is not None
    assert "msgmenucontent=食品经营许可证" in said
    assert await wechat.event("subscribe", "oUser-2", EventKey="last_trade_no_123") is not None


async def test_a_scene_code_opens_its_entry(wechat: WeChatServer, food: dict) -> None:
    for event, key in [
        ("subscribe", f"qrscene_entry_{food['entry_id']}"),
        ("SCAN", f"entry_{food['entry_id']}"),
        ("SCAN", str(food["entry_id"])),
    ]:
        assert "九十个工作日" in (await wechat.event(event, f"o-{event}-{key}", EventKey=key, Ticket="t") or "")
    follow_up = await wechat.say("要带什么材料", f"o-SCAN-entry_{food['entry_id']}")
    assert "食品经营许可延续申请书" in (follow_up or "")
    assert "停用或不存在" in (await wechat.event("SCAN", EventKey="entry_999999") or "")


async def test_menu_clicks_are_questions(wechat: WeChatServer, food: dict) -> None:
    assert "九十个工作日" in (await wechat.event("CLICK", EventKey=f"say:{QUESTION}") or "")
    assert "菜单" in (await wechat.event("CLICK", EventKey="other") or "")


@pytest.mark.parametrize(
    "event",
    [
        event_push("VIEW", EventKey="https://example.org", MenuId="1"),
        event_push("LOCATION", Latitude="23.1", Longitude="113.3", Precision="60"),
        event_push("TEMPLATESENDJOBFINISH", MsgID=200163836, Status="success"),
        event_push("subscribe_msg_popup_event"),
        event_push("weapp_audit_success"),
        event_push("unsubscribe"),
    ],
    ids=lambda push: push["Event"],
)
async def test_other_events_get_success(wechat: WeChatServer, event: dict) -> None:
    reply = await wechat.push(event)
    assert (reply.status_code, reply.text) == (200, "success")


async def test_who_unfollows_is_forgotten(plain: WeChatServer, food: dict, gateway) -> None:
    services, _ = gateway
    await plain.say(f"{QUESTION}，我的电话13800138000")
    await plain.event("unsubscribe")
    with services.database.read() as session:
        from conversations.models import Conversation, Message

        conversation = session.query(Conversation).one()
        assert conversation.sender_id.startswith("gone:")
        assert conversation.case == {}
        assert all("13800138000" not in message.text for message in session.query(Message))
    assert TOKEN not in str(await plain.say("你好"))
