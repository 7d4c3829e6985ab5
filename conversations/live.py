"""Tells waiting readers of a conversation, in this process, that something was said in it."""

import asyncio
import threading
from collections.abc import Callable


class MessageFeed:
    """`notify` may be called from any thread; `wait` belongs to event loops."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = {}
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Have `listener` called, in any thread, whenever something was said in any conversation."""
        self._listeners.append(listener)

    def notify(self, conversation_id: str) -> None:
        """Wake every reader of this conversation."""
        for listener in self._listeners:
            listener()
        with self._lock:
            readers = list(self._waiting.get(conversation_id, ()))
        for loop, event in readers:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    async def wait(self, conversation_id: str, timeout_s: float) -> bool:
        """Whether something was said within `timeout_s`. What was said in another process is not noticed: look again anyway."""
        reader = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._waiting.setdefault(conversation_id, set()).add(reader)
        try:
            await asyncio.wait_for(reader[1].wait(), timeout_s)
        except TimeoutError:
            return False
        finally:
            with self._lock:
                readers = self._waiting[conversation_id]
                readers.discard(reader)
                if not readers:
                    del self._waiting[conversation_id]
        return True
