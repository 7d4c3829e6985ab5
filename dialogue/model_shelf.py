"""Several trained models in one Rasa process: each message names the one that it is to be understood with.

Rasa's own `PUT /model` loads in the event loop, so that every conversation stands still meanwhile, and forgets all trackers.
Here a model is loaded in a thread beside the conversations; which one is used is decided message by message by whoever sends them.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.core.processor import MessageProcessor


class UnknownModelError(Exception):
    """No model of this name is loaded."""


class ModelShelf:
    """Models by name. Trackers and locks are the agent's, so that a conversation goes on under another model.

    Args:
        started_with: name of the model that the server was started with.
    """

    def __init__(self, started_with: str | None) -> None:
        self._started_with = started_with
        self._processors: dict[str, Any] = {}
        self._loading = asyncio.Lock()

    def names(self, agent: Agent) -> list[str]:
        """The loaded models."""
        self._take_over_first(agent)
        return sorted(self._processors)

    async def load(self, agent: Agent, name: str, file: Path, keep: list[str]) -> None:
        """Load a model unless it is there, then let go those that are not in `keep`.

        Raises: whatever Rasa raises for a file that is no model, or one of another encoder.
        """
        self._take_over_first(agent)
        async with self._loading:
            if name not in self._processors:
                self._processors[name] = await asyncio.get_running_loop().run_in_executor(None, _read, agent, file)
            for other in set(self._processors) - {name, *keep}:
                if agent.processor is self._processors.pop(other):
                    agent.processor = self._processors[name]

    async def handle(self, agent: Agent, name: str, message: UserMessage) -> None:
        """Raises: UnknownModelError."""
        self._take_over_first(agent)
        processor = self._processors.get(name)
        if processor is None:
            raise UnknownModelError(name)
        async with agent.lock_store.lock(message.sender_id):
            await processor.handle_message(message)

    def _take_over_first(self, agent: Agent) -> None:
        if self._started_with is not None and agent.processor is not None:
            self._processors.setdefault(self._started_with, agent.processor)
            self._started_with = None


def _read(agent: Agent, file: Path) -> MessageProcessor:
    if not file.is_file():
        raise FileNotFoundError(f"no model at {file}")
    return MessageProcessor(
        model_path=file,
        tracker_store=agent.tracker_store,
        lock_store=agent.lock_store,
        action_endpoint=agent.action_endpoint,
        generator=agent.nlg,
        http_interpreter=agent.http_interpreter,
    )
