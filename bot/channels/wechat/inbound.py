"""What a push of WeChat asks of us. Pure: no database, no network."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.channels.wechat.errors import UnreadablePushError
from bot.channels.wechat.wording import SHOWN

SCENE = re.compile(r"(?:qrscene_)?(?:entry_)?(\d{1,15})")
SAY = "say:"  # a menu key "say:<text>" is answered as if the user had typed the text
UNSUPPORTED = "【收到不支持的消息类型，暂无法显示】"
LONGEST_OPENID = 128
_OPENID = re.compile(rf"[\w\-@.]{{1,{LONGEST_OPENID}}}")
_NUMBER = re.compile(r"(?:回复|选)?\s*(?:第)?\s*([1-9１-９一二三四五六七八九])\s*(?:个)?[。.！!]?")
_DIGITS = {c: i for i, c in enumerate("一二三四五六七八九", 1)} | {c: i for i, c in enumerate("１２３４５６７８９", 1)}
# What somebody types who was asked for "any text"; everything else is a question of its own.
_NUDGE = re.compile(
    r"(?:[\d\W_a-zA-Z]{0,4}|好的?|嗯+|哦|恩|行|可以|收到|知道了|在吗?|在不在|你好|您好|继续|查询|答案|获取答案?|任意文字|查看|看看|谢谢|多谢|快点?|结果|[呢啊哈呵]+)[。.！!？?~～]*"
)

Kind = Literal["ask", "say", "scan", "silent", "leave"]
Window = Literal["message", "action"]


@dataclass(frozen=True)
class Push:
    """One message or event, understood.

    Attributes:
        key: identity over all attempts: user and MsgId, or user, second, event and its key.
        kind: ask = answer `text`; say = the channel has words of its own (`topic` of `wording`); scan = open entry `entry_id`;
            silent = nothing is said; leave = the user unfollowed.
        shown: how the record of the conversation shows it.
        window: which quota of customer-service messages it opens, None: none.
        menu_entry: the entry of a tapped option.
    """

    key: str
    openid: str
    account: str
    kind: Kind
    text: str = ""
    topic: str = ""
    shown: str = ""
    entry_id: int | None = None
    window: Window | None = None
    fields: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key, "openid": self.openid, "account": self.account, "kind": self.kind, "text": self.text,
            "topic": self.topic, "shown": self.shown, "entry_id": self.entry_id, "window": self.window,
            "fields": dict(self.fields),
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Push":
        return cls(**data)


def understand(fields: Mapping[str, str]) -> Push:
    """Args: fields: of `push_xml.read_push`, decrypted.

    Raises: UnreadablePushError when sender or identity is missing.
    """
    openid, account = fields.get("FromUserName", ""), fields.get("ToUserName", "")
    kind = fields.get("MsgType", "").strip().lower()
    if not _OPENID.fullmatch(openid) or not account:
        raise UnreadablePushError("消息缺少发送者或接收者。", fix="这不是微信的推送，请核对来源。")
    if kind == "event":
        return _event(fields, openid, account)
    number = fields.get("MsgId", "").strip()
    if not number.isdigit():
        raise UnreadablePushError("消息缺少 MsgId。", fix="这不是微信的推送，请核对来源。")
    push = Push(f"{openid}:{number}", openid, account, "say", topic=kind, shown=SHOWN.get(kind, ""), window="message")
    return _message(push, kind, fields)


def _message(push: Push, kind: str, fields: Mapping[str, str]) -> Push:
    if kind == "text":
        content = fields.get("Content", "")
        if content.strip() == UNSUPPORTED:
            return _with(push, topic="unsupported", shown=SHOWN["unsupported"])
        menu = fields.get("bizmsgmenuid", "").strip()
        entry_id = int(menu) if menu.isdigit() and len(menu) < 16 and int(menu) else None
        return _with(push, kind="ask", text=content, entry_id=entry_id)
    if kind == "voice":
        heard = fields.get("Recognition", "").strip()
        return _with(push, kind="ask", text=heard) if heard else push
    if kind == "location":
        return _with(push, fields={"Label": fields.get("Label", "")})
    if kind in SHOWN:
        return push
    return _with(push, kind="silent")


def _event(fields: Mapping[str, str], openid: str, account: str) -> Push:
    event, event_key = fields.get("Event", "").strip().lower(), fields.get("EventKey", "")
    moment = fields.get("CreateTime", "").strip()
    if not moment.isdigit() or not event:
        raise UnreadablePushError("事件缺少时间或名称。", fix="这不是微信的推送，请核对来源。")
    push = Push(f"{openid}:{moment}:{event}:{event_key}"[:320], openid, account, "silent")
    if event == "unsubscribe":
        return _with(push, kind="leave")
    if event in {"subscribe", "scan"}:
        push = _with(push, window="action")
        scene = SCENE.fullmatch(event_key.strip())
        if scene:
            return _with(push, kind="scan", entry_id=int(scene[1]), topic=event)
        return _with(push, kind="say", topic="subscribe", shown=SHOWN[event])
    if event == "click":
        push = _with(push, window="action")
        said = event_key.removeprefix(SAY).strip() if event_key.startswith(SAY) else ""
        return _with(push, kind="ask", text=said) if said else _with(push, kind="say", topic="menu", shown=SHOWN["menu"])
    return push


def _with(push: Push, **changes: Any) -> Push:
    return Push(**{**push.to_json(), **changes})


def picked_number(text: str) -> int | None:
    """1 to 9 when the text is nothing but a choice by number."""
    found = _NUMBER.fullmatch(text.strip())
    return (_DIGITS.get(found[1]) or int(found[1])) if found else None


def is_nudge(text: str) -> bool:
    """Whether a text only fetches an answer that is waiting, and asks nothing itself."""
    return bool(_NUDGE.fullmatch(text.strip()))
