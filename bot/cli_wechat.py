"""`wenzheng wechat …`: the public account on the command line."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated

import httpx
import structlog
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from bot.channels.wechat.api import WeChatApi, build_wechat_api
from bot.channels.wechat.checkup import check_channel
from bot.channels.wechat.crypto import MessageCipher
from bot.channels.wechat.errors import WeChatNotConfiguredError
from bot.channels.wechat.menu import EXAMPLE, menu_lines, read_menu
from bot.channels.wechat.simulator import Mode, SimulatedUser, SimulatedWeChat
from bot.channels.wechat.terminal_chat import HELP, QUIT, TerminalChat
from database.engine import Database
from database.migrate import migrate
from settings import Settings, load_settings

app = typer.Typer(help="微信公众号：检查配置、上传菜单、模拟对话。", no_args_is_help=True)
menu_app = typer.Typer(help="自定义菜单。", no_args_is_help=True)
app.add_typer(menu_app, name="menu")
console = Console(highlight=False, soft_wrap=True)

_MARKS = {"ok": "[green]正常[/]", "off": "[yellow]未启用[/]", "bad": "[red]有问题[/]"}
_NO_ACCOUNT = "设置 WECHAT_APP_ID 和 WECHAT_APP_SECRET 后重试，见 docs/wechat.md。"


@menu_app.command("push")
def menu_push(
    file: Annotated[Path, typer.Argument(help="菜单文件（YAML），默认为示例 bot/wechat_menu.yaml")] = EXAMPLE,
) -> None:
    """检查菜单文件并上传，替换公众号现有的菜单。"""
    settings = load_settings()
    menu = read_menu(file, settings.public_url)

    async def push() -> None:
        async with _account(settings) as api:
            await api.create_menu(menu)

    with _quiet_log():
        asyncio.run(push())
    for line in menu_lines(menu):
        console.print(line, markup=False)
    console.print("已上传。手机上最迟 24 小时后更新；取消关注再关注，可立即看到。")


@menu_app.command("show")
def menu_show() -> None:
    """显示公众号现有的菜单。"""

    async def show() -> None:
        async with _account(load_settings()) as api:
            menu = await api.get_menu()
        if menu is None:
            console.print("公众号还没有自定义菜单。运行 `wenzheng wechat menu push` 上传。")
        for line in menu_lines(menu or {}):
            console.print(line, markup=False)

    with _quiet_log():
        asyncio.run(show())


@app.command("check")
def check() -> None:
    """逐项检查公众号的配置、权限和回调地址；有需要处理的问题时退出码为 1。"""
    settings = load_settings()

    async def look() -> bool:
        async with _maybe_account(settings) as api:
            findings = await check_channel(settings, api)
        table = Table("项目", "状态", Column("说明", overflow="fold"))
        for finding in findings:
            table.add_row(finding.subject, _MARKS[finding.state], _shown(finding.detail, finding.fix))
        console.print(table)
        return any(finding.state == "bad" for finding in findings)

    with _quiet_log(), console.status("正在检查"):
        must_be_mended = asyncio.run(look())
    if must_be_mended:
        raise typer.Exit(1)


@app.command("simulate")
def simulate(
    url: Annotated[str | None, typer.Option("--url", help="回调地址，默认为本机的 /wechat")] = None,
    mode: Annotated[
        Mode | None, typer.Option("--mode", help="消息加解密方式；默认配置了 WECHAT_AES_KEY 用 safe，否则 plaintext")
    ] = None,
    openid: Annotated[str | None, typer.Option("--openid", help="以哪个用户的身份；默认是一位新用户")] = None,
    say: Annotated[list[str] | None, typer.Option("--say", help="不进入对话，直接发送这句话（可多次）")] = None,
) -> None:
    """在终端里扮演微信和一位用户，按真实协议与正在运行的服务对话。"""
    settings = load_settings()
    with asyncio.Runner() as runner, _quiet_log():
        http = httpx.AsyncClient(trust_env=url is not None)
        chat = TerminalChat(SimulatedUser(_simulated(settings, http, url, mode), openid))
        try:
            answered = _say_all(runner, chat, say) if say else _converse(runner, chat)
        finally:
            runner.run(http.aclose())
    if not answered:
        raise typer.Exit(1)


def _say_all(runner: asyncio.Runner, chat: TerminalChat, lines: list[str]) -> bool:
    """Whether every line got a passive reply."""
    answered = True
    for line in lines:
        shown, reply = runner.run(chat.enter(line))
        console.print(shown, markup=False)
        answered = answered and reply is not None and reply.text is not None
    return answered


def _converse(runner: asyncio.Runner, chat: TerminalChat) -> bool:
    console.print(HELP, markup=False)
    while True:
        try:
            line = console.input("[bold]> [/]").strip()
        except (EOFError, KeyboardInterrupt):
            return True
        if line == QUIT:
            return True
        shown, _ = runner.run(chat.enter(line))
        console.print(shown, markup=False)


def _simulated(settings: Settings, http: httpx.AsyncClient, url: str | None, mode: Mode | None) -> SimulatedWeChat:
    if settings.wechat_token is None:
        raise WeChatNotConfiguredError(
            "没有配置 WECHAT_TOKEN，无法签名。", fix="设置与服务相同的 WECHAT_TOKEN（3 至 32 位字母或数字）后重试。"
        )
    mode = mode or ("safe" if settings.wechat_aes_key else "plaintext")
    cipher = None
    if mode != "plaintext":
        if settings.wechat_aes_key is None or not settings.wechat_app_id:
            raise WeChatNotConfiguredError(
                f"{mode} 模式需要 WECHAT_AES_KEY 和 WECHAT_APP_ID。", fix="设置后重试，或加上 `--mode plaintext`。"
            )
        cipher = MessageCipher(settings.wechat_app_id, [settings.wechat_aes_key.get_secret_value()])
    address = url or f"http://127.0.0.1:{settings.port}/wechat"
    return SimulatedWeChat(http, address, settings.wechat_token.get_secret_value(), cipher=cipher, mode=mode)


@asynccontextmanager
async def _account(settings: Settings) -> AsyncIterator[WeChatApi]:
    async with _maybe_account(settings) as api:
        if api is None:
            raise WeChatNotConfiguredError("没有配置公众号的 AppID 或 AppSecret。", fix=_NO_ACCOUNT)
        yield api


@asynccontextmanager
async def _maybe_account(settings: Settings) -> AsyncIterator[WeChatApi | None]:
    settings.root.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    try:
        await asyncio.to_thread(migrate, database)
        api = build_wechat_api(settings, database)
        try:
            yield api
        finally:
            if api:
                await api.aclose()
    finally:
        database.dispose()


@contextmanager
def _quiet_log() -> Iterator[None]:
    """What the log would say is said on the console in better words."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


def _shown(detail: str, fix: str) -> str:
    return f"{escape(detail)}\n[dim]处理办法：{escape(fix)}[/]" if fix else escape(detail)
