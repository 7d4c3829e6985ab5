"""The bounded tracker store."""

import asyncio

from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, UserUttered

from dialogue.recent_trackers import RecentTrackers, last_turns

DOMAIN = Domain.from_dict({"intents": ["greet"], "actions": ["action_answer"]})


async def talk(store: RecentTrackers, sender: str, turns: int) -> None:
    for number in range(turns):
        tracker = await store.get_or_create_tracker(sender)
        tracker.update(UserUttered(f"话{number}", intent={"name": "greet"}))
        tracker.update(ActionExecuted("action_answer"))
        tracker.update(ActionExecuted("action_listen"))
        await store.save(tracker)


def test_a_long_conversation_keeps_its_last_turns() -> None:
    async def scenario():
        store = RecentTrackers(DOMAIN, max_turns=3)
        await talk(store, "a", 10)
        return await store.retrieve("a")

    tracker = asyncio.run(scenario())
    assert [e.text for e in tracker.events if isinstance(e, UserUttered)] == ["话7", "话8", "话9"]
    assert tracker.latest_action_name == "action_listen"


def test_conversations_silent_for_longest_are_forgotten() -> None:
    async def scenario():
        store = RecentTrackers(DOMAIN, max_conversations=2)
        for sender in ("a", "b", "a", "c"):
            await talk(store, sender, 1)
        return [await store.retrieve(s) is not None for s in ("a", "b", "c")]

    assert asyncio.run(scenario()) == [True, False, True]


def test_short_conversations_stay_whole() -> None:
    events = [{"name": "action_listen"}, {"event": "user"}, {"name": "action_listen"}]
    assert last_turns(events, 6) == events
    assert last_turns([], 6) == []
