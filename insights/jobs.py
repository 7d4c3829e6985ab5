"""Work that no request waits for: run again and again, or once on request, in a thread of its own."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from conversations import clock
from conversations.clock import Clock

log = structlog.get_logger(__name__)
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class JobState:
    """How a job stands; `done` of `total` while it runs."""

    running: bool = False
    done: int = 0
    total: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "running": self.running, "done": self.done, "total": self.total, "error": self.error,
            "started_at": self.started_at.isoformat(timespec="seconds") if self.started_at else None,
            "finished_at": self.finished_at.isoformat(timespec="seconds") if self.finished_at else None,
        }  # fmt: skip


class RecurringJob:
    """Runs a piece of work every so often, and at once when asked.

    Args:
        work: is given a function that takes (done, total).
    """

    def __init__(self, name: str, work: Callable[[Progress], object], every_s: float, now: Clock = clock.now) -> None:
        self._name, self._work, self._every_s, self._now = name, work, every_s, now
        self._asked, self._stopped = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._state = JobState()

    @property
    def state(self) -> JobState:
        return self._state

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop, name=self._name, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._asked.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def ask(self) -> JobState:
        """Run as soon as possible; returns how it stands now."""
        self.start()
        self._asked.set()
        return self._state

    def run_once(self) -> None:
        """Do the work now, in the caller's thread."""
        self._state = replace(JobState(), running=True, started_at=self._now())
        error = None
        try:
            self._work(self._tell)
        except Exception as exc:  # the outer edge of a thread: it must outlive a database that is away for a while
            log.exception("job.failed", job=self._name)
            error = f"{type(exc).__name__}: {exc}"
        self._state = replace(self._state, running=False, finished_at=self._now(), error=error)

    def _loop(self) -> None:
        while not self._stopped.is_set():
            self._asked.clear()
            self.run_once()
            self._asked.wait(self._every_s)

    def _tell(self, done: int, total: int) -> None:
        self._state = replace(self._state, done=done, total=total)
