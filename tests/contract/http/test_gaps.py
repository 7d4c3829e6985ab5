"""The assistant is asked what it does not know; staff close the gap; the next citizen gets the answer."""

import httpx

from bot.services import Services
from tests.contract.http.conftest import ADMIN, ask, publish

VARIANTS = ("集中供暖的缴费标准是多少", "集中供暖缴费标准是多少", "集中供暖的缴费标准是多少钱")


async def _missed(client: httpx.AsyncClient, services: Services) -> dict:
    for number, text in enumerate(VARIANTS):
        assert (await ask(client, text, sender=f"住户{number}"))["outcome"] == "fallback"
    services.insights.gap_job.run_once()
    found = (await client.get("/api/gaps", headers=ADMIN)).json()
    assert found["job"]["error"] is None
    (group,) = [gap for gap in found["gaps"] if "供暖" in gap["title"]]
    return group


async def test_a_new_entry_closes_the_gap_and_answers(client: httpx.AsyncClient, services: Services) -> None:
    group = await _missed(client, services)
    await publish(client)
    assert (group["count"], group["askers"]) == (3, 3)
    read = (await client.get(f"/api/gaps/{group['id']}", headers=ADMIN)).json()
    assert {line["question"] for line in read["questions"]} == set(VARIANTS)
    assert read["nearest"][0]["title"] == "食品经营许可证延续"

    draft = (await client.get(f"/api/gaps/{group['id']}/draft", headers=ADMIN)).json()
    body = {"entry": {**draft, "answer": "每平方米 22 元，按建筑面积收。"}, "publish": True}
    done = await client.post(f"/api/gaps/{group['id']}/entry", json=body, headers=ADMIN)
    assert (done.status_code, done.json()["state"]) == (201, "closed")
    for text in VARIANTS:
        reply = await ask(client, text, sender="新住户")
        assert reply["outcome"] == "answer"
        assert "22 元" in reply["messages"][0]["text"]
    assert (await client.get("/api/gaps", params={"q": "供暖"}, headers=ADMIN)).json()["gaps"] == []


async def test_attached_questions_are_answered_at_once(client: httpx.AsyncClient, services: Services) -> None:
    group = await _missed(client, services)
    entry = await publish(client, title="取暖费", answer="每平方米 22 元。", similar_questions=[], external_id="QN-1")
    done = await client.post(f"/api/gaps/{group['id']}/attach", json={"entry_id": entry["entry_id"]}, headers=ADMIN)
    assert done.json()["state"] == "closed"
    reply = await ask(client, VARIANTS[2], sender="新住户")
    assert reply["messages"][0]["citations"][0]["entry_id"] == entry["entry_id"]
    assert {label["verdict"] for label in (await client.get("/api/labels", headers=ADMIN)).json()["labels"]} == {"entry"}


async def test_wrong_requests_say_what_is_wrong(client: httpx.AsyncClient, services: Services) -> None:
    group = await _missed(client, services)
    base = f"/api/gaps/{group['id']}"
    for path, body, status in (
        ("/api/gaps/999999/attach", {"entry_id": 1}, 404),
        (f"{base}/attach", {"entry_id": 999999}, 404),
        (f"{base}/attach", {"entry_id": 1, "more": 1}, 422),
        (f"{base}/entry", {"entry": {"kind": "qa", "title": "供暖", "answer": ""}}, 422),
        (f"{base}/intent", {"intent": "nothing"}, 422),
        (f"{base}/split", {"questions": [999999]}, 422),
        ("/api/labels/999999/revoke", None, 404),
    ):
        reply = await client.post(path, json=body, headers=ADMIN)
        assert (reply.status_code, reply.json()["ok"]) == (status, False), path
        assert reply.json()["fix"]
    assert (await client.get(base, headers=ADMIN)).json()["state"] == "open"
    assert (await client.post("/api/gaps/refresh", headers=ADMIN)).status_code == 202
    assert (await client.get("/api/gaps")).status_code == 401
