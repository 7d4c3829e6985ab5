"""Backup while in use, and back into an empty database of either engine."""

import json
import stat
import threading
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from database.backup import backup
from database.engine import Database
from database.errors import BackupError, RestoreError
from database.restore import restore
from knowledge_base.content import parse_content
from knowledge_base.entries import EntryStore
from knowledge_base.feed import ChangeFeed
from knowledge_base.vectors import VectorStore, VectorWriter, text_hash
from tests.fixtures.bigram_encoder import BigramHashEncoder
from tests.unit.knowledge_base.conftest import ADMIN


def _fill(database: Database, count: int = 3) -> EntryStore:
    store = EntryStore(database, VectorWriter(VectorStore(database), BigramHashEncoder()))
    for number in range(count):
        content = {
            "kind": "qa",
            "title": f"问“{number}”",
            "answer": "答\n二",
            "effective_to": "2030-01-01",
            "external_id": f"E{number}",
        }
        store.publish(store.create(parse_content(content), ADMIN).entry_id, ADMIN)
    return store


def _everything(database: Database) -> tuple:
    store, feed, vectors = EntryStore(database), ChangeFeed(database), VectorStore(database)
    documents = list(feed.live_documents(None))
    hashes = [text_hash(text) for document in documents for _, text in document.passages]
    loaded = {key: vector.tobytes() for key, vector in vectors.load("bigram-64", hashes).items()}
    trails = [store.audit_trail(document.entry_id) for document in documents]
    return documents, feed.changes_since(0), loaded, trails, sorted(store.list(), key=lambda r: r.entry_id)


def _check_restored(source: Database, target: Database) -> None:
    assert _everything(target) == _everything(source)
    store = EntryStore(target, VectorWriter(VectorStore(target), BigramHashEncoder()))
    new = store.create(parse_content({"kind": "qa", "title": "新", "answer": "答"}), ADMIN)
    assert new.entry_id == 4, "numbering goes on"
    assert store.publish(new.entry_id, ADMIN).revision == 4


def test_backup_and_restore(database: Database, tmp_path: Path) -> None:
    _fill(database)
    report = backup(database, tmp_path / "deep" / "b.zip")
    assert report.tables["kb_entries"] == 3
    assert stat.S_IMODE(report.file.stat().st_mode) == 0o600
    assert [path.name for path in report.file.parent.iterdir()] == ["b.zip"]
    other = Database(f"sqlite:///{tmp_path / 'second' / 'wenzheng.db'}")
    restored = restore(other, report.file)
    assert restored.tables == report.tables
    assert datetime.fromisoformat(restored.created_at).tzinfo == UTC
    _check_restored(database, other)
    with pytest.raises(RestoreError, match="已有数据"):
        restore(other, report.file)
    restore(other, report.file, force=True)
    _check_restored(database, other)
    other.dispose()


def test_backup_while_others_write(database: Database, tmp_path: Path) -> None:
    store = _fill(database, 1)
    stop, failures = threading.Event(), []

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            try:
                store.edit(1, {"answer": f"第 {number} 次修改。"}, ADMIN)
            except BaseException as exc:
                failures.append(exc)
                return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            backup(database, tmp_path / f"{number}.zip")
    finally:
        stop.set()
        writer.join()
    assert failures == []
    for number in range(3):
        other = Database(f"sqlite:///{tmp_path / f'{number}.db'}")
        restore(other, tmp_path / f"{number}.zip")
        record = EntryStore(other).get(1)
        assert (record.live_version, ChangeFeed(other).revision()) == (record.version, record.revision)
        other.dispose()


def test_damaged_and_foreign_files_are_refused(database: Database, tmp_path: Path) -> None:
    _fill(database)
    whole = backup(database, tmp_path / "b.zip").file
    other = Database(f"sqlite:///{tmp_path / 'c.db'}")
    (tmp_path / "text.zip").write_text("no zip")
    (tmp_path / "half.zip").write_bytes(whole.read_bytes()[:-100])
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(tmp_path / "changed.zip", "w") as changed:
        changed.writestr("manifest.json", archive.read("manifest.json"))
        changed.writestr("wenzheng.db", archive.read("wenzheng.db")[:-1] + b"x")
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(tmp_path / "newer.zip", "w") as newer:
        newer.writestr("manifest.json", json.dumps({**json.loads(archive.read("manifest.json")), "version": "9999_future"}))
    for name, message in (
        ("text", "读不出来"),
        ("half", "读不出来"),
        ("changed", "校验和"),
        ("newer", "9999"),
        ("missing", "读不出来"),
    ):
        with pytest.raises(RestoreError, match=message):
            restore(other, tmp_path / f"{name}.zip")
    with pytest.raises(BackupError, match="已经存在"):
        backup(database, whole)
    with pytest.raises(BackupError, match="还不存在"):
        backup(Database(f"sqlite:///{tmp_path / 'none.db'}"), tmp_path / "d.zip")
    (tmp_path / "file").write_text("")
    with pytest.raises(BackupError, match="失败"):
        backup(database, tmp_path / "file" / "d.zip")
    other.dispose()


@pytest.mark.postgres
def test_postgresql_backup_and_restore(postgres: Database, postgres_url: str, tmp_path: Path) -> None:
    _fill(postgres)
    before = _everything(postgres)
    file = backup(postgres, tmp_path / "b.zip").file
    with pytest.raises(RestoreError, match="已有数据"):
        restore(postgres, file)
    restore(postgres, file, force=True)
    assert _everything(postgres) == before
    _check_restored(postgres, postgres)


@pytest.mark.postgres
def test_an_instance_grows_from_sqlite_to_postgresql_and_back(database: Database, postgres_url: str, tmp_path: Path) -> None:
    _fill(database)
    grown = Database(postgres_url)
    restore(grown, backup(database, tmp_path / "a.zip").file)
    assert _everything(grown) == _everything(database)
    small = Database(f"sqlite:///{tmp_path / 'small.db'}")
    restore(small, backup(grown, tmp_path / "b.zip").file)
    _check_restored(database, small)
    _check_restored(database, grown)
    small.dispose()
    grown.dispose()
