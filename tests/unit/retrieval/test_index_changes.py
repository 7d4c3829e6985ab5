"""Whatever was added, replaced and removed: the index answers as if it had been built from what is left."""

import threading

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from retrieval import snapshot
from retrieval.documents import Document, SearchResult
from retrieval.searcher import Searcher
from tests.unit.retrieval.conftest import document, fresh_searcher, ids

WORDS = ["公积金提取", "企业设立登记", "驾驶证换证", "退税", "营业执照变更", "食品经营许可", "落户", "稳岗返还"]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map("".join)
QUERIES = ["公积金怎么提取", "营业执照", "换驾驶证和退税", "天气"]
DOC_IDS = st.integers(1, 9)
ROLES = st.sampled_from([("title", "question", "body"), ("body",), ("title", "body")])
DOCUMENTS = st.builds(
    lambda i, texts, roles: document(i, *texts, roles=roles), DOC_IDS, st.lists(TEXTS, min_size=1, max_size=3), ROLES
)


def shown(result: SearchResult) -> list[tuple[int, float, float, str]]:
    return [(h.doc_id, round(h.score, 4), round(h.probability, 4), h.role) for h in result.hits]


class ChangedIndex(RuleBasedStateMachine):
    """Small limits, so that merging of segments happens within a few steps."""

    @initialize()
    def begin(self) -> None:
        self.model: dict[int, Document] = {}
        self.searcher: Searcher = fresh_searcher()
        self.revision = 0

    @rule(upserts=st.lists(DOCUMENTS, max_size=4), removals=st.sets(DOC_IDS, max_size=3))
    def change(self, upserts: list[Document], removals: set[int]) -> None:
        removals -= {d.doc_id for d in upserts}
        self.revision += 1
        self.searcher.apply(upserts, removals, self.revision)
        for doc_id in removals:
            self.model.pop(doc_id, None)
        self.model.update({d.doc_id: d for d in upserts})

    @rule(gone=DOC_IDS)
    def withdraw_and_publish_again(self, gone: int) -> None:
        before = self.model.get(gone)
        self.change([], {gone})
        if before is not None:
            self.change([before], set())

    @invariant()
    def equals_a_rebuild(self) -> None:
        rebuilt = fresh_searcher()
        rebuilt.apply([self.model[i] for i in sorted(self.model)], (), self.revision)
        assert self.searcher.document_ids() == set(self.model)
        assert self.searcher.size == len(self.model)
        for query in QUERIES:
            result = self.searcher.search(query)
            assert shown(result) == shown(rebuilt.search(query))
            assert result.revision == self.revision
            assert len(result.hits) == min(10, len(self.model))


ChangedIndex.TestCase.settings = settings(max_examples=25, stateful_step_count=8, deadline=None)


class TestChangedIndex(ChangedIndex.TestCase):  # type: ignore[name-defined, misc]
    @pytest.fixture(autouse=True)
    def _small_segments(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(snapshot, "MOST_CHANGED", 4)


def test_documents_that_are_the_same_come_in_order_of_their_ids(searcher: Searcher) -> None:
    searcher.apply([document(i, "公积金提取", "怎么取公积金") for i in (7, 3, 9)], (), 1)
    searcher.apply([document(5, "公积金提取", "怎么取公积金")], (), 2)
    assert ids(searcher.search("公积金提取")) == [3, 5, 7, 9]


def test_the_changed_segment_is_merged_when_it_has_grown(searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "MOST_CHANGED", 3)
    searcher.apply([document(i, f"第{i}号通知") for i in range(3)], (), 1)
    assert (len(searcher.current().main.documents), len(searcher.current().changed.documents)) == (0, 3)
    searcher.apply([document(3, "第三号通知")], (), 2)
    assert (len(searcher.current().main.documents), len(searcher.current().changed.documents)) == (4, 0)
    searcher.apply([document(3, "驾驶证换证")], (), 3)
    assert ids(searcher.search("驾驶证换证", 1)) == [3]
    assert (searcher.size, len(searcher.current().changed.documents)) == (4, 1)


def test_tombstones_are_swept_when_they_are_the_larger_half(searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "MOST_CHANGED", 3)
    searcher.apply([document(i, f"第{i}号通知") for i in range(10)], (), 1)
    searcher.apply((), range(5), 2)
    assert len(searcher.current().main.documents) == 10
    searcher.apply((), [5], 3)
    assert [d.doc_id for d in searcher.current().main.documents] == [6, 7, 8, 9]


def test_removing_what_was_never_there_changes_nothing(searcher: Searcher) -> None:
    searcher.apply([document(1, "落户")], [77], 1)
    searcher.apply((), [78], 2)
    assert (searcher.document_ids(), searcher.revision) == ({1}, 2)


def test_of_two_versions_in_one_change_the_later_counts(searcher: Searcher) -> None:
    searcher.apply([document(1, "落户"), document(1, "退税")], (), 1)
    assert [h.passage for h in searcher.search("退税").hits] == ["退税"]


def test_a_snapshot_taken_before_a_change_stays_as_it_was(searcher: Searcher) -> None:
    searcher.apply([document(1, "落户"), document(2, "退税")], (), 1)
    before = searcher.current()
    searcher.apply([document(1, "驾驶证换证")], [2], 2)
    assert before.document_ids() == {1, 2}
    assert before.revision == 1
    text = searcher.understand("退税")
    found = searcher.candidates(before, text, fresh_vector("退税"))
    assert found is not None
    assert set(found.doc_ids.tolist()) == {1, 2}


def fresh_vector(text: str):  # type: ignore[no-untyped-def]
    return document(0, text).vectors[0]


def test_searches_never_see_half_a_change(searcher: Searcher) -> None:
    """Every state holds one matter in five documents of one colour; a search that saw two colours saw half a change."""

    def state(colour: str) -> list[Document]:
        return [document(i, f"公积金提取{colour}色通知", f"{colour}色") for i in range(5)]

    red, blue = state("红"), state("蓝")
    searcher.apply(red, (), 0)
    stop = threading.Event()
    problems: list[str] = []
    counts = [0, 0]

    def search(number: int) -> None:
        while not stop.is_set():
            try:
                result = searcher.search("公积金提取")
            except Exception as exc:
                problems.append(repr(exc))
                return
            colours = {hit.passage[5] if hit.role == "title" else hit.passage[0] for hit in result.hits}
            expected = {"红" if result.revision % 2 == 0 else "蓝"}
            if len(result.hits) != 5 or colours != expected:
                problems.append(f"{result.revision}: {result.hits}")
            counts[number] += 1

    threads = [threading.Thread(target=search, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for revision in range(1, 200):
        searcher.apply(blue if revision % 2 else red, (), revision)
    stop.set()
    for thread in threads:
        thread.join(10)
    assert problems == []
    assert min(counts) > 3
