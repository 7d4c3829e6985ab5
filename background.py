"""The endless tasks of a serving process."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any


class BackgroundTask:
    """Args: run: what it does until it is stopped."""

    def __init__(self, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._run = run
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """From inside the event loop."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> bool:
        """End it, and wait until it has ended. Returns: whether it had been started."""
        if self._task is None:
            return False
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._task = None
        return True
