"""Logging in, the cookie's protection against other sites, API tokens, in whose name things are done, and what is written down."""

import logging
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import structlog

from bot.authorization import SESSION_COOKIE
from bot.services import Services
from staff.accounts import COMMAND_LINE
from tests.contract.http.conftest import ADMIN, ENTRY, Build, Open, ask, publish
from tests.contract.http.test_chat import assert_error

PASSWORD = "four words long"
ORIGIN = "http://gateway.test"


@pytest.fixture
def people(services: Services) -> Services:
    for name, role in (("boss", "admin"), ("wang", "agent"), ("chen", "editor"), ("rui", "reviewer")):
        services.accounts.add(name, PASSWORD, role, COMMAND_LINE, display_name=f"小{name}")
    return services


async def log_in(client: httpx.AsyncClient, name: str, password: str = PASSWORD) -> dict[str, str]:
    """Logs the client in; the headers its page would send."""
    reply = await client.post("/api/staff/login", json={"name": name, "password": password})
    assert reply.status_code == 200, reply.text
    return {"X-CSRF-Token": reply.json()["csrf_token"], "Origin": ORIGIN}


class TestLogin:
    async def test_a_session_in_a_protected_cookie(self, client, people):
        reply = await client.post("/api/staff/login", json={"name": "wang", "password": PASSWORD})
        cookie = reply.headers["set-cookie"].lower()
        assert {"httponly", "samesite=lax", "path=/"} <= {part.strip() for part in cookie.split(";")}
        assert "secure" not in cookie  # over http
        member = reply.json()["member"]
        assert (member["name"], member["role"], "desk" in member["permissions"]) == ("wang", "agent", True)
        assert (await client.get("/api/staff/me")).json()["csrf_token"] == reply.json()["csrf_token"]

    async def test_secure_over_https(self, client, people):
        reply = await client.post("https://gateway.test/api/staff/login", json={"name": "wang", "password": PASSWORD})
        assert "; secure" in reply.headers["set-cookie"].lower()

    async def test_unknown_name_and_wrong_password_are_one_answer(self, client, people):
        answers = []
        for name in ("wang", "nobody"):
            answers.append((await client.post("/api/staff/login", json={"name": name, "password": "wrong words"})).json())
        assert answers[0] == answers[1]
        assert answers[0]["status"] == 401

    async def test_locked_after_five(self, client, people):
        for _ in range(5):
            await client.post("/api/staff/login", json={"name": "wang", "password": "wrong words"})
        reply = await client.post("/api/staff/login", json={"name": "wang", "password": PASSWORD})
        assert_error(reply, 429)
        assert 0 < int(reply.headers["retry-after"]) <= 60

    async def test_an_address_is_limited(self, client, people):
        statuses = [
            (await client.post("/api/staff/login", json={"name": f"n{n}", "password": "wrong words"})).status_code
            for n in range(31)
        ]
        assert (statuses[0], statuses[-1]) == (401, 429)

    async def test_another_site_cannot_log_a_browser_in(self, client, people):
        body = {"name": "wang", "password": PASSWORD}
        assert_error(await client.post("/api/staff/login", json=body, headers={"Origin": "https://evil.example"}), 403)
        assert_error(await client.post("/api/staff/login", json=body, headers={"Origin": "null"}), 403)

    async def test_logging_out_and_logging_in_again_end_the_session(self, client, people):
        headers = await log_in(client, "wang")
        first = client.cookies[SESSION_COOKIE]
        assert (await client.post("/api/staff/logout", headers=headers)).status_code == 200
        client.cookies.set(SESSION_COOKIE, first)
        assert_error(await client.get("/api/staff/me"), 401)
        client.cookies.clear()
        await log_in(client, "wang")
        second = client.cookies[SESSION_COOKIE]
        await log_in(client, "wang")
        assert people.accounts.sessions.member(second) is None

    async def test_it_ends_when_nobody_uses_it(self, build: Build, open_client: Open):
        services = build(WENZHENG_SESSION_IDLE_MINUTES=30)
        services.accounts.add("wang", PASSWORD, "agent", COMMAND_LINE)
        client = open_client(services)
        await log_in(client, "wang")
        services.accounts.sessions._now = lambda: datetime.now(UTC) + timedelta(minutes=31)
        assert_error(await client.get("/api/staff/me"), 401)

    async def test_passwords_and_tokens_are_in_no_log(self, client, people, caplog, capfd):
        structlog.configure(logger_factory=structlog.stdlib.LoggerFactory())
        caplog.set_level(logging.DEBUG)
        headers = await log_in(client, "boss")
        made = (await client.post("/api/staff/tokens", json={"label": "x"}, headers=headers)).json()["token"]
        await client.post("/api/staff/login", json={"name": "wang", "password": "wrong words here"})
        structlog.reset_defaults()
        out, err = capfd.readouterr()
        logged = caplog.text + out + err
        secrets = (PASSWORD, "wrong words here", made, headers["X-CSRF-Token"])
        assert [secret for secret in secrets if secret in logged] == []


class TestOtherSites:
    """The cookie alone changes nothing."""

    @pytest.mark.parametrize("change", [{"X-CSRF-Token": ""}, {"X-CSRF-Token": "0" * 64}, {"Origin": "https://evil.example"}])
    async def test_writing_needs_the_page_s_token(self, client, people, change):
        headers = await log_in(client, "chen")
        assert_error(await client.post("/api/entries", json=ENTRY, headers={**headers, **change}), 403)
        assert (await client.post("/api/entries", json=ENTRY, headers=headers)).status_code == 201

    async def test_a_token_of_another_session_is_no_good(self, client, people, open_client: Open):
        other = await log_in(open_client(people), "chen")
        await log_in(client, "chen")
        assert_error(await client.post("/api/entries", json=ENTRY, headers=other), 403)

    async def test_reading_needs_none(self, client, people):
        await log_in(client, "wang")
        assert (await client.get("/api/handoffs")).status_code == 200

    async def test_behind_a_proxy_the_public_address_is_ours(self, build: Build, open_client: Open):
        services = build(WENZHENG_PUBLIC_URL="https://zw.example.gov.cn")
        services.accounts.add("chen", PASSWORD, "editor", COMMAND_LINE)
        client = open_client(services)
        headers = {**await log_in(client, "chen"), "Origin": "https://zw.example.gov.cn"}
        assert (await client.post("/api/entries", json=ENTRY, headers=headers)).status_code == 201


class TestInOnesOwnName:
    async def test_editor_writes_reviewer_publishes(self, client, people):
        editor, reviewer = (
            {"Authorization": f"Bearer {people.accounts.tokens.add(name, 't', COMMAND_LINE).token}"} for name in ("chen", "rui")
        )
        entry = (await client.post("/api/entries", json=ENTRY, headers=editor)).json()
        path = f"/api/entries/{entry['entry_id']}"
        assert entry["actor"] == "chen"
        assert_error(await client.post(f"{path}/publish", json={}, headers=editor), 403)
        assert (await client.post(f"{path}/submit", json={}, headers=editor)).status_code == 200
        assert (await client.post(f"{path}/publish", json={}, headers=reviewer)).json()["state"] == "published"
        trail = [(line.actor.name, line.actor.role, line.action) for line in people.entries.audit_trail(entry["entry_id"])]
        assert trail == [("chen", "editor", "create"), ("chen", "editor", "submit"), ("rui", "reviewer", "publish")]

    async def test_a_reviewer_does_not_publish_their_own_text(self, client, people):
        reviewer = {"Authorization": f"Bearer {people.accounts.tokens.add('rui', 't', COMMAND_LINE).token}"}
        entry = (await client.post("/api/entries", json=ENTRY, headers=reviewer)).json()
        await client.post(f"/api/entries/{entry['entry_id']}/submit", json={}, headers=reviewer)
        assert_error(await client.post(f"/api/entries/{entry['entry_id']}/publish", json={}, headers=reviewer), 403)

    async def test_the_administrator_s_token_may_and_the_trail_says_so(self, client, people):
        entry = await publish(client)
        last = people.entries.audit_trail(entry["entry_id"])[-1]
        assert (last.actor.name, last.action) == ("管理令牌", "publish_alone")

    async def test_nobody_speaks_in_another_s_name(self, client, people):
        said = await ask(client, "转人工")
        headers = await log_in(client, "wang")
        path = f"/api/handoffs/{said['conversation_id']}"
        assert_error(await client.post(f"{path}/take", json={"agent": "rui"}, headers=headers), 403)
        assert (await client.post(f"{path}/take", json={}, headers=headers)).json()["agent"] == "wang"
        client.cookies.clear()
        assert_error(await client.post(f"{path}/say", json={"text": "您好", "agent": "rui"}, headers=ADMIN), 409)
        assert (await client.post(f"{path}/say", json={"text": "您好", "agent": "wang"}, headers=ADMIN)).status_code == 200
        trail = (await client.get("/api/staff/audit", params={"object_kind": "conversation"}, headers=ADMIN)).json()["lines"]
        assert [(line["actor"], line["action"]) for line in trail] == [("wang", "desk.send"), ("wang", "desk.take")]


class TestTokens:
    async def test_acts_as_its_owner_until_revoked(self, client, people):
        headers = await log_in(client, "wang")
        made = (await client.post("/api/staff/tokens", json={"label": "呼叫中心桌面", "days": 30}, headers=headers)).json()
        client.cookies.clear()
        bearer = {"Authorization": f"Bearer {made['token']}"}
        me = (await client.get("/api/staff/me", headers=bearer)).json()
        assert (me["member"]["name"], me["csrf_token"]) == ("wang", None)
        listed = (await client.get("/api/staff/tokens", headers=bearer)).json()["tokens"]
        assert [(row["label"], row["state"], "token" in row) for row in listed] == [("呼叫中心桌面", "valid", False)]
        assert (await client.post(f"/api/staff/tokens/{made['id']}/revoke", headers=bearer)).status_code == 200
        assert_error(await client.get("/api/staff/me", headers=bearer), 401)

    async def test_a_weak_token_makes_no_stronger_one(self, client, people):
        weak = people.accounts.tokens.add("boss", "t", COMMAND_LINE, role="editor").token
        bearer = {"Authorization": f"Bearer {weak}"}
        assert (await client.post("/api/staff/tokens", json={"label": "x"}, headers=bearer)).json()["role"] == "editor"
        wished = await client.post("/api/staff/tokens", json={"label": "x", "role": "admin"}, headers=bearer)
        assert_error(wished, 403)

    async def test_others_tokens_are_not_ours(self, client, people):
        token = people.accounts.tokens.add("rui", "t", COMMAND_LINE)
        headers = await log_in(client, "wang")
        assert_error(await client.post(f"/api/staff/tokens/{token.token_id}/revoke", headers=headers), 404)
        assert_error(await client.post("/api/staff/tokens", json={"label": "x", "owner": "rui"}, headers=headers), 403)


class TestPeople:
    async def test_an_account_from_beginning_to_end(self, client, people):
        headers = await log_in(client, "boss")
        body = {"name": "li", "password": PASSWORD, "role": "agent", "display_name": "李静", "department": "12345 中心"}
        assert (await client.post("/api/staff/users", json=body, headers=headers)).status_code == 201
        assert_error(await client.post("/api/staff/users", json=body, headers=headers), 409)
        assert_error(await client.post("/api/staff/users", json={**body, "name": "li2", "password": "li2"}, headers=headers), 422)
        login = people.accounts.sessions.open(people.accounts.authenticate("li", PASSWORD))
        role = await client.post("/api/staff/users/li/role", json={"role": "editor"}, headers=headers)
        assert role.json()["role"] == "editor"
        assert people.accounts.sessions.member(login.token) is None
        assert (await client.post("/api/staff/users/li/disable", headers=headers)).json()["active"] is False
        assert_error(await client.post("/api/staff/login", json={"name": "li", "password": PASSWORD}), 401)
        assert_error(await client.post("/api/staff/users/boss/disable", headers=headers), 409)
        lines = (await client.get("/api/staff/audit", params={"object_id": "li"})).json()["lines"]
        done = ["login.refused", "staff.deactivate", "staff.role", "login", "staff.add"]
        assert [line["action"] for line in lines] == done
        assert {line["actor"] for line in lines if line["action"].startswith("staff.")} == {"boss"}

    async def test_one_s_own_password(self, client, people):
        headers = await log_in(client, "wang")
        wrong = {"current": "not this one", "password": "five other words"}
        assert_error(await client.post("/api/staff/me/password", json=wrong, headers=headers), 401)
        right = {"current": PASSWORD, "password": "five other words"}
        assert (await client.post("/api/staff/me/password", json=right, headers=headers)).status_code == 200
        assert_error(await client.get("/api/staff/me"), 401)
        await log_in(client, "wang", "five other words")


class TestPanelLogin:
    async def test_back_to_where_one_was_going(self, client, people):
        sent = await client.get("/panel/people?q=1")
        assert sent.headers["location"] == "/panel/login?next=/panel/people%3Fq%3D1"
        form = await client.get(sent.headers["location"])
        assert 'value="/panel/people?q=1"' in form.text
        done = await client.post("/panel/login", data={"name": "boss", "password": PASSWORD, "next": "/panel/people?q=1"})
        assert (done.status_code, done.headers["location"]) == (303, "/panel/people?q=1")

    @pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/panel//evil.example", "/panel/\\evil", "x"])
    async def test_never_to_another_site(self, client, people, target):
        done = await client.post("/panel/login", data={"name": "boss", "password": PASSWORD, "next": target})
        assert done.headers["location"] == "/panel/"

    async def test_a_wrong_password_keeps_the_name_and_shows_nothing_of_markup(self, client, people):
        page = await client.post("/panel/login", data={"name": '"><script>alert(1)</script>', "password": "wrong words"})
        assert page.status_code == 401
        assert "<script>alert" not in page.text
        assert "登录名或密码不正确" in page.text

    async def test_another_site_cannot_post_the_form(self, client, people):
        page = await client.post(
            "/panel/login",
            data={"name": "boss", "password": PASSWORD},
            headers={"Origin": "https://evil.example", "Accept": "text/html"},
        )
        assert page.status_code == 403
        assert SESSION_COOKIE not in client.cookies

    async def test_pages_run_only_their_own_scripts(self, client, people):
        policy = (await client.get("/panel/login")).headers["content-security-policy"]
        scripts = next(part for part in policy.split(";") if part.strip().startswith("script-src"))
        assert "'nonce-" in scripts
        assert "unsafe-inline" not in scripts
        assert "frame-ancestors 'none'" in policy
