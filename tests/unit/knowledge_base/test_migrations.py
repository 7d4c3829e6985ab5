"""Tables come from migrations and fit the models; a filled database is backed up before it is migrated."""

import json
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from database.backup import backup, current_version
from database.engine import Base, Database
from database.errors import MigrationError
from database.migrate import head_version, migrate
from database.restore import restore
from knowledge_base import models  # noqa: F401 - registers the tables
from knowledge_base.catalogue import Catalogue, EntryFilter
from knowledge_base.entries import EntryStore


def _differences(database: Database) -> list:
    tables = {name for name in Base.metadata.tables if name.startswith("kb_")}
    with database.engine.connect() as connection:
        options = {"include_object": lambda o, name, kind, *_: (name if kind == "table" else o.table.name) in tables}
        return compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)


def test_migrations_make_the_models_tables(database: Database) -> None:
    assert _differences(database) == []


@pytest.mark.postgres
def test_migrations_make_the_models_tables_on_postgresql(postgres: Database) -> None:
    assert _differences(postgres) == []


def test_a_new_database_needs_no_backup_and_a_second_run_does_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    first, second = migrate(database), migrate(database)
    assert (first.before, first.after, first.backup) == (None, head_version(), None)
    assert (second.before, second.backup) == (head_version(), None)
    assert not (tmp_path / "backups").exists()
    database.dispose()


def test_a_filled_database_is_backed_up_first(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    migrate(database, version="0001_knowledge")
    _write_an_entry(database)
    result = migrate(database)
    assert result.backup is not None
    assert result.backup.parent == tmp_path / "backups"
    other = Database(f"sqlite:///{tmp_path / 'b.db'}")
    assert restore(other, result.backup).version == "0001_knowledge"
    assert (current_version(other), EntryStore(other).count()) == (head_version(), 1)
    database.dispose()
    other.dispose()


def test_entries_of_before_are_described_for_the_workshop(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    migrate(database, version="0001_knowledge")
    _write_an_entry(database)
    migrate(database)
    catalogue = Catalogue(database)
    (row,) = catalogue.rows(EntryFilter(text="示政发（2024） 3号", tag="住房", department="示例市住建局"))
    assert (row.title, row.reviewed_on, row.effective_to) == ("问", date(2026, 1, 2), date(2030, 1, 1))
    assert [found.title for found in catalogue.rows(EntryFilter(document="示政发[2024]3号"))] == ["问"]
    database.dispose()


def _write_an_entry(database: Database) -> None:
    """As a program wrote it that knew the first tables only."""
    content = {
        "kind": "qa", "title": "问", "answer": "答", "tags": ["住房"], "authority": "示例市住建局", "effective_to": "2030-01-01",
        "source": {"document_number": "示政发〔2024〕3号"},
    }  # fmt: skip
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    with database.write() as session:
        session.execute(
            text(
                "INSERT INTO kb_entries (id, state, version, live_version, kind, title, is_sample, content_hash, revision, actor,"
                " created_at, updated_at) VALUES (1, 'published', 1, 1, 'qa', '问', :no, 'x', 1, '甲', :at, :at)"
            ),
            {"no": False, "at": moment},
        )
        session.execute(
            text(
                "INSERT INTO kb_entry_versions (entry_id, version, content, author, author_role, created_at, published_at)"
                " VALUES (1, 1, :content, '甲', 'admin', :at, :at)"
            ),
            {"content": json.dumps(content, ensure_ascii=False), "at": moment},
        )


def test_several_processes_may_migrate_at_once(tmp_path: Path) -> None:
    databases = [Database(f"sqlite:///{tmp_path / 'a.db'}") for _ in range(4)]
    failures: list[BaseException] = []

    def work(database: Database) -> None:
        try:
            migrate(database)
        except BaseException as exc:
            failures.append(exc)

    threads = [threading.Thread(target=work, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert current_version(databases[0]) == head_version()
    for database in databases:
        database.dispose()


def test_a_newer_database_is_left_alone(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999_future'"))
    with pytest.raises(MigrationError, match="9999_future"):
        migrate(database)
    backup(database, tmp_path / "b.zip")


def test_an_unreachable_database_is_named() -> None:
    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(MigrationError, match="失败"):
        migrate(database)
    database.dispose()
