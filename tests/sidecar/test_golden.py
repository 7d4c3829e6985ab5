"""Golden conversations: real gateway, real Rasa, the sample knowledge. How they are written: `bot.quality.golden`."""

import pytest

from bot.quality.golden import GoldenConversation, play, read_conversations
from tests.sidecar.instance import Instance


@pytest.mark.parametrize("conversation", read_conversations(), ids=lambda c: f"{c.topic}-{c.name}")
def test_conversation(instance: Instance, conversation: GoldenConversation) -> None:
    problems = [f"turn {result.number}: {result.problem}" for result in play(conversation, instance.chat) if result.problem]
    assert not problems, "\n".join(problems)
