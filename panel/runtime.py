"""NiceGUI inside our applications: its process-wide part is set up once, and runs while one of our gateways does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nicegui import Client, core, ui
from nicegui.translations import translations
from nicegui.version import __version__
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ASSETS = f"/_nicegui/{__version__}/"
SOCKET = "/_nicegui_ws/"
RECONNECT_S = 30.0  # a laptop's short sleep, a restart behind the supervisor's socket
ONE_YEAR = b"public, max-age=31536000, immutable"  # the version is part of the address
_LOST = {
    "connection_lost": "连接断开，正在重连",
    "trying_to_reconnect": "恢复后会自动继续，不用刷新页面。",
    "message_too_long": "内容太长",
    "message_too_long_body": "内容超过了一次能传送的大小，请分开提交。",
}


def configure() -> None:
    """Settings of NiceGUI; the same for all gateways of a process."""
    if core.app.config.has_run_config:
        return
    translations["zh-CN"] = _LOST
    core.app.config.add_run_config(
        reload=False, title="问政", viewport="width=device-width, initial-scale=1", favicon=None, dark=False, language="zh-CN",
        binding_refresh_interval=0.2, reconnect_timeout=RECONNECT_S, message_history_length=1000, tailwind=True, unocss=None,
        prod_js=True, show_welcome_message=False, markdown=False,
    )  # fmt: skip
    ui.input.default_props("outlined dense")
    ui.textarea.default_props("outlined dense")
    ui.select.default_props("outlined dense options-dense")
    ui.number.default_props("outlined dense")
    ui.button.default_props("unelevated no-caps dense")


@asynccontextmanager
async def running() -> AsyncIterator[None]:
    """NiceGUI's loops, for one gateway at a time; a second one in the same process serves no pages, which only tests do."""
    if core.app.is_started:
        yield
        return
    core.loop = asyncio.get_running_loop()
    core.sio.eio.ping_interval, core.sio.eio.ping_timeout = RECONNECT_S * 0.8, RECONNECT_S * 0.4
    # the watching task of a gateway before this has ended with it; without a visitor to this one there will be none to wait for
    core.sio.eio.start_service_task, core.sio.eio.service_task_event = True, None
    core.app.start()
    try:
        yield
    finally:
        await core.app.stop()
        await core.sio.shutdown()
        core.sio.eio.service_task_event = None  # it would have the next gateway wait for a task that is gone
        core.app._shutdown_handlers.clear()  # start() adds them again
        for client in list(Client.instances.values()):
            client.delete()
        core.loop = None


class NiceGuiFiles:
    """Its scripts, styles and socket, and nothing else of its application."""

    def __init__(self) -> None:
        self._zipped: ASGIApp = GZipMiddleware(core.app, minimum_size=1000)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path.startswith(SOCKET):
            await core.app(scope, receive, send)
            return

        async def lasting(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in {200, 304}:
                kept = [(name, value) for name, value in message["headers"] if name.lower() != b"cache-control"]
                message = {**message, "headers": [*kept, (b"cache-control", ONE_YEAR)]}
            await send(message)

        await self._zipped(scope, receive, lasting)

    @staticmethod
    def is_for(scope: Scope) -> bool:
        """Whether a request is for them."""
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        return path.startswith((ASSETS, SOCKET))
