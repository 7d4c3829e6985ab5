"""What is kept of live entries is never older than the database, whoever changed them."""

from sqlalchemy import event

from database.engine import Database
from knowledge_base.content import parse_content
from knowledge_base.entries import EntryStore
from knowledge_base.live_records import LiveRecords
from tests.unit.knowledge_base.conftest import ADMIN, EDITOR

CONTENT = parse_content({"kind": "qa", "title": "公积金怎么提取？", "answer": "可以网上提取。", "external_id": "GJJ-1"})


def test_changes_of_another_process_are_seen_at_once(store: EntryStore, database: Database) -> None:
    here = LiveRecords(database)  # the store stands for the other process
    entry_id = store.create(CONTENT, ADMIN).entry_id
    assert here.of([entry_id]) == {}
    store.publish(entry_id, ADMIN)
    assert here.of([entry_id, 999_999]) == {entry_id: store.get(entry_id)}
    store.edit(entry_id, {"answer": "草稿。"}, EDITOR)
    assert here.of([entry_id])[entry_id].content.answer == "可以网上提取。"
    store.publish(entry_id, ADMIN)
    assert here.of([entry_id]) == {entry_id: store.get(entry_id)}
    assert here.of([entry_id])[entry_id].content.answer == "草稿。"
    store.withdraw(entry_id, ADMIN)
    assert here.of([entry_id]) == {}


def test_texts_are_read_once(store: EntryStore, database: Database) -> None:
    here = LiveRecords(database)
    ids = [store.create(parse_content({"kind": "qa", "title": f"第 {n} 条", "answer": "好。"}), ADMIN).entry_id for n in range(3)]
    for entry_id in ids:
        store.publish(entry_id, ADMIN)
    texts: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: texts.append(args[2]))
    first = here.of(ids)
    assert sum(".content" in text for text in texts) == 1
    assert here.of(ids) == first
    assert sum(".content" in text for text in texts) == 1
