"""Writes the whole database into one verified file while it is in use. Reading it back is `database.restore`.

The file is a zip: `manifest.json` (format, engine, version, counts, sha256 of each part) and either the SQLite file or one
JSONL file a table. Indexes, models and the encoder are not in it: they are rebuilt from the store.
"""

import hashlib
import json
import os
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, func, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from database.engine import Database
from database.errors import BackupError
from database.rows import encode_row

FORMAT = 1
SQLITE_PART = "wenzheng.db"
MANIFEST_PART = "manifest.json"
VERSION_TABLE = "alembic_version"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class BackupReport:
    """The file written, its size and how many rows of each table are in it."""

    file: Path
    size: int
    tables: dict[str, int]


def backup(database: Database, file: Path, *, overwrite: bool = False) -> BackupReport:
    """Write one consistent state of the database to `file`; readers and writers go on meanwhile.

    Raises:
        BackupError: the file exists already, cannot be written, or the copy is damaged. No half file is left.
    """
    if file.exists() and not overwrite:
        raise BackupError(f"文件 {file} 已经存在。", fix="换一个文件名，或先移走旧文件。")
    part = file.with_name(file.name + ".part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600), "w+b") as target:  # citizens' words are in it
            tables = _write(database, target)
        part.replace(file)
    except (OSError, SQLAlchemyError, sqlite3.Error) as exc:
        raise BackupError(f"备份到 {file} 失败：{exc}。", fix="检查目标目录的权限和剩余空间、数据库是否可用，然后重试。") from exc
    finally:
        with suppress(OSError):
            part.unlink()
    return BackupReport(file, file.stat().st_size, tables)


def current_version(database: Database) -> str | None:
    """The version of the database's tables; None when it was never migrated."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def has_rows(database: Database) -> bool:
    """Whether any table holds data."""
    return any(_counts(database).values())


def _write(database: Database, target: BinaryIO) -> dict[str, int]:
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "created_at": datetime.now(UTC).isoformat(),
        "engine": "sqlite" if database.is_sqlite else "postgresql",
        "files": {},
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        if database.is_sqlite:
            with tempfile.TemporaryDirectory(prefix="wenzheng-backup-") as folder:
                copy = Path(folder) / SQLITE_PART
                _copy_sqlite(database, copy)
                copied = Database(f"sqlite:///{copy}")
                manifest["version"], manifest["tables"] = current_version(copied), _counts(copied)
                copied.dispose()
                with copy.open("rb") as source:
                    manifest["files"][SQLITE_PART] = _add(archive, SQLITE_PART, iter(lambda: source.read(_BLOCK), b""))
        else:
            manifest["version"], manifest["tables"] = current_version(database), {}
            for table, lines in _postgres_tables(database, manifest["tables"]):
                manifest["files"][f"{table}.jsonl"] = _add(archive, f"{table}.jsonl", lines)
        archive.writestr(MANIFEST_PART, json.dumps(manifest, ensure_ascii=False, indent=2))
    return dict(manifest["tables"])


def _copy_sqlite(database: Database, copy: Path) -> None:
    name = database.engine.url.database
    if not name or name == ":memory:" or not Path(name).exists():
        raise BackupError("数据库还不存在，没有可备份的内容。", fix="检查 WENZHENG_DATA_DIR 和 DATABASE_URL。")
    # WAL: a copy in one go sees one state and holds up no writer
    with closing(sqlite3.connect(name, timeout=30)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
        (verdict,) = target.execute("PRAGMA integrity_check").fetchone()
    if verdict != "ok":
        raise BackupError(f"数据库文件已损坏：{verdict}。", fix="从最近的备份恢复，并检查磁盘。")


def _postgres_tables(database: Database, counts: dict[str, int]) -> Iterator[tuple[str, Iterator[bytes]]]:
    with database.engine.connect().execution_options(isolation_level="REPEATABLE READ", yield_per=1000) as connection:
        metadata = MetaData()
        metadata.reflect(connection)
        for table in metadata.sorted_tables:
            if table.name == VERSION_TABLE:
                continue
            counts[table.name] = 0
            rows = connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()

            def lines(rows: Any = rows, name: str = table.name) -> Iterator[bytes]:
                for row in rows:
                    counts[name] += 1
                    yield encode_row(row)

            yield table.name, lines()


def _add(archive: zipfile.ZipFile, name: str, blocks: Iterator[bytes]) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with archive.open(name, "w", force_zip64=True) as part:
        for block in blocks:
            digest.update(block)
            size += len(block)
            part.write(block)
    return {"sha256": digest.hexdigest(), "bytes": size}


def _counts(database: Database) -> dict[str, int]:
    with database.engine.connect() as connection:
        names = [name for name in inspect(connection).get_table_names() if name != VERSION_TABLE]
        metadata = MetaData()
        metadata.reflect(connection, only=names)
        return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in metadata.sorted_tables}
