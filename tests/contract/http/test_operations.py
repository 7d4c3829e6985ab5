"""Health, readiness, metrics, interface list, error shape, headers."""

import importlib
import pkgutil

import pytest
import tomllib

from bot.error_responses import STATUS, status_of
from conversations import wording
from errors import WenzhengError
from settings import PROJECT_ROOT
from tests.contract.http.conftest import ask, publish
from tests.contract.http.test_chat import assert_error

_PROJECT = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = tuple(set(_PROJECT["tool"]["importlinter"]["root_packages"]) - {"training", "dialogue"})  # neither answers over HTTP


class TestHealth:
    async def test_alive(self, client):
        assert (await client.get("/healthz")).json() == {"ok": True}

    async def test_ready_when_database_and_index_serve(self, client):
        await publish(client)
        response = await client.get("/readyz")
        body = response.json()
        assert response.status_code == 200
        assert set(body) == {"ready", "revision", "components"}
        assert (body["ready"], body["revision"]) == (True, 1)
        states = {name: part["state"] for name, part in body["components"].items()}
        assert states == {"database": "ok", "index": "ok", "rasa": "degraded", "wechat": "off", "outbox": "off"}
        assert all(set(part) == {"state", "detail"} and part["detail"] for part in body["components"].values())
        assert "WENZHENG_PUBLIC_URL" in body["components"]["wechat"]["detail"]

    async def test_not_ready_before_the_index_is_loaded(self, client, services):
        services.index._loaded = False
        response = await client.get("/readyz")
        assert (response.status_code, response.json()["ready"]) == (503, False)
        assert_error(await client.get("/api/search", params={"q": "许可证"}), 503)
        reply = await ask(client, "许可证延续")
        assert (reply["outcome"], reply["messages"][0]["text"]) == ("fallback", wording.STARTING)
        assert (await client.get("/healthz")).status_code == 200

    async def test_not_ready_without_a_database(self, client, services, monkeypatch):
        monkeypatch.setattr(services.feed.__class__, "revision", lambda _self: 1 / 0)
        response = await client.get("/readyz")
        assert (response.status_code, response.json()["components"]["database"]["state"]) == (503, "down")

    async def test_metrics(self, client):
        await publish(client)
        await ask(client, "你好")
        await client.get("/api/search", params={"q": "许可证"})
        response = await client.get("/metrics")
        assert response.headers["content-type"].startswith("text/plain")
        for line in (
            'wenzheng_turns_total{intent="none",outcome="smalltalk",source="direct"} 1.0',
            "wenzheng_index_revision 1.0",
            "wenzheng_index_entries 1.0",
            "wenzheng_search_seconds_count 1.0",
            'wenzheng_turn_seconds_count{source="direct"} 1.0',
            'wenzheng_http_requests_total{route="/api/chat",status="200"} 1.0',
        ):
            assert line in response.text, line


class TestErrors:
    def test_every_error_class_has_a_status(self):
        for package in PACKAGES:
            for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
                # command lines never answer over HTTP; migrations run under Alembic only
                if ".cli" not in module.name and "migrations" not in module.name and "__main__" not in module.name:
                    importlib.import_module(module.name)
        known = set(_descendants(WenzhengError))
        known = {kind for kind in known if ".cli" not in kind.__module__ and kind.__module__.split(".")[0] in PACKAGES}
        assert len(known) > 20
        for kind in known:
            assert 400 <= status_of(kind) < 600, kind
        assert all(kind in known or kind.__module__ == "errors" for kind in STATUS)

    @pytest.mark.parametrize(("method", "path", "status"), [
        ("GET", "/nope", 404), ("GET", "/api/nope", 404), ("DELETE", "/api/chat", 405), ("GET", "/api/chat", 405),
        ("POST", "/healthz", 405), ("GET", "/static/nope.css", 404), ("GET", "/static/../app.py", 404), ("GET", "/e/x", 422),
        ("GET", "/e/4711", 404), ("GET", "/e/4711/qr.png", 404),
    ])  # fmt: skip
    async def test_one_shape(self, client, method, path, status):
        assert_error(await client.request(method, path), status)

    async def test_a_crash_is_500_and_says_nothing_of_the_inside(self, client, services, monkeypatch):
        monkeypatch.setattr(services.answerer.__class__, "search", lambda *_: 1 / 0)
        problem = assert_error(await client.get("/api/search", params={"q": "许可证"}), 500)
        assert "division" not in str(problem)

    async def test_a_browser_gets_a_page(self, client):
        response = await client.get("/nope", headers={"Accept": "text/html,*/*"})
        assert (response.status_code, "没有这个地址" in response.text) == (404, True)
        assert response.headers["content-type"].startswith("text/html")


def _descendants(kind):
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)


class TestEverywhere:
    @pytest.mark.parametrize("path", ["/chat", "/healthz", "/nope", "/static/chat.js", "/api/docs", "/api/search"])
    async def test_security_headers(self, client, path):
        headers = (await client.get(path)).headers
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src 'self'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "cache-control" in headers

    async def test_interfaces_are_listed_without_any_outside_address(self, client):
        schema = (await client.get("/api/openapi.json")).json()
        expected = {
            "/api/chat", "/api/search", "/api/entries", "/api/entries/{entry_id}", "/api/entries/{entry_id}/submit",
            "/api/entries/{entry_id}/publish", "/api/entries/{entry_id}/withdraw", "/healthz", "/readyz", "/metrics",
            "/api/conversations/{conversation_id}/messages", "/api/conversations/{conversation_id}/events",
        }  # fmt: skip
        assert expected <= set(schema["paths"])
        page = (await client.get("/api/docs")).text
        assert all(path in page for path in expected)
        assert "https://" not in page
        assert "<script" not in page
