"""Tells everybody at the desk what changed: one look at the database a change for the whole process, however many watch."""

import asyncio
import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import func, select

from background import BackgroundTask
from conversations import handoff
from conversations.masking import mask_personal_data
from conversations.models import Message
from database.engine import Database
from desk.listing import Lists

BETWEEN_LOOKS_S = 0.3  # what changes meanwhile is told together
LOOK_AGAIN_S = 1.0  # other processes' changes are noticed by looking again
OVERLAP = 200  # message ids looked at once more: on PostgreSQL a lower one may be committed later
MOST_MESSAGES = 500
MOST_WAITING = 100  # pieces that a watcher may be behind
LONGEST_WORDS = 200
RESET = "event: reset\ndata: {}\n\n"
_OPEN = {handoff.WAITING, handoff.TAKEN}

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class Watcher:
    """One that is told. `pieces`: server-sent events, ready to go out; RESET says that some were missed."""

    agent: str
    pieces: "asyncio.Queue[str]" = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))

    def tell(self, piece: str) -> None:
        try:
            self.pieces.put_nowait(piece)
        except asyncio.QueueFull:  # it reads too slowly; it starts anew
            while not self.pieces.empty():
                self.pieces.get_nowait()
            self.pieces.put_nowait(RESET)


class DeskBoard:
    """`poke` may be called from any thread; everything else belongs to one event loop.

    Args:
        between_looks_s: at least this long between two looks.
    """

    def __init__(self, database: Database, lists: Lists, between_looks_s: float = BETWEEN_LOOKS_S) -> None:
        self._database, self._lists, self._between_looks_s = database, lists, between_looks_s
        self._watchers: set[Watcher] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self._lock = threading.Lock()
        self._task = BackgroundTask(self._run)
        self._number = 0
        self._newest: int | None = None  # None: nobody watched; what was said meanwhile is in the lists that a watcher reads
        self._seen: deque[int] = deque(maxlen=2 * OVERLAP + MOST_MESSAGES)
        self._rows: dict[str, dict[str, Any]] = {}

    def poke(self) -> None:
        """Something has changed."""
        with self._lock:
            loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._changed.set)

    @contextmanager
    def watch(self, agent: str) -> Iterator[Watcher]:
        """Be told, until the context ends."""
        watcher = Watcher(agent)
        self._watchers.add(watcher)
        self._changed.set()
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    def online(self) -> set[str]:
        """Who has the desk open in this process."""
        return {watcher.agent for watcher in self._watchers}

    def start(self) -> None:
        """From inside the event loop."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
        self._task.start()

    async def stop(self) -> None:
        await self._task.stop()

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), LOOK_AGAIN_S if self._watchers else None)
            self._changed.clear()
            if not self._watchers:
                self._newest = None
                continue
            try:
                piece = await asyncio.to_thread(self.look)
            except Exception:  # the database is away; it will come back
                log.exception("desk.look_failed")
                piece = ""
            if piece:
                for watcher in self._watchers:
                    watcher.tell(piece)
            await asyncio.sleep(self._between_looks_s)

    def look(self) -> str:
        """What changed since the last look, as server-sent events; empty when nothing did. Blocks."""
        with self._database.read() as session:
            first = self._newest is None
            if self._newest is None:
                self._newest = session.scalar(select(func.max(Message.id))) or 0
                self._rows.clear()
            low = self._newest - OVERLAP
            query = select(Message).where(Message.id > low, Message.id.not_in(self._recent(low))).order_by(Message.id)
            new = [] if first else list(session.scalars(query.limit(MOST_MESSAGES)))
            if first:
                self._seen.extend(session.scalars(select(Message.id).where(Message.id > low)))
            touched = {message.conversation_id for message in new}
            rows = self._lists.live(session, touched | set(self._rows))
        self._seen.extend(message.id for message in new)
        self._newest = max([self._newest, *(message.id for message in new)])
        changed = [row for row in rows if row["conversation_id"] in touched or row != self._rows.get(row["conversation_id"])]
        self._rows = {row["conversation_id"]: row for row in rows if row["state"] in _OPEN}
        if first or not (changed or new):
            return ""
        self._number += 1
        waiting = sum(row["state"] == handoff.WAITING for row in self._rows.values())
        events = [_event("list", {"rows": changed, "waiting": waiting}, self._number)]
        events += [_event("message", _message(message), self._number) for message in new]
        return "".join(events)

    def _recent(self, low: int) -> list[int]:
        return [number for number in self._seen if number > low]


def _message(message: Message) -> dict[str, Any]:
    return {
        "conversation_id": message.conversation_id,
        "id": message.id,
        "role": message.role,
        "text": mask_personal_data(message.text)[:LONGEST_WORDS],
        "at": message.created_at.isoformat(timespec="milliseconds"),
    }


def _event(name: str, data: dict[str, Any], number: int) -> str:
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
