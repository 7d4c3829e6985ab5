"""Every route and page, asked by every role and by a visitor; what must come of it is in `route_permissions`."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from bot.app import create_app
from bot.authorization import SESSION_COOKIE
from bot.services import Services
from knowledge_base.content import parse_content
from knowledge_base.workflow import Actor
from panel.runtime import running
from staff.accounts import COMMAND_LINE
from staff.roles import ROLES, allows
from tests.contract.http.conftest import Build
from tests.contract.http.route_permissions import BODIES, FILES, MEMBER, PAGES, PARAMETERS, PUBLIC, STREAMS, routes

PASSWORD = "four words long"


def sample(schema: dict[str, Any], components: dict[str, Any]) -> Any:
    """The smallest value that fits a schema, so that what answers is the route and not its validation."""
    if "$ref" in schema:
        return sample(components[schema["$ref"].rsplit("/", 1)[1]], components)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if "default" in schema:
        return schema["default"]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return sample(schema[choice][0], components)
    match schema.get("type"):
        case "object":
            properties = schema.get("properties", {})
            return {name: sample(properties[name], components) for name in schema.get("required", ())}
        case "array":
            return [sample(schema["items"], components) for _ in range(schema.get("minItems", 0))]
        case "integer" | "number":
            return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return False
    moments = {"date": "2026-03-02", "date-time": "2099-03-02T08:30:00+08:00"}
    if schema.get("format") in moments:
        return moments[schema["format"]]
    return "x" * max(1, schema.get("minLength", 0))


class Asked:
    """Asks every operation of the OpenAPI document."""

    def __init__(self, app: FastAPI) -> None:
        document = app.openapi()
        self.components = document.get("components", {}).get("schemas", {})
        self.operations = {
            f"{method.upper()} {path}": operation
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        }
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://gateway.test")

    async def status(self, name: str, headers: dict[str, str]) -> int:
        method, _, path = name.partition(" ")
        operation = self.operations[name]
        query = {}
        for parameter in operation.get("parameters", ()):
            value = PARAMETERS.get(parameter["name"])
            if value is None or (isinstance(value, str) and parameter["schema"].get("type") == "integer"):
                value = sample(parameter["schema"], self.components)
            if parameter["in"] == "path":
                path = path.replace("{" + parameter["name"] + "}", str(value))
            elif parameter["in"] == "query" and parameter.get("required"):
                query[parameter["name"]] = value
        body: dict[str, Any] = {}
        if name in FILES:
            body = {"files": {FILES[name]: ("a.xlsx", b"-")}, "data": {"collection": "x"}}
        elif "requestBody" in operation:
            content = operation["requestBody"]["content"]["application/json"]["schema"]
            body = {"json": BODIES.get(name, sample(content, self.components))}
        try:
            async with asyncio.timeout(1 if name in STREAMS else 20):
                return (await self.client.request(method, path, params=query, headers=headers, **body)).status_code
        except TimeoutError:
            if name in STREAMS:
                return 200
            raise


@pytest.fixture
def tokens(services: Services) -> dict[str, dict[str, str]]:
    """A header for each role."""
    headers = {}
    for role in ROLES:
        services.accounts.add(f"some-{role}", PASSWORD, role, COMMAND_LINE)
        made = services.accounts.tokens.add(f"some-{role}", "test", COMMAND_LINE)
        headers[role] = {"Authorization": f"Bearer {made.token}"}
    return headers


def may(role: str, permission: str) -> bool:
    return permission == MEMBER or allows(role, permission)


async def test_every_route_is_in_the_table(services: Services) -> None:
    asked = Asked(create_app(services))
    assert set(asked.operations) - set(routes()) == set(), "its row in docs/interfaces.md must begin with [permission]"
    assert set(routes()) - set(asked.operations) == set()


async def test_every_route_refuses_visitors_and_other_roles(services: Services, tokens: dict[str, dict[str, str]]) -> None:
    asked = Asked(create_app(services))
    wrong = []
    for name, permission in routes().items():
        if permission == PUBLIC or name not in asked.operations:
            continue
        for who, headers in {"visitor": {}, "stranger's token": {"Authorization": "Bearer wzt_no"}}.items():
            if (status := await asked.status(name, headers)) != 401:
                wrong.append(f"{name} by {who}: {status}")
        for role, headers in tokens.items():
            status = await asked.status(name, headers)
            refused = status == 403 or (status == 401 and name != "POST /api/staff/me/password")
            if refused == may(role, permission) or (status >= 500 and status != 503):
                wrong.append(f"{name} by {role}: {status}")
    await asked.client.aclose()
    assert "\n".join(wrong) == ""


def things_to_open(services: Services) -> dict[str, str]:
    """Page → its address for one thing that there is."""
    workshop, actor = services.workshop, Actor("小编", "editor")
    entry = workshop.store.create(parse_content({"kind": "qa", "title": "问", "answer": "答"}), actor)
    table = workshop.imports.upload("a.csv", "类型,标题,答案\n".encode(), "entry", actor)
    notice = workshop.notices.keep("a.txt", "一、总则".encode(), actor)
    return {
        "/knowledge/{entry_id}": f"/knowledge/{entry.entry_id}", "/imports/{number}": f"/imports/{table}",
        "/imports/{number}/document": f"/imports/{notice}/document",
    }  # fmt: skip


async def test_a_visitor_learns_nothing_of_what_a_staff_route_expects(services: Services) -> None:
    asked = Asked(create_app(services))
    told = []
    for name, permission in routes().items():
        method, _, path = name.partition(" ")
        if permission == PUBLIC or method == "GET" or "/assist" in path:
            continue
        for parameter in asked.operations[name].get("parameters", ()):
            path = path.replace("{" + parameter["name"] + "}", str(PARAMETERS.get(parameter["name"], 1)))
        answer = await asked.client.request(method, path, json={"no such field": 1})
        if answer.status_code != 401:
            told.append(f"{name}: {answer.status_code}")
    await asked.client.aclose()
    assert told == []


async def test_every_page(services: Services) -> None:
    app = create_app(services)
    panel = next(route for route in app.routes if getattr(route, "name", "") == "panel")
    pages = {route.path for route in panel.app.context.pages.routes}
    assert pages - set(PAGES) == set(), "a new page needs a row in route_permissions.PAGES"
    wrong = []
    things = things_to_open(services)
    async with running():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as client:
            for path in sorted(pages):
                visitor = await client.get(f"/panel{things.get(path, path)}")
                if (visitor.status_code, visitor.headers.get("location", "")[:13]) != (303, "/panel/login?"):
                    wrong.append(f"{path} by a visitor: {visitor.status_code}")
            for role in ROLES:
                member = services.accounts.add(f"some-{role}", PASSWORD, role, COMMAND_LINE)
                client.cookies.set(SESSION_COOKIE, services.accounts.sessions.open(member).token)
                for path in sorted(pages):
                    status = (await client.get(f"/panel{things.get(path, path)}")).status_code
                    if status != (200 if may(role, PAGES[path]) else 403):
                        wrong.append(f"{path} by {role}: {status}")
    assert "\n".join(wrong) == ""


async def test_writing_is_off_until_there_is_an_account_or_a_token(build: Build) -> None:
    services = build(WENZHENG_ADMIN_TOKEN=None)
    asked = Asked(create_app(services))
    assert await asked.status("POST /api/entries", {}) == 403
    services.accounts.add("wang", PASSWORD, "editor", COMMAND_LINE)
    assert await asked.status("POST /api/entries", {}) == 401
    await asked.client.aclose()
