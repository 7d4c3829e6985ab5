"""When the weekly training is due. Times are China's."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone

import structlog

from background import BackgroundTask
from serving.errors import ScheduleError, TrainingBusyError
from serving.jobs import TrainingJobs

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LATE = timedelta(hours=6)  # a service that was down at the time makes up for it within
LOOK_S = 60.0
_FORM = re.compile(r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (\d{1,2}):(\d{2})( light| full)?$")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Weekly:
    """A moment of the week, and what is trained then."""

    weekday: int
    at: time
    kind: str = "light"

    @classmethod
    def parse(cls, text: str) -> "Weekly":
        """`Sun 02:00` or `Sun 02:00 full`. Raises: ScheduleError."""
        found = _FORM.match(text.strip())
        if not found or int(found[2]) > 23 or int(found[3]) > 59:
            raise ScheduleError(
                f"WENZHENG_TRAIN_SCHEDULE 写作 {text!r}，看不懂。",
                fix="写成 `Sun 02:00`（星期用 Mon 至 Sun），完整训练写 `Sun 02:00 full`。",
            )
        return cls(DAYS.index(found[1]), time(int(found[2]), int(found[3])), (found[4] or "light").strip())

    def latest(self, now: datetime) -> datetime:
        """The newest such moment that is not in the future."""
        here = now.astimezone(CHINA)
        moment = datetime.combine(here.date() - timedelta(days=(here.weekday() - self.weekday) % 7), self.at, CHINA)
        return moment if moment <= here else moment - timedelta(days=7)

    def is_due(self, last_started: datetime | None, now: datetime) -> bool:
        moment = self.latest(now)
        return now - moment <= LATE and (last_started is None or last_started < moment)


class WeeklyTraining:
    """Starts the job when it is due. Of several processes the first one starts it; the others find it started.

    Args: promote: serve the result at once when the gate lets it pass.
    """

    def __init__(
        self, jobs: TrainingJobs, weekly: Weekly | None, promote: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        self._jobs, self._weekly, self._promote, self._now = jobs, weekly, promote, now
        self._task = BackgroundTask(self._run)

    def look(self) -> bool:
        """Whether a job was started. Blocks."""
        if self._weekly is None:
            return False
        last = self._jobs.status()
        started = datetime.fromisoformat(last.training_started) if last and last.training_started else None
        if not self._weekly.is_due(started, self._now()):
            return False
        try:
            self._jobs.start(self._weekly.kind, "每周定时", promote=self._promote)
        except TrainingBusyError:
            return False
        return True

    def start(self) -> None:
        """From inside the event loop."""
        if self._weekly is not None:
            self._task.start()

    async def stop(self) -> None:
        await self._task.stop()

    async def _run(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self.look)
            except Exception:  # the outer edge of this task; next week must come all the same
                log.exception("training.schedule")
            await asyncio.sleep(LOOK_S)
