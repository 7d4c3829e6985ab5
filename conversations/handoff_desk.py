"""Conversations as agents see and hold them, and what happens when they say nothing."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from conversations import clock, handoff, handoff_queue, wording
from conversations.clock import Clock
from conversations.errors import HandoffTakenError, NotTheAgentError, UnknownConversationError
from conversations.masking import mask_personal_data
from conversations.models import Conversation, HandoffRequest, Message
from conversations.office_hours import OfficeHours
from conversations.records import say_in
from database.engine import Database

LONGEST_GLIMPSE = 60  # characters of the last message in the list

Also = Callable[[Session, HandoffRequest, datetime], None]  # what else is written in a step's transaction


def _nothing_else(_session: Session, _request: HandoffRequest, _moment: datetime) -> None:
    """A step alone."""


class HandoffDesk:
    """Each method is one short transaction; all of them block.

    Args:
        on_message: told the conversation id after something was said in it.
    """

    def __init__(
        self,
        database: Database,
        *,
        hours: OfficeHours | None = None,
        on_message: Callable[[str], None] = lambda _conversation_id: None,
        now: Clock = clock.now,
    ) -> None:
        self._database, self._on_message, self._now = database, on_message, now
        self._hours = hours or OfficeHours.parse()

    def listed(self) -> dict[str, Any]:
        """Who waits and who is taken care of, the longest waiting first; words are shown masked."""
        moment = self._now()
        with self._database.read() as session:
            found = [self._shown(session, request, moment) for request in handoff_queue.requests(session)]
        return {"open": self._hours.is_open(moment), "office_hours": str(self._hours), "handoffs": found}

    def take(self, conversation_id: str, agent: str, also: Also = _nothing_else) -> dict[str, Any]:
        """Take a conversation over, waiting or not; the assistant falls silent. The same agent may take it again.

        Raises:
            UnknownConversationError; HandoffTakenError: another agent has it.
        """
        with self._database.write() as session:
            moment = self._now()
            _known(session, conversation_id)
            request = handoff_queue.open_request(session, conversation_id)
            if request is None:
                handoff_queue.join(session, conversation_id, handoff.ASKED, moment)
                request = handoff_queue.open_request(session, conversation_id)
            assert request is not None  # noqa: S101 - joined just now
            fresh = request.state != handoff.TAKEN
            if not fresh and request.agent != agent:
                raise HandoffTakenError(f"这个会话已由 {request.agent} 接入。", fix="请接待队列中的其他会话。")
            if fresh:
                conversation = handoff_queue.step(session, request, handoff.TAKE, moment, agent)
                say_in(session, conversation, "bot", wording.AGENT_JOINED, moment)
                also(session, request, moment)
            session.flush()
            shown = self._shown(session, request, moment)
        if fresh:
            self._on_message(conversation_id)
        return shown

    def say(
        self, conversation_id: str, agent: str, text: str, citations: Sequence[Mapping[str, Any]] = (), also: Also = _nothing_else
    ) -> dict[str, Any]:
        """Say something to the citizen.

        Args:
            citations: the entries that it rests on.
            also: called after the words were written down; they are the conversation's last message.

        Raises:
            UnknownConversationError; NotTheAgentError: this agent does not hold the conversation.
        """
        with self._database.write() as session:
            moment = self._now()
            request = _held(session, conversation_id, agent)
            request.last_word_at = moment
            conversation = session.get_one(Conversation, conversation_id)
            message_id = say_in(session, conversation, "agent", text, moment, citations=citations)
            also(session, request, moment)
            session.flush()
            shown = {**self._shown(session, request, moment), "message_id": message_id}
        self._on_message(conversation_id)
        return shown

    def transfer(self, conversation_id: str, agent: str, to: str, also: Also = _nothing_else) -> dict[str, Any]:
        """Pass the conversation to another agent, who holds it at once. Raises as `say`."""
        with self._database.write() as session:
            moment = self._now()
            request = _held(session, conversation_id, agent)
            request.agent, request.last_word_at = to, moment
            say_in(session, session.get_one(Conversation, conversation_id), "bot", wording.AGENT_CHANGED, moment)
            also(session, request, moment)
            session.flush()
            shown = self._shown(session, request, moment)
        self._on_message(conversation_id)
        return shown

    def release(self, conversation_id: str, agent: str, also: Also = _nothing_else) -> dict[str, Any]:
        """Give the conversation back to the queue, in its old place. Raises as `say`."""
        return self._end(conversation_id, agent, handoff.RELEASE, wording.AGENT_RELEASED, also)

    def close(self, conversation_id: str, agent: str, reason: str | None = None, also: Also = _nothing_else) -> dict[str, Any]:
        """Done: the assistant answers again. Raises as `say`."""

        def ended(session: Session, request: HandoffRequest, moment: datetime) -> None:
            request.close_reason = reason
            also(session, request, moment)

        return self._end(conversation_id, agent, handoff.CLOSE, wording.AGENT_DONE, ended)

    def look_after(self) -> int:
        """Return what silent agents hold to the queue, and end requests that nobody came for; returns how many.

        To be called every few seconds.
        """
        moment, told = self._now(), []
        with self._database.read() as session:
            due = [request.conversation_id for request in handoff_queue.requests(session) if self._overdue_step(request, moment)]
        for conversation_id in due:
            with self._database.write() as session:
                request = handoff_queue.open_request(session, conversation_id)
                name = self._overdue_step(request, moment) if request else None
                if request is None or name is None:  # an agent spoke in this moment
                    continue
                conversation = handoff_queue.step(session, request, name, moment)
                text = wording.AGENT_SILENT if name == handoff.FALL_SILENT else wording.NOBODY_CAME
                if name == handoff.FALL_SILENT:
                    session.flush()
                    text = text.format(queue=wording.queue(handoff_queue.ahead_of(session, request)))
                say_in(session, conversation, "bot", text, moment)
            told.append(conversation_id)
        for conversation_id in told:
            self._on_message(conversation_id)
        return len(told)

    def _overdue_step(self, request: HandoffRequest, moment: datetime) -> str | None:
        if request.state == handoff.TAKEN:
            return handoff.FALL_SILENT if handoff.is_silent(request.last_word_at or request.created_at, moment) else None
        return handoff.EXPIRE if handoff.is_expired(request.created_at, moment, self._hours) else None

    def _end(self, conversation_id: str, agent: str, name: str, text: str, also: Also) -> dict[str, Any]:
        with self._database.write() as session:
            moment = self._now()
            request = _held(session, conversation_id, agent)
            conversation = handoff_queue.step(session, request, name, moment)
            say_in(session, conversation, "bot", text, moment)
            also(session, request, moment)
            session.flush()
            shown = self._shown(session, request, moment)
        self._on_message(conversation_id)
        return shown

    def _shown(self, session: Session, request: HandoffRequest, moment: datetime) -> dict[str, Any]:
        conversation = session.get_one(Conversation, request.conversation_id)
        last = session.scalar(
            select(Message)
            .where(Message.conversation_id == request.conversation_id, Message.role == "user")
            .order_by(Message.id.desc())
            .limit(1)
        )
        waiting = request.state == handoff.WAITING
        return {
            "conversation_id": request.conversation_id,
            "channel": conversation.channel,
            "state": request.state,
            "reason": request.reason,
            "agent": request.agent,
            "position": handoff_queue.ahead_of(session, request) + 1 if waiting else None,
            "asked_at": request.created_at.isoformat(timespec="seconds"),
            "waited_s": max(0, int((moment - request.created_at).total_seconds())) if waiting else None,
            "last_words": mask_personal_data(last.text)[:LONGEST_GLIMPSE] if last else "",
        }


def _known(session: Session, conversation_id: str) -> None:
    if session.get(Conversation, conversation_id) is None:
        raise UnknownConversationError("没有这个会话。", fix="核对会话编号；等候中的会话见 GET /api/handoffs。")


def _held(session: Session, conversation_id: str, agent: str) -> HandoffRequest:
    _known(session, conversation_id)
    request = handoff_queue.open_request(session, conversation_id)
    if request is None or request.state != handoff.TAKEN or request.agent != agent:
        by = f"由 {request.agent} 接入" if request and request.agent else "没有坐席接入"
        raise NotTheAgentError(f"这个会话现在{by}。", fix="先用 take 接入，再发言或结束。")
    return request
