"""Rasa's answers and failures, staged with a mock transport."""

import asyncio

import httpx
import pytest

from conversations.errors import DialogueUnavailableError, SilentDialogueError
from conversations.rasa_client import RasaClient


class Rasa:
    """A stand-in server: `answer` is what it does with a message."""

    def __init__(self) -> None:
        self.answer = lambda turn_id: httpx.Response(
            200, json=[{"recipient_id": "c", "custom": {"turn_id": turn_id, "text": "好"}}]
        )
        self.status = 200
        self.requests: list[httpx.Request] = []
        self.delay_s = 0.0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.path == "/status":
            return httpx.Response(self.status)
        await asyncio.sleep(self.delay_s)
        return self.answer("t1")


@pytest.fixture
def rasa() -> Rasa:
    return Rasa()


@pytest.fixture
async def client(rasa):
    client = RasaClient("http://rasa.test", "s3cret", 0.2, skip_s=0.05, transport=httpx.MockTransport(rasa))
    yield client
    await client.aclose()


async def test_asks_with_turn_and_token(client, rasa):
    assert (await client.ask("c1", "你好", "t1"))["text"] == "好"
    request = rasa.requests[0]
    assert (request.url.path, request.url.params["token"]) == ("/webhooks/rest/webhook", "s3cret")
    assert b'"turn_id":"t1"' in request.content.replace(b": ", b":")


@pytest.mark.parametrize(
    "body", ["[]", "{}", "null", "not json", '[{"text":"嗨"}]', '[{"custom":{"turn_id":"t0","text":"旧"}}]', '["x"]']
)
async def test_silence_is_an_error(client, rasa, body):
    rasa.answer = lambda _turn: httpx.Response(200, text=body)
    with pytest.raises(SilentDialogueError):
        await client.ask("c1", "你好", "t1")
    rasa.answer = Rasa().answer
    assert await client.ask("c1", "你好", "t1"), "silence does not open the circuit"


def _refused(_turn):
    raise httpx.ConnectError("refused")


@pytest.mark.parametrize("answer", [_refused, lambda _turn: httpx.Response(500), lambda _turn: httpx.Response(401)])
async def test_a_dead_rasa_is_skipped_then_probed_in_the_background(client, rasa, answer):
    rasa.answer, rasa.status = answer, 503
    with pytest.raises(DialogueUnavailableError):
        await client.ask("c1", "你好", "t1")
    asked = len(rasa.requests)
    with pytest.raises(DialogueUnavailableError):
        await client.ask("c1", "你好", "t1")
    assert len(rasa.requests) == asked, "costs nothing"
    rasa.answer, rasa.status = Rasa().answer, 200
    await asyncio.sleep(0.15)
    assert await client.ask("c1", "你好", "t1")


async def test_a_slow_rasa_is_given_up_in_time(client, rasa):
    rasa.delay_s = 5
    with pytest.raises(DialogueUnavailableError, match="秒内没有回答"):
        await asyncio.wait_for(client.ask("c1", "你好", "t1"), 1)


async def test_state(client, rasa):
    assert (await client.state())[0] == "ok"
    rasa.status = 409
    assert (await client.state())[0] == "degraded"
