"""What is exported comes back the same, whatever the texts."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from database.engine import Database
from database.migrate import migrate
from knowledge_base.content import EntryContent, parse_content
from knowledge_base.entries import EntryStore
from knowledge_base.errors import ExportError
from knowledge_base.exporters import export
from knowledge_base.importers.importer import Importer
from knowledge_base.importers.profiles import load_profile
from knowledge_base.importers.readers import read_file
from knowledge_base.tabular import flatten, guard_formula, unflatten, unguard_formula
from tests.unit.knowledge_base.conftest import ADMIN
from tests.unit.knowledge_base.strategies import CONTENTS, TEXTS

PROFILE = load_profile("entry")


class _Contents(EntryStore):
    """A store that hands out given contents."""

    def __init__(self, contents: list[EntryContent]) -> None:
        self._contents = contents

    def contents(self, selection: str) -> Iterator[EntryContent]:
        yield from self._contents


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".xlsx"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents=st.lists(CONTENTS, min_size=1, max_size=4))
def test_files_give_back_what_was_written(suffix: str, contents: list[EntryContent]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"entries{suffix}"
        assert export(_Contents(contents), path) == len(contents)
        file = read_file(path)
        PROFILE.check_columns(file)
        assert [PROFILE.content_of(row, file) for row in file.rows] == contents
        assert [child.name for child in Path(folder).iterdir()] == [path.name]


@given(CONTENTS)
def test_flat_rows_are_lossless(content: EntryContent) -> None:
    assert parse_content(unflatten(flatten(content))) == content


@given(TEXTS)
def test_the_formula_guard_comes_off(text: str) -> None:
    guarded = guard_formula(text)
    assert unguard_formula(guarded) == text
    assert not guarded.startswith(("=", "+", "-", "@"))


def test_a_second_store_holds_the_same_after_export_and_import(store: EntryStore, tmp_path: Path) -> None:
    for number in range(3):
        record = store.create(parse_content({"kind": "qa", "title": f"问{number}", "answer": "答", "tags": ["a", "b"]}), ADMIN)
        if number:
            store.publish(record.entry_id, ADMIN)
    assert export(store, tmp_path / "live.csv") == 2
    assert export(store, tmp_path / "all.xlsx", "newest") == 3
    other = Database(f"sqlite:///{tmp_path / 'other.db'}")
    migrate(other)
    second = EntryStore(other)
    report = Importer(second).run(tmp_path / "all.xlsx", PROFILE)
    assert (report.created, report.bad) == (3, [])
    assert list(second.contents("newest")) == list(store.contents("newest"))
    assert Importer(second).run(tmp_path / "all.xlsx", PROFILE).unchanged == 3
    assert second.count() == 3
    other.dispose()


def test_export_refuses_what_it_cannot_write(store: EntryStore, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="不支持"):
        export(store, tmp_path / "a.docx")
    long = parse_content({"kind": "qa", "title": "问", "answer": "答", "facets": {"steps": ["步" * 20_000, "骤" * 20_000]}})
    store.create(long, ADMIN)
    with pytest.raises(ExportError, match="单元格"):
        export(store, tmp_path / "a.xlsx", "newest")
    assert not list(tmp_path.glob("*.xlsx"))
