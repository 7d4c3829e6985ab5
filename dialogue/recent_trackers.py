"""Rasa's tracker store, bounded: Rasa is never the memory, so it needs only what was said last, by whoever spoke last."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker


class RecentTrackers(InMemoryTrackerStore):
    """Keeps the last `max_turns` turns of the last `max_conversations` conversations.

    Rasa's own in-memory store grows with every message and sends the whole conversation to every action.
    """

    def __init__(
        self,
        domain: Domain,
        event_broker: EventBroker | None = None,
        max_conversations: int = 2000,
        max_turns: int = 6,
        **kwargs: Any,
    ) -> None:
        super().__init__(domain, event_broker, **kwargs)
        self.store: OrderedDict[str, str] = OrderedDict()
        self._max_conversations, self._max_turns = max_conversations, max_turns

    async def save(self, tracker: DialogueStateTracker) -> None:
        await self.stream_events(tracker)
        dialogue = tracker.as_dialogue().as_dict()
        dialogue["events"] = last_turns(dialogue["events"], self._max_turns)
        self.store[tracker.sender_id] = json.dumps(dialogue)
        self.store.move_to_end(tracker.sender_id)
        while len(self.store) > self._max_conversations:
            self.store.popitem(last=False)


def last_turns(events: list[dict[str, Any]], turns: int) -> list[dict[str, Any]]:
    """The events since the `turns`-th last time the assistant listened, that event included."""
    listens = [i for i, event in enumerate(events) if event.get("name") == ACTION_LISTEN_NAME]
    # the newest one waits for the next message, hence one more
    return events[listens[-turns - 1] :] if len(listens) > turns else events
