"""Which messages WeChat has pushed, and how the answer to each goes out: decided once, whatever is pushed again or dies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.channels.wechat.allowances import UNFOLLOWED, follower_of, note_user_action
from bot.channels.wechat.inbound import Push
from bot.channels.wechat.rendering import first_portion, joined
from bot.channels.wechat.tables import WeChatDelivery
from conversations import clock
from conversations.clock import Clock
from conversations.outbox import (
    AWAITS_THE_USER,
    PENDING,
    UNCERTAIN,
    WAITING,
    OutboxItem,
    add_to_outbox,
    drop_unsent,
    is_waiting,
    release_waiting,
    take_unsent,
)  # fmt: skip
from database.engine import Database

CHANNEL = "wechat"
PASSIVE: Final = "passive"
OUTBOX: Final = "outbox"
NEXT_MESSAGE: Final = "next_message"
Route = Literal["passive", "outbox", "next_message"]
NO_MORE_ATTEMPTS = timedelta(seconds=20)  # WeChat's three attempts take about 15 s
KEPT = timedelta(days=3)
TOLD_PASSIVELY = "随用户下一条消息的回复送达"
MAYBE_LOST = "程序中断时这条回复正在送出，不确定用户是否收到"


@dataclass(frozen=True)
class Arrival:
    """One attempt of WeChat to hand a message over.

    Attributes:
        attempt: 1 for the first one that reached us; elapsed_s: since that one.
        route, content: how the answer goes out and the passive reply's text, when that is decided.
        released: messages that waited for this user may be sent now.
    """

    attempt: int
    elapsed_s: float
    route: str | None
    content: str | None
    released: bool = False


class DeliveryStore:
    """Each method is one short transaction; all of them block."""

    def __init__(self, database: Database, now: Clock = clock.now) -> None:
        self._database, self._now = database, now

    def arrive(self, push: Push, may_send: bool) -> Arrival:
        """Count an attempt. The first one opens the user's quota and releases what waited for the user.

        Args:
            may_send: the account can send customer-service messages.
        """
        try:
            with self._database.write() as session:
                moment = self._now()
                row = session.get(WeChatDelivery, push.key)
                if row is None:
                    session.add(
                        WeChatDelivery(
                            key=push.key, openid=push.openid, push=push.to_json(), attempts=1, first_at=moment, last_at=moment,
                            route=None, content=None, done=False,
                        )
                    )  # fmt: skip
                    note_user_action(session, push.openid, push.window, moment)
                    released = bool(may_send and push.window and release_waiting(session, CHANNEL, push.openid, moment))
                    return Arrival(1, 0.0, None, None, released)
                row.attempts, row.last_at = row.attempts + 1, moment
                return Arrival(row.attempts, (moment - row.first_at).total_seconds(), row.route, row.content)
        except IntegrityError:  # another process took the same attempt's twin in this moment
            return self.arrive(push, may_send)

    def answer(self, push: Push, text: str, tell_waiting: Callable[[OutboxItem], str] | None) -> Arrival:
        """Decide for the passive reply, unless another attempt has decided already; returns what counts.

        Args:
            text: rendered, of any length; "" says nothing.
            tell_waiting: renders what waits for this user, which goes before the text; None: it is sent another way.
        """
        with self._database.write() as session:
            if not _decide(session, push.key, PASSIVE):
                return _state(session, push.key)
            moment = self._now()
            waiting = take_unsent(session, CHANNEL, push.openid, TOLD_PASSIVELY, moment) if tell_waiting else []
            parts = [tell_waiting(item) for item in waiting] if tell_waiting else []
            whole = joined([*parts, text])
            content, rest = first_portion(whole)
            if whole:
                follower_of(session, push.openid, moment).rest = rest
            session.execute(update(WeChatDelivery).where(WeChatDelivery.key == push.key).values(content=content))
            return Arrival(0, 0.0, PASSIVE, content)

    def has_waiting(self, openid: str) -> bool:
        """Whether something waits for this user's next message."""
        with self._database.read() as session:
            return is_waiting(session, CHANNEL, openid)

    def later(self, push: Push, route: Route, content: str = "") -> Arrival:
        """Decide that the answer goes out later, unless it is decided otherwise; returns what counts."""
        with self._database.write() as session:
            if _decide(session, push.key, route):
                session.execute(update(WeChatDelivery).where(WeChatDelivery.key == push.key).values(content=content))
            return _state(session, push.key)

    def hand_to_outbox(self, push: Push, messages: Sequence[dict[str, Any]], conversation_id: str, may_send: bool) -> None:
        """Give a late answer to the outbox; from here on nothing can lose it. Doing it twice adds nothing."""
        with self._database.write() as session:
            for number, message in enumerate(messages):
                add_to_outbox(
                    session, channel=CHANNEL, recipient=push.openid, conversation_id=conversation_id, content=message,
                    key=f"wechat:{push.key}:{number}", moment=self._now(), state=PENDING if may_send else WAITING,
                    reason=None if may_send else AWAITS_THE_USER,
                )  # fmt: skip
            _done(session, push.key)

    def written(self, keys: Sequence[str]) -> None:
        """Replies have been written to WeChat: where they carried the answer, nothing is left to be done."""
        with self._database.write() as session:
            session.execute(
                update(WeChatDelivery)
                .where(WeChatDelivery.key.in_(keys), WeChatDelivery.route == PASSIVE)
                .values(done=True, push=None)
            )

    def left_over(self) -> list[tuple[Push, str | None, str | None]]:
        """Messages whose last attempt is over and whose effect is not certain: (push, route, content), oldest first."""
        over = self._now() - NO_MORE_ATTEMPTS
        query = (
            select(WeChatDelivery)
            .where(WeChatDelivery.done.is_(False), WeChatDelivery.last_at < over)
            .order_by(WeChatDelivery.first_at)
            .limit(20)
        )
        with self._database.read() as session:
            rows = session.scalars(query).all()
        return [(Push.from_json(row.push), row.route, row.content) for row in rows if row.push]

    def decide_later(self, push: Push) -> str:
        """For a message that no attempt of WeChat waits for any more: the route that counts."""
        return self.later(push, OUTBOX).route or OUTBOX

    def set_aside(self, push: Push, content: str) -> None:
        """A passive reply was decided but perhaps never written: show it to staff as uncertain."""
        with self._database.write() as session:
            if content:
                add_to_outbox(
                    session, channel=CHANNEL, recipient=push.openid, content={"text": content}, key=f"wechat:{push.key}:lost",
                    moment=self._now(), state=UNCERTAIN, reason=MAYBE_LOST,
                )  # fmt: skip
            _done(session, push.key)

    def forget_user(self, openid: str) -> None:
        """The user unfollowed: nothing more is sent, and what was kept for them is erased."""
        with self._database.write() as session:
            moment = self._now()
            follower = follower_of(session, openid, moment)
            follower.followed, follower.rest, follower.updated_at = False, None, moment
            drop_unsent(session, CHANNEL, openid, UNFOLLOWED, moment)
            session.execute(
                update(WeChatDelivery).where(WeChatDelivery.openid == openid).values(done=True, push=None, content=None)
            )

    def forget_old(self) -> int:
        """Delete finished deliveries after `KEPT`; the turns keep their keys, so that a replay still changes nothing."""
        old = delete(WeChatDelivery).where(WeChatDelivery.done.is_(True), WeChatDelivery.last_at < self._now() - KEPT)
        with self._database.write() as session:
            return int(session.connection().execute(old).rowcount)


def _decide(session: Session, key: str, route: Route) -> bool:
    deciding = update(WeChatDelivery).where(WeChatDelivery.key == key, WeChatDelivery.route.is_(None)).values(route=route)
    return int(session.connection().execute(deciding).rowcount) == 1


def _state(session: Session, key: str) -> Arrival:
    row = session.get_one(WeChatDelivery, key, populate_existing=True)
    return Arrival(row.attempts, (row.last_at - row.first_at).total_seconds(), row.route, row.content)


def _done(session: Session, key: str) -> None:
    session.execute(update(WeChatDelivery).where(WeChatDelivery.key == key).values(done=True, push=None))
