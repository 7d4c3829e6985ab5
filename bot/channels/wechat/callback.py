"""`/wechat`: what WeChat's servers call."""

import secrets
import time
from dataclasses import dataclass

import structlog
from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask

from bot.channels.wechat.channel import WeChatChannel
from bot.channels.wechat.crypto import MessageCipher, is_signed, signature
from bot.channels.wechat.errors import SignatureError, UnreadablePushError, WeChatNotConfiguredError
from bot.channels.wechat.inbound import Push, understand
from bot.channels.wechat.push_xml import read_push, write_reply

XML = "application/xml; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
SUCCESS = "success"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Account:
    """What the callback needs of the account. `cipher` is None without an EncodingAESKey."""

    token: str
    cipher: MessageCipher | None = None


@dataclass(frozen=True)
class _Envelope:
    """An opened push; `key` is the number of the AES key that opened it, None for a plain one."""

    fields: dict[str, str]
    key: int | None = None


def wechat_callback(account: Account | None, trouble: str, channel: WeChatChannel) -> APIRouter:
    """Args:
    account: None when none is configured, for the reason `trouble`; then every call gets 503.
    """
    router = APIRouter(include_in_schema=False)

    def configured() -> Account:
        if account is None:
            raise WeChatNotConfiguredError(trouble, fix="设置 WECHAT_TOKEN 等环境变量后重新启动，见 docs/wechat.md。")
        return account

    @router.get("/wechat")
    async def verify(request: Request) -> Response:
        known = configured()
        _check(request, known.token, "signature")
        return Response(request.query_params.get("echostr", ""), media_type=TEXT)

    @router.post("/wechat")
    async def push(request: Request) -> Response:
        known = configured()
        envelope = _open(request, known, await request.body())
        message = understand(envelope.fields)
        content = await channel.receive(message, request.is_disconnected)
        return Response(
            _closed(content, message, envelope, known) if content else SUCCESS,
            media_type=XML if content else TEXT,
            background=BackgroundTask(channel.written, message),
        )

    return router


def _check(request: Request, token: str, name: str, *more: str) -> None:
    query = request.query_params
    given, timestamp, nonce = query.get(name, ""), query.get("timestamp", ""), query.get("nonce", "")
    if not given or not is_signed(given, token, timestamp, nonce, *more):
        raise SignatureError("签名不对。", fix="核对 WECHAT_TOKEN 与公众号后台“服务器配置”中的 Token 是否一致。")


def _open(request: Request, account: Account, body: bytes) -> _Envelope:
    encrypted_mode = request.query_params.get("encrypt_type", "").lower() == "aes"
    if not encrypted_mode:
        _check(request, account.token, "signature")
        fields = read_push(body)
        if not fields.get("MsgType"):
            raise UnreadablePushError("密文消息没有标明加密方式。", fix="这不是微信的推送，请核对来源。")
        return _Envelope(fields)
    if account.cipher is None:
        log.error("wechat.no_aes_key")
        raise WeChatNotConfiguredError(
            "收到加密消息，但没有配置 WECHAT_AES_KEY。", fix="把公众号后台的 EncodingAESKey 填入 WECHAT_AES_KEY。"
        )
    encrypted = read_push(body).get("Encrypt", "")
    _check(request, account.token, "msg_signature", encrypted)
    text, key = account.cipher.decrypt(encrypted)
    return _Envelope(read_push(text.encode()), key)


def _closed(content: str, message: Push, envelope: _Envelope, account: Account) -> str:
    moment = int(time.time())
    reply = write_reply(
        {
            "ToUserName": message.openid, "FromUserName": message.account, "CreateTime": moment, "MsgType": "text",
            "Content": content,
        }
    )  # fmt: skip
    if envelope.key is None or account.cipher is None:
        return reply
    encrypted, nonce = account.cipher.encrypt(reply, envelope.key), str(secrets.randbelow(10**10))
    signed = signature(account.token, str(moment), nonce, encrypted)
    return write_reply({"Encrypt": encrypted, "MsgSignature": signed, "TimeStamp": moment, "Nonce": nonce})
