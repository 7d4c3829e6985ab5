"""The row of `wechat_accounts`: what all processes share about the account. Every method is one short transaction and blocks."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from sqlalchemy import CursorResult, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from bot.channels.wechat.tables import WeChatAccount
from conversations import clock
from conversations.clock import Clock
from database.engine import Database

LEASE_S = 10.0  # longer than one call for a token may take
REFUSAL_LASTS = timedelta(hours=6)  # an account may have been verified since
TROUBLE_LENGTH = 200  # characters

Sending = Literal["unknown", "granted", "refused"]


@dataclass(frozen=True)
class AccountState:
    """The row as it was read; all empty while there is none."""

    token: str | None = None
    usable_until: datetime | None = None
    token_source: str | None = None
    trouble: str | None = None
    trouble_at: datetime | None = None
    sending: Sending = "unknown"


class AccountRecord:
    """Reads and writes the account's row; makes it when it is first needed."""

    def __init__(self, database: Database, app_id: str, now: Clock = clock.now) -> None:
        self._database, self._app_id, self._now = database, app_id, now

    def read(self) -> AccountState:
        """The present state. A refusal of sending older than six hours counts as unknown."""
        with self._database.read() as session:
            row = session.get(WeChatAccount, self._app_id)
            if row is None:
                return AccountState()
            sending = cast(Sending, row.sending)
            if sending == "refused" and row.sending_checked_at and self._now() - row.sending_checked_at >= REFUSAL_LASTS:
                sending = "unknown"
            return AccountState(row.token, row.token_expires_at, row.token_source, row.trouble, row.trouble_at, sending)

    def take_lease(self, holder: str, *, unwanted: str | None, fresh: bool) -> bool:
        """Whether `holder` is now the one that fetches a token, for `LEASE_S` seconds.

        It is not when another holder's lease runs, or when a usable token other than `unwanted` is there (unless `fresh`).
        """
        self._ensure_row()
        needed = true() if fresh else or_(
            WeChatAccount.token.is_(None), WeChatAccount.token_expires_at <= self._now(), WeChatAccount.token == unwanted
        )  # fmt: skip
        free = or_(WeChatAccount.lease_until.is_(None), WeChatAccount.lease_until <= self._now())
        return self._update(free, needed, lease_by=holder, lease_until=self._lease_end())

    def extend_lease(self, holder: str) -> None:
        """A full lease from now on, if it is still held."""
        self._update(WeChatAccount.lease_by == holder, lease_until=self._lease_end())

    def keep_token(self, holder: str, token: str, usable_until: datetime, source: str) -> bool:
        """Store the token, end the lease, forget the trouble. False, and nothing is stored, when the lease was lost meanwhile."""
        return self._update(
            WeChatAccount.lease_by == holder, token=token, token_expires_at=usable_until, token_source=source,
            lease_by=None, lease_until=None, trouble=None, trouble_at=None,
        )  # fmt: skip

    def end_lease(self, holder: str, trouble: str | None = None) -> None:
        """No token was got; `trouble` when only an operator can mend it."""
        noted: dict[str, Any] = {"trouble": trouble[:TROUBLE_LENGTH], "trouble_at": self._now()} if trouble else {}
        self._update(WeChatAccount.lease_by == holder, lease_by=None, lease_until=None, **noted)

    def note_sending(self, state: Sending) -> None:
        """Whether customer-service messages may be sent, as WeChat's answer has just shown."""
        self._ensure_row()
        self._update(true(), sending=state, sending_checked_at=self._now())

    def _lease_end(self) -> datetime:
        return self._now() + timedelta(seconds=LEASE_S)

    def _update(self, *conditions: Any, **values: Any) -> bool:
        statement = update(WeChatAccount).where(WeChatAccount.app_id == self._app_id, *conditions).values(**values)
        with self._database.write() as session:
            result = cast("CursorResult[Any]", session.execute(statement))
            return result.rowcount == 1

    def _ensure_row(self) -> None:
        with self._database.read() as session:
            if session.scalar(select(WeChatAccount.app_id).where(WeChatAccount.app_id == self._app_id)):
                return
        try:
            with self._database.write() as session:
                session.add(WeChatAccount(app_id=self._app_id, sending="unknown"))
        except IntegrityError:  # another process was faster
            return
