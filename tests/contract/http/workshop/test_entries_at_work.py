"""Editors and reviewers at work on entries, over HTTP."""

import asyncio
import io
from datetime import UTC, datetime, timedelta

import httpx
from openpyxl import load_workbook

from bot.caretaker import Caretaker
from bot.services import Services
from knowledge_base.models import Entry
from tests.contract.http.conftest import ADMIN, ENTRY, ask, publish
from tests.contract.http.workshop.conftest import get, post


async def test_an_edit_is_reviewed_by_another_person_and_then_answers_differently(
    client: httpx.AsyncClient, editor: dict[str, str], reviewer: dict[str, str]
) -> None:
    entry_id = (await publish(client))["entry_id"]
    path = f"/api/entries/{entry_id}"
    edited = await client.patch(path, params={"seen": 1}, json={"answer": "可以，五个工作日内办结。"}, headers=editor)
    assert (edited.status_code, edited.json()["version"], edited.json()["state"]) == (200, 2, "draft")
    assert "三个工作日内办结" in (await ask(client, "食品经营许可证延续"))["messages"][0]["text"]
    await post(client, f"{path}/submit", editor)
    await post(client, f"{path}/publish", editor, status=403)
    returned = await post(client, f"{path}/return", reviewer, {"comment": "依据是哪一条？"})
    assert returned["state"] == "draft"
    await post(client, f"{path}/submit", editor)
    await post(client, f"{path}/publish", reviewer)
    assert "五个工作日内办结" in (await ask(client, "食品经营许可证延续", "另一人"))["messages"][0]["text"]
    audit = (await get(client, f"{path}/audit", editor))["audit"]
    assert [(row["actor"], row["action"]) for row in audit][-5:] == [
        ("bianji", "edit"), ("bianji", "submit"), ("shenhe", "send_back"), ("bianji", "submit"), ("shenhe", "publish"),
    ]  # fmt: skip
    assert audit[-3]["comment"] == "依据是哪一条？"


async def test_the_second_editor_of_an_entry_is_told(client: httpx.AsyncClient, editor: dict[str, str]) -> None:
    path = f"/api/entries/{(await publish(client))['entry_id']}"
    first = await client.patch(path, params={"seen": 1, "as_draft": True}, json={"tags": ["甲"]}, headers=ADMIN)
    assert (first.status_code, first.json()["state"]) == (200, "draft")
    second = await client.patch(path, params={"seen": 1}, json={"tags": ["乙"]}, headers=editor)
    assert second.status_code == 409
    assert "第 2 版" in second.json()["error"]
    assert (await get(client, path))["tags"] == ["甲"]


async def test_versions_are_compared_and_taken_up_again(client: httpx.AsyncClient, editor: dict[str, str]) -> None:
    path = f"/api/entries/{(await publish(client))['entry_id']}"
    await client.patch(path, json={"answer": "可以。四个工作日内办结。", "facets": {"fee": "免费"}}, headers=ADMIN)
    versions = (await get(client, f"{path}/versions"))["versions"]
    assert [(v["version"], v["live"]) for v in versions] == [(2, True), (1, False)]
    changes = {c["field"]: c for c in (await get(client, f"{path}/diff", before=1, after=2))["changes"]}
    assert changes.keys() == {"answer", "facets.fee"}
    assert (changes["facets.fee"]["label"], changes["facets.fee"]["after"]) == ("收费", "免费")
    assert "".join(s["text"] for s in changes["answer"]["stretches"] if s["step"] != "removed") == "可以。四个工作日内办结。"
    restored = await post(client, f"{path}/restore", editor, {"version": 1})
    assert (restored["version"], restored["state"], restored["answer"]) == (3, "draft", ENTRY["answer"])
    assert (await get(client, f"{path}/versions/2"))["facets"]["fee"] == "免费"
    assert (await client.get(f"{path}/versions/9", headers=ADMIN)).status_code == 404


async def test_a_publication_is_planned_and_happens(
    client: httpx.AsyncClient, services: Services, editor: dict[str, str], reviewer: dict[str, str]
) -> None:
    created = await post(client, "/api/entries", editor, ENTRY, 201)
    path = f"/api/entries/{created['entry_id']}"
    await post(client, f"{path}/submit", editor)
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    await post(client, f"{path}/schedule", reviewer, {"publish_at": past}, 422)
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    await post(client, f"{path}/schedule", editor, {"publish_at": soon}, 403)
    await post(client, f"{path}/schedule", reviewer, {"publish_at": soon})
    assert services.workshop.schedule.publish_due() == 0
    (waiting,) = (await get(client, "/api/entries/find", scheduled=True))["entries"]
    assert (waiting["state"], waiting["publish_at"] is not None) == ("in_review", True)
    with services.database.write() as session:
        session.get_one(Entry, created["entry_id"]).publish_at = datetime.now(UTC) - timedelta(seconds=1)
    caretaker = Caretaker(lambda: 0, lambda: 0, services.workshop.schedule.publish_due, look_s=0.01)
    caretaker.start()
    for _ in range(500):
        if (await get(client, path))["state"] == "published":
            break
        await asyncio.sleep(0.02)
    await caretaker.stop()
    assert (await get(client, f"{path}/audit"))["audit"][-1]["actor"] == "shenhe"


async def test_an_edit_takes_a_planned_publication_back(client: httpx.AsyncClient, services: Services) -> None:
    created = await post(client, "/api/entries", ADMIN, ENTRY, 201)
    path = f"/api/entries/{created['entry_id']}"
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    await post(client, f"{path}/schedule", ADMIN, {"publish_at": later})
    await client.patch(path, json={"answer": "别的。"}, headers=ADMIN)
    assert (await get(client, "/api/entries/find", scheduled=True))["total"] == 0
    await post(client, f"{path}/schedule", ADMIN, {"publish_at": later})
    assert (await post(client, f"{path}/unschedule", ADMIN))["state"] == "in_review"


async def test_the_list_is_filtered_counted_and_exported(client: httpx.AsyncClient, agent: dict[str, str]) -> None:
    await publish(client, tags=["餐饮", "许可"])
    await publish(client, external_id="GJJ", title="租房提取公积金", answer="可以。", similar_questions=[], authority="示例市公积金中心",
                  kind="qa", effective_to="2020-01-01", effective_from=None, source={})  # fmt: skip
    await post(
        client, "/api/entries", ADMIN, {"kind": "notice", "title": "=1+1", "answer": "@SUM(A1)", "owner_department": "-甲"}, 201
    )
    titles = [e["title"] for e in (await get(client, "/api/entries/find", agent))["entries"]]
    assert titles == ["=1+1", "租房提取公积金", "食品经营许可证延续"]
    for query, expected in (
        ({"q": "市监总局令第 78 号"}, ["食品经营许可证延续"]),
        ({"q": "GJJ"}, ["租房提取公积金"]),
        ({"department": "示例市公积金中心"}, ["租房提取公积金"]),
        ({"tag": "许可"}, ["食品经营许可证延续"]),
        ({"validity": "expired"}, ["租房提取公积金"]),
        ({"state": "draft"}, ["=1+1"]),
        ({"q": "没有这个词"}, []),
        ({"unreviewed_days": 30}, ["=1+1"]),
    ):
        assert [e["title"] for e in (await get(client, "/api/entries/find", agent, **query))["entries"]] == expected, query
    near = (await get(client, "/api/entries/find", agent, q="餐馆的食品经营许可证快到期了", by="meaning"))["entries"]
    assert near[0]["title"] == "食品经营许可证延续"
    assert near[0]["probability"] > 0
    counts = await get(client, "/api/entries/counts", agent)
    assert counts["total"] == 3
    assert counts["state"] == {"published": 2, "draft": 1}
    assert counts["tag"] == {"餐饮": 1, "许可": 1}
    assert counts["validity"]["expired"] == 1
    reply = await client.get("/api/entries/export", params={"format": "xlsx"}, headers=agent)
    sheet = load_workbook(io.BytesIO(reply.content)).active
    cells = [cell for row in sheet.iter_rows() for cell in row if str(cell.value or "").startswith(("=", "@", "-", "+"))]
    assert [(cell.value, cell.data_type, cell.quotePrefix) for cell in cells] == [
        ("=1+1", "s", True), ("@SUM(A1)", "s", True), ("-甲", "s", True)
    ]  # fmt: skip
    assert (await client.get("/api/entries/find")).status_code == 401


async def test_while_writing_near_entries_and_contradictions_are_shown(client: httpx.AsyncClient) -> None:
    entry_id = (await publish(client))["entry_id"]
    writing = {"title": ENTRY["title"], "answer": "可以。十个工作日内办结。", "facets": {"phone": "0571-11112222"}}
    found = (await post(client, "/api/entries/neighbours", ADMIN, writing))["neighbours"]
    assert (found[0]["entry_id"], found[0]["relation"]) == (entry_id, "contradiction")
    assert {d["about"]: d["theirs"] for d in found[0]["differences"]}["咨询电话"] == "0571-87654321"
    same = {"title": ENTRY["title"], "answer": ENTRY["answer"]}
    assert (await post(client, "/api/entries/neighbours", ADMIN, same))["neighbours"][0]["relation"] == "duplicate"
    elsewhere = {**writing, "region_code": "990200"}
    assert (await post(client, "/api/entries/neighbours", ADMIN, elsewhere))["neighbours"][0]["relation"] == "near"
    own = await client.post("/api/entries/neighbours", params={"entry_id": entry_id}, json=same, headers=ADMIN)
    assert own.json()["neighbours"] == []
    assert (await post(client, "/api/entries/neighbours", ADMIN, {"title": " "}))["neighbours"] == []


async def test_the_preview_is_what_citizensget(client: httpx.AsyncClient) -> None:
    entry_id = (await publish(client))["entry_id"]
    preview = await post(client, "/api/entries/preview", ADMIN, ENTRY)
    told = await ask(client, ENTRY["title"])
    assert preview["message"] == told["messages"][0]["text"]
    page = (await client.get(f"/e/{entry_id}")).text
    assert page.replace(f"条目 {entry_id} ", "条目 0 ").replace(f"entry={entry_id}", "entry=0") == preview["page"]
    nasty = {"title": "<script>alert(1)</script>", "answer": "<img src=x onerror=alert(1)>"}
    preview = await post(client, "/api/entries/preview", ADMIN, nasty)
    for document in (preview["page"], preview["chat"]):
        assert "<script>" not in document
        assert "<img src=x" not in document


async def test_a_document_is_repealed_with_everything_that_rests_on_it(
    client: httpx.AsyncClient, editor: dict[str, str], reviewer: dict[str, str]
) -> None:
    source = {
        "document_number": "示政发〔2024〕3号",
        "title": "《示例市人才安居办法》",
        "clause": "第三条",
        "quote": "每月八百元。",
    }
    first = await publish(client, external_id="A", title="人才租房补贴", answer="每月补八百元。", source=source, similar_questions=["租房补多少"],
                          effective_from="2024-01-01")  # fmt: skip
    await publish(
        client,
        external_id="B",
        title="人才政策解读",
        answer="根据示政发[2024] 3号，分三档补贴。",
        source={},
        kind="interpretation",
    )
    old = await publish(client, external_id="C", title="旧的租房补贴", answer="每月补五百元。", source={}, replaced_by="A")
    new = await publish(client, external_id="D", title="人才租房补贴新办法", answer="每月补一千元。", source={})
    draft = await client.patch(f"/api/entries/{first['entry_id']}", json={"tags": ["人才"]}, headers=editor)
    assert draft.json()["state"] == "draft"
    await ask(client, "人才租房补贴")
    impact = await get(client, "/api/documents/示政发(2024)3号", editor)
    assert [(e["external_id"], e["relation"]) for e in impact["entries"]] == [
        ("A", "source"),
        ("B", "mentions"),
        ("C", "replaced"),
    ]
    assert (impact["entries"][0]["similar_questions"], impact["entries"][0]["answers"]) == (["租房补多少"], 1)
    assert impact["entries"][1]["passages"] == ["根据示政发[2024] 3号，分三档补贴。"]
    assert (impact["answers"][0]["question"], impact["answers"][0]["entry_version"]) == ("人才租房补贴", 1)
    assert (await client.get("/api/documents/没有这个文号", headers=ADMIN)).status_code == 404
    assert (await get(client, "/api/documents", editor))["documents"][0]["number"] == "示政发〔2024〕3号"

    order = {"number": "示政发〔2024〕3号", "on": "2026-01-01", "entry_ids": [first["entry_id"], old["entry_id"]],
             "replaced_by": "D", "replacement": "示政发〔2025〕9号"}  # fmt: skip
    await post(client, "/api/documents/repeal", editor, order, 403)
    done = await post(client, "/api/documents/repeal", reviewer, order)
    assert [o["done"] for o in done["outcomes"]] == ["expired", "expired"]
    live = (await client.get(f"/api/entries/{first['entry_id']}")).json()
    assert (live["effective_to"], live["replaced_by"]) == ("2025-12-31", "D")
    kept = await get(client, f"/api/entries/{first['entry_id']}")
    assert (kept["tags"], kept["state"], kept["effective_to"]) == (["人才"], "draft", "2025-12-31")
    answered = await ask(client, "人才租房补贴", "后来的人")
    assert new["entry_id"] in {c["entry_id"] for m in answered["messages"] for c in m.get("citations", [])}
    again = await post(client, "/api/documents/repeal", reviewer, order)
    assert [o["done"] for o in again["outcomes"]] == ["unchanged", "unchanged"]
    audit = (await get(client, f"/api/entries/{first['entry_id']}/audit"))["audit"]
    assert any("示政发〔2025〕9号" in row["comment"] and row["actor"] == "shenhe" for row in audit)
    # undone through versions
    await post(client, f"/api/entries/{first['entry_id']}/restore", editor, {"version": 1})
    await post(client, f"/api/entries/{first['entry_id']}/submit", editor)
    await post(client, f"/api/entries/{first['entry_id']}/publish", reviewer)
    assert (await client.get(f"/api/entries/{first['entry_id']}")).json()["effective_to"] is None

    gone = await post(client, "/api/documents/repeal", reviewer, {**order, "way": "withdraw", "entry_ids": [old["entry_id"]]})
    assert gone["outcomes"][0]["done"] == "withdrawn"
    assert (await client.get(f"/e/{old['entry_id']}")).status_code == 410
    withdrawn = await get(client, f"/api/entries/{old['entry_id']}", editor)
    assert (withdrawn["source"]["replaced_by"], withdrawn["replaced_by"], withdrawn["state"]) == (
        "示政发〔2025〕9号",
        "D",
        "withdrawn",
    )


async def test_the_document_that_took_the_place_is_named_where_no_entry_does(
    client: httpx.AsyncClient, reviewer: dict[str, str]
) -> None:
    entry = await publish(client)
    order = {
        "number": "市监总局令第78号",
        "on": "2026-01-01",
        "entry_ids": [entry["entry_id"]],
        "replacement": "市监总局令第99号",
    }
    await post(client, "/api/documents/repeal", reviewer, order)
    kept = await get(client, f"/api/entries/{entry['entry_id']}")
    assert (kept["source"]["replaced_by"], kept["replaced_by"]) == ("市监总局令第99号", None)
    said = (await ask(client, ENTRY["title"]))["messages"][0]["text"]
    assert "已于2025年12月31日到期，现在不能再据此办理；所依据的文件已由“市监总局令第99号”代替。" in said
    page = (await client.get(f"/e/{entry['entry_id']}")).text
    assert "已于2025年12月31日失效，仅供查阅，所依据的文件已由“市监总局令第99号”代替" in page
    assert (await get(client, "/api/documents/市监总局令第78号"))["entries"][0]["document_replaced_by"] == "市监总局令第99号"
    again = await post(client, "/api/documents/repeal", reviewer, order)
    assert again["outcomes"][0]["done"] == "unchanged"


async def test_a_draft_that_names_no_source_does_not_hide_what_is_live(
    client: httpx.AsyncClient, editor: dict[str, str], reviewer: dict[str, str]
) -> None:
    entry = await publish(client)
    path = f"/api/entries/{entry['entry_id']}"
    edited = await client.patch(path, json={"source": {"document_number": None, "title": None}}, headers=editor)
    assert edited.json()["source"]["document_number"] is None
    (resting,) = (await get(client, "/api/documents/市监总局令第78号", editor))["entries"]
    assert (resting["entry_id"], resting["relation"], resting["quote"]) == (entry["entry_id"], "source", "原文一句。")


async def test_reviews_fall_due_by_department_and_are_confirmed(
    client: httpx.AsyncClient, editor: dict[str, str], agent: dict[str, str]
) -> None:
    entry = await publish(client)
    assert (await get(client, "/api/reviews/overdue"))["total"] == 0
    order = {"number": "市监总局令第78号", "entry_ids": [entry["entry_id"]]}
    assert (await post(client, "/api/documents/review", editor, order))["demanded"] == 1
    assert (await get(client, "/api/reviews/overdue"))["departments"] == {ENTRY["authority"]: 1}
    path = f"/api/entries/{entry['entry_id']}/reviewed"
    await post(client, path, agent, status=403)
    await post(client, path, editor, {"next_due_on": "2020-01-01"}, 409)
    await post(client, path, editor, {"comment": "核对过官网"})
    assert (await get(client, "/api/reviews/overdue"))["total"] == 0


async def test_many_at_once_and_each_on_its_own(
    client: httpx.AsyncClient, editor: dict[str, str], reviewer: dict[str, str]
) -> None:
    ids = [(await post(client, "/api/entries", editor, {**ENTRY, "external_id": f"N{i}"}, 201))["entry_id"] for i in range(3)]
    submitted = await post(client, "/api/entries/batch", editor, {"action": "submit", "entry_ids": [*ids, 999]})
    assert [r["ok"] for r in submitted["results"]] == [True, True, True, False]
    await post(client, "/api/entries/batch", editor, {"action": "publish", "entry_ids": ids}, 403)
    assert (await post(client, "/api/entries/batch", reviewer, {"action": "publish", "entry_ids": ids}))["done"] == 3


async def test_what_is_not_live_is_found_by_meaning_and_compared(
    client: httpx.AsyncClient, services: Services, editor: dict[str, str]
) -> None:
    unpublished = services.workshop.unpublished
    unpublished.follow()
    draft = (await post(client, "/api/entries", editor, ENTRY, 201))["entry_id"]
    unpublished.follow()
    asked = {"q": "餐馆的食品经营许可证快到期了", "by": "meaning"}
    (found,) = (await get(client, "/api/entries/find", editor, **asked))["entries"]
    assert (found["entry_id"], found["state"], found["probability"] > 0) == (draft, "draft", True)
    assert (await get(client, "/api/entries/counts", editor, **asked))["state"] == {"draft": 1}
    writing = {"title": ENTRY["title"], "answer": "可以。十个工作日内办结。", "facets": {"phone": "0571-11112222"}}
    (near,) = (await post(client, "/api/entries/neighbours", editor, writing))["neighbours"]
    assert (near["entry_id"], near["state"], near["relation"]) == (draft, "draft", "contradiction")
    assert (await client.get("/api/search", params={"q": ENTRY["title"]})).json()[
        "results"
    ] == []  # citizens are told nothing of it

    # published, it is compared as a live entry; with a draft beside it, still once; withdrawn, it is still compared
    path = f"/api/entries/{draft}"
    await post(client, f"{path}/publish", ADMIN)
    await client.patch(path, params={"as_draft": True}, json={"tags": ["餐饮"]}, headers=ADMIN)
    unpublished.follow()
    (near,) = (await post(client, "/api/entries/neighbours", editor, writing))["neighbours"]
    assert (near["entry_id"], near["state"]) == (draft, "published")
    assert (await get(client, "/api/entries/find", editor, **asked))["total"] == 1
    await post(client, f"{path}/withdraw", ADMIN)
    unpublished.follow()
    (near,) = (await post(client, "/api/entries/neighbours", editor, writing))["neighbours"]
    assert (near["state"], near["relation"]) == ("withdrawn", "contradiction")
    (found,) = (await get(client, "/api/entries/find", editor, **asked))["entries"]
    assert found["state"] == "withdrawn"


async def test_the_list_of_drafts_follows_by_itself(
    client: httpx.AsyncClient, services: Services, editor: dict[str, str]
) -> None:
    services.workshop.unpublished.start()
    await post(client, "/api/entries", editor, ENTRY, 201)
    for _ in range(100):
        if (await get(client, "/api/entries/find", editor, q=ENTRY["title"], by="meaning"))["total"]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the draft was not taken in within five seconds")


async def test_what_is_done_to_entries_is_in_the_audit_log(
    client: httpx.AsyncClient, editor: dict[str, str], reviewer: dict[str, str]
) -> None:
    entry = await post(client, "/api/entries", editor, ENTRY, 201)
    path = f"/api/entries/{entry['entry_id']}"
    await post(client, f"{path}/submit", editor)
    await post(client, f"{path}/return", reviewer, {"comment": "依据是哪一条？"})
    lines = (await get(client, "/api/staff/audit", object_kind="entry", object_id=str(entry["entry_id"])))["lines"]
    assert [(line["actor"], line["action"]) for line in lines] == [
        ("shenhe", "entry.send_back"), ("bianji", "entry.submit"), ("bianji", "entry.create"),
    ]  # fmt: skip
    assert lines[0]["detail"] == {"title": ENTRY["title"], "before": 1, "version": 1, "comment": "依据是哪一条？"}
