"""Lets turns through; holds new ones for the moment in which what answers them is exchanged."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager


class TurnGate:
    """For one event loop. A turn is answered by what was served when it went through; none sees two sets."""

    def __init__(self) -> None:
        self._inside = 0
        self._open = asyncio.Event()
        self._open.set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._exchanging = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        while not self._open.is_set():
            await self._open.wait()
        self._inside += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if self._inside == 0:
                self._empty.set()

    async def exchange(self, swap: Callable[[], Awaitable[None]], patience_s: float) -> bool:
        """Hold new turns, wait for those inside, call `swap`, let turns through again.

        Args:
            swap: short; while it works nobody is answered.
            patience_s: how long turns are held for those inside at most.

        Returns: whether `swap` was called; if not, those inside took too long, and nothing has changed.
        """
        async with self._exchanging:
            self._open.clear()
            try:
                async with asyncio.timeout(patience_s):
                    await self._empty.wait()
            except TimeoutError:
                return False
            else:
                await swap()
                return True
            finally:
                self._open.set()
