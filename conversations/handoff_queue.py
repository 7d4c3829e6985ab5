"""The queue of conversations that wait for a human, inside the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from conversations import handoff
from conversations.models import Conversation, HandoffRequest


def open_request(session: Session, conversation_id: str) -> HandoffRequest | None:
    """The request that waits or is taken, locked for a change after its conversation: everybody locks in this order."""
    _locked(session, conversation_id)
    query = (
        select(HandoffRequest)
        .where(HandoffRequest.conversation_id == conversation_id, HandoffRequest.state.in_(handoff.OPEN_STATES))
        .order_by(HandoffRequest.id)
        .limit(1)
        .with_for_update()
    )
    return session.scalar(query)


def join(session: Session, conversation_id: str, reason: str, moment: datetime) -> int:
    """Put a conversation in the queue, once; returns how many are in front of it."""
    conversation = _locked(session, conversation_id)
    mine = open_request(session, conversation_id)
    if mine is None:
        mine = HandoffRequest(conversation_id=conversation_id, state=handoff.WAITING, reason=reason, created_at=moment)
        session.add(mine)
        session.flush()
        conversation.holder = handoff.HOLDER[handoff.WAITING]
    return ahead_of(session, mine)


def ahead_of(session: Session, request: HandoffRequest) -> int:
    """How many waiting requests came before this one."""
    before = select(func.count()).where(HandoffRequest.state == handoff.WAITING, HandoffRequest.id < request.id)
    return session.scalar(before) or 0


def step(session: Session, request: HandoffRequest, name: str, moment: datetime, agent: str | None = None) -> Conversation:
    """Take a step and let the conversation follow; returns the conversation.

    Raises:
        HandoffStateError: the step may not follow the request's state.
    """
    conversation = _locked(session, request.conversation_id)
    request.state = handoff.state_after(request.state, name)
    conversation.holder = handoff.HOLDER[request.state]
    if request.state == handoff.TAKEN:
        request.agent, request.last_word_at = agent, moment
    elif request.state == handoff.WAITING:
        request.agent, request.last_word_at = None, None
    else:
        request.closed_at = moment
    return conversation


def requests(session: Session, state: str | None = None) -> Sequence[HandoffRequest]:
    """Open requests, the longest waiting first."""
    states = {state} if state else handoff.OPEN_STATES
    query = select(HandoffRequest).where(HandoffRequest.state.in_(states)).order_by(HandoffRequest.id)
    return session.scalars(query).all()


def _locked(session: Session, conversation_id: str) -> Conversation:
    """Steps of one conversation happen one after another."""
    return session.scalars(select(Conversation).where(Conversation.id == conversation_id).with_for_update()).one()
