"""How many customer-service messages may still be sent to a user, and until when.

Windows and numbers are WeChat's ("客服消息", docs/wechat.md): five within 48 hours of the user's message, three within a minute of a
menu click, a scan or subscribing; a new action opens a new quota.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.channels.wechat.inbound import Window
from bot.channels.wechat.tables import WeChatFollower
from conversations import clock
from conversations.clock import Clock
from database.engine import Database

MESSAGE_WINDOW, MESSAGE_QUOTA = timedelta(hours=48), 5
ACTION_WINDOW, ACTION_QUOTA = timedelta(minutes=1), 3
MARGIN = timedelta(seconds=5)  # WeChat's clock and ours, and the way there

UNFOLLOWED = "用户已取消关注"
NEVER_WROTE = "用户还没有发过消息，等用户发言后送达"
WINDOW_OVER = "距用户上次发言已超过 48 小时，等用户再次发言后送达"
QUOTA_USED = f"用户上次发言后已发满 {MESSAGE_QUOTA} 条，等用户再次发言后送达"


@dataclass(frozen=True)
class Allowance:
    """What may be sent to a user now.

    Attributes:
        left, of: messages of the quota; hours_left: until the window closes (0 when it is closed).
        reason: why nothing may be sent; None when something may.
    """

    left: int
    of: int
    hours_left: float
    reason: str | None


def follower_of(session: Session, openid: str, moment: datetime) -> WeChatFollower:
    """The user's row, made on first sight. Needs a writing session."""
    row = session.get(WeChatFollower, openid)
    if row is None:
        row = WeChatFollower(
            openid=openid, followed=True, message_at=None, message_sent=0, action_at=None, action_sent=0, rest=None,
            updated_at=moment,
        )  # fmt: skip
        session.add(row)
        session.flush()
    return row


def note_user_action(session: Session, openid: str, window: Window | None, moment: datetime) -> None:
    """The user did something that opens a new quota."""
    row = follower_of(session, openid, moment)
    row.followed, row.updated_at = True, moment
    if window == "message":
        row.message_at, row.message_sent = moment, 0
    elif window == "action":
        row.action_at, row.action_sent = moment, 0


class Allowances:
    """Counts what is sent. Each method is one short transaction; all of them block."""

    def __init__(self, database: Database, now: Clock = clock.now) -> None:
        self._database, self._now = database, now

    def take(self, openid: str) -> str | None:
        """Use one message of an open quota, the one that closes first. Returns why there is none, None when taken."""
        with self._database.write() as session:
            row, moment = session.get(WeChatFollower, openid), self._now()
            if row is None:
                return NEVER_WROTE
            if not row.followed:
                return UNFOLLOWED
            if _open(row.action_at, ACTION_WINDOW, moment) and row.action_sent < ACTION_QUOTA:
                row.action_sent += 1
            elif _open(row.message_at, MESSAGE_WINDOW, moment) and row.message_sent < MESSAGE_QUOTA:
                row.message_sent += 1
            else:
                return _reason(row, moment)
            return None

    def give_back(self, openid: str) -> None:
        """A message that was taken for was certainly not accepted by WeChat."""
        with self._database.write() as session:
            row, moment = session.get(WeChatFollower, openid), self._now()
            if row is None:
                return
            if _open(row.action_at, ACTION_WINDOW, moment) and row.action_sent:
                row.action_sent -= 1
            elif row.message_sent:
                row.message_sent -= 1

    def exhausted(self, openid: str) -> None:
        """WeChat says that the quota is used up: it counts what others sent as well."""
        with self._database.write() as session:
            row = session.get(WeChatFollower, openid)
            if row is not None:
                row.message_sent, row.action_sent = MESSAGE_QUOTA, ACTION_QUOTA

    def closed(self, openid: str) -> None:
        """WeChat says that the window is over."""
        with self._database.write() as session:
            row = session.get(WeChatFollower, openid)
            if row is not None:
                row.message_at = row.action_at = None

    def keep_rest(self, openid: str, rest: str | None) -> None:
        """What 「更多」 will show."""
        with self._database.write() as session:
            follower_of(session, openid, self._now()).rest = rest

    def rest(self, openid: str) -> str | None:
        with self._database.read() as session:
            row = session.get(WeChatFollower, openid)
            return row.rest if row else None

    def left(self, openid: str) -> Allowance:
        """For staff: n of 5, hours left."""
        return self.of([openid])[openid]

    def of(self, openids: Collection[str]) -> dict[str, Allowance]:
        """What may be sent to each of these users."""
        with self._database.read() as session:
            rows = session.scalars(select(WeChatFollower).where(WeChatFollower.openid.in_(openids))).all()
        known = {row.openid: _allowance(row, self._now()) for row in rows}
        return {openid: known.get(openid, Allowance(0, MESSAGE_QUOTA, 0.0, NEVER_WROTE)) for openid in openids}


def _allowance(row: WeChatFollower, moment: datetime) -> Allowance:
    if not row.followed:
        return Allowance(0, MESSAGE_QUOTA, 0.0, UNFOLLOWED)
    if row.message_at is not None and _open(row.message_at, MESSAGE_WINDOW, moment):
        hours = round((row.message_at + MESSAGE_WINDOW - moment) / timedelta(hours=1), 1)
        left = MESSAGE_QUOTA - row.message_sent
        return Allowance(max(left, 0), MESSAGE_QUOTA, hours, None if left > 0 else _reason(row, moment))
    if _open(row.action_at, ACTION_WINDOW, moment) and row.action_sent < ACTION_QUOTA:
        return Allowance(ACTION_QUOTA - row.action_sent, ACTION_QUOTA, 0.0, None)
    return Allowance(0, MESSAGE_QUOTA, 0.0, _reason(row, moment))


def _open(since: datetime | None, length: timedelta, moment: datetime) -> bool:
    return since is not None and moment < since + length - MARGIN


def _reason(row: WeChatFollower, moment: datetime) -> str:
    if row.message_at is None:
        return NEVER_WROTE if row.action_at is None else WINDOW_OVER
    return QUOTA_USED if _open(row.message_at, MESSAGE_WINDOW, moment) else WINDOW_OVER
