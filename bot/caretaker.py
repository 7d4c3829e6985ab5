"""What must be looked after while nobody says anything: silent agents, planned publications, deadlines that the calendar now knows."""

import asyncio
from collections.abc import Callable

import structlog

from background import BackgroundTask

LOOK_S = 5.0
DEADLINES_EVERY = 720  # of these rounds: once an hour, and at the start

log = structlog.get_logger(__name__)


class Caretaker:
    """Several processes may each have one: every step is decided by its own transaction.

    Args:
        look_after: `HandoffDesk.look_after`; keep_in_order: `TicketDesk.keep_in_order`;
        publish_due: `PublicationSchedule.publish_due`. All block.
    """

    def __init__(
        self,
        look_after: Callable[[], int],
        keep_in_order: Callable[[], object],
        publish_due: Callable[[], int] = lambda: 0,
        look_s: float = LOOK_S,
    ) -> None:
        self._look_after, self._keep_in_order, self._publish_due, self._look_s = look_after, keep_in_order, publish_due, look_s
        self._task = BackgroundTask(self._run)

    def start(self) -> None:
        """From inside the event loop."""
        self._task.start()

    async def stop(self) -> None:
        await self._task.stop()

    async def _run(self) -> None:
        rounds = 0
        while True:
            try:
                await asyncio.to_thread(self._look_after)
                await asyncio.to_thread(self._publish_due)
                if rounds % DEADLINES_EVERY == 0:
                    await asyncio.to_thread(self._keep_in_order)
            except Exception:  # the database is away; it will come back
                log.exception("caretaker.failed")
            rounds += 1
            await asyncio.sleep(self._look_s)
