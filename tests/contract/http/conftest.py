"""The whole gateway over HTTP, on a real store and index, with an encoder without a model. Rasa is not there."""

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from bot.app import create_app
from bot.services import Services, build_services
from conversations.clock import CHINA
from settings import Settings, load_settings
from tests.fixtures.bigram_encoder import BigramHashEncoder

TOKEN = "correct-horse"
ADMIN = {"Authorization": f"Bearer {TOKEN}"}

ENTRY = {
    "kind": "service_item",
    "title": "食品经营许可证延续",
    "answer": "可以。许可证有效期届满前九十个工作日至十五个工作日之间提出延续申请，三个工作日内办结。",
    "similar_questions": ["食品经营许可证快到期了怎么延续"],
    "external_id": "SP-01",
    "facets": {
        "materials": ["食品经营许可延续申请书", "原许可证正副本"],
        "steps": ["网上提交申请", "窗口核验", "领取新证"],
        "phone": "0571-87654321",
        "online_url": "https://example.org/food",
        "place": "市民中心二楼 12 号窗口",
    },
    "source": {
        "title": "食品经营许可和备案管理办法",
        "document_number": "市监总局令第78号",
        "issuer": "市场监管总局",
        "quote": "原文一句。",
    },
    "region_code": "990100",
    "authority": "示例市市场监督管理局",
    "effective_from": "2023-12-01",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settings_for(folder: Path, **changes: Any) -> Settings:
    values = {
        "WENZHENG_DATA_DIR": folder / "data",
        "WENZHENG_ADMIN_TOKEN": TOKEN,
        "WENZHENG_RATE_LIMIT": 0,
        "RASA_URL": f"http://127.0.0.1:{free_port()}",  # nobody listens
        **changes,
    }
    return load_settings(**values)


Build = Callable[..., Services]


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Build]:
    """Builds services with settings of one's own; the environment is not looked at."""
    for name in [name for name in os.environ if name.startswith(("WENZHENG_", "WECHAT_", "DATABASE_", "REDIS_"))]:
        monkeypatch.delenv(name)
    built: list[Services] = []

    def make(**changes: Any) -> Services:
        services = build_services(settings_for(tmp_path, **changes), encoder=BigramHashEncoder())
        services.index.load()
        built.append(services)
        return services

    yield make
    for services in built:
        services.stop()


@pytest.fixture
def services(build: Build) -> Services:
    return build()


Open = Callable[[Services], httpx.AsyncClient]


@pytest.fixture
async def open_client() -> AsyncIterator[Open]:
    """A client of an application around services."""
    clients: list[tuple[httpx.AsyncClient, Services]] = []

    def make(services: Services) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://gateway.test")
        clients.append((client, services))
        return client

    yield make
    for client, services in clients:
        await client.aclose()
        await services.rasa.aclose()


@pytest.fixture
async def client(open_client: Open, services: Services) -> httpx.AsyncClient:
    return open_client(services)


async def publish(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    """Create and publish an entry through the API."""
    created = await client.post("/api/entries", json={**ENTRY, **changes}, headers=ADMIN)
    assert created.status_code == 201, created.text
    published = await client.post(f"/api/entries/{created.json()['entry_id']}/publish", json={}, headers=ADMIN)
    assert published.status_code == 200, published.text
    return published.json()


async def ask(client: httpx.AsyncClient, text: str, sender: str = "测试员", **more: Any) -> dict[str, Any]:
    reply = await client.post("/api/chat", json={"sender_id": sender, "text": text, **more})
    assert reply.status_code == 200, reply.text
    return reply.json()


def days_from_now(days: int) -> str:
    return f"{datetime.now(CHINA).date() + timedelta(days=days)}"


async def _answers(client: httpx.AsyncClient) -> bool:
    await asyncio.sleep(0.02)
    try:
        return (await client.get("/healthz")).status_code == 200
    except httpx.TransportError:
        return False


class RunningGateway:
    """The application on a real port, in a thread."""

    def __init__(self, app: FastAPI, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    async def start(self) -> None:
        self._thread.start()
        async with asyncio.timeout(20), httpx.AsyncClient(base_url=self.url) as client:
            while not await _answers(client):
                pass

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


@pytest.fixture
async def running(services: Services) -> AsyncIterator[RunningGateway]:
    gateway = RunningGateway(create_app(services), free_port())
    await gateway.start()
    yield gateway
    await asyncio.to_thread(gateway.stop)
