"""The store's promises on a real PostgreSQL, where writers really run side by side."""

import json
import threading
from pathlib import Path

import pytest

from database.engine import Database
from knowledge_base.content import parse_content
from knowledge_base.entries import EntryStore
from knowledge_base.errors import DuplicateExternalIdError
from knowledge_base.feed import ChangeFeed
from knowledge_base.importers.importer import Importer
from knowledge_base.importers.profiles import load_profile
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
