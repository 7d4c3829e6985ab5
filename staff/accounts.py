"""Accounts of staff: who they are, what they may do, and whether a password is theirs."""

import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from database.columns import utc_now
from database.engine import Database
from staff import audit, login_failures, passwords, sessions, tokens
from staff.errors import LoginRefusedError, MemberExistsError, MemberRuleError, OwnAccountError, UnknownMemberError
from staff.members import Member
from staff.models import StaffUser
from staff.roles import ROLE_NAMES, ROLES
from staff.sessions import StaffSessions, member_of
from staff.tokens import StaffTokens

__all__ = ["COMMAND_LINE", "Account", "Member", "StaffAccounts"]

COMMAND_LINE = Member("命令行", "命令行", "admin")  # whoever can run commands on the server
_NAME = re.compile(r"[\w.@-]{2,32}")
_RESERVED = {"管理令牌", "命令行", "系统", "市民", "助手", "importer", "system"}  # names by which programs act
DEFAULT_IDLE = timedelta(hours=2)


@dataclass(frozen=True)
class Account:
    """A member with what only administrators see."""

    member: Member
    active: bool
    created_at: datetime
    password_changed_at: datetime


class StaffAccounts:
    """Accounts, with their `sessions` and `tokens`. Each method blocks; each write is one transaction with audit.

    Args:
        idle: a session nobody uses ends after this time.
    """

    def __init__(self, database: Database, *, idle: timedelta = DEFAULT_IDLE, now: Callable[[], datetime] = utc_now) -> None:
        self._database, self._now = database, now
        self.sessions = StaffSessions(database, idle, now)
        self.tokens = StaffTokens(database, now)

    def any(self) -> bool:
        """Whether anybody has an account in use."""
        with self._database.read() as session:
            return session.scalar(select(StaffUser.id).where(StaffUser.active.is_(True)).limit(1)) is not None

    def add(
        self, name: str, password: str, role: str, by: Member, *, display_name: str | None = None, department: str | None = None
    ) -> Member:
        """A new account.

        Raises:
            MemberRuleError: name, role or password are not acceptable; MemberExistsError.
        """
        name = login_name(name)
        if not _NAME.fullmatch(name) or name in _RESERVED:
            raise MemberRuleError(
                f"“{name}”不能作登录名。", fix="登录名为 2 到 32 个文字、数字或 . _ - @，不含空格，不与系统名称相同。"
            )
        _check_role(role)
        passwords.check(password, name)
        hashed, moment = passwords.hash_of(password), self._now()
        user = StaffUser(
            name=name, display_name=(display_name or "").strip()[:64] or name, role=role, active=True,
            department=(department or "").strip()[:64] or None, password_hash=hashed, password_changed_at=moment, created_at=moment,
        )  # fmt: skip
        try:
            with self._database.write() as session:
                session.add(user)
                session.flush()
                detail = {"role": role, "display_name": user.display_name, "department": user.department}
                audit.record(session, by, "staff.add", "staff", name, detail, moment)
        except IntegrityError as exc:
            raise MemberExistsError(f"登录名 {name} 已经有人使用。", fix="换一个登录名；停用的账号可以重新启用。") from exc
        return member_of(user)

    def authenticate(self, name: str, password: str, address: str = "") -> Member:
        """The member whose password this is. Unknown names, wrong passwords and deactivated accounts are refused alike.

        Raises:
            LoginRefusedError; LoginLockedError: too many wrong passwords for this name, existing or not.
        """
        name = login_name(name)[:32]
        moment = self._now()
        with self._database.write() as session:
            locked_s = login_failures.begin_attempt(session, name, moment)
            user = session.scalar(select(StaffUser).where(StaffUser.name == name))
        login_failures.refuse(locked_s)
        right = passwords.fits(password, user.password_hash if user else passwords.NOBODY)
        stranger = Member(name, name, "", address=address)
        with self._database.write() as session:
            if user is None or not right or not user.active:
                audit.record(session, stranger, "login.refused", "staff", name, {}, moment)
            else:
                login_failures.forget(session, name)
        if user is None or not right or not user.active:
            raise LoginRefusedError(
                "登录名或密码不正确。", fix="核对后重新输入；连续输错会暂时不能登录，忘记密码请联系管理员重置。"
            )
        return replace(member_of(user), address=address)

    def set_role(self, name: str, role: str, by: Member) -> Member:
        """Change a role; the member is logged out everywhere, tokens beyond the new role end.

        Raises:
            UnknownMemberError, MemberRuleError; OwnAccountError: one's own role.
        """
        _check_role(role)
        _not_oneself(name, by, "改自己的角色")

        def change(user: StaffUser) -> dict[str, Any]:
            before, user.role = user.role, role
            return {"from": before, "to": role}

        return self._change(name, by, "staff.role", change)

    def set_profile(self, name: str, by: Member, *, display_name: str, department: str | None) -> Member:
        """How a member is called and where they work. Raises UnknownMemberError."""

        def change(user: StaffUser) -> dict[str, Any]:
            user.display_name = display_name.strip()[:64] or user.name
            user.department = (department or "").strip()[:64] or None
            return {"display_name": user.display_name, "department": user.department}

        return self._change(name, by, "staff.profile", change, log_out=False)

    def set_password(self, name: str, password: str, by: Member) -> Member:
        """A new password; the member is logged out everywhere and no longer locked. Raises UnknownMemberError, MemberRuleError."""
        passwords.check(password, login_name(name))
        hashed = passwords.hash_of(password)

        def change(user: StaffUser) -> dict[str, Any]:
            user.password_hash, user.password_changed_at = hashed, self._now()
            return {}

        return self._change(name, by, "staff.password", change)

    def deactivate(self, name: str, by: Member) -> Member:
        """Nobody logs in as this member any more; sessions and tokens end. Raises UnknownMemberError, OwnAccountError."""
        _not_oneself(name, by, "停用自己的账号")
        return self._set_active(name, by, active=False)

    def reactivate(self, name: str, by: Member) -> Member:
        """Raises UnknownMemberError."""
        return self._set_active(name, by, active=True)

    def get(self, name: str) -> Account:
        """Raises UnknownMemberError."""
        with self._database.read() as session:
            return _account(_user(session, name))

    def listed(self) -> list[Account]:
        """Everybody, those in use first."""
        with self._database.read() as session:
            return [
                _account(user) for user in session.scalars(select(StaffUser).order_by(StaffUser.active.desc(), StaffUser.name))
            ]

    def foundations(self, names: Collection[str]) -> dict[str, Any]:
        """What the logins of these members rest on: any change here has ended them or is about to."""
        query = select(StaffUser.name, StaffUser.active, StaffUser.role, StaffUser.password_changed_at)
        with self._database.read() as session:
            return {name: tuple(rest) for name, *rest in session.execute(query.where(StaffUser.name.in_(names)))}

    def _set_active(self, name: str, by: Member, *, active: bool) -> Member:
        def change(user: StaffUser) -> dict[str, Any]:
            user.active = active
            return {}

        return self._change(name, by, "staff.reactivate" if active else "staff.deactivate", change)

    def _change(
        self, name: str, by: Member, action: str, change: Callable[[StaffUser], dict[str, Any]], *, log_out: bool = True
    ) -> Member:
        moment = self._now()
        with self._database.write() as session:
            user = _user(session, name)
            detail = change(user)
            if log_out:
                sessions.end_all(session, user.id, moment)
                tokens.revoke_beyond(session, user, moment)
                login_failures.forget(session, user.name)
            audit.record(session, by, action, "staff", user.name, detail, moment)
            return member_of(user)


def login_name(name: str) -> str:
    """A name as it is stored and looked up: width and case do not matter."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _user(session: Session, name: str) -> StaffUser:
    user = session.scalar(select(StaffUser).where(StaffUser.name == login_name(name)))
    if user is None:
        raise UnknownMemberError(f"没有账号 {name}。", fix="用 `wenzheng user list` 或人员页面查看账号。")
    return user


def _account(user: StaffUser) -> Account:
    return Account(member_of(user), user.active, user.created_at, user.password_changed_at)


def _check_role(role: str) -> None:
    if role not in ROLES:
        names = "、".join(f"{name}（{ROLE_NAMES[name]}）" for name in ROLES)
        raise MemberRuleError(f"没有角色“{role}”。", fix=f"可选的角色：{names}。")


def _not_oneself(name: str, by: Member, what: str) -> None:
    if login_name(name) == by.name:
        raise OwnAccountError(f"不能{what}。", fix="请另一位管理员操作，或在服务器上用 `wenzheng user` 命令。")
