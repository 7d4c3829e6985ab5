"""Which agents have the desk open, in whichever gateway process: each says so every few seconds, and forgets those that do not."""

import secrets
import threading
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select

from conversations import clock
from conversations.clock import Clock
from database.engine import Database
from desk.tables import DeskPresence

SAID_EVERY = timedelta(seconds=10)
STALE = timedelta(seconds=25)  # a process that says nothing for so long has ended or lost the database


class Presence:
    """Of one process. Thread-safe; all methods block."""

    def __init__(self, database: Database, now: Clock = clock.now) -> None:
        self._database, self._now = database, now
        self._process = secrets.token_hex(8)
        self._lock = threading.Lock()
        self._here: frozenset[str] = frozenset()
        self._said_at: datetime | None = None

    def say(self, agents: Collection[str]) -> None:
        """These have the desk open here; written down when that has changed, or was said some seconds ago."""
        with self._lock:
            here, moment = frozenset(agents), self._now()
            due = bool(here) and (self._said_at is None or moment - self._said_at >= SAID_EVERY)
            if here == self._here and not due:
                return
            with self._database.write() as session:
                gone = or_(DeskPresence.process == self._process, DeskPresence.seen_at < moment - STALE)
                session.execute(delete(DeskPresence).where(gone))
                session.add_all(DeskPresence(process=self._process, agent=agent, seen_at=moment) for agent in here)
            self._here, self._said_at = here, moment

    def elsewhere(self) -> set[str]:
        """Who has the desk open in another process."""
        fresh = (DeskPresence.process != self._process, DeskPresence.seen_at >= self._now() - STALE)
        with self._database.read() as session:
            return set(session.scalars(select(DeskPresence.agent).where(*fresh)))
