"""Tells everybody at the desk what changed: one look at the database a change for the whole process, however many watch."""

import asyncio
import json
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from background import BackgroundTask
from conversations import handoff
from conversations.masking import mask_personal_data
from conversations.models import Message
from database.engine import Database
from desk.listing import Lists, Standing

BETWEEN_LOOKS_S = 0.1  # what changes meanwhile is told together
LONGEST_PAUSE_S = 0.3  # on a busy machine, where a look takes long
LOOK_AGAIN_S = 1.0  # other processes' changes are noticed by looking again
OVERLAP = 200  # message ids looked at once more: on PostgreSQL a lower one may be committed later
MOST_MESSAGES = 500
MOST_WAITING = 100  # pieces that a watcher may be behind
LONGEST_WORDS = 200
RESET = "event: reset\ndata: {}\n\n"
IN_DOUBT = ""  # no event: the account has changed, so the right to listen is to be looked at

Accounts = Callable[[Collection[str]], Mapping[str, Any]]
Attendance = Callable[[Collection[str]], None]

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class Watcher:
    """One that is told. `pieces`: server-sent events, ready to go out; RESET says that some were missed, IN_DOUBT goes nowhere."""

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
        accounts: what the logins of these agents rest on; asked every second.
        attendance: told every second who has the desk open.
        between_looks_s: at least this long between two looks.
    """

    def __init__(
        self, database: Database, lists: Lists, accounts: Accounts = lambda _names: {}, attendance: Attendance = lambda _names: None,
        between_looks_s: float = BETWEEN_LOOKS_S,
    ) -> None:  # fmt: skip
        self._database, self._lists, self._between_looks_s = database, lists, between_looks_s
        self._accounts, self._attendance = accounts, attendance
        self._known: dict[str, Any] = {}  # agent → what their login rested on
        self._looked_at_agents = -LOOK_AGAIN_S
        self._watchers: set[Watcher] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self._lock = threading.Lock()
        self._task = BackgroundTask(self._run)
        self._number = 0
        self._newest: int | None = None  # None: nobody watched; what was said meanwhile is in the lists that a watcher reads
        self._seen: set[int] = set()  # of the ids that are looked at once more
        self._standing: dict[str, Standing] = {}

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
            self._changed.set()

    def online(self) -> set[str]:
        """Who has the desk open in this process."""
        return {watcher.agent for watcher in self._watchers}

    def start(self) -> None:
        """From inside the event loop."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
        self._task.start()

    async def stop(self) -> None:
        if await self._task.stop():
            with suppress(SQLAlchemyError):  # the others notice by themselves, a little later
                await asyncio.to_thread(self._attendance, set())

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), LOOK_AGAIN_S if self._watchers else None)
            self._changed.clear()
            started = monotonic()
            try:
                await self._look_at_agents(started)
                if not self._watchers:
                    self._newest = None
                    continue
                piece = await asyncio.to_thread(self.look)
            except Exception:  # the database is away; it will come back
                log.exception("desk.look_failed")
                piece = ""
            if piece:
                for watcher in self._watchers:
                    watcher.tell(piece)
            pause = min(LONGEST_PAUSE_S, 2 * (monotonic() - started))
            await asyncio.sleep(max(self._between_looks_s, pause))

    async def _look_at_agents(self, moment: float) -> None:
        """Have the streams of those ask for their right anew whose account is another than before."""
        names = self.online()
        if names and moment - self._looked_at_agents < LOOK_AGAIN_S:
            return
        self._looked_at_agents = moment
        await asyncio.to_thread(self._attendance, names)
        accounts = await asyncio.to_thread(self._accounts, names)
        changed = {name for name in names if accounts.get(name) != self._known.get(name)}
        self._known = {name: accounts.get(name) for name in names}
        for watcher in self._watchers:
            if watcher.agent in changed:
                watcher.tell(IN_DOUBT)

    def look(self) -> str:
        """What changed since the last look, as server-sent events; empty when nothing did. Blocks."""
        with self._database.read() as session:
            first = self._newest is None
            if self._newest is None:
                self._newest = session.scalar(select(func.max(Message.id))) or 0
                self._standing = {}
            recent = session.scalars(select(Message.id).where(Message.id > self._newest - OVERLAP).order_by(Message.id)).all()
            fresh = [] if first else [number for number in recent if number not in self._seen][:MOST_MESSAGES]
            new = session.scalars(select(Message).where(Message.id.in_(fresh)).order_by(Message.id)).all() if fresh else []
            standing = self._lists.standing(session)
            changed = {name for name in {*standing, *self._standing} if standing.get(name) != self._standing.get(name)}
            changed |= {message.conversation_id for message in new}
            rows = self._lists.rows(session, changed) if changed and not first else []
        self._seen = {*(recent if first else fresh), *self._seen.intersection(recent)}
        self._newest = max([self._newest, *fresh])
        self._standing = standing
        if not rows:
            return ""
        self._number += 1
        waiting = sum(stands.state == handoff.WAITING for stands in standing.values())
        events = [_event("list", {"rows": rows, "waiting": waiting}, self._number)]
        events += [_event("message", _message(message), self._number) for message in new]
        return "".join(events)


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
