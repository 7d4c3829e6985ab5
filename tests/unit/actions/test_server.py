"""The action endpoint: who may call it, and what an error gives away (nothing)."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml

from actions.consult import ACTION_NAMES
from actions.errors import ActionServerError
from actions.server import ActionServer
from settings import PROJECT_ROOT

RESULT = {"turn_id": "t", "text": "好", "outcome": "smalltalk"}
EMPTY = {"events": [], "responses": []}


def call(action: str = "action_answer", turn_id: str | None = "t") -> dict[str, Any]:
    metadata = {"turn_id": turn_id} if turn_id else {}
    message = {"text": "我的秘密", "intent": {"name": "greet", "confidence": 1.0}, "entities": [], "metadata": metadata}
    return {"next_action": action, "sender_id": "c", "tracker": {"sender_id": "c", "latest_message": message}}


class Work:
    """Stands in for the consultation."""

    def __init__(self) -> None:
        self.turns: list[str] = []
        self.threads: set[str] = set()
        self.gate: threading.Event | None = None
        self.error: Exception | None = None
        self.result: dict[str, Any] | None = RESULT

    def __call__(self, turn_id: str, **_task: Any) -> dict[str, Any] | None:
        self.turns.append(turn_id)
        self.threads.add(threading.current_thread().name)
        if self.gate:
            self.gate.wait(5)
        if self.error:
            raise self.error
        return self.result


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def endpoint(work: Work) -> Iterator[httpx.Client]:
    server = ActionServer(work, "secret", 0)
    server.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", params={"token": "secret"}, trust_env=False) as client:
        yield client
    server.stop()
    server.stop()  # harmless


def test_every_action_of_the_domain_is_there(endpoint: httpx.Client) -> None:
    domain = yaml.safe_load((PROJECT_ROOT / "domain" / "actions.yml").read_text(encoding="utf-8"))
    assert set(domain["actions"]) == set(ACTION_NAMES)
    for name in ACTION_NAMES:
        responses = endpoint.post("/webhook", json=call(name)).json()["responses"]
        assert [r["custom"] for r in responses] == [RESULT]


@pytest.mark.parametrize("token", ["", "wrong", "密"])
def test_without_the_token_nothing_is_done(endpoint: httpx.Client, work: Work, token: str) -> None:
    assert endpoint.post("/webhook", params={"token": token}, json=call()).status_code == 401
    assert work.turns == []


def test_a_failing_action_echoes_nothing_and_its_log_names_the_turn_only(
    endpoint: httpx.Client, work: Work, capsys: pytest.CaptureFixture[str]
) -> None:
    work.error = RuntimeError("数据库坏了")
    response = endpoint.post("/webhook", json=call(turn_id="t-77"))
    assert (response.status_code, response.json()) == (200, EMPTY)
    logged = "".join(capsys.readouterr())
    assert "t-77" in logged
    assert "我的秘密" not in logged


@pytest.mark.parametrize("body", [b"not json", b"[]", b'{"next_action": "unknown", "tracker": {}}', b"{}"])
def test_a_malformed_call_is_answered_with_nothing(endpoint: httpx.Client, work: Work, body: bytes) -> None:
    response = endpoint.post("/webhook", content=body)
    assert (response.status_code, response.json()) == (200, EMPTY)
    assert work.turns == []


def test_a_message_without_turn_is_not_worked_on(endpoint: httpx.Client, work: Work) -> None:
    assert endpoint.post("/webhook", json=call(turn_id=None)).json() == EMPTY
    assert work.turns == []


def test_a_consultation_without_result_utters_nothing(endpoint: httpx.Client, work: Work) -> None:
    work.result = None
    assert endpoint.post("/webhook", json=call()).json() == EMPTY


def test_slow_work_runs_beside_the_event_loop(endpoint: httpx.Client, work: Work) -> None:
    work.gate = threading.Event()
    slow = threading.Thread(target=lambda: endpoint.post("/webhook", json=call()))
    slow.start()
    try:
        assert endpoint.get("/health").json() == {"status": "ok"}
    finally:
        work.gate.set()
        slow.join()
    assert all(name.startswith("action") for name in work.threads)


def test_a_taken_port_is_named_with_its_remedy(work: Work) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(ActionServerError) as caught:
            ActionServer(work, "secret", port).start()
    assert str(port) in caught.value.problem
    assert "RASA_URL" in caught.value.fix
