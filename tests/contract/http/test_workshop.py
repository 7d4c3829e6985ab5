"""Editors and reviewers at work on entries, over HTTP."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from openpyxl import Workbook, load_workbook

from bot.authorization import TOKEN_MEMBER
from bot.services import Services
from staff.accounts import StaffAccounts
from tests.contract.http.conftest import ADMIN, ENTRY, Build, Open, ask, publish

NOTICE = """示例市人才安居办法
示政发〔2026〕8号

第一条 为了吸引人才，制定本办法。
第二条 在本市工作满一年的青年人才，每月补贴租金八百元。
问：外地户籍可以申请吗？
答：可以，不限户籍。
"""


def _token(accounts: StaffAccounts, name: str, role: str) -> dict[str, str]:
    accounts.add(name, "correct horse battery staple", role, TOKEN_MEMBER)
    return {"Authorization": f"Bearer {accounts.tokens.add(name, '测试', TOKEN_MEMBER).token}"}


@pytest.fixture
def editor(services: Services) -> dict[str, str]:
    return _token(services.accounts, "bianji", "editor")


@pytest.fixture
def reviewer(services: Services) -> dict[str, str]:
    return _token(services.accounts, "shenhe", "reviewer")


@pytest.fixture
def agent(services: Services) -> dict[str, str]:
    return _token(services.accounts, "zuoxi", "agent")


async def _post(client: httpx.AsyncClient, path: str, who: dict[str, str], json: Any = None, status: int = 200) -> Any:
    reply = await client.post(path, json={} if json is None else json, headers=who)
    assert reply.status_code == status, reply.text
    return reply.json()


async def _get(client: httpx.AsyncClient, path: str, who: dict[str, str] = ADMIN, **params: Any) -> Any:
    reply = await client.get(path, params=params, headers=who)
    assert reply.status_code == 200, reply.text
    return reply.json()


async def test_an_edit_is_reviewed_by_another_person_and_then_answers_differently(
    client: httpx.AsyncClient, editor: dict[str, str], reviewer: dict[str, str]
) -> None:
    entry_id = (await publish(client))["entry_id"]
    path = f"/api/entries/{entry_id}"
    edited = await client.patch(path, params={"seen": 1}, json={"answer": "可以，五个工作日内办结。"}, headers=editor)
    assert (edited.status_code, edited.json()["version"], edited.json()["state"]) == (200, 2, "draft")
    assert "三个工作日内办结" in (await ask(client, "食品经营许可证延续"))["messages"][0]["text"]
    await _post(client, f"{path}/submit", editor)
    await _post(client, f"{path}/publish", editor, status=403)
    returned = await _post(client, f"{path}/return", reviewer, {"comment": "依据是哪一条？"})
    assert returned["state"] == "draft"
    await _post(client, f"{path}/submit", editor)
    await _post(client, f"{path}/publish", reviewer)
    assert "五个工作日内办结" in (await ask(client, "食品经营许可证延续", "另一人"))["messages"][0]["text"]
    audit = (await _get(client, f"{path}/audit", editor))["audit"]
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
    assert (await _get(client, path))["tags"] == ["甲"]


async def test_versions_are_compared_and_taken_up_again(client: httpx.AsyncClient, editor: dict[str, str]) -> None:
    path = f"/api/entries/{(await publish(client))['entry_id']}"
    await client.patch(path, json={"answer": "可以。四个工作日内办结。", "facets": {"fee": "免费"}}, headers=ADMIN)
    versions = (await _get(client, f"{path}/versions"))["versions"]
    assert [(v["version"], v["live"]) for v in versions] == [(2, True), (1, False)]
    changes = {c["field"]: c for c in (await _get(client, f"{path}/diff", before=1, after=2))["changes"]}
    assert changes.keys() == {"answer", "facets.fee"}
    assert (changes["facets.fee"]["label"], changes["facets.fee"]["after"]) == ("收费", "免费")
    assert "".join(s["text"] for s in changes["answer"]["stretches"] if s["step"] != "removed") == "可以。四个工作日内办结。"
    restored = await _post(client, f"{path}/restore", editor, {"version": 1})
    assert (restored["version"], restored["state"], restored["answer"]) == (3, "draft", ENTRY["answer"])
    assert (await _get(client, f"{path}/versions/2"))["facets"]["fee"] == "免费"
    assert (await client.get(f"{path}/versions/9", headers=ADMIN)).status_code == 404


async def test_a_publication_is_planned_and_happens(
    client: httpx.AsyncClient, services: Services, editor: dict[str, str], reviewer: dict[str, str]
) -> None:
    created = await _post(client, "/api/entries", editor, ENTRY, 201)
    path = f"/api/entries/{created['entry_id']}"
    await _post(client, f"{path}/submit", editor)
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    await _post(client, f"{path}/schedule", reviewer, {"publish_at": past}, 422)
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    await _post(client, f"{path}/schedule", editor, {"publish_at": soon}, 403)
    await _post(client, f"{path}/schedule", reviewer, {"publish_at": soon})
    assert services.workshop.schedule.publish_due() == 0
    (waiting,) = (await _get(client, "/api/entries/find", scheduled=True))["entries"]
    assert (waiting["state"], waiting["publish_at"] is not None) == ("in_review", True)
    with services.database.write() as session:
        from knowledge_base.models import Entry

        session.get_one(Entry, created["entry_id"]).publish_at = datetime.now(UTC) - timedelta(seconds=1)
    assert services.workshop.schedule.publish_due() == 1
    assert (await _get(client, path))["state"] == "published"
    assert (await _get(client, f"{path}/audit"))["audit"][-1]["actor"] == "shenhe"


async def test_an_edit_takes_a_planned_publication_back(client: httpx.AsyncClient, services: Services) -> None:
    created = await _post(client, "/api/entries", ADMIN, ENTRY, 201)
    path = f"/api/entries/{created['entry_id']}"
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    await _post(client, f"{path}/schedule", ADMIN, {"publish_at": later})
    await client.patch(path, json={"answer": "别的。"}, headers=ADMIN)
    assert (await _get(client, "/api/entries/find", scheduled=True))["total"] == 0
    await _post(client, f"{path}/schedule", ADMIN, {"publish_at": later})
    assert (await _post(client, f"{path}/unschedule", ADMIN))["state"] == "in_review"


async def test_the_list_is_filtered_counted_and_exported(client: httpx.AsyncClient, agent: dict[str, str]) -> None:
    await publish(client, tags=["餐饮", "许可"])
    await publish(client, external_id="GJJ", title="租房提取公积金", answer="可以。", similar_questions=[], authority="示例市公积金中心",
                  kind="qa", effective_to="2020-01-01", effective_from=None, source={})  # fmt: skip
    await _post(
        client, "/api/entries", ADMIN, {"kind": "notice", "title": "=1+1", "answer": "@SUM(A1)", "owner_department": "-甲"}, 201
    )
    titles = [e["title"] for e in (await _get(client, "/api/entries/find", agent))["entries"]]
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
        assert [e["title"] for e in (await _get(client, "/api/entries/find", agent, **query))["entries"]] == expected, query
    near = (await _get(client, "/api/entries/find", agent, q="餐馆的食品经营许可证快到期了", by="meaning"))["entries"]
    assert near[0]["title"] == "食品经营许可证延续"
    assert near[0]["probability"] > 0
    counts = await _get(client, "/api/entries/counts", agent)
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
    found = (await _post(client, "/api/entries/neighbours", ADMIN, writing))["neighbours"]
    assert (found[0]["entry_id"], found[0]["relation"]) == (entry_id, "contradiction")
    assert {d["about"]: d["theirs"] for d in found[0]["differences"]}["咨询电话"] == "0571-87654321"
    same = {"title": ENTRY["title"], "answer": ENTRY["answer"]}
    assert (await _post(client, "/api/entries/neighbours", ADMIN, same))["neighbours"][0]["relation"] == "duplicate"
    elsewhere = {**writing, "region_code": "990200"}
    assert (await _post(client, "/api/entries/neighbours", ADMIN, elsewhere))["neighbours"][0]["relation"] == "near"
    own = await client.post("/api/entries/neighbours", params={"entry_id": entry_id}, json=same, headers=ADMIN)
    assert own.json()["neighbours"] == []
    assert (await _post(client, "/api/entries/neighbours", ADMIN, {"title": " "}))["neighbours"] == []


async def test_the_preview_is_what_citizens_get(client: httpx.AsyncClient) -> None:
    entry_id = (await publish(client))["entry_id"]
    preview = await _post(client, "/api/entries/preview", ADMIN, ENTRY)
    told = await ask(client, ENTRY["title"])
    assert preview["message"] == told["messages"][0]["text"]
    page = (await client.get(f"/e/{entry_id}")).text
    assert page.replace(f"条目 {entry_id} ", "条目 0 ").replace(f"entry={entry_id}", "entry=0") == preview["page"]
    nasty = {"title": "<script>alert(1)</script>", "answer": "<img src=x onerror=alert(1)>"}
    preview = await _post(client, "/api/entries/preview", ADMIN, nasty)
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
    impact = await _get(client, "/api/documents/示政发(2024)3号", editor)
    assert [(e["external_id"], e["relation"]) for e in impact["entries"]] == [
        ("A", "source"),
        ("B", "mentions"),
        ("C", "replaced"),
    ]
    assert (impact["entries"][0]["similar_questions"], impact["entries"][0]["answers"]) == (["租房补多少"], 1)
    assert impact["entries"][1]["passages"] == ["根据示政发[2024] 3号，分三档补贴。"]
    assert (impact["answers"][0]["question"], impact["answers"][0]["entry_version"]) == ("人才租房补贴", 1)
    assert (await client.get("/api/documents/没有这个文号", headers=ADMIN)).status_code == 404
    assert (await _get(client, "/api/documents", editor))["documents"][0]["number"] == "示政发〔2024〕3号"

    order = {"number": "示政发〔2024〕3号", "on": "2026-01-01", "entry_ids": [first["entry_id"], old["entry_id"]],
             "replaced_by": "D", "replacement": "示政发〔2025〕9号"}  # fmt: skip
    await _post(client, "/api/documents/repeal", editor, order, 403)
    done = await _post(client, "/api/documents/repeal", reviewer, order)
    assert [o["done"] for o in done["outcomes"]] == ["expired", "expired"]
    live = (await client.get(f"/api/entries/{first['entry_id']}")).json()
    assert (live["effective_to"], live["replaced_by"]) == ("2025-12-31", "D")
    kept = await _get(client, f"/api/entries/{first['entry_id']}")
    assert (kept["tags"], kept["state"], kept["effective_to"]) == (["人才"], "draft", "2025-12-31")
    answered = await ask(client, "人才租房补贴", "后来的人")
    assert new["entry_id"] in {c["entry_id"] for m in answered["messages"] for c in m.get("citations", [])}
    again = await _post(client, "/api/documents/repeal", reviewer, order)
    assert [o["done"] for o in again["outcomes"]] == ["unchanged", "unchanged"]
    audit = (await _get(client, f"/api/entries/{first['entry_id']}/audit"))["audit"]
    assert any("示政发〔2025〕9号" in row["comment"] and row["actor"] == "shenhe" for row in audit)
    # undone through versions
    await _post(client, f"/api/entries/{first['entry_id']}/restore", editor, {"version": 1})
    await _post(client, f"/api/entries/{first['entry_id']}/submit", editor)
    await _post(client, f"/api/entries/{first['entry_id']}/publish", reviewer)
    assert (await client.get(f"/api/entries/{first['entry_id']}")).json()["effective_to"] is None

    gone = await _post(client, "/api/documents/repeal", reviewer, {**order, "way": "withdraw", "entry_ids": [old["entry_id"]]})
    assert gone["outcomes"][0]["done"] == "withdrawn"
    assert (await client.get(f"/e/{old['entry_id']}")).status_code == 410


async def test_reviews_fall_due_by_department_and_are_confirmed(
    client: httpx.AsyncClient, editor: dict[str, str], agent: dict[str, str]
) -> None:
    entry = await publish(client)
    assert (await _get(client, "/api/reviews/overdue"))["total"] == 0
    order = {"number": "市监总局令第78号", "entry_ids": [entry["entry_id"]]}
    assert (await _post(client, "/api/documents/review", editor, order))["demanded"] == 1
    assert (await _get(client, "/api/reviews/overdue"))["departments"] == {ENTRY["authority"]: 1}
    path = f"/api/entries/{entry['entry_id']}/reviewed"
    await _post(client, path, agent, status=403)
    await _post(client, path, editor, {"next_due_on": "2020-01-01"}, 409)
    await _post(client, path, editor, {"comment": "核对过官网"})
    assert (await _get(client, "/api/reviews/overdue"))["total"] == 0


async def test_many_at_once_and_each_on_its_own(
    client: httpx.AsyncClient, editor: dict[str, str], reviewer: dict[str, str]
) -> None:
    ids = [(await _post(client, "/api/entries", editor, {**ENTRY, "external_id": f"N{i}"}, 201))["entry_id"] for i in range(3)]
    submitted = await _post(client, "/api/entries/batch", editor, {"action": "submit", "entry_ids": [*ids, 999]})
    assert [r["ok"] for r in submitted["results"]] == [True, True, True, False]
    await _post(client, "/api/entries/batch", editor, {"action": "publish", "entry_ids": ids}, 403)
    assert (await _post(client, "/api/entries/batch", reviewer, {"action": "publish", "entry_ids": ids}))["done"] == 3


async def _wait(client: httpx.AsyncClient, number: int, state: str) -> dict[str, Any]:
    import asyncio

    for _ in range(200):
        job = await _get(client, f"/api/imports/{number}")
        if job["state"] == state:
            return job
        assert job["state"] not in {"failed", "aborted"}, job
        await asyncio.sleep(0.05)
    raise AssertionError(job)


def _table(*rows: list[Any]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


async def _upload(client: httpx.AsyncClient, who: dict[str, str], name: str, data: bytes, status: int = 202) -> Any:
    reply = await client.post("/api/imports", files={"file": (name, data)}, headers=who)
    assert reply.status_code == status, reply.text
    return reply.json()


async def test_a_table_is_previewed_chosen_from_and_imported(
    client: httpx.AsyncClient, services: Services, editor: dict[str, str], agent: dict[str, str]
) -> None:
    head = ["编号", "类型", "标题", "答案", "咨询电话", "生效日期"]
    table = _table(
        head,
        ["X1", "问答", "新的问题", "新的答案。", None, "2026-01-01"],
        ["X2", "问答", "没有答案", None, None, None],
        ["X3", "问答", "日期不对", "答。", None, "明年"],
        ["X4", "问答", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "=HYPERLINK(1)", None],
    )
    await _upload(client, agent, "a.xlsx", table, 403)
    number = (await _upload(client, editor, "..\\..\\政策.xlsx", table))["id"]
    job = await _wait(client, number, "ready")
    assert (job["file_name"], job["counts"], job["total"]) == ("政策.xlsx", {"new": 2, "error": 2}, 4)
    assert services.entries.count() == 0
    errors = (await _get(client, f"/api/imports/{number}/rows", editor, status="error"))["rows"]
    assert [(r["number"], r["problems"][0]["label"]) for r in errors] == [(3, "答案"), (4, "生效日期")]
    await _post(client, f"/api/imports/{number}/commit", editor, {"follow_up": "publish"}, 403)
    await _post(client, f"/api/imports/{number}/commit", editor, {"follow_up": "submit"}, 202)
    job = await _wait(client, number, "done")
    assert job["outcomes"] == {"created": 2, "failed": 2}
    assert services.entries.by_external_id("X1").state == "in_review"
    report = await client.get(f"/api/imports/{number}/report.xlsx", params={"problems": True}, headers=editor)
    lines = [[cell.value for cell in row] for row in load_workbook(io.BytesIO(report.content)).active.iter_rows()]
    assert lines[0][:4] == ["行", "结果", "问题", "编号"]
    assert [(line[0], line[1], line[3]) for line in lines[1:]] == [("3", "未导入", "X2"), ("4", "未导入", "X3")]

    # once more: one row as it is, one changed in the table, one that an editor changed meanwhile
    services.entries.edit(services.entries.by_external_id("X4").entry_id, {"answer": "编辑改过。"}, services_actor())
    table = _table(
        head, ["X1", "问答", "新的问题", "改后的答案。", None, "2026-01-01"], ["X4", "问答", "标题四", "表格的答案。", None, None]
    )
    number = (await _upload(client, editor, "b.xlsx", table))["id"]
    job = await _wait(client, number, "ready")
    assert job["counts"] == {"changed": 1, "conflict": 1}
    rows = (await _get(client, f"/api/imports/{number}/rows", editor))["rows"]
    assert [c["label"] for c in rows[0]["changes"]] == ["答案"]
    assert "修改了" in rows[1]["problems"][0]["reason"]
    await _post(client, f"/api/imports/{number}/commit", editor, {"changed": "skip", "choices": {"3": "overwrite"}}, 202)
    job = await _wait(client, number, "done")
    assert job["outcomes"] == {"skipped": 1, "updated": 1}
    assert services.entries.by_external_id("X1").content.answer == "新的答案。"
    assert services.entries.by_external_id("X4").content.answer == "表格的答案。"
    assert {j["id"] for j in (await _get(client, "/api/imports", editor))["imports"]} == {number, number - 1}
    await _post(client, f"/api/imports/{number}/commit", editor, status=409)


def services_actor() -> Any:
    from knowledge_base.workflow import Actor

    return Actor("小编", "editor")


async def test_files_that_are_refused(client: httpx.AsyncClient, editor: dict[str, str]) -> None:
    import zipfile

    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 30_000_000)
    for name, data, word in (
        ("a.xls", b"x", "不支持"), ("a.xlsx", b"", "空文件"), ("a.xlsx", b"PK-no", "已损坏"), ("bomb.xlsx", bomb.getvalue(), "过大"),
    ):  # fmt: skip
        assert word in (await _upload(client, editor, name, data, 422))["error"]
    number = (await _upload(client, editor, "a.csv", "没有,这些列\n1,2\n".encode()))["id"]
    import asyncio

    for _ in range(100):
        job = await _get(client, f"/api/imports/{number}")
        if job["state"] == "failed":
            break
        await asyncio.sleep(0.05)
    assert "不认识的列" in job["problem"]
    template = await client.get("/api/imports/template.xlsx", headers=editor)
    assert [cell.value for cell in next(load_workbook(io.BytesIO(template.content)).active.iter_rows())][:4] == [
        "编号",
        "类型",
        "标题",
        "答案",
    ]


async def test_an_import_survives_a_restart(build: Build, open_client: Open) -> None:
    first = build()
    client = open_client(first)
    number = (
        await _upload(
            client, ADMIN, "a.xlsx", _table(["类型", "标题", "答案"], *(["问答", f"问题{i}", "答。"] for i in range(60)))
        )
    )["id"]
    await _wait(client, number, "ready")
    with first.database.write() as session:  # as if the process had died half-way through writing
        from knowledge_base.models import ImportJob

        job = session.get_one(ImportJob, number)
        job.state, job.updated_at = "importing", datetime.now(UTC) - timedelta(minutes=10)
    second = build()
    client = open_client(second)
    job = await _get(client, f"/api/imports/{number}")
    assert (job["state"], "可以继续" in job["problem"]) == ("aborted", True)
    await _post(client, f"/api/imports/{number}/commit", ADMIN, {"follow_up": "publish"}, 202)
    await _wait(client, number, "done")
    assert second.entries.count(state="live") == 60


async def test_a_notice_becomes_drafts(client: httpx.AsyncClient, editor: dict[str, str], agent: dict[str, str]) -> None:
    files = {"file": ("办法.txt", NOTICE.encode("gb18030"))}
    assert (await client.post("/api/notices", files=files, headers=agent)).status_code == 403
    split = (await client.post("/api/notices", files=files, headers=editor)).json()
    assert (split["facts"]["title"], split["facts"]["document_number"]) == ("示例市人才安居办法", "示政发〔2026〕8号")
    drafts = [piece["draft"] for piece in split["pieces"] if piece["draft"]]
    assert [(d["kind"], d["title"]) for d in drafts] == [
        ("interpretation", "《示例市人才安居办法》第一条：为了吸引人才"),
        ("interpretation", "《示例市人才安居办法》第二条：在本市工作满一年的青年人才"),
        ("qa", "外地户籍可以申请吗？"),
    ]
    assert (drafts[2]["answer"], drafts[1]["source"]["clause"]) == ("可以，不限户籍。", "第二条")
    made = await _post(client, "/api/notices/drafts", editor, {"entries": drafts[1:]}, 201)
    assert made["created"] == 2
    assert made["results"][0]["entry"]["source"]["document_number"] == "示政发〔2026〕8号"
