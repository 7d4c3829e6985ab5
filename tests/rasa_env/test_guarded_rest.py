"""Rasa's channel: the token, commands that citizens cannot give, crashes that tell nothing."""

import asyncio
import json
import logging
import socket
from pathlib import Path

import aiohttp
import pytest
from rasa.core.channels.channel import UserMessage
from sanic import Sanic

from dialogue.guarded_rest import GuardedRest, as_text

WIRE = Path(__file__).resolve().parents[1] / "contract" / "wire" / "examples"


def example(name: str):
    return json.loads((WIRE / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
def said() -> list:
    return []


@pytest.fixture
def channel(said: list):
    async def on_new_message(message: UserMessage) -> None:
        said.append(message)
        if message.text == "崩溃":
            raise RuntimeError("kaputt")
        custom = example("rasa_to_app")[0]["custom"]
        await message.output_channel.send_custom_json(message.sender_id, custom)

    Sanic.test_mode = True
    app = Sanic("guarded")
    app.blueprint(GuardedRest.from_credentials({"token": "secret"}).blueprint(on_new_message), url_prefix="/webhooks/rest")
    yield app
    Sanic._app_registry.clear()


def post(app: Sanic, body, token: str = "secret"):
    """One request over a real socket; returns status and JSON."""

    async def send():
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            server = await app.create_server(sock=listener, return_asyncio_server=True)
            await server.startup()
            await server.before_start()
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/webhooks/rest/webhook"
            async with aiohttp.ClientSession() as session, session.post(url, params={"token": token}, json=body) as response:
                answer = response.status, await response.json()
            server.close()
            await server.wait_closed()
            return answer

    return asyncio.run(send())


def test_the_examples_of_the_wire(channel: Sanic, said: list) -> None:
    assert post(channel, example("app_to_rasa")) == (200, example("rasa_to_app"))
    assert said[0].metadata == example("app_to_rasa")["metadata"]
    assert said[0].sender_id == example("app_to_rasa")["sender"]


@pytest.mark.parametrize("token", ["", "wrong", "密"])
def test_without_the_token_rasa_hears_nothing(channel: Sanic, said: list, token: str) -> None:
    assert post(channel, example("app_to_rasa"), token)[0] == 401
    assert said == []


@pytest.mark.parametrize("body", [{}, {"sender": "x"}, {"sender": "x", "message": 1}, ["x"], None])
def test_a_malformed_message_is_refused(channel: Sanic, said: list, body) -> None:
    assert post(channel, body)[0] == 400
    assert said == []


def test_a_crash_is_an_error_status_and_the_log_names_the_turn_only(channel: Sanic, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert post(channel, {"sender": "c", "message": "崩溃", "metadata": {"turn_id": "t-9"}}) == (500, [])
    assert "t-9" in caplog.text
    assert "崩溃" not in caplog.text


@pytest.mark.parametrize(
    ("typed", "read"),
    [("/restart", "restart"), (" //greet", "greet"), ("你好/再见", "你好/再见"), ("/", "？"), ("　", "？"), ("怎么办", "怎么办")],
)
def test_a_citizen_cannot_give_rasa_commands(typed: str, read: str) -> None:
    assert as_text(typed) == read
