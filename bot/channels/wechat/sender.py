"""Sends what is in the outbox as customer-service and template messages. One of its kind a process; claims keep them apart."""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any, Protocol

import structlog

from bot.channels.wechat.allowances import Allowances
from bot.channels.wechat.api_errors import (
    AccountConfigurationError,
    ContentTooLongError,
    TokenRejectedError,
    TooManyMessagesError,
    UserRefusedError,
    WeChatApiError,
    WeChatBusyError,
    WeChatUncertainError,
    WindowClosedError,
)  # fmt: skip
from bot.channels.wechat.deliveries import CHANNEL
from bot.channels.wechat.rendering import MOST_BYTES, first_portion, render
from conversations.outbox import AWAITS_THE_USER, Outbox, OutboxItem

LOOK_S = 1.0
AT_ONCE = 8  # users served side by side
SHORTER_BYTES = 1200  # when WeChat finds even its own limit too long
MOST_ATTEMPTS = 12
GIVEN_UP = "多次重试仍未送出"

log = structlog.get_logger(__name__)


class Messenger(Protocol):
    """What is needed of `api.WeChatApi`."""

    async def send_text(self, openid: str, text: str) -> None: ...

    async def send_template(self, openid: str, template_id: str, data: Any, url: str | None = None) -> str: ...


class OutboxSender:
    """Args:
    may_send: whether the account may send customer-service messages.
    keep_going: called once a second, for what else must be looked after.
    """

    def __init__(
        self, outbox: Outbox, allowances: Allowances, api: Messenger, *, may_send: Callable[[], Any],
        public_url: str | None = None,
    ) -> None:  # fmt: skip
        self._outbox, self._allowances, self._api, self._may_send = outbox, allowances, api, may_send
        self._public_url = public_url
        self._worker = secrets.token_hex(8)
        self._wake = asyncio.Event()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._sending: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Look now. From the event loop's thread."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled; what is being sent then is finished first."""
        try:
            while True:
                try:
                    await self.send_due()
                    await asyncio.to_thread(self._outbox.reap)
                except Exception:  # the database is away; it will come back
                    log.exception("outbox.failed")
                self._wake.clear()
                try:
                    await asyncio.wait_for(self._wake.wait(), LOOK_S)
                except TimeoutError:
                    continue
        finally:
            if self._sending:
                await asyncio.wait(self._sending, timeout=6)

    async def send_due(self) -> None:
        """Send everything that may go out now; returns when the last of it has been taken in hand."""
        while True:
            await self._places.acquire()
            item = None
            try:
                item = await asyncio.to_thread(self._outbox.claim, CHANNEL, self._worker)
            finally:
                if item is None:
                    self._places.release()
            if item is None:
                return
            task = asyncio.create_task(self._send(item))
            self._sending.add(task)
            task.add_done_callback(self._sent)

    async def settled(self) -> None:
        """Wait for what is being sent."""
        while self._sending:
            await asyncio.wait(set(self._sending))

    def _sent(self, task: "asyncio.Task[None]") -> None:
        self._sending.discard(task)
        self._places.release()
        self._wake.set()  # the user's next message may go out now
        if not task.cancelled() and task.exception():
            log.error("outbox.lost_hold", error=str(task.exception()))

    async def _send(self, item: OutboxItem) -> None:
        if item.kind == "text" and not await self._may_send():
            await asyncio.to_thread(self._outbox.wait, item, AWAITS_THE_USER)
            return
        denied = await asyncio.to_thread(self._allowances.take, item.recipient) if item.kind == "text" else None
        if denied:
            await asyncio.to_thread(self._outbox.wait, item, denied)
            return
        try:
            await self._deliver(item)
        except WeChatApiError as exc:
            log.info("outbox.refused", id=item.id, errcode=exc.errcode, error=type(exc).__name__)
            await asyncio.to_thread(self._after, item, exc)
            return
        await asyncio.to_thread(self._outbox.sent, item)

    async def _deliver(self, item: OutboxItem) -> None:
        if item.kind == "template":
            content = item.content
            await self._api.send_template(item.recipient, content["template_id"], content["data"], content.get("url"))
            return
        text = render(item.content, self._public_url)
        portion, rest = first_portion(text, MOST_BYTES)
        try:
            await self._api.send_text(item.recipient, portion)
        except ContentTooLongError:
            portion, rest = first_portion(text, SHORTER_BYTES)
            await self._api.send_text(item.recipient, portion)
        if rest:
            await asyncio.to_thread(self._allowances.keep_rest, item.recipient, rest)

    def _after(self, item: OutboxItem, error: WeChatApiError) -> None:
        """What wechat.md says to do about an error code."""
        if isinstance(error, WeChatUncertainError):
            self._outbox.uncertain(item)
            return
        if item.kind == "text":
            self._allowances.give_back(item.recipient)
        if isinstance(error, WindowClosedError):
            self._allowances.closed(item.recipient)
        elif isinstance(error, TooManyMessagesError):
            self._allowances.exhausted(item.recipient)
        passing = isinstance(error, WeChatBusyError | AccountConfigurationError | TokenRejectedError)
        if passing and item.attempts < MOST_ATTEMPTS:
            self._outbox.retry(item, error.problem)
        elif item.kind == "text" and not isinstance(error, UserRefusedError):
            self._outbox.wait(item, GIVEN_UP if passing else error.problem)
        else:
            self._outbox.drop(item, error.problem)
