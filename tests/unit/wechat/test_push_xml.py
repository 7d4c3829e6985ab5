"""Pushes as WeChat really sends them, and everything else."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.wechat.errors import UnreadablePushError
from bot.channels.wechat.inbound import Push, understand
from bot.channels.wechat.push_xml import ILLEGAL, read_push, write_reply
from tests.fixtures.wechat_server import as_xml, event_push, message_push, text_push

ANYTHING = st.text(st.characters(exclude_categories=("Cs",)), max_size=400)
MARKS = st.lists(st.sampled_from(["]]>", "<![CDATA[", "</Content>", "<Content>", "<MsgId>", "</MsgId>", "</xml>", "&lt;", "&", "<", "<!--", "字", "\x02", "a"])).map("".join)  # fmt: skip


@given(ANYTHING | MARKS)
def test_whatever_a_user_types_sender_and_identity_are_wechats(content: str) -> None:
    fields = read_push(as_xml(text_push(content, "oSender", 4711)).encode())
    assert (fields["FromUserName"], fields["MsgId"], fields["MsgType"]) == ("oSender", "4711", "text")


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=300))
def test_words_arrive_as_they_were_typed(content: str) -> None:
    if "]]>" in content or "<![CDATA[" in content:
        return
    assert read_push(as_xml(text_push(content)).encode())["Content"] == content


@given(MARKS)
def test_words_with_marks_arrive_without_the_control_characters(content: str) -> None:
    understood = understand(read_push(as_xml(text_push(content, "oSender", 4711)).encode()))
    assert understood.openid == "oSender"
    assert "\x02" not in understood.text


@given(st.binary(max_size=300) | ANYTHING.map(lambda t: f"<xml>{t}</xml>".encode()) | MARKS.map(str.encode))
def test_nothing_else_gets_further_than_a_refusal(body: bytes) -> None:
    try:
        fields = read_push(body)
    except UnreadablePushError:
        return
    assert fields.get("MsgType") or fields.get("Encrypt")


@given(st.dictionaries(st.sampled_from(["MsgType", "FromUserName", "ToUserName", "Event", "CreateTime", "MsgId", "Content", "EventKey", "bizmsgmenuid"]), ANYTHING))  # fmt: skip
def test_odd_fields_are_understood_or_refused(fields: dict[str, str]) -> None:
    try:
        push = understand(fields)
    except UnreadablePushError:
        return
    assert Push.from_json(push.to_json()) == push
    assert len(push.key) <= 320


@given(ANYTHING | MARKS)
def test_a_reply_carries_the_words_and_nothing_more(content: str) -> None:
    xml = write_reply({"ToUserName": "o", "FromUserName": "g", "CreateTime": 1, "MsgType": "text", "Content": content})
    root = ElementTree.fromstring(xml)
    assert [child.tag for child in root] == ["ToUserName", "FromUserName", "CreateTime", "MsgType", "Content"]
    expected = ILLEGAL.sub("", content).replace("\r\n", "\n").replace("\r", "\n")
    assert (root.findtext("Content") or "") == expected


def test_two_messages_in_one_second_are_two_and_an_event_with_another_key_is_another() -> None:
    def key(fields: dict) -> str:
        return understand({name: str(value) for name, value in fields.items()}).key

    assert key(text_push("a", number=1)) != key(text_push("a", number=2))
    assert key(event_push("CLICK", at=5, EventKey="x")) != key(event_push("CLICK", at=5, EventKey="y"))
    assert key(event_push("subscribe", at=5)) != key(event_push("CLICK", at=5))
    assert key(event_push("CLICK", at=5, EventKey="x")) == key(event_push("CLICK", at=5, EventKey="x"))


@pytest.mark.parametrize("missing", ["FromUserName", "ToUserName", "MsgId"])
def test_a_message_without_sender_or_identity_is_refused(missing: str) -> None:
    fields = {name: str(value) for name, value in message_push("text", Content="你好").items() if name != missing}
    with pytest.raises(UnreadablePushError):
        understand(fields)
