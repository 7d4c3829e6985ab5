"""WeChat's side of the callback: signs, encrypts, pushes again, and looks at replies with WeChat's eyes."""

import asyncio
import html
import itertools
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, urlsplit
from xml.etree.ElementTree import ParseError

import httpx
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from bot.channels.wechat.crypto import MessageCipher, is_signed, signature
from bot.channels.wechat.errors import UnreadablePushError

ATTEMPTS = 3
ATTEMPT_S = 5.0
LONGEST_REPLY = 2047  # bytes; with more, users see the fault notice
FAULT_NOTICE = "该公众号提供的服务出现故障，请稍后再试"
ORIGINAL_ID = "gh_0123456789ab"
NO_REPLY_EVENTS = frozenset({"unsubscribe", "view", "location", "templatesendjobfinish"})
BIZ_MENU = "weixin://bizmsgmenu"
_LINK = re.compile(r"<a\s[^>]*?href=[\"']([^\"']*)[\"'][^>]*>(.*?)</a>", re.DOTALL)

Mode = Literal["plaintext", "compatible", "safe"]


@dataclass(frozen=True)
class Reply:
    """What one push led to.

    Attributes:
        text: the passive reply; None when there was none (`success` or empty).
        fault: why the user would see WeChat's fault notice instead; None when all is well.
        attempts: how often the push was sent, 1 to 3.
        seconds: from the first attempt to the answer.
    """

    text: str | None
    fault: str | None
    attempts: int
    seconds: float


@dataclass(frozen=True)
class Option:
    """A link in a reply that sends a message when it is tapped."""

    title: str
    content: str
    menu_id: str


class SimulatedWeChat:
    """Pushes to one callback. Light: share one among all users and tasks of a load test.

    Args:
        token: the account's WECHAT_TOKEN.
        cipher: needed in compatible and safe mode.
        attempt_s: WeChat's patience, in seconds; shorter in tests.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        token: str,
        *,
        cipher: MessageCipher | None = None,
        mode: Mode = "plaintext",
        original_id: str = ORIGINAL_ID,
        attempt_s: float = ATTEMPT_S,
    ) -> None:
        if mode != "plaintext" and cipher is None:
            raise ValueError("this mode needs a cipher")
        self.original_id = original_id
        self._http, self._url, self._token, self._cipher, self._mode = http, url, token, cipher, mode
        self._attempt_s = attempt_s
        self._ids = itertools.count(time.time_ns())

    def next_message_id(self) -> int:
        """64 bits, never twice."""
        return next(self._ids)

    async def verify(self) -> str | None:
        """The signed GET of the console's “提交”. None when the callback returned echostr byte for byte, otherwise what it did.

        Raises: httpx.HTTPError when it cannot be reached.
        """
        echo = str(secrets.randbelow(10**18))
        response = await self._http.get(self._url, params={**self._signed(), "echostr": echo})
        if response.status_code != httpx.codes.OK:
            return f"返回 HTTP {response.status_code}"
        return None if response.content == echo.encode() else "没有原样返回 echostr"

    async def push(self, xml: str, openid: str) -> Reply:
        """Push as WeChat does: up to three times while no answer comes within 5 s, always the same message."""
        started = time.monotonic()
        problem = ""
        for attempt in range(1, ATTEMPTS + 1):
            encrypted = self._cipher.encrypt(xml) if self._cipher and self._mode != "plaintext" else None
            try:
                async with asyncio.timeout(self._attempt_s):
                    response = await self._http.post(
                        self._url, params=self._query(openid, encrypted), content=self._enveloped(xml, encrypted).encode(),
                        headers={"Content-Type": "text/xml"}, timeout=self._attempt_s,
                    )  # fmt: skip
            except (TimeoutError, httpx.TimeoutException):
                problem = f"{self._attempt_s:g} 秒内没有回答"
                continue
            except httpx.HTTPError as exc:
                problem = f"连接失败（{type(exc).__name__}）"
                continue
            if response.status_code != httpx.codes.OK:
                problem = f"返回 HTTP {response.status_code}"
                continue
            text, fault = self._read(response.content, xml, openid)
            return Reply(text, fault, attempt, time.monotonic() - started)
        return Reply(None, problem, ATTEMPTS, time.monotonic() - started)

    def _signed(self) -> dict[str, str]:
        timestamp, nonce = str(int(time.time())), str(secrets.randbelow(10**10))
        return {"signature": signature(self._token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}

    def _query(self, openid: str, encrypted: str | None) -> dict[str, str]:
        query = {**self._signed(), "openid": openid}
        if encrypted is not None:
            query["encrypt_type"] = "aes"
            query["msg_signature"] = signature(self._token, query["timestamp"], query["nonce"], encrypted)
        return query

    def _enveloped(self, xml: str, encrypted: str | None) -> str:
        if encrypted is None:
            return xml
        envelope = f"<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        if self._mode == "compatible":
            return xml.removesuffix("</xml>") + envelope
        return f"<xml><ToUserName><![CDATA[{self.original_id}]]></ToUserName>{envelope}"

    def _read(self, body: bytes, pushed: str, openid: str) -> tuple[str | None, str | None]:
        """The reply's text and what is wrong with it."""
        if body in {b"", b"success"}:
            return None, None
        try:
            fields = _fields(body.decode())
            if "Encrypt" in fields:
                fields = _fields(self._opened(fields))
            elif self._mode == "safe":
                return None, "安全模式下的回复没有加密"
        except (ValueError, UnreadablePushError) as exc:
            return None, f"回复不合法：{exc}"
        event = _pushed_event(pushed)
        wrong = {
            "ToUserName 不是发消息的用户": fields.get("ToUserName") != openid,
            "FromUserName 不是公众号的原始 ID": fields.get("FromUserName") != self.original_id,
            "CreateTime 不是整数秒": not fields.get("CreateTime", "").isdecimal(),
            "MsgType 不是 text": fields.get("MsgType") != "text",
            "Content 为空": not fields.get("Content"),
            f"Content 超过 {LONGEST_REPLY} 字节": len(fields.get("Content", "").encode()) > LONGEST_REPLY,
            f"事件 {event} 不允许回复文字": event in NO_REPLY_EVENTS,
        }
        faults = [reason for reason, is_wrong in wrong.items() if is_wrong]
        return (None, "回复不合法：" + "、".join(faults)) if faults else (fields["Content"], None)

    def _opened(self, fields: Mapping[str, str]) -> str:
        if self._cipher is None or self._mode == "plaintext":
            raise ValueError("明文模式下的回复加了密")
        parts = (fields.get("TimeStamp", ""), fields.get("Nonce", ""), fields["Encrypt"])
        if not is_signed(fields.get("MsgSignature", ""), self._token, *parts):
            raise ValueError("MsgSignature 不对")
        return self._cipher.decrypt(fields["Encrypt"])[0]


class SimulatedUser:
    """One follower with a phone."""

    def __init__(self, wechat: SimulatedWeChat, openid: str | None = None) -> None:
        self.openid = openid or f"oSIM{secrets.token_hex(12)}"
        self._wechat = wechat
        self._follows = False

    async def send_text(self, text: str, menu_id: str | None = None) -> Reply:
        """Type something, or tap an option of a reply (`menu_id`)."""
        fields = {"Content": text}
        return await self.post(self.message("text", fields, {"bizmsgmenuid": menu_id} if menu_id else {}))

    async def send_message(self, kind: str, fields: Mapping[str, str]) -> Reply:
        """Send an image, voice, location, …; the fields are those of WeChat."""
        return await self.post(self.message(kind, fields))

    async def send_event(self, event: str, key: str | None = None, **fields: str) -> Reply:
        """subscribe, unsubscribe, SCAN, CLICK, VIEW, LOCATION, …"""
        more = {} if key is None else {"EventKey": key}
        if event in {"subscribe", "unsubscribe"}:
            self._follows = event == "subscribe"
        return await self.post(self._xml("event", {"Event": event, **more, **fields}))

    async def scan(self, scene: str) -> Reply:
        """Scan a scene code; who does not follow yet subscribes by it."""
        if self._follows:
            return await self.send_event("SCAN", scene, Ticket="SIMULATED")
        return await self.send_event("subscribe", f"qrscene_{scene}", Ticket="SIMULATED")

    async def post(self, xml: str) -> Reply:
        """Push a message as it is, e.g. the same one again."""
        return await self._wechat.push(xml, self.openid)

    def message(self, kind: str, fields: Mapping[str, str], behind: Mapping[str, str] | None = None) -> str:
        """XML of a new message, with its own MsgId."""
        self._follows = True
        return self._xml(kind, {**fields, "MsgId": self._wechat.next_message_id(), **(behind or {})})

    def _xml(self, kind: str, fields: Mapping[str, str | int]) -> str:
        """As WeChat writes it: what users typed goes into CDATA unescaped."""
        head = {
            "ToUserName": self._wechat.original_id,
            "FromUserName": self.openid,
            "CreateTime": int(time.time()),
            "MsgType": kind,
        }
        parts = (
            f"<{name}>{value}</{name}>" if isinstance(value, int) else f"<{name}><![CDATA[{value}]]></{name}>"
            for name, value in {**head, **fields}.items()
        )  # fmt: skip
        return f"<xml>{''.join(parts)}</xml>"


def readable(text: str) -> tuple[str, list[Option]]:
    """A reply for a terminal: links with their address, options numbered from 1, and the options."""
    options: list[Option] = []

    def shown(link: re.Match[str]) -> str:
        address, title = html.unescape(link[1]), link[2]
        if not address.startswith(BIZ_MENU):
            return f"{title}（{address}）"
        query = parse_qs(urlsplit(address).query)
        options.append(Option(title, query.get("msgmenucontent", [title])[0], query.get("msgmenuid", [""])[0]))
        return f"[{len(options)}] {title}"

    return _LINK.sub(shown, text), options


def _fields(xml: str) -> dict[str, str]:
    """Raises: ValueError when it is not the XML of a reply."""
    try:
        root = fromstring(xml, forbid_dtd=True)
    except (ParseError, DefusedXmlException) as exc:
        raise ValueError("不是合法的 XML") from exc
    if root.tag != "xml":
        raise ValueError("根元素不是 xml")
    return {child.tag: child.text or "" for child in root}


def _pushed_event(xml: str) -> str:
    found = re.search(r"<Event><!\[CDATA\[(\w+)\]\]></Event>", xml)
    return found[1].lower() if found else ""
