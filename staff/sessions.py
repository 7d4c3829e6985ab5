"""Logins in browsers: opened by a password, ended by logging out, by time, or by a change of the account."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from database.columns import utc_now
from database.engine import Database
from staff import audit, secret_tokens
from staff.members import Member
from staff.models import StaffSession, StaffUser

LONGEST = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)  # how often activity is written down
KEPT = timedelta(days=90)  # after its end


@dataclass(frozen=True)
class OpenedSession:
    """A new session; the token exists only here and in the browser's cookie."""

    member: Member
    token: str
    csrf: str
    expires_at: datetime


class StaffSessions:
    """Sessions of all members. Each method blocks.

    Args:
        idle: a session nobody uses ends after this time.
    """

    def __init__(self, database: Database, idle: timedelta, now: Any = utc_now) -> None:
        self._database, self._idle, self._now = database, idle, now

    def open(self, member: Member, user_agent: str = "") -> OpenedSession:
        """A session for a member who has just shown their password."""
        moment, token = self._now(), secret_tokens.fresh()
        with self._database.write() as session:
            user_id = session.scalars(select(StaffUser.id).where(StaffUser.name == member.name)).one()
            session.add(
                StaffSession(
                    user_id=user_id, token_hash=secret_tokens.hash_of(token), created_at=moment, last_seen_at=moment,
                    expires_at=moment + LONGEST, address=member.address[:64], user_agent=user_agent[:200],
                )
            )  # fmt: skip
            audit.record(session, member, "login", "staff", member.name, {}, moment)
            _forget_old(session, moment)
        return OpenedSession(member, token, secret_tokens.csrf_token(token), moment + LONGEST)

    def member(self, token: str, *, address: str = "", active: bool = True) -> Member | None:
        """Who is behind a session's token; None when it has ended or never was.

        Args:
            active: somebody did something; otherwise looking does not keep the session alive.
        """
        moment = self._now()
        with self._database.read() as session:
            found = session.execute(
                select(StaffSession, StaffUser)
                .join(StaffUser, StaffUser.id == StaffSession.user_id)
                .where(StaffSession.token_hash == secret_tokens.hash_of(token))
            ).first()
        if found is None:
            return None
        row, user = found
        if not user.active or row.ended_at is not None or moment >= min(row.expires_at, row.last_seen_at + self._idle):
            return None
        if active and moment - row.last_seen_at >= SEEN_EVERY:
            with self._database.write() as session:
                session.execute(update(StaffSession).where(StaffSession.id == row.id).values(last_seen_at=moment))
        return replace(member_of(user), address=address)

    def close(self, token: str, address: str = "") -> None:
        """Log out; nothing happens when the session has ended already."""
        member = self.member(token, address=address, active=False)
        moment = self._now()
        with self._database.write() as session:
            session.execute(
                update(StaffSession)
                .where(StaffSession.token_hash == secret_tokens.hash_of(token), StaffSession.ended_at.is_(None))
                .values(ended_at=moment)
            )
            if member is not None:
                audit.record(session, member, "logout", "staff", member.name, {}, moment)

    def listed(self, name: str) -> list[dict[str, Any]]:
        """Open sessions of one member, the latest first."""
        moment = self._now()
        with self._database.read() as session:
            rows = session.scalars(
                select(StaffSession)
                .join(StaffUser, StaffUser.id == StaffSession.user_id)
                .where(StaffUser.name == name, StaffSession.ended_at.is_(None), StaffSession.expires_at > moment)
                .order_by(StaffSession.id.desc())
            )
            return [
                {
                    "created_at": row.created_at.isoformat(timespec="seconds"),
                    "last_seen_at": row.last_seen_at.isoformat(timespec="seconds"),
                    "address": row.address,
                    "user_agent": row.user_agent,
                }
                for row in rows
                if row.last_seen_at + self._idle > moment
            ]


def end_all(session: Session, user_id: int, moment: datetime) -> None:
    """Log a member out everywhere, inside the caller's transaction."""
    session.execute(
        update(StaffSession).where(StaffSession.user_id == user_id, StaffSession.ended_at.is_(None)).values(ended_at=moment)
    )


def member_of(user: StaffUser) -> Member:
    return Member(user.name, user.display_name, user.role, user.department)


def _forget_old(session: Session, moment: datetime) -> None:
    """Rows of long-ended sessions go; who logged in and out stays in the audit log."""
    for row in session.scalars(select(StaffSession).where(StaffSession.expires_at < moment - KEPT).limit(100)):
        session.delete(row)
