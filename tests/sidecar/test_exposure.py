"""What is reachable: the gateway; Rasa and the action endpoint only on loopback and with the token."""

import httpx
import psutil
import pytest

from tests.sidecar.instance import Instance


def test_rasa_and_actions_listen_on_loopback_only(instance: Instance) -> None:
    listening = {}
    for name in ("rasa", "gateway"):
        for connection in instance.part(name).net_connections(kind="inet"):
            if connection.status == psutil.CONN_LISTEN:
                listening[connection.laddr.port] = connection.laddr.ip
    assert listening[instance.rasa_port] == "127.0.0.1"
    assert listening[instance.action_port] == "127.0.0.1"
    assert set(listening) == {instance.port, instance.rasa_port, instance.action_port}


@pytest.mark.parametrize("token", [{}, {"token": "wrong"}])
def test_without_the_token_rasa_does_nothing(instance: Instance, token: dict[str, str]) -> None:
    rasa = f"http://127.0.0.1:{instance.rasa_port}"
    message = {"sender": "x", "message": "你好", "metadata": {"turn_id": "t"}}
    with httpx.Client(trust_env=False, params=token) as client:
        assert client.post(f"{rasa}/webhooks/rest/webhook", json=message).status_code == 401
        assert client.post(f"{rasa}/model/parse", json={"text": "你好"}).status_code == 401
        assert client.get(f"{rasa}/conversations/x/tracker").status_code == 401
        assert client.post(f"http://127.0.0.1:{instance.action_port}/webhook", json={}).status_code == 401


def test_a_turn_nobody_reserved_is_answered_with_nothing(instance: Instance) -> None:
    message = {"sender": "x", "message": "你好", "metadata": {"turn_id": "made-up"}}
    response = httpx.post(
        f"http://127.0.0.1:{instance.rasa_port}/webhooks/rest/webhook",
        params={"token": instance.token}, json=message, timeout=30, trust_env=False,
    )  # fmt: skip
    assert (response.status_code, response.json()) == (200, [])


def test_no_command_line_shows_the_token(instance: Instance) -> None:
    parts = [psutil.Process(instance.process.pid), instance.part("rasa"), instance.part("gateway")]
    assert all(instance.token not in " ".join(part.cmdline()) for part in parts)
