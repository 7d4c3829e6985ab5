"""Over HTTP: an agent's reply becomes an entry in review; letters become topics."""

import asyncio
import json

import httpx

from tests.contract.http.conftest import ADMIN, ask


async def test_a_reply_becomes_an_entry_in_review(client: httpx.AsyncClient) -> None:
    conversation = (await ask(client, "孩子转学要什么材料", sender="家长"))["conversation_id"]
    await client.post(f"/api/handoffs/{conversation}/take", json={}, headers=ADMIN)
    words = {"text": "张先生您好，带户口簿到教育局办理，电话13800138000。"}
    said = (await client.post(f"/api/handoffs/{conversation}/say", json=words, headers=ADMIN)).json()["message_id"]
    proposed = await client.post("/api/bank/proposals", json={"message_id": said}, headers=ADMIN)
    assert proposed.status_code == 201
    number = proposed.json()["id"]
    assert proposed.json()["answer"] == "带户口簿到教育局办理，电话[电话号码]。"
    listed = (await client.get("/api/bank/proposals", headers=ADMIN)).json()
    assert [line["question"] for line in listed["proposals"]] == ["孩子转学要什么材料"]
    done = (await client.post(f"/api/bank/proposals/{number}/accept", json={}, headers=ADMIN)).json()
    entry = (await client.get(f"/api/entries/{done['entry_id']}", headers=ADMIN)).json()
    assert (entry["state"], entry["title"]) == ("in_review", "孩子转学要什么材料")
    again = await client.post(f"/api/bank/proposals/{number}/reject", json={"reason": "晚了"}, headers=ADMIN)
    assert (again.status_code, again.json()["ok"]) == (409, False)
    wrong = await client.post("/api/bank/proposals", json={"message_id": 10**6}, headers=ADMIN)
    assert wrong.status_code == 404


async def _running(client: httpx.AsyncClient, number: int) -> bool:
    await asyncio.sleep(0.1)
    return (await client.get(f"/api/topics/runs/{number}", headers=ADMIN)).json()["state"] == "running"


async def test_letters_become_topics(client: httpx.AsyncClient) -> None:
    lines = "\n".join(
        json.dumps(
            {"id": str(n), "subject": f"搅拌站噪音扰民第{n}次", "message": "", "asked_at": f"2025-01-0{n} 08:00"},
            ensure_ascii=False,
        )
        for n in range(1, 6)
    )
    form = {"data": {"collection": "信箱"}, "files": {"file": ("letters.jsonl", lines.encode())}}
    sent = await client.post("/api/letters", headers=ADMIN, **form)
    assert (sent.status_code, sent.json()["added"]) == (201, 5)
    number = (await client.post("/api/topics/runs", json={"source": "letters", "collection": "信箱"}, headers=ADMIN)).json()["id"]
    async with asyncio.timeout(30):
        while await _running(client, number):
            pass
    run = (await client.get(f"/api/topics/runs/{number}", headers=ADMIN)).json()
    assert (run["state"], [topic["size"] for topic in run["topics"]]) == ("done", [5])
    alike = (await client.get("/api/topics/similar", params={"kind": "letter", "key": "3"}, headers=ADMIN)).json()
    assert {item["key"] for item in alike["items"]} == {"1", "2", "4", "5"}
    assert (await client.get(f"/api/topics/{alike['topic']['id']}", headers=ADMIN)).json()["size"] == 5
    assert (await client.get("/api/topics/999999", headers=ADMIN)).status_code == 404
    nothing = await client.post("/api/topics/runs", json={"source": "letters"}, headers=ADMIN)
    assert (nothing.status_code, nothing.json()["ok"]) == (422, False)
