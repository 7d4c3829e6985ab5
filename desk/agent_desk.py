"""What agents do at the live desk. Each step is one transaction with its line in the audit log."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from conversations import clock
from conversations.clock import Clock
from conversations.handoff_desk import HandoffDesk
from conversations.masking import mask_personal_data
from conversations.models import Conversation, HandoffRequest
from database.engine import Database
from desk.conversation_view import ConversationViews, known, notes_of
from desk.errors import CannotSendError, DeskError, UnknownAgentError
from desk.suggestions import MessageSuggestions, Picked
from desk.tables import AgentReply, Note, ReadMark, SuggestionMark, Transfer
from staff import audit
from staff.members import Member

Mark = Literal["wrong", "outdated", "missing"]
CHOSEN, EDITED = "chosen", "edited"


@dataclass(frozen=True)
class Words:
    """What an agent sends: free words, or a suggestion, as it is or with other words.

    Attributes:
        entry_id, version: of the suggestion; text: empty to send it as it is.
        asked_id: the citizen's message that is answered; search: what the agent searched for by hand to find it.
        key: a repeated one sends nothing.
    """

    text: str = ""
    entry_id: int | None = None
    version: int | None = None
    asked_id: int | None = None
    search: str = ""
    key: str | None = None


class AgentDesk:
    """Thread-safe; all methods block.

    Args:
        may_take: whether somebody of this name may take conversations.
        on_change: called after something that is no message has changed.
    """

    def __init__(
        self, database: Database, handoffs: HandoffDesk, suggestions: MessageSuggestions, views: ConversationViews, *,
        may_take: Callable[[str], bool], on_change: Callable[[], None] = lambda: None, now: Clock = clock.now,
    ) -> None:  # fmt: skip
        self._database, self._handoffs, self._suggestions, self._views = database, handoffs, suggestions, views
        self._may_take, self._on_change, self._now = may_take, on_change, now

    def take(self, conversation_id: str, member: Member) -> dict[str, Any]:
        """Take a conversation over. Raises: UnknownConversationError, HandoffTakenError."""
        return self._handoffs.take(conversation_id, member.name, _logged(member, "desk.take", {}))

    def send(self, conversation_id: str, member: Member, words: Words) -> dict[str, Any]:
        """Say something to the citizen; a suggestion is cited, remembered as the agent's choice, and then under discussion.

        Raises:
            UnknownConversationError, NotTheAgentError; StaleSuggestionError, UnknownMessageError;
            CannotSendError: WeChat takes no message to this user now; DeskError: nothing to send.
        """
        if words.key and (sent := self._sent_before(words.key)):
            return sent
        self._check_channel(conversation_id)
        picked = self._picked(conversation_id, words)
        text = words.text.strip() or (picked.suggestion.text if picked else "")
        if not text:
            raise DeskError("没有要发送的内容。", fix="写下要对市民说的话，或选择一条推荐。")

        def also(session: Session, request: HandoffRequest, moment: datetime) -> None:
            conversation = session.get_one(Conversation, request.conversation_id)
            message_id = conversation.last_message_id or 0
            edited = picked is not None and text != picked.suggestion.text
            session.add(_reply(message_id, conversation, member, words, picked, edited, moment))
            detail: dict[str, Any] = {"message_id": message_id}
            if picked:
                mark = EDITED if edited else CHOSEN
                question = mask_personal_data(picked.question)
                item = picked.suggestion
                session.add(
                    _mark(words.asked_id, conversation.id, question, item.entry_id, item.version, mark, member, "", moment)
                )
                detail |= {"entry_id": item.entry_id, "version": item.version, "edited": edited}
                conversation.case, conversation.updated_at = picked.after.to_json(), moment
            _read(session, conversation, member, moment)
            audit.record(session, member, "desk.send", "conversation", conversation.id, detail, moment)

        citations = [picked.citation] if picked else []
        try:
            return self._handoffs.say(conversation_id, member.name, text, citations, also)
        except IntegrityError:  # the other of two equal requests was faster
            sent = self._sent_before(words.key) if words.key else None
            if sent is None:
                raise
            return sent

    def transfer(self, conversation_id: str, member: Member, to: str, note: str) -> dict[str, Any]:
        """Pass the conversation to a colleague, who sees it at once. Raises as `send`, UnknownAgentError."""
        if to == member.name or not self._may_take(to):
            raise UnknownAgentError(f"不能转给“{to}”：没有这位坐席，或就是您自己。", fix="从在岗坐席中选择一位。")

        def also(session: Session, request: HandoffRequest, moment: datetime) -> None:
            session.add(
                Transfer(
                    request_id=request.id, conversation_id=request.conversation_id, from_agent=member.name, to_agent=to,
                    note=note, created_at=moment,
                )
            )  # fmt: skip
            audit.record(session, member, "desk.transfer", "conversation", request.conversation_id, {"to": to}, moment)

        return self._handoffs.transfer(conversation_id, member.name, to, also)

    def release(self, conversation_id: str, member: Member) -> dict[str, Any]:
        """Put the conversation back into the queue, for another agent. Raises as `take`, NotTheAgentError."""
        return self._handoffs.release(conversation_id, member.name, _logged(member, "desk.release", {}))

    def hand_back(self, conversation_id: str, member: Member) -> dict[str, Any]:
        """Give the conversation back to the assistant. Raises as `release`."""
        return self.close(conversation_id, member, "交还助手")

    def close(self, conversation_id: str, member: Member, reason: str) -> dict[str, Any]:
        """End the human service with a reason; the assistant answers again. Raises as `release`."""
        logged = _logged(member, "desk.close", {"reason": mask_personal_data(reason)})
        return self._handoffs.close(conversation_id, member.name, reason, logged)

    def note(self, conversation_id: str, member: Member, text: str) -> list[dict[str, Any]]:
        """Write a private note; returns all notes of the conversation. Raises: UnknownConversationError."""
        with self._database.write() as session:
            known(session, conversation_id)
            moment = self._now()
            session.add(Note(conversation_id=conversation_id, agent=member.name, text=text, created_at=moment))
            audit.record(session, member, "desk.note", "conversation", conversation_id, {}, moment)
            session.flush()
            notes = notes_of(session, conversation_id)
        self._on_change()
        return notes

    def read(self, conversation_id: str, member: Member) -> None:
        """The agent has seen what was said so far. Raises: UnknownConversationError."""
        with self._database.write() as session:
            _read(session, known(session, conversation_id), member, self._now())

    def mark(
        self, member: Member, mark: Mark, *, conversation_id: str | None, message_id: int | None, question: str,
        entry_id: int | None, entry_version: int | None, comment: str,
    ) -> int:  # fmt: skip
        """Say that a suggestion is wrong or outdated, or that the right one is missing; returns the mark's number.

        Args:
            question: in the caller's words where there is no message, as on the phone.
        """
        with self._database.write() as session:
            moment = self._now()
            question = mask_personal_data(question)
            row = _mark(
                message_id, conversation_id, question, entry_id, entry_version, mark, member, mask_personal_data(comment), moment
            )
            session.add(row)
            session.flush()
            detail = {"mark": mark, "entry_id": entry_id, "version": entry_version}
            audit.record(session, member, "desk.mark", "suggestion", row.id, detail, moment)
            return row.id

    def _check_channel(self, conversation_id: str) -> None:
        with self._database.read() as session:
            allowance = self._views.allowance(session, known(session, conversation_id))
        if allowance is not None and allowance["left"] == 0:
            raise CannotSendError(f"现在不能发给这位微信用户：{allowance['reason']}。", fix="等用户再次发言，或改用电话联系。")

    def _picked(self, conversation_id: str, words: Words) -> Picked | None:
        if words.entry_id is None or words.version is None:
            return None
        return self._suggestions.pick(conversation_id, words.entry_id, words.version, words.asked_id, words.search)

    def _sent_before(self, key: str) -> dict[str, Any] | None:
        with self._database.read() as session:
            reply = session.scalar(select(AgentReply).where(AgentReply.key == key))
        return {"conversation_id": reply.conversation_id, "message_id": reply.message_id, "repeated": True} if reply else None


def _logged(member: Member, action: str, detail: dict[str, Any]) -> Callable[[Session, HandoffRequest, datetime], None]:
    def also(session: Session, request: HandoffRequest, moment: datetime) -> None:
        _read(session, session.get_one(Conversation, request.conversation_id), member, moment)
        audit.record(session, member, action, "conversation", request.conversation_id, detail, moment)

    return also


def _read(session: Session, conversation: Conversation, member: Member, moment: datetime) -> None:
    seen = session.get(ReadMark, (member.name, conversation.id))
    newest = conversation.last_message_id or 0
    if seen is None:
        session.add(ReadMark(agent=member.name, conversation_id=conversation.id, message_id=newest, read_at=moment))
    elif seen.message_id < newest:
        seen.message_id, seen.read_at = newest, moment


def _reply(
    message_id: int, conversation: Conversation, member: Member, words: Words, picked: Picked | None, edited: bool, moment: datetime
) -> AgentReply:  # fmt: skip
    return AgentReply(
        message_id=message_id, conversation_id=conversation.id, agent=member.name, key=words.key, asked_id=words.asked_id,
        entry_id=picked.suggestion.entry_id if picked else None, entry_version=picked.suggestion.version if picked else None,
        suggested=picked.suggestion.text if picked else None, edited=edited, case_before=dict(conversation.case), created_at=moment,
    )  # fmt: skip


def _mark(
    message_id: int | None, conversation_id: str | None, question: str, entry_id: int | None, version: int | None, mark: str,
    member: Member, comment: str, moment: datetime,
) -> SuggestionMark:  # fmt: skip
    return SuggestionMark(
        message_id=message_id, conversation_id=conversation_id, question=question, entry_id=entry_id, entry_version=version,
        mark=mark, agent=member.name, comment=comment, created_at=moment,
    )  # fmt: skip
