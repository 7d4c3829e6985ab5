"""From a push to its one effect: the turn, and the decision how its answer goes out. Knows no HTTP."""

import asyncio
import time
import weakref
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from bot.channels.wechat import wording
from bot.channels.wechat.deliveries import CHANNEL, NEXT_MESSAGE, OUTBOX, PASSIVE, Arrival, DeliveryStore
from bot.channels.wechat.inbound import Push, is_nudge, picked_number
from bot.channels.wechat.rendering import MORE_WORD, joined, render
from conversations.errors import RateLimitedError, TurnPendingError
from conversations.message_text import clean
from conversations.outbox import OutboxItem
from conversations.records import ConversationRecords
from conversations.turns import FixedReply, TurnReply, TurnRequest, TurnService

BUDGET_S = 4.5  # of WeChat's five seconds
TYPING_AFTER_S = 2.0
ATTEMPTS = 3
LAST_ATTEMPT_AFTER_S = 9.5  # the third attempt starts about ten seconds after the first; an earlier one may have missed us
HOLD_S = 20.0  # an unanswered attempt is dropped by WeChat after five seconds; nobody holds on for longer
LOOK_S = 0.25
NOTE_AFTER_S = 0.1
QUEUED_S = 2.0  # what arrives so soon after the start has waited at the door for an unknown time
WORKERS = 8

log = structlog.get_logger(__name__)


class Sending(Protocol):
    """What is needed of the account's API; None of it when the account has none."""

    async def may_send(self) -> bool: ...

    async def typing(self, openid: str) -> None: ...


class Knowledge(Protocol):
    """What the channel asks of the knowledge base itself."""

    def title_of(self, entry_id: int) -> str | None: ...

    def starters(self) -> tuple[str, ...]: ...

    def region_in(self, text: str) -> str | None: ...


@dataclass(frozen=True)
class _Done:
    """A finished turn. `problem`: nothing was recorded, this sentence is all there is to say."""

    reply: TurnReply | None = None
    problem: str | None = None


class WeChatChannel:
    """One turn a message, one effect, whatever WeChat pushes again. Messages of one user are handled in order.

    Args:
        sending: the account's API; None: answers go out as passive replies only.
        wake_sender: told when the outbox has something new.
    """

    def __init__(
        self, turns: TurnService, records: ConversationRecords, deliveries: DeliveryStore, knowledge: Knowledge,
        sending: Sending | None = None, *, public_url: str | None = None, rest_of: Callable[[str], str | None],
        wake_sender: Callable[[], None] = lambda: None, count: Callable[[str, str], None] = lambda _kind, _route: None,
    ) -> None:  # fmt: skip
        self._turns, self._records, self._deliveries, self._knowledge = turns, records, deliveries, knowledge
        self._sending, self._public_url, self._rest_of = sending, public_url, rest_of
        self._wake_sender, self._count = wake_sender, count
        self._queues: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()
        self._work: dict[str, asyncio.Task[_Done]] = {}
        self._late: set[str] = set()
        self._written: list[str] = []
        self._errands: set[asyncio.Task[Any]] = set()
        self._opened_at = float("-inf")
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="wechat")

    def opened(self) -> None:
        """The gateway has begun to serve; callers may have waited for that."""
        self._opened_at = time.monotonic()

    def close(self) -> None:
        """Let the worker threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def receive(self, push: Push, is_gone: Callable[[], Awaitable[bool]]) -> str:
        """Text of the passive reply; "" stands for `success`. Never raises: a user must not see WeChat's fault notice.

        Args:
            is_gone: whether WeChat has given this attempt up.
        """
        started = time.monotonic()
        if push.kind == "silent":
            return ""
        try:
            return await self._receive(push, is_gone, started)
        except Exception:  # the outer edge
            log.exception("wechat.failed", kind=push.kind)
            return "" if push.kind == "leave" else wording.BROKEN

    async def _receive(self, push: Push, is_gone: Callable[[], Awaitable[bool]], started: float) -> str:
        # made before the first await: the order of arrival is the order of work
        work = self._working(push)
        if push.kind == "leave":
            await asyncio.shield(work)
            return ""
        may_send = await self._may_send()
        arrival: Arrival = await self._db(self._deliveries.arrive, push, may_send)
        if arrival.route is not None:
            return self._counted(push, arrival)
        if arrival.released:
            self._wake_sender()
        if may_send and started < self._opened_at + QUEUED_S:  # WeChat may have given up by the time of a passive reply
            return await self._decide_later(push, work, OUTBOX, "")
        if not await self._finished(work, started + TYPING_AFTER_S) and may_send and self._sending:
            self._errand(self._sending.typing(push.openid))
        if await self._finished(work, started + BUDGET_S):
            return await self._answer_now(push, work, may_send, is_gone)
        return await self._too_late(push, work, arrival, is_gone, started)

    async def _too_late(
        self, push: Push, work: "asyncio.Task[_Done]", arrival: Arrival, is_gone: Callable[[], Awaitable[bool]], started: float
    ) -> str:
        if await self._may_send():
            return await self._decide_later(push, work, OUTBOX, "")
        if arrival.attempt >= ATTEMPTS or arrival.elapsed_s >= LAST_ATTEMPT_AFTER_S:
            return await self._decide_later(push, work, NEXT_MESSAGE, wording.STILL_LOOKING)
        while not await is_gone() and time.monotonic() < started + HOLD_S:  # a later attempt will carry the answer
            if await self._finished(work, time.monotonic() + LOOK_S):
                return await self._answer_now(push, work, False, is_gone)
        return ""

    async def _decide_later(self, push: Push, work: "asyncio.Task[_Done]", route: Any, content: str) -> str:
        self._late.add(push.key)
        decided = await self._db(self._deliveries.later, push, route, content)
        if decided.route == PASSIVE:
            self._late.discard(push.key)
        elif work.done():
            self._errand(self._hand_over(push, work.result()))
        return self._counted(push, decided)

    async def _answer_now(
        self, push: Push, work: "asyncio.Task[_Done]", may_send: bool, is_gone: Callable[[], Awaitable[bool]]
    ) -> str:
        done = work.result()
        if await is_gone():
            return ""  # undecided: the next attempt carries the answer, or the outbox when none comes
        text = done.problem or joined([render(m, self._public_url) for m in done.reply.messages] if done.reply else [])
        decided = await self._db(self._deliveries.answer, push, text, None if may_send else self._told)
        return self._counted(push, decided)

    def _counted(self, push: Push, arrival: Arrival) -> str:
        self._count(push.kind, arrival.route or "none")
        return arrival.content or ""

    async def written(self, push: Push) -> None:
        """The reply of an attempt has been written to WeChat. Noted for several messages at once: it is not in a hurry."""
        if push.kind in {"silent", "leave"}:
            return
        self._written.append(push.key)
        if len(self._written) == 1:
            await asyncio.sleep(NOTE_AFTER_S)
            keys, self._written = self._written, []
            await self._db(self._deliveries.written, keys)

    async def finish_left_over(self) -> int:
        """Answer through the outbox what a dead process left; returns how many messages."""
        left = await self._db(self._deliveries.left_over)
        for push, route, content in left:
            if push.key in self._work:
                continue
            if route == PASSIVE:
                await self._db(self._deliveries.set_aside, push, content or "")
                continue
            log.info("wechat.left_over", kind=push.kind, route=route or "none")
            await self._db(self._deliveries.decide_later, push)
            self._late.add(push.key)
            await asyncio.shield(self._working(push))
        return len(left)

    def _working(self, push: Push) -> "asyncio.Task[_Done]":
        known = self._work.get(push.key)
        if known is not None:
            return known
        task = self._work[push.key] = asyncio.create_task(self._do(push))
        task.add_done_callback(lambda _done: self._work.pop(push.key, None))
        return task

    async def _do(self, push: Push) -> _Done:
        async with self._queues.setdefault(push.openid, asyncio.Lock()):
            if push.kind == "leave":
                await self._db(self._deliveries.forget_user, push.openid)
                await self._db(self._records.forget, CHANNEL, push.openid)
                return _Done()
            try:
                done = _Done(await self._turns.handle(await self._request(push)))
            except RateLimitedError as exc:
                done = _Done(problem=wording.TOO_FAST.format(seconds=exc.retry_after_s))
            except TurnPendingError:
                done = _Done()
            if push.key in self._late:
                await self._hand_over(push, done)
            return done

    async def _hand_over(self, push: Push, done: _Done) -> None:
        self._late.discard(push.key)
        messages = done.reply.messages if done.reply else [{"text": done.problem}] if done.problem else []
        conversation = done.reply.conversation_id if done.reply else None
        await self._db(self._deliveries.hand_to_outbox, push, messages, conversation, await self._may_send())
        self._wake_sender()

    async def _request(self, push: Push) -> TurnRequest:
        """The turn that this push is."""

        def request(text: str, entry_id: int | None = None, reply: FixedReply | None = None) -> TurnRequest:
            return TurnRequest(CHANNEL, push.openid, text, push.key, entry_id, reply)

        if push.kind == "scan":
            title = await self._db(self._knowledge.title_of, push.entry_id)
            if title:
                return request(title, push.entry_id)
            return request(wording.SHOWN["scan"], reply=FixedReply(wording.NOT_THIS_CODE, await self._starters()))
        if push.kind == "say":
            return request(push.shown, reply=await self._own_words(push))
        if push.entry_id:
            title = await self._db(self._knowledge.title_of, push.entry_id)
            return request(title, push.entry_id) if title else request(push.text)
        text = clean(push.text)
        if text.rstrip("。.！!") == MORE_WORD:
            rest = await self._db(self._rest_of, push.openid)
            if rest:
                return request(text, reply=FixedReply(rest, marked_up=True))
        number = picked_number(text)
        if number:
            buttons, entries = await self._db(self._records.last_offer, CHANNEL, push.openid)
            if entries < number <= len(buttons):
                return request(buttons[number - 1]["payload"])
        if is_nudge(text) and not await self._may_send() and await self._db(self._deliveries.has_waiting, push.openid):
            return request(text, reply=FixedReply(""))
        return request(push.text)

    async def _own_words(self, push: Push) -> FixedReply:
        if push.topic == "subscribe":
            return FixedReply(wording.WELCOME, await self._starters())
        if push.topic == "menu":
            return FixedReply(wording.UNKNOWN_MENU, await self._starters())
        if push.topic == "location":
            region = await self._db(self._knowledge.region_in, push.fields.get("Label", ""))
            if region:
                await self._db(self._records.remember, CHANNEL, push.openid, {"region": region})
                return FixedReply(wording.LOCATION_KNOWN.format(region=region))
        return FixedReply(wording.WORDS_PLEASE[push.topic])

    async def _starters(self) -> list[dict[str, str]]:
        return [{"title": q, "payload": q} for q in await self._db(self._knowledge.starters)]

    def _told(self, item: OutboxItem) -> str:
        return render(item.content, self._public_url)

    async def _may_send(self) -> bool:
        return self._sending is not None and await self._sending.may_send()

    @staticmethod
    async def _finished(work: "asyncio.Task[_Done]", deadline: float) -> bool:
        await asyncio.wait({work}, timeout=max(0.0, deadline - time.monotonic()))
        return work.done()

    def _errand(self, errand: Awaitable[Any]) -> None:
        async def run() -> None:
            try:
                await errand
            except Exception:  # nobody waits for it; what is lost is found again by `finish_left_over`
                log.exception("wechat.errand")

        task = asyncio.create_task(run())
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _db(self, call: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: call(*args))
