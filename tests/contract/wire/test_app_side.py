"""The wire between app and Rasa, seen from the app. The same examples are read by tests/rasa_env/test_wire.py."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from actions.server import build_action_app
from conversations.errors import DialogueUnavailableError, SilentDialogueError
from conversations.rasa_client import RasaClient

EXAMPLES = Path(__file__).parent / "examples"


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def test_an_action_call_becomes_a_consultation_and_its_result_one_custom_message() -> None:
    calls: list[dict[str, Any]] = []
    result = example("action_result")["responses"][0]["custom"]

    def perform(turn_id: str, **task: Any) -> dict[str, Any]:
        calls.append({"turn_id": turn_id, **task})
        return result

    client = TestClient(build_action_app(perform, "secret"))
    response = client.post("/webhook?token=secret", json=example("rasa_to_action"))

    assert response.status_code == 200
    assert response.json() == example("action_result")
    heard = {"intent": "filing_steps", "confidence": 0.976, "entities": {"enterprise_type": "个体工商户"}}
    assert calls == [{"turn_id": "t-0001", **heard, "guesses": ["filing_steps", "eligibility"]}]


async def test_the_client_sends_and_understands_the_examples() -> None:
    seen: list[httpx.Request] = []

    def rasa(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=example("rasa_to_app"))

    sent = example("app_to_rasa")
    client = RasaClient("http://rasa", "secret", 1.0, transport=httpx.MockTransport(rasa))
    custom = await client.ask(sent["sender"], sent["message"], sent["metadata"]["turn_id"])
    await client.aclose()

    assert json.loads(seen[0].content) == sent
    assert seen[0].url.path == "/webhooks/rest/webhook"
    assert seen[0].url.params["token"] == "secret"
    assert custom == example("rasa_to_app")[0]["custom"]


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, [], SilentDialogueError),
        (200, [{"recipient_id": "x", "text": "没有 custom"}], SilentDialogueError),
        (200, [{"recipient_id": "x", "custom": {"turn_id": "another"}}], SilentDialogueError),
        (500, [], DialogueUnavailableError),
        (401, {"error": "token"}, DialogueUnavailableError),
    ],
)
async def test_anything_else_is_an_error(status: int, body: Any, error: type[Exception]) -> None:
    transport = httpx.MockTransport(lambda _request: httpx.Response(status, json=body))
    client = RasaClient("http://rasa", "secret", 1.0, transport=transport)
    with pytest.raises(error):
        await client.ask("c", "你好", "t-0001")
    await client.aclose()
