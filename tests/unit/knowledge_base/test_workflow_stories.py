"""Stories of an entry's life, told through the store and what a follower of the feed sees."""

from datetime import date

import pytest

from knowledge_base.content import parse_content
from knowledge_base.entries import EntryStore
from knowledge_base.errors import DuplicateExternalIdError, NotAllowedError, UnknownEntryError, VectorError, WorkflowError
from knowledge_base.feed import ChangeFeed
from knowledge_base.passages import passages_of
from knowledge_base.validity import validity_of
from knowledge_base.vectors import VectorWriter, text_hash
from tests.unit.knowledge_base.conftest import ADMIN, EDITOR, REVIEWER

CONTENT = parse_content({"kind": "qa", "title": "公积金怎么提取？", "answer": "可以网上提取。", "external_id": "GJJ-1"})


def test_draft_review_publish_withdraw(store: EntryStore, feed: ChangeFeed) -> None:
    record = store.create(CONTENT, EDITOR)
    assert (record.version, record.state, record.live_version, record.revision) == (1, "draft", None, 0)
    assert feed.revision() == 0
    with pytest.raises(NotAllowedError, match="角色不能发布"):
        store.publish(record.entry_id, EDITOR)
    with pytest.raises(NotAllowedError, match="还没有提交审核"):
        store.publish(record.entry_id, REVIEWER)
    assert store.submit(record.entry_id, EDITOR).state == "in_review"
    assert store.submit(record.entry_id, EDITOR).state == "in_review"
    with pytest.raises(NotAllowedError, match="角色不能发布"):
        store.publish(record.entry_id, EDITOR)
    published = store.publish(record.entry_id, REVIEWER)
    assert (published.state, published.live_version, published.revision) == ("published", 1, 1)
    assert store.publish(record.entry_id, REVIEWER).revision == 1
    assert [(c.entry_id, c.live) for c in feed.changes_since(0)] == [(record.entry_id, True)]
    assert [d.content for d in feed.live_documents(None)] == [CONTENT]

    withdrawn = store.withdraw(record.entry_id, EDITOR, "政策停止")
    assert (withdrawn.state, withdrawn.live_version, withdrawn.revision) == ("withdrawn", None, 2)
    assert store.withdraw(record.entry_id, EDITOR).revision == 2
    assert store.published([record.entry_id]) == {}
    assert [(c.revision, c.live) for c in feed.changes_since(0)] == [(2, False)]
    assert list(feed.live_documents([record.entry_id])) == []
    assert [(a.actor, a.action, a.version_before, a.version_after) for a in store.audit_trail(record.entry_id)] == [
        (EDITOR, "create", None, 1),
        (EDITOR, "submit", 1, 1),
        (REVIEWER, "publish", None, 1),
        (EDITOR, "withdraw", 1, None),
    ]


def test_an_administrator_publishes_alone_and_the_audit_says_so(store: EntryStore) -> None:
    record = store.create(CONTENT, ADMIN)
    store.publish(record.entry_id, ADMIN)
    assert store.audit_trail(record.entry_id)[-1].action == "publish_alone"


def test_an_editors_edit_waits_while_the_live_version_stays(store: EntryStore, feed: ChangeFeed) -> None:
    entry_id = store.publish(store.create(CONTENT, ADMIN).entry_id, ADMIN).entry_id
    draft = store.edit(entry_id, {"answer": "必须到窗口。"}, EDITOR)
    assert (draft.version, draft.state, draft.live_version) == (2, "draft", 1)
    live = store.published([entry_id])[entry_id]
    assert (live.version, live.state, live.content.answer) == (1, "published", "可以网上提取。")
    assert feed.revision() == 1
    store.submit(entry_id, EDITOR)
    assert store.send_back(entry_id, REVIEWER, "依据？").state == "draft"
    store.submit(entry_id, EDITOR)
    store.publish(entry_id, REVIEWER)
    assert store.published([entry_id])[entry_id].content.answer == "必须到窗口。"
    assert store.version(entry_id, 1).content == CONTENT


def test_an_administrators_edit_of_a_published_entry_is_live_at_once(store: EntryStore, feed: ChangeFeed) -> None:
    entry_id = store.publish(store.create(CONTENT, ADMIN).entry_id, ADMIN).entry_id
    edited = store.edit(entry_id, {"facets": {"fee": "免费"}, "tags": ["住房"]}, ADMIN)
    assert (edited.version, edited.state, edited.live_version, edited.revision) == (2, "published", 2, 2)
    assert store.published([entry_id])[entry_id].content.facets.fee == "免费"
    again = store.edit(entry_id, {"facets": {"place": "政务大厅"}}, ADMIN)
    assert (again.content.facets.fee, again.content.facets.place) == ("免费", "政务大厅")
    assert store.edit(entry_id, {"tags": ["住房"]}, ADMIN).version == 3
    assert store.edit(entry_id, {"tags": None}, ADMIN).content.tags == []
    assert [c.revision for c in feed.changes_since(1)] == [4]


def test_vectors_are_in_the_store_before_anything_is_live(store: EntryStore, feed: ChangeFeed, vectors: VectorWriter) -> None:
    store.publish(store.create(CONTENT, ADMIN).entry_id, ADMIN)
    (document,) = feed.live_documents(None)
    loaded = vectors.store.load(vectors.encoder.hash, [text_hash(text) for _, text in document.passages])
    assert len(loaded) == len(document.passages) == 2
    assert all(vector.shape == (64,) and vector.dtype == "float32" for vector in loaded.values())


def test_a_failing_encoder_changes_nothing(store: EntryStore, feed: ChangeFeed, monkeypatch: pytest.MonkeyPatch) -> None:
    record = store.create(CONTENT, ADMIN)
    monkeypatch.setattr(store.vectors.encoder, "encode_passages", lambda texts: [[0.0] * 3 for _ in texts])
    with pytest.raises(VectorError, match="编码器"):
        store.publish(record.entry_id, ADMIN)
    assert store.get(record.entry_id).state == "draft"
    assert feed.revision() == 0
    with pytest.raises(VectorError):
        EntryStore(store.database).publish(record.entry_id, ADMIN)


def test_an_edit_between_embedding_and_publishing_is_noticed(
    store: EntryStore, vectors: VectorWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = store.create(CONTENT, ADMIN)
    ensure = vectors.ensure

    def edit_meanwhile(contents: list, progress: object = None) -> int:
        monkeypatch.setattr(vectors, "ensure", ensure)
        store.edit(record.entry_id, {"answer": "后来的修改。"}, EDITOR)
        return ensure(contents)

    monkeypatch.setattr(vectors, "ensure", edit_meanwhile)
    published = store.publish(record.entry_id, ADMIN)
    assert (published.version, published.content.answer) == (2, "后来的修改。")
    hashes = [text_hash(text) for _, text in passages_of(published.content)]
    assert vectors.store.known(vectors.encoder.hash, hashes) == set(hashes)


def test_an_abandoned_and_a_revived_entry(store: EntryStore) -> None:
    entry_id = store.create(CONTENT, EDITOR).entry_id
    assert store.withdraw(entry_id, EDITOR).state == "withdrawn"
    with pytest.raises(NotAllowedError):
        store.publish(entry_id, REVIEWER)
    store.submit(entry_id, EDITOR)
    assert store.publish(entry_id, REVIEWER).state == "published"
    with pytest.raises(WorkflowError, match="没有可提交"):
        store.submit(entry_id, EDITOR)
    with pytest.raises(WorkflowError, match="不在审核中"):
        store.send_back(entry_id, EDITOR, "")


def test_external_ids_are_unique_and_found(store: EntryStore) -> None:
    record = store.create(CONTENT, EDITOR)
    with pytest.raises(DuplicateExternalIdError, match="GJJ-1"):
        store.create(CONTENT, EDITOR)
    other = store.create(CONTENT.model_copy(update={"external_id": None}), EDITOR)
    with pytest.raises(DuplicateExternalIdError):
        store.edit(other.entry_id, {"external_id": "GJJ-1"}, EDITOR)
    assert store.by_external_id("GJJ-1") == record
    assert store.by_external_id("GJJ-2") is None
    assert store.get(other.entry_id).version == 1


@pytest.mark.parametrize("entry_id", [0, -1, 99, 2**63])
def test_unknown_entries(store: EntryStore, entry_id: int) -> None:
    with pytest.raises(UnknownEntryError):
        store.get(entry_id)
    for step in (store.publish, store.withdraw, store.submit):
        with pytest.raises(UnknownEntryError):
            step(entry_id, ADMIN)
    with pytest.raises(UnknownEntryError):
        store.edit(entry_id, {}, ADMIN)
    assert store.published([entry_id]) == {}


def test_list_filters(store: EntryStore) -> None:
    first = store.create(CONTENT, EDITOR)
    second = store.create(
        parse_content(
            {
                "kind": "notice",
                "title": "停水100%通知",
                "answer": "明天停水。",
                "region_code": "990100",
                "effective_to": "2020-01-01",
            }
        ),
        EDITOR,
    )
    store.publish(second.entry_id, ADMIN)
    assert [r.entry_id for r in store.list()] == [second.entry_id, first.entry_id]
    assert [r.entry_id for r in store.list(state="draft")] == [first.entry_id]
    assert [r.entry_id for r in store.list(state="expired")] == [second.entry_id]
    assert [r.entry_id for r in store.list(kind="notice", region="990100", text="100%")] == [second.entry_id]
    assert store.list(text="10_%") == []
    assert [r.entry_id for r in store.list(text="GJJ-1")] == [first.entry_id]
    assert [r.entry_id for r in store.list(offset=1, limit=1)] == [first.entry_id]
    assert (store.count(), store.count(state="live"), store.published_regions()) == (2, 1, {"990100"})


def test_validity_counts_both_days() -> None:
    content = parse_content({**CONTENT.to_dict(), "effective_from": "2024年1月1日", "effective_to": "2024-12-31"})
    days = [date(2023, 12, 31), date(2024, 1, 1), date(2024, 12, 31), date(2025, 1, 1)]
    assert [validity_of(content, day) for day in days] == ["not_yet", "valid", "valid", "expired"]


def test_the_feed_pages_and_follows_changes(store: EntryStore, feed: ChangeFeed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge_base.feed.PAGE", 2)
    contents = [CONTENT.model_copy(update={"external_id": f"E{n}", "title": f"问题{n}"}) for n in range(5)]
    ids = [store.create(content, ADMIN).entry_id for content in contents]
    for entry_id in ids:
        store.publish(entry_id, ADMIN)
    assert [d.entry_id for d in feed.live_documents(None)] == ids
    assert [d.entry_id for d in feed.live_documents(ids[1:])] == ids[1:]
    assert list(feed.live_documents([])) == []
    store.withdraw(ids[0], ADMIN)
    assert [(c.entry_id, c.live) for c in feed.changes_since(4)] == [(ids[4], True), (ids[0], False)]
