"""Tables and notices brought in over HTTP."""

import asyncio
import io
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from openpyxl import Workbook, load_workbook

from bot.services import Services
from knowledge_base.models import ImportJob
from knowledge_base.workflow import Actor
from tests.contract.http.conftest import ADMIN, ENTRY, Build, Open, publish
from tests.contract.http.workshop.conftest import get, post

NOTICE = """示例市人才安居办法
示政发〔2026〕8号

第一条 为了吸引人才，制定本办法。
第二条 在本市工作满一年的青年人才，每月补贴租金八百元。
问：外地户籍可以申请吗？
答：可以，不限户籍。
"""


async def _wait(client: httpx.AsyncClient, number: int, state: str) -> dict[str, Any]:
    for _ in range(200):
        job = await get(client, f"/api/imports/{number}")
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
    errors = (await get(client, f"/api/imports/{number}/rows", editor, status="error"))["rows"]
    assert [(r["number"], r["problems"][0]["label"]) for r in errors] == [(3, "答案"), (4, "生效日期")]
    await post(client, f"/api/imports/{number}/commit", editor, {"follow_up": "publish"}, 403)
    await post(client, f"/api/imports/{number}/commit", editor, {"follow_up": "submit"}, 202)
    job = await _wait(client, number, "done")
    assert job["outcomes"] == {"created": 2, "failed": 2}
    assert services.entries.by_external_id("X1").state == "in_review"
    report = await client.get(f"/api/imports/{number}/report.xlsx", params={"problems": True}, headers=editor)
    lines = [[cell.value for cell in row] for row in load_workbook(io.BytesIO(report.content)).active.iter_rows()]
    assert lines[0][:4] == ["行", "结果", "问题", "编号"]
    assert [(line[0], line[1], line[3]) for line in lines[1:]] == [("3", "未导入", "X2"), ("4", "未导入", "X3")]

    # once more: one row as it is, one changed in the table, one that an editor changed meanwhile
    services.entries.edit(services.entries.by_external_id("X4").entry_id, {"answer": "编辑改过。"}, Actor("小编", "editor"))
    table = _table(
        head, ["X1", "问答", "新的问题", "改后的答案。", None, "2026-01-01"], ["X4", "问答", "标题四", "表格的答案。", None, None]
    )
    number = (await _upload(client, editor, "b.xlsx", table))["id"]
    job = await _wait(client, number, "ready")
    assert job["counts"] == {"changed": 1, "conflict": 1}
    rows = (await get(client, f"/api/imports/{number}/rows", editor))["rows"]
    assert [c["label"] for c in rows[0]["changes"]] == ["答案"]
    assert "修改了" in rows[1]["problems"][0]["reason"]
    await post(client, f"/api/imports/{number}/commit", editor, {"changed": "skip", "choices": {"3": "overwrite"}}, 202)
    job = await _wait(client, number, "done")
    assert job["outcomes"] == {"skipped": 1, "updated": 1}
    assert services.entries.by_external_id("X1").content.answer == "新的答案。"
    assert services.entries.by_external_id("X4").content.answer == "表格的答案。"
    assert {j["id"] for j in (await get(client, "/api/imports", editor))["imports"]} == {number, number - 1}
    await post(client, f"/api/imports/{number}/commit", editor, status=409)


async def test_a_table_of_a_few_columns_leaves_the_other_fields_alone(
    client: httpx.AsyncClient, services: Services, editor: dict[str, str]
) -> None:
    await publish(client)
    table = _table(["编号", "类型", "标题", "答案", "咨询电话"], ["SP-01", "办事指南", ENTRY["title"], "新的答案。", None])
    number = (await _upload(client, editor, "a.xlsx", table))["id"]
    await _wait(client, number, "ready")
    (row,) = (await get(client, f"/api/imports/{number}/rows", editor))["rows"]
    assert {change["field"] for change in row["changes"]} == {"answer", "facets.phone"}  # an empty cell does empty its field
    await post(client, f"/api/imports/{number}/commit", editor, {"conflicts": "overwrite"}, 202)
    await _wait(client, number, "done")
    record = services.entries.by_external_id("SP-01")
    assert (record.state, record.live_version, record.content.answer) == ("draft", 1, "新的答案。")
    assert (record.content.facets.materials, record.content.source.quote) == (ENTRY["facets"]["materials"], "原文一句。")
    again = (await _upload(client, editor, "a.xlsx", table))["id"]
    assert (await _wait(client, again, "ready"))["counts"] == {"unchanged": 1}


async def test_files_that_are_refused(client: httpx.AsyncClient, editor: dict[str, str]) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 30_000_000)
    for name, data, word in (
        ("a.xls", b"x", "不支持"), ("a.xlsx", b"", "空文件"), ("a.xlsx", b"PK-no", "已损坏"), ("bomb.xlsx", bomb.getvalue(), "过大"),
    ):  # fmt: skip
        assert word in (await _upload(client, editor, name, data, 422))["error"]
    number = (await _upload(client, editor, "a.csv", "没有,这些列\n1,2\n".encode()))["id"]
    for _ in range(100):
        job = await get(client, f"/api/imports/{number}")
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
        job = session.get_one(ImportJob, number)
        job.state, job.updated_at = "importing", datetime.now(UTC) - timedelta(minutes=10)
    second = build()
    client = open_client(second)
    job = await get(client, f"/api/imports/{number}")
    assert (job["state"], "可以继续" in job["problem"]) == ("aborted", True)
    await post(client, f"/api/imports/{number}/commit", ADMIN, {"follow_up": "publish"}, 202)
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
    made = await post(client, "/api/notices/drafts", editor, {"entries": drafts[1:]}, 201)
    assert made["created"] == 2
    assert made["results"][0]["entry"]["source"]["document_number"] == "示政发〔2026〕8号"


async def test_the_preview_names_entries_and_rows_that_say_the_same_or_the_opposite(
    client: httpx.AsyncClient, services: Services, editor: dict[str, str]
) -> None:
    live = (await publish(client))["entry_id"]
    draft = (
        await post(client, "/api/entries", editor, {"kind": "qa", "title": "外地户籍可以申请吗？", "answer": "可以。"}, 201)
    )["entry_id"]
    services.workshop.unpublished.follow()
    table = _table(
        ["类型", "标题", "答案", "咨询电话"],
        ["办事指南", ENTRY["title"], "可以。十个工作日内办结。", "0571-11112222"],
        ["问答", "外地户籍可以申请吗", "可以，不限户籍。", None],
        ["问答", "外地户籍可以申请吗？", "不限户籍，都可以。", None],
        ["通知", "端午节放假期间办事大厅开放安排", "端午节当日不对外办公。", None],
    )
    number = (await _upload(client, editor, "a.xlsx", table))["id"]
    job = await _wait(client, number, "ready")
    assert job["near"] == 3
    rows = (await get(client, f"/api/imports/{number}/rows", editor, near=True))["rows"]
    assert [(r["number"], [(n["entry_id"], n["row"], n["relation"]) for n in r["near"]]) for r in rows] == [
        (2, [(live, None, "contradiction")]),
        (3, [(draft, None, "duplicate")]),
        (4, [(draft, None, "duplicate"), (None, 3, "duplicate")]),
    ]
    assert {d["about"]: d["theirs"] for d in rows[0]["near"][0]["differences"]}["咨询电话"] == "0571-87654321"
    assert rows[1]["near"][0]["state"] == "draft"


async def test_the_pieces_of_a_notice_are_compared_before_they_become_drafts(
    client: httpx.AsyncClient, services: Services, editor: dict[str, str], agent: dict[str, str]
) -> None:
    entry = (await publish(client, kind="qa", external_id="RC", title="外地户籍可以申请吗？", answer="可以，不限户籍。"))[
        "entry_id"
    ]
    services.workshop.unpublished.follow()
    reply = await client.post("/api/notices", files={"file": ("a.txt", NOTICE.encode())}, headers=editor)
    notice = reply.json()
    pieces = (await get(client, f"/api/notices/{notice['id']}/neighbours", editor))["pieces"]
    (question,) = [p["id"] for p in notice["pieces"] if "外地户籍" in p["title"]]
    assert {number: near[0]["entry_id"] for number, near in pieces.items()} == {str(question): entry}
    assert (await client.get(f"/api/notices/{notice['id']}/neighbours", headers=agent)).status_code == 403
