"""WeChat's XML: reading pushes that are sometimes not XML at all, writing replies that nothing a user says can forge."""

import re
from collections.abc import Mapping
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from bot.channels.wechat.errors import UnreadablePushError

LARGEST_PUSH = 64 * 1024
# Everything that XML 1.0 does not allow, section 2.2. WeChat passes control characters on as users typed them.
ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>\s*")
_FIELD = r"<{name}>(.*)</{name}>"
_CDATA = re.compile(r"<!\[CDATA\[(.*)\]\]>", re.DOTALL)
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&amp;": "&"}
# Fields before the user's own words in every push, and the ones after them: what a user types cannot stand in front of or behind.
_BEFORE = ("ToUserName", "FromUserName", "CreateTime", "MsgType", "Event")
_AFTER = ("MsgId", "MsgID", "Encrypt")
_OWN_WORDS = (
    "Content", "Recognition", "Title", "Description", "Url", "Label", "EventKey", "Ticket", "PicUrl", "MediaId", "Format",
    "ThumbMediaId", "Location_X", "Location_Y", "Scale", "Latitude", "Longitude", "Precision", "Status", "bizmsgmenuid",
)  # fmt: skip


def read_push(body: bytes) -> dict[str, str]:
    """The top-level fields of a push, by name.

    Control characters are dropped. Where a user's words contain CDATA marks that WeChat passed on, fields are found by their
    place: those that WeChat writes before the words are taken from the front, those behind them from the back.

    Raises:
        UnreadablePushError: too large, not UTF-8, a DTD or entities, or nothing like a push.
    """
    if len(body) > LARGEST_PUSH:
        raise UnreadablePushError("消息超过 64 KB。", fix="这不是微信的推送，请核对来源。")
    try:
        text = ILLEGAL.sub("", body.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise UnreadablePushError("消息不是 UTF-8 编码。", fix="这不是微信的推送，请核对来源。") from exc
    text = _DECLARATION.sub("", text).strip()
    if not (text.startswith("<xml>") and text.endswith("</xml>")):
        raise _not_a_push()
    root = _parsed(text)
    names = [child.tag for child in root] if root is not None else []
    fields = (
        {child.tag: "" if len(child) else (child.text or "") for child in root}
        if root is not None and len(names) == len(set(names))
        else _by_place(text)
    )
    if not fields.get("MsgType") and not fields.get("Encrypt"):
        raise _not_a_push()
    return fields


def write_reply(fields: Mapping[str, str | int]) -> str:
    """A flat `<xml>` with numbers as they are and texts in CDATA, which no text can leave."""
    return "<xml>" + "".join(f"<{name}>{_value(value)}</{name}>" for name, value in fields.items()) + "</xml>"


def _value(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    return "<![CDATA[" + ILLEGAL.sub("", value).replace("]]>", "]]]]><![CDATA[>") + "]]>"


def _parsed(text: str) -> Element | None:
    """None when it is not XML. Raises: UnreadablePushError for what an attacker sends and WeChat never does."""
    try:
        root: Element = fromstring(text, forbid_dtd=True)
    except DefusedXmlException as exc:
        raise UnreadablePushError("消息含有 DTD 或实体。", fix="这不是微信的推送，请核对来源。") from exc
    except ParseError:
        return None
    return root


def _by_place(text: str) -> dict[str, str]:
    inner = text.removeprefix("<xml>").removesuffix("</xml>")
    if "<!DOCTYPE" in _CDATA.sub("", inner) or "<!ENTITY" in _CDATA.sub("", inner):
        raise _not_a_push()
    fields = {}
    for name in _BEFORE:
        start = inner.find(f"<{name}>")
        end = inner.find(f"</{name}>", start)
        if start >= 0 and end >= 0:
            fields[name] = _plain(inner[start + len(name) + 2 : end])
    for name in _AFTER:
        end = inner.rfind(f"</{name}>")
        start = inner.rfind(f"<{name}>", 0, max(end, 0))
        if start >= 0 and end >= 0:
            fields[name] = _plain(inner[start + len(name) + 2 : end])
    for name in _OWN_WORDS:
        found = re.search(_FIELD.format(name=name), inner, re.DOTALL)
        if found:
            fields[name] = _plain(found[1])
    return fields


def _plain(value: str) -> str:
    value = value.strip()
    wrapped = _CDATA.fullmatch(value)
    if wrapped:
        return wrapped[1].replace("]]]]><![CDATA[>", "]]>")
    for entity, character in _ENTITIES.items():
        value = value.replace(entity, character)
    return value


def _not_a_push() -> UnreadablePushError:
    return UnreadablePushError(
        "消息不是微信推送的格式。", fix="核对公众号后台的服务器配置；测试请用 `wenzheng wechat simulate`。"
    )
