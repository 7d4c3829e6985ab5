"""A request for a human as a state machine. Pure; the queue is in `handoff_queue`, the agents' side in `handoff_desk`."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from conversations.errors import HandoffStateError
from conversations.office_hours import OfficeHours

WAITING, TAKEN, LEFT, EXPIRED, CLOSED = "waiting", "taken", "left", "expired", "closed"
OPEN_STATES = frozenset({WAITING, TAKEN})

TAKE, RELEASE, FALL_SILENT, LEAVE, EXPIRE, CLOSE = "take", "release", "fall_silent", "leave", "expire", "close"
# step → states it may follow, state it leads to
STEPS: Mapping[str, tuple[frozenset[str], str]] = {
    TAKE: (frozenset({WAITING}), TAKEN),
    RELEASE: (frozenset({TAKEN}), WAITING),
    FALL_SILENT: (frozenset({TAKEN}), WAITING),
    LEAVE: (frozenset({WAITING}), LEFT),
    EXPIRE: (frozenset({WAITING}), EXPIRED),
    CLOSE: (OPEN_STATES, CLOSED),
}
# who answers the conversation while a request is in a state; the assistant is silent only for "human"
HOLDER: Mapping[str, str] = {WAITING: "waiting", TAKEN: "human", LEFT: "bot", EXPIRED: "bot", CLOSED: "bot"}

AGENT_SILENCE = timedelta(minutes=3)  # without an agent's word; then the conversation goes back to the queue

ASKED, ANGER, DISTRESS, TOPIC = "asked", "anger", "distress", "topic"  # why a human is wanted


def state_after(state: str, step: str) -> str:
    """The state that a step leads to.

    Raises:
        HandoffStateError: the step may not follow this state.
    """
    before, after = STEPS[step]
    if state not in before:
        raise HandoffStateError("这个会话现在不能这样操作。", fix="用 GET /api/handoffs 查看它的状态。")
    return after


def is_silent(last_word_at: datetime, moment: datetime) -> bool:
    """Whether an agent has said nothing for too long."""
    return moment - last_word_at >= AGENT_SILENCE


def is_expired(asked: datetime, moment: datetime, hours: OfficeHours) -> bool:
    """Whether a request has waited for more than the working day after it and nobody came."""
    return moment >= hours.closing_after_next_day(asked)
