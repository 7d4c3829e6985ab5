"""Looks at everything between WeChat and an instance: settings, credentials, rights, the callback's way."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import httpx

from bot.channels.wechat.api import WeChatApi
from bot.channels.wechat.api_errors import NotGrantedError
from bot.channels.wechat.crypto import MessageCipher
from bot.channels.wechat.simulator import SimulatedWeChat
from errors import WenzhengError
from settings import Settings

CALLBACK = "/wechat"
TIMEOUT_S = 5.0  # WeChat's own patience
WECHAT_PORTS = {None, 80, 443}
SHOWN_ADDRESSES = 3
_TOKEN_FORM = re.compile(r"[A-Za-z0-9]{3,32}")
_CONSOLE = "微信公众平台“设置与开发 → 基本配置”"

State = Literal["ok", "off", "bad"]  # off: works without it


@dataclass(frozen=True)
class Finding:
    """One line of the report; `fix` only where something must or can be done."""

    subject: str
    state: State
    detail: str
    fix: str = ""


async def check_channel(settings: Settings, api: WeChatApi | None) -> list[Finding]:
    """All findings, in the order in which they should be mended. Calls WeChat and the callback; changes nothing."""
    findings = [_token(settings), _cipher(settings)]
    if api is None:
        findings.append(_no_api(settings))
    else:
        findings.append(await _looked_at("接口凭证", lambda: _credentials(api)))
        if findings[-1].state == "ok":
            findings.append(await _looked_at("客服消息", lambda: _customer_service(api)))
            findings.append(await _looked_at("微信推送 IP", lambda: _push_addresses(api)))
    findings += [_public_address(settings), await _callback(settings)]
    return findings


def _token(settings: Settings) -> Finding:
    name = "令牌 Token"
    if settings.wechat_token is None:
        return Finding(name, "bad", "没有配置 WECHAT_TOKEN，不接收微信消息", f"自定 3 至 32 位字母或数字，同时填入{_CONSOLE}。")
    if not _TOKEN_FORM.fullmatch(settings.wechat_token.get_secret_value()):
        return Finding(name, "bad", "WECHAT_TOKEN 的格式不对", f"改为 3 至 32 位字母或数字，同时填入{_CONSOLE}。")
    return Finding(name, "ok", "已配置")


def _cipher(settings: Settings) -> Finding:
    name = "消息加解密"
    if settings.wechat_aes_key is None:
        return Finding(name, "off", "没有配置 WECHAT_AES_KEY，只支持明文模式", "建议在后台改用安全模式，并设置 EncodingAESKey。")
    if not settings.wechat_app_id:
        return Finding(name, "bad", "配置了 WECHAT_AES_KEY，但没有 WECHAT_APP_ID", f"把{_CONSOLE}中的 AppID 填入 WECHAT_APP_ID。")
    try:
        keys = (settings.wechat_aes_key, settings.wechat_aes_key_previous)
        MessageCipher(settings.wechat_app_id, [key.get_secret_value() for key in keys if key])
    except WenzhengError as exc:
        return _mended(name, exc)
    return Finding(name, "ok", "EncodingAESKey 格式正确，支持明文、兼容、安全三种模式")


def _no_api(settings: Settings) -> Finding:
    missing = [
        name for name, value in (("WECHAT_APP_ID", settings.wechat_app_id), ("WECHAT_APP_SECRET", settings.wechat_app_secret))
        if not value
    ]  # fmt: skip
    return Finding(
        "接口凭证", "off", f"没有配置 {'、'.join(missing)}，只能在 5 秒内被动回复；超时的答案在用户再发消息时给出",
        f"从{_CONSOLE}取得后设置，可发送客服消息、上传菜单和生成二维码。",
    )  # fmt: skip


async def _credentials(api: WeChatApi) -> Finding:
    await api.tokens.renew()
    return Finding("接口凭证", "ok", "AppID、AppSecret 和 IP 白名单正确，已取得 access_token")


async def _customer_service(api: WeChatApi) -> Finding:
    name = "客服消息"
    state = await api.sending_state()
    try:
        await api.check_customer_service()
    except NotGrantedError as exc:
        if state == "granted":
            return Finding(name, "ok", "可以发送（最近一次发送成功）")
        return Finding(name, "off", "公众号没有权限，超时的答案在用户再发消息时给出", exc.fix)
    if state == "refused":
        await api.note_sending("unknown")  # it may have been verified since: try again with the next answer
    return Finding(name, "ok", "有客服接口权限")


async def _push_addresses(api: WeChatApi) -> Finding:
    addresses = await api.callback_ips()
    shown = "、".join(addresses[:SHOWN_ADDRESSES]) + ("……" if len(addresses) > SHOWN_ADDRESSES else "")
    return Finding("微信推送 IP", "ok", f"共 {len(addresses)} 段：{shown}；防火墙须放行")


def _public_address(settings: Settings) -> Finding:
    name = "公开地址"
    if settings.public_url is None:
        return Finding(
            name,
            "off",
            "没有配置 WENZHENG_PUBLIC_URL，回复中不带链接",
            "设置为公众可以访问的地址，例如 https://zw.example.gov.cn。",
        )
    if urlsplit(settings.public_url).port not in WECHAT_PORTS:
        return Finding(
            name, "bad", f"{settings.public_url} 的端口不是 80 或 443，微信不会推送", "用反向代理在 80 或 443 端口提供服务。"
        )
    return Finding(name, "ok", f"后台“服务器地址(URL)”填 {settings.public_url}{CALLBACK}")


async def _callback(settings: Settings) -> Finding:
    name = "回调地址"
    if settings.wechat_token is None:
        return Finding(name, "off", "没有 WECHAT_TOKEN，未检查")
    url = f"{settings.public_url or f'http://127.0.0.1:{settings.port}'}{CALLBACK}"
    token = settings.wechat_token.get_secret_value()
    async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=settings.public_url is not None) as http:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                problem = await SimulatedWeChat(http, url, token).verify()
                let_in = problem is None and await SimulatedWeChat(http, url, f"{token}x").verify() is None
        except (httpx.HTTPError, TimeoutError) as exc:
            why = "5 秒内没有回答" if isinstance(exc, TimeoutError | httpx.TimeoutException) else "连接不上"
            return Finding(name, "bad", f"{url} {why}", "确认 `wenzheng serve` 在运行，域名、反向代理和防火墙已通到它。")
    if problem is not None:
        return Finding(
            name, "bad", f"{url} {problem}", "确认地址通到本实例，且服务启动时的 WECHAT_TOKEN 与现在相同（修改后要重启服务）。"
        )
    if let_in:
        return Finding(name, "bad", f"{url} 没有核对签名", "确认反向代理没有替本实例应答。")
    return Finding(name, "ok", f"{url} 通过了签名验证")


async def _looked_at(name: str, look: Callable[[], Awaitable[Finding]]) -> Finding:
    try:
        return await look()
    except WenzhengError as exc:
        return _mended(name, exc)


def _mended(name: str, error: WenzhengError) -> Finding:
    return Finding(name, "bad", error.problem.rstrip("。"), error.fix)
