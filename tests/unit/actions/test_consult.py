"""What an action takes from Rasa's parse."""

from typing import Any

import pytest

from actions.consult import classified, entities_of


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"intent": {"name": "greet", "confidence": 0.9}}, ("greet", 0.9)),
        (
            {
                "intent": {"name": "nlu_fallback", "confidence": 0.25},
                "intent_ranking": [{"name": "nlu_fallback", "confidence": 0.25}, {"name": "greet", "confidence": 0.2}],
            },
            (None, 0.2),
        ),
        ({"intent": {"name": "nlu_fallback", "confidence": 0.25}}, (None, 0.0)),
        ({"intent": {"name": None, "confidence": 0.0}}, (None, 0.0)),
        ({}, (None, 0.0)),
    ],
)
def test_a_guess_too_weak_is_no_intent(message: dict[str, Any], expected: tuple[str | None, float]) -> None:
    assert classified(message) == expected


def test_the_longest_match_of_an_entity_wins_then_the_first() -> None:
    entities = [
        {"entity": "region", "start": 0, "end": 2, "value": "杭州"},
        {"entity": "region", "start": 0, "end": 3, "value": "杭州市"},
        {"entity": "region", "start": 5, "end": 8, "value": "宁波市"},
        {"entity": "phone", "start": 9, "end": 20, "value": "13812345678"},
        {"entity": "", "value": "x"},
        {"entity": "empty", "value": ""},
    ]
    assert entities_of({"entities": entities}) == {"region": "杭州市", "phone": "13812345678"}
