"""Responses of actions are checked as Rasa's own code checks them."""

import pytest
from jsonschema import ValidationError
from rasa.core.actions.action import RemoteAction

from dialogue.action_responses import check_the_schema_once

VALID = {
    "events": [{"event": "slot", "name": "entry", "value": "7", "timestamp": None}],
    "responses": [{"custom": {"text": "可以。"}}],
}
RESPONSES = [
    VALID,
    {"events": [], "responses": []},
    {"events": [{"event": "slot"}], "responses": []},
    {"events": [{"event": "no such event"}], "responses": []},
    {"events": {}, "responses": []},
    {"responses": ["text"]},
    [],
]


def accepts(action: RemoteAction, response: object) -> bool:
    try:
        return action._validate_action_result(response)
    except ValidationError:
        return False


def test_the_same_responses_are_accepted_and_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    action = RemoteAction("action_answer", None)
    theirs = [accepts(action, response) for response in RESPONSES]
    monkeypatch.setattr(RemoteAction, "_validate_action_result", RemoteAction._validate_action_result)
    check_the_schema_once()
    assert [accepts(action, response) for response in RESPONSES] == theirs
    assert theirs[0]
    assert not all(theirs)
