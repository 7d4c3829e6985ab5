"""The store's promises on a real PostgreSQL, where writers really run side by side."""

import json
import threading
from datetime import date
from pathlib import Path

import pytest

from database.engine import Database
from knowledge_base.catalogue import Catalogue, EntryFilter
from knowledge_base.content import parse_content
from knowledge_base.documents import Documents
from knowledge_base.entries import EntryStore
from knowledge_base.errors import DuplicateExternalIdError
from knowledge_base.feed import ChangeFeed
from knowledge_base.importers.desk import ImportDesk
from knowledge_base.importers.importer import Importer
from knowledge_base.importers.profiles import load_profile
from knowledge_base.repeal import Repeal, Repeals
from knowledge_base.reviewing import Reviews
from knowledge_base.sample_knowledge import load_sample, remove_sample
from knowledge_base.vectors import VectorStore, VectorWriter
from tests.fixtures.bigram_encoder import BigramHashEncoder
from tests.unit.knowledge_base.conftest import ADMIN, EDITOR

pytestmark = pytest.mark.postgres


@pytest.fixture
def store(postgres: Database) -> EntryStore:
    return EntryStore(postgres, VectorWriter(VectorStore(postgres), BigramHashEncoder()))


def _content(number: int) -> dict:
    return {"kind": "qa", "title": f"问题{number}", "answer": "答案 100%。", "external_id": f"E{number}", "tags": ["住房"]}


def test_an_entrys_life(store: EntryStore, postgres: Database) -> None:
    feed = ChangeFeed(postgres)
    record = store.create(parse_content(_content(1)), EDITOR)
    with pytest.raises(DuplicateExternalIdError):
        store.create(parse_content(_content(1)), EDITOR)
    assert store.publish(record.entry_id, ADMIN).revision == 1
    assert store.edit(record.entry_id, {"facets": {"fee": "免费"}}, ADMIN).revision == 2
    assert store.list(text="100%", state="live")[0].content.facets.fee == "免费"
    assert store.withdraw(record.entry_id, ADMIN).updated_at.tzinfo is not None
    assert [(c.revision, c.live) for c in feed.changes_since(0)] == [(3, False)]


def test_a_follower_never_misses_a_change_of_concurrent_writers(store: EntryStore, postgres: Database) -> None:
    feed, failures = ChangeFeed(postgres), []
    ids = [store.create(parse_content(_content(n)), ADMIN).entry_id for n in range(24)]

    def publish(part: list[int]) -> None:
        try:
            for entry_id in part:
                store.publish(entry_id, ADMIN)
                store.edit(entry_id, {"answer": "改。"}, ADMIN)
        except BaseException as exc:
            failures.append(exc)

    threads = [threading.Thread(target=publish, args=(ids[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    seen, position = set(), 0
    while any(thread.is_alive() for thread in threads) or position < feed.revision():
        target = feed.revision()
        changes = feed.changes_since(position)
        seen |= {change.entry_id for change in changes}
        position = max(target, *(change.revision for change in changes)) if changes else target
    assert failures == []
    assert seen == set(ids)
    assert position == feed.revision() == 48


def test_two_imports_of_one_file_at_once(store: EntryStore, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps(_content(n)) for n in range(150)), "utf-8")
    reports, failures = [], []

    def work() -> None:
        try:
            reports.append(Importer(store, publish=True).run(path, load_profile("entry")))
        except BaseException as exc:
            failures.append(exc)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sum(report.created for report in reports) == 150
    assert store.count(state="live") == 150


def test_sample_and_export(store: EntryStore, tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    folder.mkdir()
    (folder / "a.jsonl").write_text(json.dumps(_content(1)) + "\n", "utf-8")
    load_sample(store, folder=folder)
    assert next(store.contents("live")).attributes == {"sample": "yes"}
    assert remove_sample(store, ADMIN) == 1
    assert list(store.contents("newest")) == []


def test_the_workshop(store: EntryStore, postgres: Database, tmp_path: Path) -> None:
    source = {"document_number": "示政发〔2026〕3号", "title": "示例市人才安居办法"}
    for number in range(3):
        content = {
            "kind": "qa",
            "title": f"租房补贴{number}",
            "answer": "每月800元。",
            "tags": ["住房", f"甲{number}"],
            "source": source,
        }
        store.publish(store.create(parse_content({**content, "external_id": f"A{number}"}), ADMIN).entry_id, ADMIN)
    catalogue = Catalogue(postgres)
    assert [row.title for row in catalogue.rows(EntryFilter(text="补贴1 元", validity="valid"), order="expiry")] == ["租房补贴1"]
    counts = catalogue.counts(EntryFilter(text="租房"))
    assert (counts["tag"]["住房"], counts["state"], counts["validity"]) == (3, {"published": 3}, {"valid": 3})
    documents = Documents(store, catalogue)
    assert [(row.number, row.entries) for row in documents.listed("人才")] == [("示政发〔2026〕3号", 3)]
    ids = documents.resting_on("示政发[2026]3号").ids()
    outcomes = Repeals(store).apply(Repeal("示政发〔2026〕3号", date(2026, 1, 1)), ids, ADMIN)
    assert {outcome.done for outcome in outcomes} == {"expired"}
    assert Reviews(store).demand(ids, ADMIN, "有变化") == 3
    assert catalogue.overdue_by_department() == {"": 3}
    desk = ImportDesk(store, tmp_path)
    number = desk.upload("a.csv", "类型,标题,答案\n问答,新的,答。\n问答,没有答案,\n".encode(), "entry", ADMIN)
    desk.stop()  # waits for the reading
    assert desk.job(number).counts == {"new": 1, "error": 1}
