"""Several models in one Rasa: loaded beside the conversations, asked for by name, let go when nobody keeps them."""

import asyncio
import socket
import threading
import time
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from sanic import Sanic

from dialogue import model_shelf
from dialogue.guarded_rest import GuardedRest

MESSAGE = {"sender": "c", "message": "你好"}


class Processor:
    """Says its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def handle_message(self, message) -> None:
        await message.output_channel.send_text_message(message.sender_id, self.name)


class Locks:
    @asynccontextmanager
    async def lock(self, _sender: str):
        yield


class StandInAgent:
    """What the shelf uses of Rasa's agent."""

    def __init__(self) -> None:
        self.processor, self.lock_store = Processor("first"), Locks()


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Runs a coroutine with a session on a server whose first model is called `first`."""
    agent = StandInAgent()

    def read(_agent, file: Path) -> Processor:
        if not file.is_file():
            raise FileNotFoundError("no model")
        time.sleep(0.3)
        assert threading.current_thread() is not threading.main_thread()
        return Processor(file.stem)

    monkeypatch.setattr(model_shelf, "_read", read)
    Sanic.test_mode = True
    app = Sanic("shelf")
    app.ctx.agent = agent

    async def on_new_message(message) -> None:
        await agent.processor.handle_message(message)

    app.blueprint(GuardedRest("secret", "first").blueprint(on_new_message), url_prefix="/webhooks/rest")

    def run(story):
        async def play():
            with socket.socket() as listener:
                listener.bind(("127.0.0.1", 0))
                server = await app.create_server(sock=listener, return_asyncio_server=True)
                await server.startup()
                await server.before_start()
                base = f"http://127.0.0.1:{listener.getsockname()[1]}"
                async with aiohttp.ClientSession(base) as session:
                    await story(Caller(session, tmp_path))
                server.close()
                await server.wait_closed()

        asyncio.run(play())

    yield run, agent
    Sanic._app_registry.clear()


class Caller:
    def __init__(self, session: aiohttp.ClientSession, folder: Path) -> None:
        self._session, self._folder = session, folder

    async def say(self, model=None):
        body = {**MESSAGE, "metadata": {"turn_id": "t", **({"model": model} if model else {})}}
        async with self._session.post("/webhooks/rest/webhook", params={"token": "secret"}, json=body) as response:
            said = await response.json()
            return response.status, said[0]["text"] if said else None

    async def load(self, name: str, *, keep=(), exists: bool = True, token: str = "secret"):
        file = self._folder / f"{name}.tar.gz"
        if exists:
            file = self._folder / name
            file.write_bytes(b"")
        body = {"name": name, "file": str(file), "keep": list(keep)}
        async with self._session.put("/webhooks/rest/models", params={"token": token}, json=body) as response:
            return response.status, (await response.json()).get("models")


def test_each_message_is_understood_with_the_model_it_names(served) -> None:
    run, _ = served

    async def story(caller: Caller) -> None:
        assert await caller.say() == (200, "first")
        assert await caller.say("first") == (200, "first")
        assert await caller.say("second") == (409, None)
        assert await caller.load("second", keep=["first"]) == (200, ["first", "second"])
        assert await caller.say("second") == (200, "second")
        assert await caller.say("first") == (200, "first")

    run(story)


def test_conversations_go_on_while_a_model_is_loaded(served) -> None:
    run, _ = served

    async def story(caller: Caller) -> None:
        loading = asyncio.create_task(caller.load("second", keep=["first"]))
        await asyncio.sleep(0.05)
        started = time.monotonic()
        assert await caller.say("first") == (200, "first")
        assert time.monotonic() - started < 0.2
        assert not loading.done()
        assert (await loading)[0] == 200

    run(story)


def test_what_nobody_keeps_is_let_go_also_the_one_the_server_began_with(served) -> None:
    run, agent = served

    async def story(caller: Caller) -> None:
        await caller.load("second", keep=["first"])
        assert (await caller.load("third", keep=["second"]))[1] == ["second", "third"]
        assert await caller.say("first") == (409, None)
        assert agent.processor.name == "third"

    run(story)


def test_a_file_that_is_no_model_changes_nothing(served) -> None:
    run, _ = served

    async def story(caller: Caller) -> None:
        assert (await caller.load("broken", exists=False))[0] == 422
        assert await caller.say("first") == (200, "first")
        assert (await caller.load("second", token="wrong"))[0] == 401

    run(story)
