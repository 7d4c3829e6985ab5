"""Golden conversations: real gateway, real Rasa, the sample knowledge. They assert facts, never wording.

A turn of tests/golden/<topic>.yml: `user`, and under `expect` any of: intent, outcome, external_id (of the first citation),
says (a piece of fact that must be in the text), action (asserted through the outcome it leads to).
"""

from typing import Any

import pytest
import yaml

from settings import PROJECT_ROOT
from tests.sidecar.instance import Instance

KEYS = {"intent", "outcome", "external_id", "says"}


def conversations() -> list[Any]:
    found = []
    for file in sorted((PROJECT_ROOT / "tests" / "golden").glob("*.yml")):
        for conversation in yaml.safe_load(file.read_text(encoding="utf-8")):
            found.append(pytest.param(conversation, id=f"{file.stem}-{conversation['conversation']}"))
    return found


@pytest.mark.parametrize("conversation", conversations())
def test_conversation(instance: Instance, conversation: dict[str, Any]) -> None:
    for number, turn in enumerate(conversation["turns"], start=1):
        reply = instance.chat(turn["user"], sender=conversation["conversation"])
        text = "\n".join(message["text"] for message in reply["messages"])
        citations = [c["external_id"] for message in reply["messages"] for c in message.get("citations") or []]
        got = {"intent": reply["intent"]["name"], "outcome": reply["outcome"], "external_id": (citations or [None])[0]}
        expected = turn["expect"]
        assert set(expected) <= KEYS, f"unknown expectation in turn {number}"
        where = f"turn {number} {turn['user']!r} → {got} {text[:200]!r}"
        for key in ("intent", "outcome", "external_id"):
            if key in expected:
                assert got[key] == expected[key], where
        if "says" in expected:
            assert expected["says"] in text, where
