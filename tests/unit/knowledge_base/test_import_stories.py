"""Stories of an import, from files as offices have them."""

import json
from pathlib import Path

import pytest
from openpyxl import Workbook

from knowledge_base.entries import EntryStore
from knowledge_base.errors import ImportFileError, ProfileError, VectorError
from knowledge_base.feed import ChangeFeed
from knowledge_base.importers.importer import Importer
from knowledge_base.importers.profiles import load_profile
from knowledge_base.importers.report import ImportReport
from tests.fixtures.bigram_encoder import BigramHashEncoder
from tests.unit.knowledge_base.conftest import ADMIN, EDITOR

GD_ROW = {
    "TASK_CODE": "1144X", "TASK_NAME": "机动车驾驶证核发", "subTaskName": "（个人）", "TASK_TYPE_TEXT": "行政许可", "DEPT_NAME": "示例市公安局",
    "AREACODE": "990100", "service_object_name": ["自然人"], "theme_category": ["交通出行", "其他"], "accept_standard": "无条件受理",
    "material_intro": ["身份证", "无"], "handle_time": "30(工作日)", "handle_time_limit": "1(工作日)",
    "handle_location": "办理地点：政务大厅 3 号窗口", "consult_phone": "0570-12345", "complain_phone": "无w", "visit_number": "0",
    "URL": "https://example.org/1", "parentCatalogName": "机动车驾驶证核发", "courier_service": "是", "online_book": "是",
}  # fmt: skip


def _write(path: Path, rows: list) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    return path


def _entry(number: int, **changes: object) -> dict:
    return {"kind": "qa", "title": f"问题{number}", "answer": f"答案{number}。", "external_id": f"E{number}", **changes}


def _import(store: EntryStore, path: Path, profile: str = "entry", **options: bool) -> ImportReport:
    return Importer(store, **options).run(path, load_profile(profile))


def test_a_service_item_of_guangdong(store: EntryStore, tmp_path: Path) -> None:
    report = _import(store, _write(tmp_path / "gd.jsonl", [GD_ROW]), "gd_service_items", publish=True)
    assert (report.created, report.published, report.bad) == (1, 1, [])
    record = store.by_external_id("1144X")
    content = record.content
    assert record.state == "published"
    assert (content.kind, content.title, content.authority) == ("service_item", "机动车驾驶证核发（个人）", "示例市公安局")
    assert content.facets.conditions is None
    assert content.facets.materials == ["身份证"]
    assert (content.facets.time_limit_statutory, content.facets.time_limit_promised) == ("30个工作日", "1个工作日")
    assert (content.facets.place, content.facets.phone) == ("政务大厅 3 号窗口", "0570-12345")
    assert content.facets.complaint_phone is None
    assert (content.region_code, content.audience, content.tags) == ("990100", ["自然人"], ["交通出行"])
    assert content.answer.startswith(
        "“机动车驾驶证核发（个人）”由示例市公安局办理，不用到现场，承诺1个工作日办结（法定时限30个工作日）。"
    )
    assert "条件" not in content.answer
    assert content.attributes["visit_number"] == "0"


def test_a_service_item_that_states_almost_nothing(store: EntryStore, tmp_path: Path) -> None:
    row = {**dict.fromkeys(GD_ROW, "无"), "TASK_CODE": "1", "TASK_NAME": "资讯查询", "URL": None, "AREACODE": "990100"}
    assert _import(store, _write(tmp_path / "gd.jsonl", [row]), "gd_service_items").bad == []
    content = store.by_external_id("1").content
    assert content.answer == "“资讯查询”是一项政务服务事项。"
    assert content.to_dict().keys() == {"kind", "title", "answer", "source", "region_code", "external_id"}


def test_a_letter_becomes_an_answer(store: EntryStore, tmp_path: Path) -> None:
    row = {
        "id": "2759", "subject": "咨询落户", "message": "尊敬的胡书记：您好！我想咨询落户的条件。" + "情况如下。" * 60,
        "reply": "网友“A00077538”：您好！可以落户，请到派出所办理。", "asked_at": "2019-04-08 08:37:20", "replied_at": "2019/5/9",
    }  # fmt: skip
    _import(store, _write(tmp_path / "letters.jsonl", [row]), "citizen_letters")
    content = store.by_external_id("2759").content
    assert (content.title, content.answer) == ("咨询落户", "可以落户，请到派出所办理。")
    (question,) = content.similar_questions
    assert question.startswith("我想咨询落户的条件。")
    assert len(question) <= 160
    assert content.attributes == {"asked_at": "2019-04-08 08:37:20", "replied_at": "2019/5/9"}


def test_a_second_import_changes_nothing(store: EntryStore, feed: ChangeFeed, encoder: BigramHashEncoder, tmp_path: Path) -> None:
    path = _write(tmp_path / "a.jsonl", [_entry(n) for n in range(250)])
    assert _import(store, path, publish=True).created == 250
    revision, encoded = feed.revision(), len(encoder.encoded)
    assert (revision, encoded) == (250, 500)
    report = _import(store, path, publish=True)
    assert (report.unchanged, report.changed) == (250, False)
    assert (feed.revision(), len(encoder.encoded)) == (revision, encoded)
    assert {len(store.audit_trail(r.entry_id)) for r in store.list(limit=300)} == {2}


def test_a_changed_row_updates_and_drafts_can_be_published_later(store: EntryStore, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    assert _import(store, _write(path, [_entry(1)])).published == 0
    assert store.by_external_id("E1").state == "draft"
    assert _import(store, path, publish=True).published == 1
    report = _import(store, _write(path, [_entry(1, answer="新答案。")]))
    assert (report.updated, report.published) == (1, 0)
    record = store.by_external_id("E1")
    assert (record.version, record.state, record.live_version) == (2, "draft", 1)
    assert _import(store, path, publish=True).published == 1
    assert store.published([record.entry_id])[record.entry_id].content.answer == "新答案。"


def test_bad_rows_are_named_and_good_ones_kept(store: EntryStore, tmp_path: Path) -> None:
    rows = [_entry(1), "{oops", "", _entry(2, colour="red"), [1], _entry(3, title="无"), _entry(1, answer="另一个"), _entry(1)]
    report = _import(store, _write(tmp_path / "a.jsonl", rows))
    assert [(p.file, p.row, p.field) for p in report.bad] == [
        ("a.jsonl", 2, "(整行)"), ("a.jsonl", 4, "colour"), ("a.jsonl", 5, "(整行)"), ("a.jsonl", 6, "title"), ("a.jsonl", 7, "external_id"),
    ]  # fmt: skip
    assert (report.rows, report.created, report.unchanged, store.count()) == (7, 1, 1, 1)
    assert "有误 5" in report.summary()


def test_strict_imports_nothing(store: EntryStore, tmp_path: Path) -> None:
    report = _import(store, _write(tmp_path / "a.jsonl", [_entry(1), "{oops"]), strict=True)
    assert (report.refused, store.count()) == (True, 0)
    assert "没有导入" in report.summary()


def test_staffs_changes_are_conflicts_unless_overwritten(store: EntryStore, tmp_path: Path) -> None:
    path = _write(tmp_path / "a.jsonl", [_entry(n) for n in range(1, 5)])
    _import(store, path, publish=True)
    edited, withdrawn, same = (store.by_external_id(f"E{n}").entry_id for n in (1, 2, 3))
    store.edit(edited, {"answer": "人工改过。"}, EDITOR)
    store.withdraw(withdrawn, ADMIN)
    store.withdraw(same, ADMIN)
    _write(path, [_entry(1, answer="A。"), _entry(2, answer="B。"), _entry(3), _entry(4)])
    report = _import(store, path, publish=True)
    assert [(p.row, p.field) for p in report.conflicts] == [(1, "external_id"), (2, "external_id")]
    assert "小编" in report.conflicts[0].reason
    assert "撤下" in report.conflicts[1].reason
    assert (report.unchanged, report.changed) == (2, False)
    assert store.get(same).state == "withdrawn"
    report = _import(store, path, publish=True, overwrite=True)
    assert (report.updated, report.published, report.conflicts) == (2, 3, [])
    assert store.get(edited).content.answer == "A。"


def test_an_entry_that_staff_wrote_is_not_taken_over(store: EntryStore, tmp_path: Path) -> None:
    path = _write(tmp_path / "a.jsonl", [_entry(1)])
    _import(store, path)
    other = _write(tmp_path / "b.jsonl", [_entry(2)])
    store.create(store.by_external_id("E1").content.model_copy(update={"external_id": "E2"}), EDITOR)
    report = _import(store, other)
    assert "创建" in report.conflicts[0].reason


def test_an_edit_during_the_import_is_a_conflict(store: EntryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(tmp_path / "a.jsonl", [_entry(1)])
    _import(store, path, publish=True)
    _write(path, [_entry(1, answer="文件里的新答案。"), _entry(2)])
    ensure = store.vectors.ensure

    def edit_meanwhile(contents: list) -> int:
        monkeypatch.setattr(store.vectors, "ensure", ensure)
        store.edit(store.by_external_id("E1").entry_id, {"answer": "同时改的。"}, ADMIN)
        return ensure(contents)

    monkeypatch.setattr(store.vectors, "ensure", edit_meanwhile)
    report = _import(store, path, publish=True)
    assert (report.created, len(report.conflicts)) == (1, 1)
    assert store.by_external_id("E1").content.answer == "同时改的。"


def test_publishing_needs_an_encoder(store: EntryStore, tmp_path: Path) -> None:
    with pytest.raises(VectorError):
        _import(EntryStore(store.database), _write(tmp_path / "a.jsonl", [_entry(1)]), publish=True)
    assert store.count() == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_as_spreadsheets_save_it(store: EntryStore, tmp_path: Path, encoding: str, delimiter: str) -> None:
    header = delimiter.join(["编号", "类型", "标题", "答案", "材料", "标签", "失效日期"])
    row = delimiter.join(["A-1", "办事指南", "开饭店", '"先办证。\n再营业。"', '"身份证\n平面图"', "餐饮", "2030/1/5"])
    (tmp_path / "a.csv").write_bytes(f"{header}\r\n{row}\r\n{delimiter * 6}\r\n".encode(encoding))
    report = _import(store, tmp_path / "a.csv")
    assert (report.rows, report.bad) == (1, [])
    content = store.by_external_id("A-1").content
    assert (content.kind, content.facets.materials, content.tags) == ("service_item", ["身份证", "平面图"], ["餐饮"])
    assert (content.answer, str(content.effective_to)) == ("先办证。\n再营业。", "2030-01-05")


def test_xlsx_with_numbers_dates_and_gaps(store: EntryStore, tmp_path: Path) -> None:
    from datetime import datetime

    book = Workbook()
    sheet = book.active
    sheet.append([])
    sheet.append(["external_id", "kind", "title", "answer", "region_code", "effective_from", "facets.phone"])
    sheet.append([7, "qa", "问", "答", 990100, datetime(2024, 5, 1), 12345.0])
    sheet.append([])
    sheet.append([8, "qa", None, "答"])
    book.save(tmp_path / "a.xlsx")
    report = _import(store, tmp_path / "a.xlsx")
    assert [(p.row, p.field) for p in report.bad] == [(5, "title")]
    content = store.by_external_id("7").content
    assert (content.region_code, str(content.effective_from), content.facets.phone) == ("990100", "2024-05-01", "12345")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.doc", b"", "不支持"),
        ("a.csv", b"", "空的"),
        ("a.csv", "标题,颜色\n问,红".encode(), "颜色"),
        ("a.csv", "标题,标题\n问,红".encode(), "重复"),
        ("a.csv", "标题,答案\n\"问,红".encode(), "CSV"),
        ("a.xlsx", b"no zip", "XLSX"),
        ("a.jsonl", b"\xff\xff\xff", "编码"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_read(store: EntryStore, tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ImportFileError, match=message):
        _import(store, tmp_path / name)


@pytest.mark.parametrize("name", ["missing.csv", "missing.xlsx", "missing.jsonl"])
def test_files_that_are_not_there(store: EntryStore, tmp_path: Path, name: str) -> None:
    with pytest.raises(ImportFileError, match="读不到"):
        _import(store, tmp_path / name)


def test_profiles_of_ones_own(store: EntryStore, tmp_path: Path) -> None:
    own = tmp_path / "mine.yml"
    own.write_text(
        "name: mine\ndescription: 自己的表\nfields:\n  kind: {value: qa}\n  title: 问\n  answer: {from: [答, 备用]}\n"
        "  attributes.level: {from: 级, map: {高: high}, otherwise: low}\n",
        "utf-8",
    )
    (tmp_path / "a.csv").write_text("问,答,备用,级\n甲,无,丙,高\n乙,丁,,中\n", "utf-8")
    assert _import(store, tmp_path / "a.csv", str(own)).created == 2
    assert {(c.title, c.answer, c.attributes["level"]) for c in store.contents("newest")} == {
        ("甲", "丙", "high"),
        ("乙", "丁", "low"),
    }
    with pytest.raises(ImportFileError, match="TASK_CODE"):
        _import(store, tmp_path / "a.csv", "gd_service_items")
    with pytest.raises(ProfileError, match="citizen_letters"):
        load_profile("nobody")
    for text in ("fields: {colour: x}", "name: [", "name: a\ndescription: b\nfields: {title: {keep_if: '('}}"):
        own.write_text(text, "utf-8")
        with pytest.raises(ProfileError):
            load_profile(str(own))
