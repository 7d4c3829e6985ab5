"""`/api/entries` and `/api/search`."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract.http.conftest import ADMIN, ENTRY, days_from_now, publish
from tests.contract.http.test_chat import assert_error

SMALL = {"kind": "qa", "title": "公积金贷款额度是多少？", "answer": "最高八十万元。"}


async def search(client, q="食品经营许可证延续", **params):
    response = await client.get("/api/search", params={"q": q, **params})
    assert response.status_code == 200, response.text
    return response.json()


class TestWriting:
    async def test_three_fields_are_enough_for_a_draft(self, client):
        response = await client.post("/api/entries", json=SMALL, headers=ADMIN)
        assert response.status_code == 201
        body = response.json()
        assert (body["version"], body["state"], body["live_version"], body["title"]) == (1, "draft", None, SMALL["title"])

    async def test_draft_review_publish_withdraw(self, client):
        entry = (await client.post("/api/entries", json=SMALL, headers=ADMIN)).json()
        address = f"/api/entries/{entry['entry_id']}"
        states = []
        for step in ("submit", "publish", "publish", "withdraw", "withdraw"):
            response = await client.post(f"{address}/{step}", json={}, headers=ADMIN)
            assert response.status_code == 200, response.text
            states.append(response.json()["state"])
        assert states == ["in_review", "published", "published", "withdrawn", "withdrawn"]

    async def test_an_edit_of_a_published_entry_is_live_at_once(self, client):
        entry = await publish(client)
        address = f"/api/entries/{entry['entry_id']}"
        edited = await client.patch(address, json={"facets": {"phone": "0571-11112222"}}, headers=ADMIN)
        assert (edited.json()["version"], edited.json()["state"]) == (2, "published")
        assert edited.json()["facets"]["place"] == ENTRY["facets"]["place"], "a patch merges"
        assert (await client.get(address)).json()["facets"]["phone"] == "0571-11112222"
        assert (await search(client))["results"][0]["version"] == 2

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"kind": "poem"}, "kind"),
            ({"title": ""}, "title"),
            ({"title": "题" * 301}, "title"),
            ({"answer": None}, "answer"),
            ({"colour": "red"}, "colour"),
            ({"facets": {"colour": "red"}}, "facets.colour"),
            ({"effective_from": "someday"}, "effective_from"),
            ({"region_code": "12"}, "region_code"),
            ({"similar_questions": "一句"}, "similar_questions"),
        ],
    )
    async def test_a_wrong_field_is_named(self, client, change, field):
        body = {**SMALL, **change}
        problem = assert_error(await client.post("/api/entries", json=body, headers=ADMIN), 422)
        assert any(line.startswith(field) for line in problem["errors"]), problem["errors"]
        entry = (await client.post("/api/entries", json=SMALL, headers=ADMIN)).json()
        assert_error(await client.patch(f"/api/entries/{entry['entry_id']}", json=change, headers=ADMIN), 422)

    async def test_a_taken_external_id_is_409(self, client):
        await publish(client)
        assert_error(await client.post("/api/entries", json=ENTRY, headers=ADMIN), 409)

    async def test_a_step_takes_only_a_comment(self, client):
        entry = (await client.post("/api/entries", json=SMALL, headers=ADMIN)).json()
        address = f"/api/entries/{entry['entry_id']}/publish"
        assert_error(await client.post(address, json={"force": True}, headers=ADMIN), 422)
        assert (await client.post(address, headers=ADMIN)).status_code == 200

    async def test_a_body_over_1_mb_is_413(self, client):
        assert_error(await client.post("/api/entries", json={**SMALL, "answer": "x" * 1_100_000}, headers=ADMIN), 413)

    @pytest.mark.parametrize("entry_id", ["0", "-1", "x", "1.5", "99999999999999999999"])
    async def test_an_impossible_id_is_422(self, client, entry_id):
        assert_error(await client.get(f"/api/entries/{entry_id}"), 422)

    async def test_an_unknown_id_is_404(self, client):
        for method, path in (("GET", ""), ("PATCH", ""), ("POST", "/submit"), ("POST", "/publish"), ("POST", "/withdraw")):
            assert_error(await client.request(method, f"/api/entries/4711{path}", json={}, headers=ADMIN), 404)


class TestWhoMay:
    WRITES = (
        ("POST", "/api/entries", SMALL), ("PATCH", "/api/entries/1", {}), ("POST", "/api/entries/1/submit", {}),
        ("POST", "/api/entries/1/publish", {}), ("POST", "/api/entries/1/withdraw", {}),
    )  # fmt: skip

    @pytest.mark.parametrize(("method", "path", "body"), WRITES)
    async def test_writing_needs_the_token(self, client, method, path, body):
        response = await client.request(method, path, json=body)
        assert_error(response, 401)
        assert response.headers["www-authenticate"] == "Bearer"
        for wrong in ("Bearer nope", "Bearer", "Basic correct-horse", "correct-horse", "Bearer 密码".encode()):
            assert_error(await client.request(method, path, json=body, headers={"Authorization": wrong}), 401)

    @pytest.mark.parametrize(("method", "path", "body"), WRITES)
    @pytest.mark.parametrize("token", [None, ""])
    async def test_without_a_configured_token_writing_is_closed_and_says_why(self, open_client, build, method, path, body, token):
        client = open_client(build(WENZHENG_ADMIN_TOKEN=token))
        problem = assert_error(await client.request(method, path, json=body, headers={"Authorization": "Bearer "}), 403)
        assert "WENZHENG_ADMIN_TOKEN" in problem["fix"]

    async def test_only_published_entries_are_public(self, client):
        draft = (await client.post("/api/entries", json=SMALL, headers=ADMIN)).json()
        await publish(client)
        assert_error(await client.get(f"/api/entries/{draft['entry_id']}"), 401)
        assert (await client.get(f"/api/entries/{draft['entry_id']}", headers=ADMIN)).json()["state"] == "draft"
        listed = (await client.get("/api/entries")).json()
        assert (listed["total"], [e["external_id"] for e in listed["entries"]]) == (1, ["SP-01"])
        assert (await client.get("/api/entries", headers=ADMIN)).json()["total"] == 2
        assert_error(await client.get("/api/entries", params={"state": "draft"}), 401)

    async def test_a_draft_of_a_published_entry_does_not_show(self, client, services):
        entry = await publish(client)
        from knowledge_base.workflow import Actor

        services.entries.edit(entry["entry_id"], {"title": "改到一半"}, Actor("小编", "editor"))
        assert (await client.get(f"/api/entries/{entry['entry_id']}")).json()["title"] == ENTRY["title"]


class TestSearch:
    async def test_has_the_contracts_shape(self, client):
        entry = await publish(client)
        found = await search(client)
        assert set(found) == {"query", "revision", "results"}
        assert found["revision"] == entry["revision"]
        (row,) = found["results"]
        assert set(row) == {"entry_id", "external_id", "version", "title", "score", "probability", "kind", "snippet"}
        assert (row["external_id"], row["kind"]) == ("SP-01", "service_item")
        assert 0 <= row["probability"] <= 1

    async def test_finds_what_is_published_and_valid_only(self, client):
        await publish(client, external_id="old", effective_to=days_from_now(-1))
        await publish(client, external_id="soon", effective_from=days_from_now(1))
        await publish(client, external_id="now")
        await client.post("/api/entries", json={**ENTRY, "external_id": "draft"}, headers=ADMIN)
        assert [row["external_id"] for row in (await search(client))["results"]] == ["now"]

    async def test_an_empty_store_finds_nothing(self, client):
        assert (await search(client))["results"] == []
        assert (await search(client, q="\x00\u200b"))["results"] == []

    @pytest.mark.parametrize(
        "params", [{}, {"q": ""}, {"q": "x" * 501}, {"q": "a", "k": 0}, {"q": "a", "k": 51}, {"q": "a", "k": "many"}]
    )
    async def test_bad_parameters_are_422(self, client, params):
        assert_error(await client.get("/api/search", params=params), 422)

    async def test_k_limits(self, client):
        for number in range(3):
            await publish(client, external_id=f"x{number}")
        assert len((await search(client, k=2))["results"]) == 2

    async def test_searches_go_on_while_entries_are_published(self, client, services):
        await publish(client)
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(services.index.follow) for _ in range(4)]
            assert (await search(client))["results"]
            assert all(job.exception() is None for job in jobs)
