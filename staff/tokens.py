"""API tokens: programs act by them as their owner, in a role that is no more than the owner's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from database.columns import utc_now
from database.engine import Database
from staff import audit, secret_tokens
from staff.errors import MemberRuleError, UnknownMemberError, UnknownTokenError
from staff.members import Member
from staff.models import StaffToken, StaffUser
from staff.roles import ROLES, covers

USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class NewToken:
    """A token as given out once; the store keeps its hash only."""

    token_id: int
    token: str
    role: str


class StaffTokens:
    """Tokens of all members. Each method blocks."""

    def __init__(self, database: Database, now: Any = utc_now) -> None:
        self._database, self._now = database, now

    def add(self, owner: str, label: str, by: Member, *, role: str | None = None, days: int | None = None) -> NewToken:
        """A new token of a member.

        Args:
            role: the owner's unless given.
            days: how long it holds; None = until it is revoked.

        Raises:
            UnknownMemberError; MemberRuleError: the role is more than the owner's.
        """
        moment, token = self._now(), secret_tokens.fresh(secret_tokens.API_TOKEN_PREFIX)
        with self._database.write() as session:
            user = session.scalar(select(StaffUser).where(StaffUser.name == owner, StaffUser.active.is_(True)))
            if user is None:
                raise UnknownMemberError(f"没有在用的账号 {owner}。", fix="用 `wenzheng user list` 查看账号。")
            role = role or user.role
            if role not in ROLES or not covers(user.role, role):
                raise MemberRuleError(f"令牌的角色 {role} 超出了账号 {owner} 的权限。", fix="选一个权限不超过该账号的角色。")
            row = StaffToken(
                user_id=user.id, label=label[:64], role=role, token_hash=secret_tokens.hash_of(token), created_at=moment,
                expires_at=moment + timedelta(days=days) if days else None,
            )  # fmt: skip
            session.add(row)
            session.flush()
            detail = {"owner": owner, "label": row.label, "role": role, "days": days}
            audit.record(session, by, "token.add", "token", row.id, detail, moment)
            return NewToken(row.id, token, role)

    def revoke(self, token_id: int, by: Member) -> None:
        """Raises UnknownTokenError. Nothing happens when it is revoked already."""
        moment = self._now()
        with self._database.write() as session:
            row = session.get(StaffToken, token_id)
            if row is None:
                raise UnknownTokenError(f"没有编号为 {token_id} 的令牌。", fix="先列出令牌，核对编号。")
            if row.revoked_at is None:
                row.revoked_at = moment
                audit.record(session, by, "token.revoke", "token", token_id, {"label": row.label}, moment)

    def member(self, token: str, *, address: str = "") -> Member | None:
        """Whom a program acts as; None when the token does not hold (any more)."""
        if not token.startswith(secret_tokens.API_TOKEN_PREFIX):
            return None
        moment = self._now()
        with self._database.read() as session:
            found = session.execute(
                select(StaffToken, StaffUser)
                .join(StaffUser, StaffUser.id == StaffToken.user_id)
                .where(StaffToken.token_hash == secret_tokens.hash_of(token))
            ).first()
        if found is None:
            return None
        row, user = found
        expired = row.expires_at is not None and row.expires_at <= moment
        if row.revoked_at is not None or expired or not user.active or not covers(user.role, row.role):
            return None
        if row.last_used_at is None or moment - row.last_used_at >= USED_EVERY:
            with self._database.write() as session:
                session.execute(update(StaffToken).where(StaffToken.id == row.id).values(last_used_at=moment))
        return Member(user.name, user.display_name, row.role, user.department, address)

    def owner_of(self, token_id: int) -> str | None:
        """Login name of a token's owner."""
        with self._database.read() as session:
            query = select(StaffUser.name).join(StaffToken, StaffToken.user_id == StaffUser.id).where(StaffToken.id == token_id)
            return session.scalar(query)

    def listed(self, owner: str | None = None) -> list[dict[str, Any]]:
        """Tokens of one member or of all, the latest first; never their secrets."""
        query = select(StaffToken, StaffUser.name).join(StaffUser, StaffUser.id == StaffToken.user_id)
        if owner is not None:
            query = query.where(StaffUser.name == owner)
        moment = self._now()
        with self._database.read() as session:
            return [_shown(row, name, moment) for row, name in session.execute(query.order_by(StaffToken.id.desc()))]


def revoke_beyond(session: Session, user: StaffUser, moment: datetime) -> None:
    """Tokens that are more than their owner now is end, inside the caller's transaction."""
    for row in session.scalars(select(StaffToken).where(StaffToken.user_id == user.id, StaffToken.revoked_at.is_(None))):
        if not user.active or not covers(user.role, row.role):
            row.revoked_at = moment


def _shown(row: StaffToken, owner: str, moment: datetime) -> dict[str, Any]:
    expired = row.expires_at is not None and row.expires_at <= moment
    return {
        "id": row.id,
        "owner": owner,
        "label": row.label,
        "role": row.role,
        "state": "revoked" if row.revoked_at else "expired" if expired else "valid",
        "created_at": row.created_at.isoformat(timespec="seconds"),
        "expires_at": row.expires_at.isoformat(timespec="seconds") if row.expires_at else None,
        "last_used_at": row.last_used_at.isoformat(timespec="seconds") if row.last_used_at else None,
    }
