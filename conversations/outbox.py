"""Everything said to a citizen outside of the reply to their message: kept until it is sent, waits, or is given up visibly.

A message is written down in the transaction of whatever caused it, claimed by exactly one process, and sent at most once:
what was in a dead process's hands is `uncertain`, shown to staff, never sent again by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from conversations import clock
from conversations.clock import Clock
from conversations.models import OutboxMessage
from database.engine import Database
from staff import audit
from staff.members import Member

PENDING, SENDING, SENT, WAITING, UNCERTAIN, DROPPED = "pending", "sending", "sent", "waiting", "uncertain", "dropped"
STATES = (PENDING, SENDING, SENT, WAITING, UNCERTAIN, DROPPED)
IN_HAND_AT_MOST = timedelta(seconds=60)  # longer than every attempt to send takes
BACK_OFF_S = (1, 2, 5, 15, 60, 300, 900)
UNSEEN_CHANNELS = frozenset({"wechat"})  # their users do not look for what was said; it must be sent to them

# What staff read beside a message that did not go out.
AWAITS_THE_USER = "等用户再次发言后送达"
PERHAPS_ARRIVED = "发送途中程序中断或连接断开，不确定是否已送达"


@dataclass(frozen=True)
class OutboxItem:
    """A message that this process has claimed, or one waiting for its user."""

    id: int
    channel: str
    recipient: str
    conversation_id: str | None
    kind: str
    content: Mapping[str, Any]
    attempts: int


def add_to_outbox(
    session: Session,
    *,
    channel: str,
    recipient: str,
    content: Mapping[str, Any],
    key: str,
    moment: datetime,
    conversation_id: str | None = None,
    kind: str = "text",
    state: str = PENDING,
    reason: str | None = None,
) -> bool:
    """Write a message down inside the caller's transaction. False: one with this key is there already.

    Args:
        content: for text the message as the web channel would show it: {"text", "buttons"?, "citations"?}.
        key: what the message is, e.g. "turn:<id>".
    """
    if session.scalar(select(OutboxMessage.id).where(OutboxMessage.dedupe_key == key)) is not None:
        return False
    try:
        with session.begin_nested():
            session.add(
                OutboxMessage(
                    channel=channel, recipient=recipient, conversation_id=conversation_id, kind=kind, content=dict(content),
                    dedupe_key=key, state=state, reason=reason, attempts=0, not_before=moment, created_at=moment,
                )
            )  # fmt: skip
    except IntegrityError:  # another process wrote it in this moment
        return False
    return True


def is_waiting(session: Session, channel: str, recipient: str) -> bool:
    """Whether something has not been sent to this user yet."""
    query = select(OutboxMessage.id).where(_unsent(channel, recipient)).limit(1)
    return session.scalar(query) is not None


def take_unsent(session: Session, channel: str, recipient: str, how: str, moment: datetime) -> list[OutboxItem]:
    """What this user has not got yet, oldest first, now told another way, such as in a passive reply. No sender has it in hand."""
    taking = (
        update(OutboxMessage)
        .where(_unsent(channel, recipient))
        .values(state=SENT, reason=how, done_at=moment)
        .returning(OutboxMessage)
    )
    return sorted((_item(row) for row in session.scalars(taking)), key=lambda item: item.id)


def release_waiting(session: Session, channel: str, recipient: str, moment: datetime) -> int:
    """The user has written: what waited may be tried again. Returns how many."""
    released = (
        update(OutboxMessage)
        .where(OutboxMessage.channel == channel, OutboxMessage.recipient == recipient, OutboxMessage.state == WAITING)
        .values(state=PENDING, reason=None, not_before=moment)
    )
    return int(session.connection().execute(released).rowcount)


def drop_unsent(session: Session, channel: str, recipient: str, reason: str, moment: datetime) -> int:
    """Nobody will read it any more. Returns how many messages were given up."""
    dropped = update(OutboxMessage).where(_unsent(channel, recipient)).values(state=DROPPED, reason=reason, done_at=moment)
    return int(session.connection().execute(dropped).rowcount)


class Outbox:
    """The queue as its senders see it. Each method is one short transaction; all of them block."""

    def __init__(self, database: Database, now: Clock = clock.now) -> None:
        self._database, self._now = database, now

    def claim(self, channel: str, worker: str) -> OutboxItem | None:
        """Take the next message that may go out now; None when there is none.

        Messages to one user go out in order: one that is retried later holds back those behind it.
        """
        earlier, moment = aliased(OutboxMessage), self._now()
        ahead = exists().where(
            earlier.channel == OutboxMessage.channel,
            earlier.recipient == OutboxMessage.recipient,
            earlier.id < OutboxMessage.id,
            earlier.state.in_([PENDING, SENDING]),
        )
        ready = and_(OutboxMessage.channel == channel, OutboxMessage.state == PENDING, OutboxMessage.not_before <= moment)
        query = select(OutboxMessage.id).where(ready, ~ahead).order_by(OutboxMessage.id).limit(1)
        with self._database.read() as session:  # most looks find nothing and must not take the write lock
            if session.scalar(query) is None:
                return None
        with self._database.write() as session:
            number = session.scalar(query)
            if number is None:
                return None
            taking = (
                update(OutboxMessage)
                .where(OutboxMessage.id == number, OutboxMessage.state == PENDING)
                .values(state=SENDING, claimed_by=worker, claimed_at=moment, attempts=OutboxMessage.attempts + 1)
            )
            if session.connection().execute(taking).rowcount != 1:
                return None
            return _item(session.get_one(OutboxMessage, number))

    def sent(self, item: OutboxItem) -> None:
        self._settle(item, SENT, None)

    def retry(self, item: OutboxItem, reason: str) -> None:
        """Try again later, ever less often."""
        pause = timedelta(seconds=BACK_OFF_S[min(item.attempts, len(BACK_OFF_S)) - 1])
        self._settle(item, PENDING, reason, not_before=self._now() + pause)

    def wait(self, item: OutboxItem, reason: str) -> None:
        """Keep it until the user writes again."""
        self._settle(item, WAITING, reason)

    def uncertain(self, item: OutboxItem, reason: str = PERHAPS_ARRIVED) -> None:
        self._settle(item, UNCERTAIN, reason)

    def drop(self, item: OutboxItem, reason: str) -> None:
        self._settle(item, DROPPED, reason)

    def reap(self) -> int:
        """Set aside what has been in the hands of a process that must be dead; returns how many."""
        dead = self._now() - IN_HAND_AT_MOST
        late = and_(OutboxMessage.state == SENDING, OutboxMessage.claimed_at < dead)
        with self._database.read() as session:
            if session.scalar(select(OutboxMessage.id).where(late).limit(1)) is None:
                return 0
        with self._database.write() as session:
            setting_aside = update(OutboxMessage).where(late).values(state=UNCERTAIN, reason=PERHAPS_ARRIVED)
            return int(session.connection().execute(setting_aside).rowcount)

    def counts(self) -> dict[str, int]:
        """How many messages are in each state."""
        with self._database.read() as session:
            rows = session.execute(select(OutboxMessage.state, func.count()).group_by(OutboxMessage.state)).all()
        return {**dict.fromkeys(STATES, 0), **{row[0]: row[1] for row in rows}}

    def decide(self, number: int, state: str, reason: str, member: Member) -> bool:
        """A member's decision on a message that is uncertain or waits: send it again (`pending`) or not (`dropped`); audited.

        Returns: False when there is no such message, or it is not uncertain or waiting any more.
        """
        moment = self._now()
        done = {"done_at": moment} if state == DROPPED else {"not_before": moment}
        deciding = (
            update(OutboxMessage)
            .where(OutboxMessage.id == number, OutboxMessage.state.in_([UNCERTAIN, WAITING]))
            .values(state=state, reason=reason, **done)
        )
        with self._database.write() as session:
            if session.connection().execute(deciding).rowcount != 1:
                return False
            audit.record(session, member, f"outbox.{state}", "outbox_message", number, {"reason": reason}, moment)
            return True

    def listed(self, states: Sequence[str], limit: int = 100) -> list[dict[str, Any]]:
        """Messages in these states for staff, newest first."""
        query = select(OutboxMessage).where(OutboxMessage.state.in_(states)).order_by(OutboxMessage.id.desc()).limit(limit)
        with self._database.read() as session:
            rows = session.scalars(query).all()
        return [
            {
                "id": row.id, "channel": row.channel, "recipient": row.recipient, "conversation_id": row.conversation_id,
                "kind": row.kind, "content": row.content, "state": row.state, "reason": row.reason, "attempts": row.attempts,
                "created_at": row.created_at.isoformat(timespec="seconds"),
            }
            for row in rows
        ]  # fmt: skip

    def _settle(self, item: OutboxItem, state: str, reason: str | None, **changes: Any) -> None:
        done = {"done_at": self._now()} if state in {SENT, DROPPED} else {}
        with self._database.write() as session:
            session.execute(
                update(OutboxMessage)
                .where(OutboxMessage.id == item.id, OutboxMessage.state == SENDING)
                .values(state=state, reason=reason, claimed_by=None, **done, **changes)
            )


def _unsent(channel: str, recipient: str) -> ColumnElement[bool]:
    return and_(
        OutboxMessage.channel == channel, OutboxMessage.recipient == recipient, OutboxMessage.state.in_([PENDING, WAITING])
    )


def _item(row: OutboxMessage) -> OutboxItem:
    return OutboxItem(row.id, row.channel, row.recipient, row.conversation_id, row.kind, row.content, row.attempts)
