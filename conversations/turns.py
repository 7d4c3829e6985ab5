"""One turn: reserve, answer through Rasa or directly, reply. The same for every channel."""

import asyncio
import weakref
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from time import perf_counter
from typing import Any, Protocol

import structlog

from answering.errors import IndexNotReadyError
from conversations import wording
from conversations.consultation import Consultation
from conversations.errors import ConversationError, TurnPendingError
from conversations.live import MessageFeed
from conversations.message_text import MAX_CHARACTERS, clean
from conversations.mixed import question_in
from conversations.rate_limit import RateLimiter
from conversations.records import ClosedTurn, ConversationRecords, Reservation
from conversations.turn_gate import TurnGate

WORKERS = 8
DUPLICATE_WAIT_S = 30.0
DUPLICATE_LOOK_S = 0.1
ORDER_LOOK_S = 0.05

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class FixedReply:
    """What a channel says itself, without dialogue: a welcome, "please write it in words".

    Args:
        marked_up: the text is in the channel's own form already.
    """

    text: str
    buttons: Sequence[Mapping[str, str]] = ()
    marked_up: bool = False


@dataclass(frozen=True)
class TurnRequest:
    """One message as a channel received it.

    Args:
        key: the delivery's identity within the channel; a repeated one gets the same reply.
        entry_id: the entry whose page or code the message came from.
        reply: what is said to it, where the channel knows without asking.
    """

    channel: str
    sender_id: str
    text: str
    key: str | None = None
    entry_id: int | None = None
    reply: FixedReply | None = None


@dataclass(frozen=True)
class TurnReply:
    """What the channel sends back. No messages while a human holds the conversation."""

    conversation_id: str
    messages: list[dict[str, Any]]
    intent: dict[str, Any]
    outcome: str
    answer_id: int | None = None
    turn_id: str | None = None

    @classmethod
    def of(cls, conversation_id: str, reply: Mapping[str, Any]) -> "TurnReply":
        """From a wire result."""
        messages: list[dict[str, Any]] = []
        if reply["text"]:
            parts = {name: reply[name] for name in ("buttons", "citations", "marked_up") if reply.get(name)}
            messages.append({"text": reply["text"], **parts})
        return cls(
            conversation_id, messages, dict(reply["intent"]), reply["outcome"], reply.get("answer_id"), reply.get("turn_id")
        )


class Dialogue(Protocol):
    """What is needed of `RasaClient`."""

    async def ask(self, conversation_id: str, text: str, turn_id: str) -> Mapping[str, Any]: ...


TurnObserver = Callable[[str, str | None, str, float], None]


def _unobserved(outcome: str, intent: str | None, source: str, seconds: float) -> None:
    """Nobody counts."""


def _as_written(text: str) -> str:
    return text


@dataclass
class TurnService:
    """Handles turns. Messages of one sender are handled in order; senders never wait for each other.

    Args:
        observe: told (outcome, intent, source, seconds) of every turn done.
        abandoned_after: an open turn reserved so long ago lost its worker; longer than an answer takes at most.
        gate: holds turns while the models are exchanged.
        mend: a text with what surely is misspelt written right; for the classifier.
    """

    records: ConversationRecords
    consultation: Consultation
    dialogue: Dialogue
    limiter: RateLimiter
    feed: MessageFeed
    observe: TurnObserver = _unobserved
    abandoned_after: timedelta = timedelta(seconds=8)
    gate: TurnGate = field(default_factory=TurnGate)
    mend: Callable[[str], str] = _as_written
    _workers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(WORKERS, thread_name_prefix="turn"))
    _locks: "weakref.WeakValueDictionary[tuple[str, str], asyncio.Lock]" = field(default_factory=weakref.WeakValueDictionary)
    _tasks: set["asyncio.Task[TurnReply]"] = field(default_factory=set)
    _in_work: dict[tuple[str, str], "asyncio.Task[TurnReply]"] = field(default_factory=dict)

    async def handle(self, request: TurnRequest) -> TurnReply:
        """Answer one message.

        Raises:
            RateLimitedError: the sender is too fast; nothing was recorded.
            TurnPendingError: a duplicate whose first delivery is still without a reply.
        """
        text = clean(request.text)
        if not text or len(text) > MAX_CHARACTERS:
            return await self._refuse(request, text)
        delivery = (request.channel, request.key) if request.key else None
        task = self._in_work.get(delivery) if delivery else None
        if task is None:
            # a task of its own: a client that goes away cancels nothing, and duplicates wait for the same work
            task = asyncio.create_task(self._run(request, text))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            if delivery:
                self._in_work[delivery] = task
                task.add_done_callback(lambda _done: self._in_work.pop(delivery, None))
        return await asyncio.shield(task)

    def close(self) -> None:
        """Let the worker threads go."""
        self._workers.shutdown(wait=False, cancel_futures=True)

    async def _db(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._workers, lambda: call(*args, **kwargs))

    async def _refuse(self, request: TurnRequest, text: str) -> TurnReply:
        said = wording.TOO_LONG_MESSAGE.format(limit=MAX_CHARACTERS) if text else wording.EMPTY_MESSAGE
        conversation_id = await self._db(self.records.find_or_create, request.channel, request.sender_id)
        return TurnReply(conversation_id, [{"text": said}], {"name": None, "confidence": 0.0}, "fallback")

    async def _run(self, request: TurnRequest, text: str) -> TurnReply:
        sender = (request.channel, request.sender_id)
        lock = self._locks.setdefault(sender, asyncio.Lock())
        async with lock:  # first come, first served
            started = perf_counter()
            turn = await self._db(self.records.by_key, request.channel, request.key) if request.key else None
            if turn is None:
                self.limiter.check(f"{request.channel}:{request.sender_id}")
                turn = await self._db(self.records.reserve, *sender, text, request.key, request.entry_id)
                if turn.is_new:
                    await self._wait_for_earlier(turn)
                    return await self._finish(turn, request, text, started)
        return await self._reply_to_duplicate(request, text, turn)

    async def _wait_for_earlier(self, turn: Reservation) -> None:
        """Another process may have an earlier message of this conversation in hand."""
        if turn.reserved_at is None or not turn.follows:
            return
        while await self._db(self.records.earlier_open, turn, turn.reserved_at - self.abandoned_after):
            if self.records.moment() - turn.reserved_at > self.abandoned_after:
                return
            await asyncio.sleep(ORDER_LOOK_S)

    async def _finish(self, turn: Reservation, request: TurnRequest, text: str, started: float) -> TurnReply:
        try:
            async with self.gate.turn():
                closed = await self._answer(turn, request, text)
        except IndexNotReadyError:
            closed = await self._close_with(turn, wording.STARTING, "fallback", "edge")
        except Exception:  # the outer edge: the citizen gets an apology and a human, never an error page
            log.exception("turn.failed", turn_id=turn.turn_id)
            closed = await self._close_with(turn, wording.APOLOGY, "fallback", "edge")
        self.observe(closed.reply["outcome"], closed.reply["intent"]["name"], closed.source, perf_counter() - started)
        return TurnReply.of(turn.conversation_id, closed.reply)

    async def _answer(self, turn: Reservation, request: TurnRequest, text: str) -> ClosedTurn:
        if turn.holder == "human":
            return await self._close_with(turn, "", "handoff", "human")
        if request.reply is not None:
            return await self._close_with(turn, request.reply.text, "smalltalk", "channel", request.reply)
        try:
            await self.dialogue.ask(turn.conversation_id, self.mend(question_in(text)), turn.turn_id)
        except ConversationError as exc:
            log.info("turn.direct", turn_id=turn.turn_id, reason=exc.problem)
        # what was committed counts, not what travelled back
        closed: ClosedTurn | None = await self._db(self.records.closed, turn.turn_id)
        if closed is None:
            await self._db(self.consultation.perform, turn.turn_id, intent=None, confidence=0.0, entities={}, source="direct")
            closed = await self._db(self.records.closed, turn.turn_id)
        if closed is None:
            raise AssertionError("a performed turn is closed")
        return closed

    async def _close_with(
        self, turn: Reservation, text: str, outcome: str, source: str, fixed: FixedReply | None = None
    ) -> ClosedTurn:
        buttons = [wording.HUMAN_BUTTON] if source == "edge" else [dict(button) for button in fixed.buttons] if fixed else []
        reply: dict[str, Any] = {
            "turn_id": turn.turn_id, "text": text, "buttons": buttons, "citations": [],
            "intent": {"name": None, "confidence": 0.0}, "outcome": outcome, "answer_id": None,
            **({"marked_up": True} if fixed and fixed.marked_up else {}),
        }  # fmt: skip
        try:
            await self._db(self.records.close, turn.turn_id, reply, source)
            self.feed.notify(turn.conversation_id)
            closed = await self._db(self.records.closed, turn.turn_id)
        except Exception:  # the outer edge: even without a database something polite is said
            log.exception("turn.not_closed", turn_id=turn.turn_id)
            closed = None
        return closed or ClosedTurn(turn.conversation_id, reply, source)

    async def _reply_to_duplicate(self, request: TurnRequest, text: str, turn: Reservation) -> TurnReply:
        """Wait for the first delivery's reply; do its work when the process that had it died."""
        deadline = perf_counter() + DUPLICATE_WAIT_S
        while perf_counter() < deadline:
            closed: ClosedTurn | None = await self._db(self.records.closed, turn.turn_id)
            if closed:
                return TurnReply.of(closed.conversation_id, closed.reply)
            if await self._db(self.records.take_over, turn, self.abandoned_after):
                log.warning("turn.taken_over", turn_id=turn.turn_id, channel=request.channel)
                return await self._finish(turn, request, text, perf_counter())
            await asyncio.sleep(DUPLICATE_LOOK_S)
        raise TurnPendingError("这条消息还在处理中。", fix="请过几秒重发，或查看会话消息。")
