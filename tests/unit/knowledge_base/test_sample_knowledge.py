"""The sample knowledge: comes once, goes without a trace in the answers and with one in the audit."""

import json
import re
from pathlib import Path

import pytest

from knowledge_base.content import parse_content
from knowledge_base.entries import EntryStore
from knowledge_base.errors import SampleError
from knowledge_base.feed import ChangeFeed
from knowledge_base.importers.profiles import load_profile
from knowledge_base.importers.readers import read_file
from knowledge_base.sample_knowledge import FOLDER, load_sample, remove_sample, wants_sample
from tests.unit.knowledge_base.conftest import ADMIN


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [{"kind": "qa", "title": f"示例{n}", "answer": "答。", "external_id": f"S{n}"} for n in range(3)]
    folder = tmp_path / "sample"
    folder.mkdir()
    for number, row in enumerate(rows):
        (folder / f"{number}.jsonl").write_text(json.dumps(row, ensure_ascii=False) + "\n", "utf-8")
    return folder


def test_load_and_remove(store: EntryStore, feed: ChangeFeed, folder: Path) -> None:
    assert wants_sample(store)
    steps: list[tuple[int, int]] = []
    assert sum(r.published for r in load_sample(store, lambda *step: steps.append(step), folder)) == 3
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert all(c.attributes["sample"] == "yes" for c in store.contents("live"))
    assert sum(r.published for r in load_sample(store, folder=folder)) == 0
    ids = [d.entry_id for d in feed.live_documents(None)]
    assert remove_sample(store, ADMIN) == 3
    assert store.count() == 0
    assert [c.live for c in feed.changes_since(0)] == [False] * 3
    assert not wants_sample(store)
    assert [a.action for a in store.audit_trail(ids[0])] == ["import_create", "publish_alone", "sample_remove"]
    assert "S0" in store.audit_trail(ids[0])[-1].comment
    load_sample(store, folder=folder)
    assert min(r.entry_id for r in store.list()) > max(ids), "ids are never used again"


def test_only_into_an_empty_knowledge_base(store: EntryStore, folder: Path) -> None:
    load_sample(store, folder=folder)
    own = store.create(next(store.contents("live")).model_copy(update={"external_id": "X", "attributes": {}}), ADMIN)
    assert not wants_sample(store)
    with pytest.raises(SampleError, match="自己的条目"):
        load_sample(store, folder=folder)
    remove_sample(store, ADMIN)
    assert [r.entry_id for r in store.list()] == [own.entry_id]


def test_the_sample_of_the_project_is_sound() -> None:
    profile, seen = load_profile("entry"), set()
    for path in sorted(FOLDER.glob("*.jsonl")):
        file = read_file(path)
        for row in file.rows:
            content = profile.content_of(row, file)
            assert content.external_id
            assert content.external_id not in seen
            seen.add(content.external_id)
    assert len(seen) >= 120


def test_many_sample_entries_carry_conditions_of_the_document_they_name() -> None:
    contents = [
        parse_content(json.loads(line)) for file in FOLDER.glob("*.jsonl") for line in file.read_text("utf-8").splitlines()
    ]
    carrying = [content for content in contents if content.eligibility]
    assert len(carrying) >= 25
    for content in carrying:
        for condition in content.eligibility:
            # what a condition rests on is a clause of the document that the entry itself names
            assert not condition.clause or content.source.clause, f"{content.external_id}: {condition.text}"


def test_amounts_in_sample_conditions_stand_in_the_entry_too() -> None:
    for file in FOLDER.glob("*.jsonl"):
        for line in file.read_text("utf-8").splitlines():
            data = json.loads(line)
            words = json.dumps({**data, "eligibility": []}, ensure_ascii=False)
            for condition in data.get("eligibility", []):
                for number in re.findall(r"\d+(?:\.\d+)?", condition["text"]):
                    assert number in words, f"{data['external_id']}: {condition['text']}"
