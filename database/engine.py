"""Engine and transactions for SQLite (WAL) and PostgreSQL, chosen by URL."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

SQLITE_BUSY_TIMEOUT_MS = 10_000


class Base(DeclarativeBase):
    """Declarative base of all tables."""


class Database:
    """Hands out sessions. One instance a process; safe to share between threads.

    `read()` sees a consistent snapshot and never writes; `write()` commits on success and rolls back on error. On SQLite a
    write transaction takes the write lock at once (BEGIN IMMEDIATE), so that it waits for other writers instead of failing
    half-way when a read lock cannot be upgraded.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self.engine = self._create_engine(url)
        self._writers: AbstractContextManager[Any] = threading.Lock() if self.is_sqlite else nullcontext()
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    def _create_engine(self, url: str) -> Engine:
        if not self.is_sqlite:
            return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20)
        file = make_url(url).database
        if file and file != ":memory:":
            Path(file).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_MS / 1000, "check_same_thread": False})

        @event.listens_for(engine, "connect")
        def _configure(connection: Any, _record: Any) -> None:
            # pysqlite's own transaction handling starts transactions late; we emit BEGIN ourselves (SQLAlchemy docs, pysqlite)
            connection.isolation_level = None
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={SQLITE_BUSY_TIMEOUT_MS}"):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def _begin(connection: Any) -> None:
            immediate = connection.get_execution_options().get("wenzheng_write", False)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

        return engine

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self._sessions() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        # SQLite lets one writer in and makes the others sleep ever longer; threads of one process queue here instead
        with self._writers, self._sessions() as session:
            session.connection(execution_options={"wenzheng_write": True})
            yield session
            session.commit()

    def dispose(self) -> None:
        self.engine.dispose()
