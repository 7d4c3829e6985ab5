"""Whether this account may send customer-service messages just now."""

import asyncio
import time
from datetime import timedelta

import structlog

from bot.channels.wechat.account_record import AccountRecord
from bot.channels.wechat.api import WeChatApi
from bot.channels.wechat.api_errors import NotGrantedError, WeChatApiError
from conversations import clock
from conversations.clock import Clock

REMEMBERED_S = 2.0  # what other processes find out counts here soon after
TROUBLE_LASTS = timedelta(minutes=5)  # then it is tried again; WeChat takes as long to learn of a new IP address

log = structlog.get_logger(__name__)


class AccountSending:
    """Asks what was learned from WeChat's answers; until something was, an account with a secret is taken to be verified."""

    def __init__(self, api: WeChatApi, account: AccountRecord, now: Clock = clock.now) -> None:
        self._api, self._account, self._now = api, account, now
        self._known: tuple[bool, float] | None = None

    async def may_send(self) -> bool:
        """False after errcode 48001, and while app id, secret or IP list are wrong."""
        moment = time.monotonic()
        if self._known is None or moment - self._known[1] > REMEMBERED_S:
            state = await asyncio.to_thread(self._account.read)
            in_trouble = state.trouble_at is not None and self._now() - state.trouble_at < TROUBLE_LASTS
            self._known = (state.sending != "refused" and not in_trouble, moment)
        return self._known[0]

    async def typing(self, openid: str) -> None:
        """Show the user that an answer is on its way; tells as well whether the account may send messages at all."""
        try:
            await self._api.send_typing(openid)
        except NotGrantedError:
            await self._api.note_sending("refused")
            self._known = None
        except WeChatApiError as exc:
            log.info("wechat.typing", errcode=exc.errcode)
