"""Reads a backup back into an empty database of either engine, after checking that it is whole."""

import hashlib
import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, Table, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from database.backup import FORMAT, MANIFEST_PART, SQLITE_PART, VERSION_TABLE, has_rows
from database.engine import Database
from database.errors import RestoreError
from database.migrate import is_known_version, migrate
from database.rows import fit

_BLOCK = 1 << 20
_INSERT_BATCH = 500


@dataclass(frozen=True)
class RestoreReport:
    """When the backup was made, at which version, and how many rows came back."""

    created_at: str
    version: str
    tables: dict[str, int]


def restore(database: Database, file: Path, *, force: bool = False) -> RestoreReport:
    """Check the whole backup, put it in place, and migrate it to this program's version.

    A SQLite backup may be restored into PostgreSQL and the other way round: that is how an instance grows.

    Args:
        force: replace the data that the database holds now.

    Raises:
        RestoreError: the file is damaged or made by a newer version, or the database holds data.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _check(archive, file)
            if not force and has_rows(database):
                raise RestoreError("目标数据库里已有数据，没有覆盖。", fix="换一个空的数据目录或数据库；确实要覆盖时加 --force。")
            with tempfile.TemporaryDirectory(prefix="wenzheng-restore-") as folder:
                if manifest["engine"] == "sqlite":
                    copy = Path(archive.extract(SQLITE_PART, folder))
                    if database.is_sqlite:
                        _put_sqlite(copy, database)
                    else:
                        _put_rows(database, manifest, force, _SqliteRows(copy))
                else:
                    _put_rows(database, manifest, force, _JsonRows(archive))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as exc:
        raise RestoreError(f"备份文件 {file} 读不出来：{exc}。", fix="确认这是 `wenzheng backup` 生成的完整文件。") from exc
    except (SQLAlchemyError, sqlite3.Error) as exc:
        raise RestoreError(f"写入数据库失败：{exc}。", fix="停止正在使用这个数据库的服务，检查空间后重试。") from exc
    migrate(database)
    return RestoreReport(manifest["created_at"], manifest["version"], dict(manifest["tables"]))


def _check(archive: zipfile.ZipFile, file: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(archive.read(MANIFEST_PART))
    if manifest.get("format") != FORMAT or not is_known_version(manifest["version"]):
        raise RestoreError(f"备份 {file} 的版本 {manifest.get('version')} 不是本程序能读的。", fix="升级程序后再恢复。")
    for name, expected in manifest["files"].items():
        digest = hashlib.sha256()
        with archive.open(name) as part:
            while block := part.read(_BLOCK):
                digest.update(block)
        if digest.hexdigest() != expected["sha256"]:
            raise RestoreError(f"备份 {file} 中的 {name} 已损坏（校验和不符）。", fix="换用另一份备份。")
    return manifest


def _put_sqlite(copy: Path, database: Database) -> None:
    database.dispose()
    name = database.engine.url.database
    if not name or name == ":memory:":
        raise RestoreError("内存数据库不能恢复。", fix="检查 DATABASE_URL。")
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(name, timeout=10)) as target:
        source.backup(target)  # through SQLite's own locks: a process that still has the file open sees a whole database


class _JsonRows:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def of(self, table: Table) -> Iterator[dict[str, Any]]:
        name = f"{table.name}.jsonl"
        if name in self._archive.namelist():
            with self._archive.open(name) as lines:
                for line in lines:
                    yield json.loads(line)


class _SqliteRows:
    def __init__(self, copy: Path) -> None:
        self._database = Database(f"sqlite:///{copy}")
        self._metadata = MetaData()
        self._metadata.reflect(self._database.engine)

    def of(self, table: Table) -> Iterator[dict[str, Any]]:
        source = self._metadata.tables.get(table.name)
        if source is not None:
            with self._database.engine.connect().execution_options(yield_per=1000) as connection:
                for row in connection.execute(select(source)).mappings():
                    yield {str(key): value for key, value in row.items()}


def _put_rows(database: Database, manifest: dict[str, Any], force: bool, rows: _JsonRows | _SqliteRows) -> None:
    if force:
        with database.engine.begin() as connection:
            old = MetaData()
            old.reflect(connection)
            old.drop_all(connection)
    migrate(database, version=manifest["version"])
    with database.engine.begin() as connection:
        metadata = MetaData()
        metadata.reflect(connection)
        for table in metadata.sorted_tables:
            if table.name == VERSION_TABLE:
                continue
            batch: list[dict[str, Any]] = []
            for row in rows.of(table):
                batch.append({column.name: fit(column, row.get(column.name)) for column in table.columns})
                if len(batch) == _INSERT_BATCH:
                    connection.execute(insert(table), batch)
                    batch = []
            if batch:
                connection.execute(insert(table), batch)
            if not database.is_sqlite:
                _reset_sequences(connection, table)


def _reset_sequences(connection: Any, table: Table) -> None:
    quote = connection.dialect.identifier_preparer.quote
    for column in table.primary_key.columns:
        sequence = connection.scalar(
            text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": quote(table.name), "column": column.name}
        )
        if sequence:
            highest = f"SELECT coalesce(max({quote(column.name)}), 0) + 1 FROM {quote(table.name)}"  # noqa: S608 - our own names
            connection.execute(text(f"SELECT setval(:sequence, ({highest}), false)"), {"sequence": sequence})
