"""Logging in over HTTP, for the API and for the panel's form: limited per address, the session in a cookie."""

from typing import Any

from fastapi import Request, Response

from bot.authorization import SESSION_COOKIE, StaffGate
from bot.errors import ForbiddenError
from conversations.rate_limit import RateLimiter
from staff.accounts import Member, StaffAccounts
from staff.roles import PERMISSIONS, ROLE_NAMES
from staff.sessions import LONGEST, OpenedSession

ATTEMPTS_A_MINUTE = 30  # an address; a whole office may share one


class StaffLogin:
    """Opens sessions. Blocks."""

    def __init__(self, accounts: StaffAccounts, gate: StaffGate) -> None:
        self._accounts, self._gate, self._limiter = accounts, gate, RateLimiter(ATTEMPTS_A_MINUTE)

    def open(self, request: Request, response: Response, name: str, password: str) -> OpenedSession:
        """A session, its cookie set on the response.

        Raises:
            RateLimitedError: too many attempts from this address. LoginRefusedError, LoginLockedError.
            ForbiddenError: another site's page sent the form.
        """
        if not self._gate.is_ours(request, request.headers.get("origin")):
            raise ForbiddenError("登录请求来自别的网站，已拒绝。", fix="请直接打开本系统的 /panel 登录。")
        address = request.client.host if request.client else ""
        self._limiter.check(address)
        member = self._accounts.authenticate(name, password, address)
        before = request.cookies.get(SESSION_COOKIE)
        if before:
            self._accounts.sessions.close(before, address)
        opened = self._accounts.sessions.open(member, request.headers.get("user-agent", ""))
        response.set_cookie(
            SESSION_COOKIE, opened.token, max_age=int(LONGEST.total_seconds()), httponly=True, samesite="lax",
            secure=request.url.scheme == "https", path="/",
        )  # fmt: skip
        return opened


def forget_session(response: Response) -> None:
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="lax")


def member_out(member: Member) -> dict[str, Any]:
    """A member as the API gives one."""
    return {
        "name": member.name,
        "display_name": member.display_name,
        "role": member.role,
        "role_name": ROLE_NAMES.get(member.role, member.role),
        "department": member.department,
        "permissions": [permission for permission in PERMISSIONS if member.may(permission)],
    }
