"""Suggestions for what callers say: worked out once a message, revision of the knowledge and set of models, in the case of the conversation.

Identity, phone and card numbers are taken out before anything is looked up: neither searches nor what is kept here hold them.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from answering.models import Inquiry
from answering.suggesting import Suggester, Suggestion, Suggestions
from conversations import clock
from conversations.case import IDLE_LIMIT, Case
from conversations.clock import CHINA, Clock
from conversations.errors import UnknownConversationError
from conversations.feelings import HandoffWords
from conversations.handoff import ANGER, DISTRESS
from conversations.masking import mask_personal_data, without_personal_data
from conversations.models import AnswerRow, Conversation, Message, Turn
from conversations.profile import known_words
from conversations.tasks import CRY, NOTHING_CLASSIFIED, OUT_OF_SCOPE
from database.engine import Database
from desk.errors import StaleSuggestionError, UnknownMessageError
from desk.matter import names_a_matter
from desk.tables import AgentReply

MOST_KEPT = 2000  # messages whose suggestions are kept
FOUND_BY_HAND = 6
LOOK_BACK = 20  # messages of the caller among which the last one with a matter is looked for
_FEELINGS = frozenset({ANGER, DISTRESS})


_Key = tuple[int | str, ...]


@dataclass(frozen=True)
class Picked:
    """A suggestion that is to be sent, with the message it answers and the case before and after."""

    suggestion: Suggestion
    citation: Mapping[str, Any]
    question: str
    before: Case
    after: Case


class MessageSuggestions:
    """Thread-safe; all methods block.

    Args:
        words: by which feelings are told from matters.
        revision: of the knowledge that is searched just now; models: what it is ranked with.
    """

    def __init__(
        self,
        database: Database,
        suggester: Suggester,
        words: HandoffWords,
        revision: Callable[[], int],
        models: Callable[[], Mapping[str, str]],
        now: Clock = clock.now,
    ) -> None:
        self._database, self._suggester, self._words = database, suggester, words
        self._revision, self._models, self._now = revision, models, now
        self._kept: OrderedDict[_Key, Future[dict[str, Any]]] = OrderedDict()
        self._lock = threading.Lock()

    def of_message(self, conversation_id: str, message_id: int) -> dict[str, Any]:
        """The three suggestions for a message of the citizen.

        Raises:
            UnknownMessageError: the conversation has no such message of the citizen. IndexNotReadyError.
        """
        today = self._now().astimezone(CHINA).date().isoformat()
        key: _Key = (message_id, self._revision(), today, *self._models().values())
        with self._lock:
            kept = self._kept.get(key)
            is_mine = kept is None
            if kept is None:
                kept = self._kept[key] = Future()
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
        if is_mine:
            try:
                kept.set_result(self._work_out(message_id))
            except BaseException as exc:
                with self._lock:
                    self._kept.pop(key, None)
                kept.set_exception(exc)
                raise
        shown = kept.result()
        if shown["conversation_id"] != conversation_id:
            raise _unknown(message_id)
        return shown

    def of_conversation(self, conversation_id: str) -> dict[str, Any]:
        """Suggestions for the last message of the citizen that is about a matter. Raises as `of_message`, UnknownConversationError."""
        query = (
            select(Message.id, Message.text)
            .where(Message.conversation_id == conversation_id, Message.role == "user")
            .order_by(Message.id.desc())
            .limit(LOOK_BACK)
        )
        with self._database.read() as session:
            said = session.execute(query).all()
            if not said and session.get(Conversation, conversation_id) is None:
                raise UnknownConversationError("没有这个会话。", fix="核对会话编号；会话清单见 GET /api/desk/conversations。")
        if not said:
            return {**_nothing(conversation_id, None, ""), "idle": True}
        message_id = next((number for number, text in said if self._is_about_a_matter(text)), said[0][0])
        return self.of_message(conversation_id, message_id)

    def search(self, words: str, k: int = FOUND_BY_HAND) -> dict[str, Any]:
        """The same shape for words that an agent typed; nothing is kept. Raises: IndexNotReadyError."""
        started = perf_counter()
        found = self._suggester.suggest(self._typed(words), k)
        return {**_nothing(None, None, mask_personal_data(words)), **shown_of(found), "took_ms": _since(started)}

    def pick(self, conversation_id: str, entry_id: int, version: int, asked: int | None, words: str) -> Picked:
        """The suggestion that an agent chose, as it must be sent.

        Args:
            asked: the message it answers; words: instead, what the agent searched for.

        Raises:
            StaleSuggestionError: the entry has another version by now or is not live; UnknownMessageError.
        """
        with self._database.read() as session:
            conversation = session.get_one(Conversation, conversation_id)
            if words or asked is None:
                inquiry, before = self._typed(words), self._present_case(conversation)
            else:
                inquiry, before = self._inquiry(session, _message(session, asked, conversation_id), conversation)
        told = self._suggester.tell(inquiry, entry_id)
        items = self._suggester.suggest(inquiry, FOUND_BY_HAND).items
        item = next((item for item in items if item.entry_id == entry_id), None)
        if told is None or item is None or item.version != version:
            self._forget(asked)
            raise StaleSuggestionError("这条知识刚刚更新或停用，没有发送。", fix="请看一下新的推荐，再选择发送。")
        citation = next(asdict(c) for c in told.citations if c.entry_id == entry_id)
        return Picked(item, citation, inquiry.text, before, before.after(told.case))

    def _forget(self, message_id: int | None) -> None:
        """What was kept of a message whose suggestions the store has overtaken, before the index follows."""
        with self._lock:
            for key in [key for key in self._kept if key[0] == message_id]:
                del self._kept[key]

    def _is_about_a_matter(self, text: str) -> bool:
        """Whether a message may ask for knowledge; greetings, thanks, our own buttons and cries do not."""
        text = without_personal_data(text)
        return names_a_matter(text) and (len(text) > CRY or self._words.reason_in(text) not in _FEELINGS)

    def _typed(self, words: str) -> Inquiry:
        return Inquiry(without_personal_data(words), None, Case().view(), self._now().astimezone(CHINA).date())

    def _work_out(self, message_id: int) -> dict[str, Any]:
        started = perf_counter()
        with self._database.read() as session:
            message = _message(session, message_id)
            conversation = session.get_one(Conversation, message.conversation_id)
            base = _nothing(conversation.id, message_id, mask_personal_data(message.text))
            if not self._is_about_a_matter(message.text):
                return {**base, "idle": True, "revision": self._revision()}
            inquiry, _ = self._inquiry(session, message, conversation)
        found = self._suggester.suggest(inquiry)
        return {**base, **shown_of(found), "took_ms": _since(started)}

    def _inquiry(self, session: Session, message: Message, conversation: Conversation) -> tuple[Inquiry, Case]:
        """The message as the assistant would take it up, and the case it meets."""
        answer = session.scalar(select(AnswerRow).where(AnswerRow.turn_id == message.turn_id)) if message.turn_id else None
        turn = session.get(Turn, message.turn_id) if message.turn_id else None
        case = Case.from_json(answer.case_before) if answer else self._case_at(session, message, conversation)
        intent = answer.intent if answer and answer.intent not in {*NOTHING_CLASSIFIED, OUT_OF_SCOPE} else None
        opened = turn.entry_id if turn and answer and answer.entry_id == turn.entry_id else None
        today = self._now().astimezone(CHINA).date()
        text = without_personal_data(message.text)
        return Inquiry(text, intent, case.view(), today, opened, known_words(conversation.profile)), case

    def _case_at(self, session: Session, message: Message, conversation: Conversation) -> Case:
        """What the conversation was about when the assistant was silent: as the next answer, an agent's or its own, found it."""
        reply = session.scalar(
            select(AgentReply)
            .where(AgentReply.conversation_id == conversation.id, AgentReply.message_id > message.id)
            .order_by(AgentReply.message_id)
            .limit(1)
        )
        answer = session.scalar(
            select(AnswerRow)
            .where(AnswerRow.conversation_id == conversation.id, AnswerRow.created_at > message.created_at)
            .order_by(AnswerRow.id)
            .limit(1)
        )
        if reply is not None and (answer is None or reply.created_at <= answer.created_at):
            return Case.from_json(reply.case_before)
        return Case.from_json(answer.case_before) if answer else self._present_case(conversation, message)

    def _present_case(self, conversation: Conversation, message: Message | None = None) -> Case:
        moment = message.created_at if message else self._now()
        return Case() if moment - conversation.updated_at > IDLE_LIMIT else Case.from_json(conversation.case)


def shown_of(found: Suggestions) -> dict[str, Any]:
    """Suggestions as the API shows them."""
    return {
        "question": found.question,
        "revision": found.revision,
        "threshold": round(found.threshold, 4),
        "outcome": found.outcome,
        "said": found.said,
        "suggestions": [
            {**asdict(item), "passage": {"text": item.passage.text, "spans": [list(span) for span in item.passage.spans]}}
            for item in found.items
        ],
    }


def _nothing(conversation_id: str | None, message_id: int | None, text: str) -> dict[str, Any]:
    return {
        "conversation_id": conversation_id, "message_id": message_id, "text": text, "idle": False, "question": text, "revision": 0,
        "threshold": None, "outcome": None, "said": "", "suggestions": [], "took_ms": 0,
    }  # fmt: skip


def _message(session: Session, message_id: int, conversation_id: str | None = None) -> Message:
    message = session.get(Message, message_id)
    if message is None or message.role != "user" or conversation_id not in {None, message.conversation_id}:
        raise _unknown(message_id)
    return message


def _unknown(message_id: int) -> UnknownMessageError:
    return UnknownMessageError(f"这个会话里没有编号为 {message_id} 的市民消息。", fix="核对会话编号和消息编号。")


def _since(started: float) -> int:
    return round((perf_counter() - started) * 1000)
