"""WeChat's server API, as far as the assistant uses it."""

import asyncio
import io
import time
from collections.abc import Mapping
from typing import Any

import httpx
import segno
import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.channels.wechat.account_record import AccountRecord, Sending
from bot.channels.wechat.api_errors import (
    NotGrantedError,
    WeChatBusyError,
    WeChatRefusedError,
    WeChatUncertainError,
    error_for,
    uncertain,
)
from bot.channels.wechat.exchange import errcode_of, exchange, wechat_http
from bot.channels.wechat.tokens import TokenStore
from database.engine import Database
from settings import Settings

TOKEN_CODES = frozenset({40001, 40014, 42001})
NO_MENU = 46003
REPEAT_PAUSES_S = (0.5, 1.5)  # for calls that may be repeated; messages are repeated by the outbox
NOTED_S = 600.0  # one write in ten minutes, not one a message
SCENE = "entry_"

log = structlog.get_logger(__name__)


class WeChatApi:
    """The calls. Each raises the family of `api_errors`.

    A token that WeChat rejects is refreshed once and the request sent once more. Messages are sent once; the other calls, which
    may be repeated, are tried three times when WeChat is busy or silent.
    """

    def __init__(self, account: AccountRecord, tokens: TokenStore, http: httpx.AsyncClient, api_base: str) -> None:
        self.tokens = tokens
        self._account, self._http, self._base = account, http, api_base
        self._noted: tuple[Sending, float] | None = None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send_text(self, openid: str, text: str) -> None:
        """A customer-service message, at most 2048 bytes in UTF-8. Notes whether the account may send such messages."""
        body = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        try:
            await self._ask("message/custom/send", "发送客服消息", body)
        except NotGrantedError:
            await self.note_sending("refused")
            raise
        await self.note_sending("granted")

    async def send_typing(self, openid: str) -> None:
        """Shows 「对方正在输入…」 for a while."""
        await self._ask("message/custom/typing", "显示“正在输入”", {"touser": openid, "command": "Typing"})

    async def send_template(self, openid: str, template_id: str, data: Mapping[str, str], url: str | None = None) -> str:
        """A template message; returns WeChat's msgid, to which TEMPLATESENDJOBFINISH refers."""
        body: dict[str, Any] = {"touser": openid, "template_id": template_id, "data": _values(data)}
        if url:
            body["url"] = url
        answer = await self._ask("message/template/send", "发送模板消息", body)
        return str(answer.get("msgid", ""))

    async def send_subscription_notice(
        self, openid: str, template_id: str, data: Mapping[str, str], page: str | None = None
    ) -> None:
        """A subscription notice; the user's consent covers one."""
        body: dict[str, Any] = {"touser": openid, "template_id": template_id, "data": _values(data)}
        if page:
            body["page"] = page
        await self._ask("message/subscribe/bizsend", "发送订阅通知", body)

    async def create_menu(self, menu: Mapping[str, Any]) -> None:
        """Replace the account's menu; followers see it within 24 hours, or after following anew."""
        await self._repeat("menu/create", "上传自定义菜单", menu)

    async def get_menu(self) -> dict[str, Any] | None:
        """The menu that was made by this call's sister; None when there is none."""
        try:
            answer = await self._repeat("menu/get", "读取自定义菜单")
        except WeChatRefusedError as exc:
            if exc.errcode == NO_MENU:
                return None
            raise
        menu = answer.get("menu")
        return menu if isinstance(menu, dict) else None

    async def delete_menu(self) -> None:
        await self._repeat("menu/delete", "删除自定义菜单")

    async def create_entry_code(self, entry_id: int) -> bytes:
        """A permanent scene code (PNG) that opens the account at this entry; WeChat allows 100,000 of them.

        The same entry gets the same code again. The image is drawn here: WeChat's own is on another host.
        """
        scene = {"scene": {"scene_str": f"{SCENE}{entry_id}"}}
        body = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": scene}
        answer = await self._repeat("qrcode/create", "生成条目二维码", body)
        address = answer.get("url")
        if not isinstance(address, str) or not address:
            raise uncertain("生成条目二维码", "微信的回答里没有二维码内容")
        return await asyncio.to_thread(_drawn, address)

    async def callback_ips(self) -> list[str]:
        """Addresses and CIDR ranges from which WeChat pushes; they change."""
        return _addresses(await self._repeat("getcallbackip", "查询微信推送服务器的 IP"))

    async def server_ips(self) -> list[str]:
        """Addresses of the API itself, for an outbound firewall."""
        return _addresses(await self._repeat("get_api_domain_ip", "查询微信接口服务器的 IP"))

    async def check_customer_service(self) -> None:
        """Read the list of WeChat's own service accounts, which needs the same right as customer-service messages.

        Raises:
            NotGrantedError: the account is not verified, or the function is not opened.
        """
        await self._repeat("customservice/getkflist", "查询客服接口权限")

    async def sending_state(self) -> Sending:
        """Whether customer-service messages may be sent; a refusal counts for six hours."""
        return (await asyncio.to_thread(self._account.read)).sending

    async def note_sending(self, state: Sending) -> None:
        """Remember what WeChat's answer has shown, for all processes. Never fails: the message is out already."""
        known = self._noted
        if known and known[0] == state and time.monotonic() - known[1] < NOTED_S:
            return
        try:
            await asyncio.to_thread(self._account.note_sending, state)
        except SQLAlchemyError as exc:
            log.warning("wechat.sending_not_noted", state=state, error=type(exc).__name__)
            return
        self._noted = (state, time.monotonic())

    async def _repeat(self, path: str, call: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        for pause in REPEAT_PAUSES_S:
            try:
                return await self._ask(path, call, body)
            except (WeChatBusyError, WeChatUncertainError):
                await asyncio.sleep(pause)
        return await self._ask(path, call, body)

    async def _ask(self, path: str, call: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        token = await self.tokens.token()
        answer = await self._post(path, call, body, token)
        if errcode_of(answer) in TOKEN_CODES:
            token = await self.tokens.refresh(token)
            answer = await self._post(path, call, body, token)
        errcode = errcode_of(answer)
        if errcode:
            raise error_for(errcode, str(answer.get("errmsg", "")), call)
        return answer

    async def _post(self, path: str, call: str, body: Mapping[str, Any] | None, token: str) -> dict[str, Any]:
        method = "GET" if body is None else "POST"
        url = f"{self._base}/cgi-bin/{path}"
        return await exchange(self._http, method, url, call=call, params={"access_token": token}, body=body)


def build_wechat_api(settings: Settings, database: Database) -> WeChatApi | None:
    """The API client of the configured account; None without WECHAT_APP_ID and WECHAT_APP_SECRET."""
    app_id, secret = settings.wechat_app_id, settings.wechat_app_secret
    if not app_id or secret is None:
        return None
    http = wechat_http()
    tokens = TokenStore(database, app_id, secret.get_secret_value(), settings.wechat_api_base, http)
    return WeChatApi(AccountRecord(database, app_id), tokens, http, settings.wechat_api_base)


def _values(data: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {name: {"value": value} for name, value in data.items()}


def _addresses(answer: Mapping[str, Any]) -> list[str]:
    found = answer.get("ip_list")
    return [str(address) for address in found] if isinstance(found, list) else []


def _drawn(address: str) -> bytes:
    image = io.BytesIO()
    segno.make(address, error="m").save(image, kind="png", scale=8, border=3)
    return image.getvalue()
