"""The channel put together from settings, and its life: the outbox sender and the search for left-over messages."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from answering.regions import place_named
from bot.channels.wechat.account_record import AccountRecord
from bot.channels.wechat.allowances import Allowances
from bot.channels.wechat.api import WeChatApi, build_wechat_api
from bot.channels.wechat.callback import Account
from bot.channels.wechat.channel import WeChatChannel
from bot.channels.wechat.crypto import MessageCipher
from bot.channels.wechat.deliveries import DeliveryStore
from bot.channels.wechat.errors import WeChatNotConfiguredError
from bot.channels.wechat.sender import OutboxSender
from bot.channels.wechat.sending import AccountSending
from bot.starters import StarterQuestions
from conversations.outbox import Outbox
from conversations.records import ConversationRecords
from conversations.turns import TurnService
from database.engine import Database
from knowledge_base.entries import EntryStore
from settings import Settings

NOT_CONFIGURED = "没有配置公众号（WECHAT_TOKEN）。"
LEFT_OVER_EVERY_S = 5.0
FORGET_EVERY = 720  # of these rounds: once an hour

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PublishedKnowledge:
    """What the channel itself asks of the knowledge base."""

    entries: EntryStore
    starter_questions: StarterQuestions

    def title_of(self, entry_id: int) -> str | None:
        record = self.entries.published([entry_id]).get(entry_id)
        return record.content.title if record else None

    def starters(self) -> tuple[str, ...]:
        return self.starter_questions()

    def region_in(self, text: str) -> str | None:
        return place_named(text)


class WeChatService:
    """Attributes:
    account: what the callback checks signatures with; None when `trouble` says why there is none.
    api: None when the account has no secret: then answers go out as passive replies only.
    """

    def __init__(
        self, settings: Settings, database: Database, turns: TurnService, records: ConversationRecords, entries: EntryStore,
        starters: StarterQuestions, count: Callable[[str, str], None] = lambda _kind, _route: None,
    ) -> None:  # fmt: skip
        self.outbox, self.allowances = Outbox(database), Allowances(database)
        self.account, self.trouble = _account(settings)
        self.api: WeChatApi | None = build_wechat_api(settings, database)
        self._record = AccountRecord(database, settings.wechat_app_id or "")
        self._sending = AccountSending(self.api, self._record) if self.api else None
        self._sender = (
            OutboxSender(self.outbox, self.allowances, self.api, may_send=self._sending.may_send, public_url=settings.public_url)
            if self.api and self._sending
            else None
        )
        self._deliveries = DeliveryStore(database)
        self.channel = WeChatChannel(
            turns, records, self._deliveries, PublishedKnowledge(entries, starters), self._sending,
            public_url=settings.public_url, rest_of=self.allowances.rest, wake_sender=self._wake, count=count,
        )  # fmt: skip
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """From inside the event loop, before the first request is taken."""
        self.channel.opened()
        if self.account is not None:
            self._tasks.append(asyncio.create_task(self._look_for_left_over()))
        if self._sender is not None:
            self._tasks.append(asyncio.create_task(self._sender.run()))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()
        if self.api is not None:
            await self.api.aclose()
        self.channel.close()

    async def state(self) -> tuple[str, str]:
        """For `/readyz`: ok, degraded or off, and why."""
        if self.account is None:
            return ("off" if self.trouble == NOT_CONFIGURED else "degraded"), self.trouble
        if self.api is None:
            return "ok", "只用被动回复（没有配置 WECHAT_APP_SECRET，不能发客服消息）"
        known = await asyncio.to_thread(self._record.read)
        if known.trouble:
            return "degraded", known.trouble
        if known.sending == "refused":
            return "ok", "只用被动回复（公众号没有客服消息权限，错误码 48001）"
        return "ok", "被动回复和客服消息" if known.sending == "granted" else "被动回复；客服消息权限尚未验证"

    async def outbox_state(self) -> tuple[str, str]:
        """For `/readyz`."""
        if self.account is None:
            return "off", "没有需要稍后送达的渠道"
        counts = await asyncio.to_thread(self.outbox.counts)
        detail = (
            f"待发 {counts['pending'] + counts['sending']}，等用户发言 {counts['waiting']}，是否送达不确定 {counts['uncertain']}"
        )
        return ("degraded" if counts["uncertain"] else "ok"), detail

    def _wake(self) -> None:
        if self._sender is not None:
            self._sender.wake()

    async def _look_for_left_over(self) -> None:
        rounds = 0
        while True:
            try:
                await self.channel.finish_left_over()
                if rounds % FORGET_EVERY == 0:
                    await asyncio.to_thread(self._deliveries.forget_old)
            except Exception:  # the database is away; it will come back
                log.exception("wechat.left_over_failed")
            rounds += 1
            await asyncio.sleep(LEFT_OVER_EVERY_S)


def _account(settings: Settings) -> tuple[Account | None, str]:
    """The account, or why there is none."""
    if settings.wechat_token is None:
        return None, NOT_CONFIGURED
    token = settings.wechat_token.get_secret_value()
    keys = [key.get_secret_value() for key in (settings.wechat_aes_key, settings.wechat_aes_key_previous) if key]
    if not keys:
        return Account(token), ""
    if not settings.wechat_app_id:
        return None, "配置了 WECHAT_AES_KEY，但没有配置 WECHAT_APP_ID。"
    try:
        return Account(token, MessageCipher(settings.wechat_app_id, keys)), ""
    except WeChatNotConfiguredError as exc:
        return None, exc.problem
