"""The one thing every action does: hand the turn to the consultation and utter what it returns."""

import asyncio
import traceback
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, Protocol

import structlog
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

ACTION_NAMES = (
    "action_answer",
    "action_complaint",
    "action_progress",
    "action_hand_off",
    "action_feedback",
    "action_smalltalk",
    "action_stop",
    "action_out_of_scope",
    "action_default_fallback",
)
NOTHING_CLASSIFIED = "nlu_fallback"  # Rasa's FallbackClassifier

log = structlog.get_logger(__name__)


class Perform(Protocol):
    """`conversations.consultation.Consultation.perform`: synchronous; returns the wire result."""

    def __call__(
        self, turn_id: str, *, intent: str | None, confidence: float, entities: dict[str, str], guesses: Sequence[str]
    ) -> Mapping[str, Any] | None: ...


class ConsultAction:
    """Rasa's name for a step; what it means is decided by the consultation from the intent and the case."""

    def __init__(self, name: str, perform: Perform, workers: Executor) -> None:
        self.name, self._perform, self._workers = name, perform, workers

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:  # noqa: ARG002
        """Utter one message with `custom`. Anything wrong → no message at all, which the gateway takes for "silent"."""
        message = tracker.latest_message or {}
        turn_id = (message.get("metadata") or {}).get("turn_id")
        if not turn_id:
            log.warning("action.no_turn", action=self.name)
            return []
        intent, confidence = classified(message)
        try:
            result = await asyncio.get_running_loop().run_in_executor(
                self._workers,
                lambda: self._perform(
                    turn_id, intent=intent, confidence=confidence, entities=entities_of(message), guesses=guesses_of(message)
                ),
            )
        except Exception:  # the outer edge: nothing of the conversation may travel back in an error
            # no exc_info: a renderer that shows local variables would log what the citizen said
            log.error("action.failed", action=self.name, turn_id=turn_id, trace=traceback.format_exc())
            return []
        if result:
            dispatcher.utter_message(json_message=dict(result))
        return []


def classified(message: Mapping[str, Any]) -> tuple[str | None, float]:
    """Intent and confidence of Rasa's parse; (None, best guess's confidence) when the guess was too weak."""
    intent = message.get("intent") or {}
    name, confidence = intent.get("name"), float(intent.get("confidence") or 0.0)
    if name == NOTHING_CLASSIFIED:
        guesses = [r for r in message.get("intent_ranking") or [] if r.get("name") != NOTHING_CLASSIFIED]
        return None, max((float(r.get("confidence") or 0.0) for r in guesses), default=0.0)
    return name or None, confidence


def guesses_of(message: Mapping[str, Any]) -> list[str]:
    """All intents, the likeliest first."""
    ranking = message.get("intent_ranking") or []
    return [str(guess["name"]) for guess in ranking if guess.get("name") not in (None, NOTHING_CLASSIFIED)]


def entities_of(message: Mapping[str, Any]) -> dict[str, str]:
    """One value an entity: the longest match, the first of equally long ones (a pattern may match inside another's match)."""
    chosen: dict[str, tuple[int, str]] = {}
    for entity in message.get("entities") or []:
        name, value = str(entity.get("entity") or ""), str(entity.get("value") or "")
        length = int(entity.get("end") or 0) - int(entity.get("start") or 0)
        if name and value and length > chosen.get(name, (-1, ""))[0]:
            chosen[name] = (length, value)
    return {name: value for name, (_, value) in chosen.items()}
