"""Brings a database to this version's tables; backs up a non-empty SQLite file first."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from database.backup import backup, current_version, has_rows
from database.engine import Database
from database.errors import MigrationError

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
_LOCK_KEY = 7_330_441  # any constant; only migrations of this program use it


@dataclass(frozen=True)
class MigrationResult:
    """Versions before and after (None = empty database) and the backup made, if any."""

    before: str | None
    after: str
    backup: Path | None = None


def head_version() -> str:
    """The newest version this program knows."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def migrate(database: Database, *, version: str = "head", backups: Path | None = None) -> MigrationResult:
    """Run the missing migrations in one transaction. Safe when several processes start at once: one works, the others wait.

    Args:
        version: where to go; restoring a backup needs the backup's own version.
        backups: folder for the backup before a migration; `backups/` beside the SQLite file unless given.

    Raises:
        MigrationError: the database is unreachable, newer than this program, or a migration failed (nothing is changed then).
    """
    wanted = head_version() if version == "head" else version
    try:
        before = current_version(database)
        if before == wanted:
            return MigrationResult(before, wanted)
        if before is not None and not is_known_version(before):
            raise MigrationError(f"数据库版本 {before} 比本程序新。", fix="升级程序，或恢复升级前的备份。")
        saved = _backup_first(database, before, backups)
        with database.engine.connect().execution_options(wenzheng_write=True) as connection, connection.begin():
            if not database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, wanted)
    except (SQLAlchemyError, CommandError, OSError) as exc:
        raise MigrationError(
            f"数据库升级失败：{_first_line(exc)}。", fix="检查 DATABASE_URL、数据目录权限和磁盘空间后重试；数据未被改动。"
        ) from exc
    return MigrationResult(before, wanted, saved)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def is_known_version(version: str) -> bool:
    """Whether this program has that version's migration."""
    try:
        return ScriptDirectory.from_config(_config()).get_revision(version) is not None
    except CommandError:
        return False


def _backup_first(database: Database, before: str | None, backups: Path | None) -> Path | None:
    file = database.engine.url.database
    if before is None or not database.is_sqlite or not file or file == ":memory:":
        return None
    if not has_rows(database):
        return None
    folder = backups or Path(file).parent / "backups"
    return backup(database, folder / f"before-migration-{before}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.zip", overwrite=True).file


def _first_line(exc: BaseException) -> str:
    return str(exc).strip().split("\n")[0][:300]
