"""The gateway with a public account; its API is the stand-in's. Rasa is not there unless a test scripts it."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.app import create_app
from bot.services import Services, build_services
from conversations.errors import DialogueUnavailableError
from tests.contract.http.conftest import RunningGateway, free_port, publish, settings_for
from tests.fixtures.bigram_encoder import BigramHashEncoder
from tests.fixtures.wechat_server import APP_ID, KEY, TOKEN, WeChatServer
from tests.fixtures.wechat_stand_in import WeChatStandIn

Start = Callable[..., Any]


class SlowDialogue:
    """A Rasa that takes its time and then fails, so that the turn is answered directly."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.released = threading.Event()
        self.released.set()
        self.asked: list[str] = []

    async def ask(self, conversation_id: str, text: str, turn_id: str) -> Mapping[str, Any]:
        self.asked.append(text)
        await asyncio.sleep(self.seconds)
        while not self.released.is_set():  # noqa: ASYNC110 - set by the test, in another thread
            await asyncio.sleep(0.02)
        raise DialogueUnavailableError("对话服务没有启动。", fix="启动它。")


@pytest.fixture
def api() -> Iterator[WeChatStandIn]:
    stand_in = WeChatStandIn().start()
    yield stand_in
    stand_in.stop()


@pytest.fixture
def dialogue() -> SlowDialogue:
    return SlowDialogue()


@pytest.fixture
async def start(
    tmp_path: Path, api: WeChatStandIn, dialogue: SlowDialogue, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Start]:
    """Starts a gateway on the test's data folder; several share one database. The environment is not looked at."""
    for name in [name for name in os.environ if name.startswith(("WECHAT_", "WENZHENG_", "DATABASE_"))]:
        monkeypatch.delenv(name)
    running: list[tuple[RunningGateway, Services]] = []

    async def begin(*, can_send: bool = True, settled: bool = True, **changes: Any) -> tuple[Services, RunningGateway]:
        account = {
            "WECHAT_TOKEN": TOKEN, "WECHAT_APP_ID": APP_ID, "WECHAT_AES_KEY": KEY, "WECHAT_API_BASE": api.url,
            **({"WECHAT_APP_SECRET": api.account.secret} if can_send else {}), **changes,
        }  # fmt: skip
        services = build_services(settings_for(tmp_path, **account), encoder=BigramHashEncoder())
        services.index.load()
        services.turns.dialogue = dialogue
        gateway = RunningGateway(create_app(services), free_port())
        await gateway.start()
        running.append((gateway, services))
        if settled:
            services.wechat.channel._opened_at = float("-inf")  # as if it had been serving for a while
        return services, gateway

    yield begin
    for gateway, _ in running:
        await asyncio.to_thread(gateway.stop)


@pytest.fixture
async def gateway(start: Start) -> tuple[Services, RunningGateway]:
    return await start()


@pytest.fixture
async def client(gateway: tuple[Services, RunningGateway]) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=gateway[1].url, timeout=30) as client:
        yield client


@pytest.fixture(params=["plaintext", "compatible", "safe"])
def wechat(request: pytest.FixtureRequest, client: httpx.AsyncClient) -> WeChatServer:
    """WeChat's server in each of the three modes."""
    return WeChatServer(client, request.param)


@pytest.fixture
def plain(client: httpx.AsyncClient) -> WeChatServer:
    return WeChatServer(client)


@pytest.fixture
async def food(client: httpx.AsyncClient) -> dict[str, Any]:
    """An entry that can be asked for."""
    return await publish(client)
