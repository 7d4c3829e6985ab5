"""The access_token: fetched once for all processes, kept until shortly before it expires."""

import asyncio
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import structlog

from bot.channels.wechat.account_record import AccountRecord, AccountState
from bot.channels.wechat.api_errors import (
    AccountConfigurationError,
    NotGrantedError,
    WeChatApiError,
    WeChatRefusedError,
    WeChatUncertainError,
    busy,
    token_call_error,
)
from bot.channels.wechat.exchange import errcode_of, exchange
from conversations import clock
from conversations.clock import Clock
from database.engine import Database

EARLY_S = 300  # WeChat renews a stable token in its last five minutes
SHORT_LIFE_S = 600  # a token with less than this left is used for half of it
FORCE_EVERY_S = 30.0  # WeChat ignores a second forced refresh before that
TROUBLE_RESTS = timedelta(seconds=30)  # a configuration error is not asked for again with every message
WAIT_S = 20.0
LOOK_EVERY_S = 0.1
CALL = "获取接口凭证（access_token）"
_SEPARATOR = " 处理办法："  # of str(WenzhengError)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Fetched:
    token: str
    expires_in: int
    source: str


class TokenStore:
    """Hands out the token; of all coroutines and processes that need a new one, one fetches it and the others wait.

    Args:
        secret: the account's AppSecret; goes to WeChat only.
        api_base: address of WeChat's API, without a slash at the end.
    """

    def __init__(
        self, database: Database, app_id: str, secret: str, api_base: str, http: httpx.AsyncClient, now: Clock = clock.now
    ) -> None:
        self._account = AccountRecord(database, app_id, now)
        self._app_id, self._secret, self._base, self._http, self._now = app_id, secret, api_base, http, now
        self._holder = secrets.token_hex(8)
        self._lock = asyncio.Lock()
        self._forced_at: float | None = None

    async def token(self) -> str:
        """A token that should work.

        Raises:
            AccountConfigurationError: app id, secret or IP allow-list is wrong (also for 30 s after it was found out).
            DailyQuotaError, WeChatBusyError
        """
        return await self._obtain(unwanted=None)

    async def refresh(self, rejected: str) -> str:
        """Another token than the one that WeChat has just rejected; the same one when WeChat insists on it.

        Raises: as `token()`.
        """
        return await self._obtain(unwanted=rejected)

    async def renew(self) -> str:
        """Ask WeChat, whatever is stored: shows whether app id, secret and allow-list are right now.

        Raises: as `token()`.
        """
        return await self._obtain(unwanted=None, fresh=True)

    async def _obtain(self, unwanted: str | None, *, fresh: bool = False) -> str:
        async with self._lock:
            deadline = time.monotonic() + WAIT_S
            while time.monotonic() < deadline:
                state = await asyncio.to_thread(self._account.read)
                if not fresh:
                    if state.token and state.token != unwanted and state.usable_until and state.usable_until > self._now():
                        return state.token
                    self._raise_recent_trouble(state)
                if await asyncio.to_thread(self._account.take_lease, self._holder, unwanted=unwanted, fresh=fresh):
                    token = await self._fetch_and_keep(unwanted)
                    if token is not None:
                        return token
                await asyncio.sleep(LOOK_EVERY_S)
            raise busy(CALL, "另一个进程正在获取，等候超时")

    def _raise_recent_trouble(self, state: AccountState) -> None:
        if state.trouble and state.trouble_at and self._now() - state.trouble_at < TROUBLE_RESTS:
            problem, _, fix = state.trouble.partition(_SEPARATOR)
            raise AccountConfigurationError(problem, fix=fix or "运行 `wenzheng wechat check` 查看处理办法。")

    async def _fetch_and_keep(self, unwanted: str | None) -> str | None:
        """Under the lease. None when it was lost meanwhile: then another process has stored a newer token."""
        trouble = None
        kept = False
        try:
            fetched = await self._fetch(unwanted)
            early = EARLY_S if fetched.expires_in > SHORT_LIFE_S else fetched.expires_in / 2
            until = self._now() + timedelta(seconds=fetched.expires_in - early)
            kept = await asyncio.to_thread(self._account.keep_token, self._holder, fetched.token, until, fetched.source)
        except AccountConfigurationError as exc:
            trouble = str(exc)
            log.error("wechat.account", problem=exc.problem, fix=exc.fix, errcode=exc.errcode)
            raise
        finally:
            if not kept:
                await asyncio.shield(asyncio.to_thread(self._account.end_lease, self._holder, trouble))
        log.info("wechat.token", source=fetched.source, expires_in=fetched.expires_in, kept=kept)
        return fetched.token if kept else None

    async def _fetch(self, unwanted: str | None) -> _Fetched:
        try:
            fetched = await self._stable(force=False)
        except (NotGrantedError, WeChatRefusedError) as exc:
            log.info("wechat.no_stable_token", errcode=exc.errcode)
            await asyncio.to_thread(self._account.extend_lease, self._holder)
            return await self._ask(
                "GET", "token", params={"grant_type": "client_credential", "appid": self._app_id, "secret": self._secret}
            )
        if fetched.token != unwanted or not self._may_force():
            return fetched
        # the unforced call comes first: where another system has renewed the token it finds that one, and costs no quota
        self._forced_at = time.monotonic()
        await asyncio.to_thread(self._account.extend_lease, self._holder)
        with suppress(WeChatRefusedError):
            return await self._stable(force=True)
        return fetched

    def _may_force(self) -> bool:
        return self._forced_at is None or time.monotonic() - self._forced_at >= FORCE_EVERY_S

    async def _stable(self, *, force: bool) -> _Fetched:
        body = {
            "grant_type": "client_credential", "appid": self._app_id, "secret": self._secret, "force_refresh": force,
        }  # fmt: skip
        return await self._ask("POST", "stable_token", body=body)

    async def _ask(self, method: str, source: str, **how: Any) -> _Fetched:
        try:
            answer = await exchange(self._http, method, f"{self._base}/cgi-bin/{source}", call=CALL, **how)
        except WeChatUncertainError as exc:  # a token that nobody received harms nobody
            raise busy(CALL, "没有得到微信的回答") from exc
        token, expires_in = answer.get("access_token"), answer.get("expires_in")
        if isinstance(token, str) and token and isinstance(expires_in, int):
            return _Fetched(token, expires_in, source)
        raise _refusal(answer)


def _refusal(answer: dict[str, Any]) -> WeChatApiError:
    errcode = errcode_of(answer)
    if errcode == 0:
        return busy(CALL, "微信的回答里没有凭证")
    return token_call_error(errcode, str(answer.get("errmsg", "")), CALL)
