"""Who may do what over HTTP: the administrator's token, API tokens of staff, and the panel's session cookie."""

import hmac
from dataclasses import replace
from urllib.parse import urlsplit

from fastapi import Request

from bot.errors import ForbiddenError, UnauthorizedError
from knowledge_base.workflow import Actor
from settings import Settings
from staff.accounts import Member, StaffAccounts
from staff.roles import PERMISSION_NAMES
from staff.secret_tokens import csrf_token

SESSION_COOKIE = "wenzheng_staff"
CSRF_HEADER = "x-csrf-token"
BACKGROUND_HEADER = "x-background"  # a page asks by itself: that nobody is there must not go unnoticed
TOKEN_MEMBER = Member("管理令牌", "管理令牌", "admin")
_SAFE = {"GET", "HEAD", "OPTIONS"}


class StaffGate:
    """Finds the member behind a request and checks what they may do. All methods block."""

    def __init__(self, settings: Settings, accounts: StaffAccounts) -> None:
        self._accounts = accounts
        self._admin_token = settings.admin_token.get_secret_value().strip().encode() if settings.admin_token else b""
        self._public_host = urlsplit(settings.public_url).netloc if settings.public_url else None

    def require(self, request: Request, permission: str) -> Member:
        """The member, who has the permission.

        Raises:
            UnauthorizedError: nobody is behind the request. ForbiddenError: the member may not, the request comes from another
                site's page, or the instance has neither a token nor an account.
        """
        member = self.require_member(request)
        if not member.may(permission):
            raise ForbiddenError(
                f"您的角色没有“{PERMISSION_NAMES[permission]}”的权限。", fix="请有权限的同事操作，或请管理员调整您的角色。"
            )
        return member

    def require_member(self, request: Request) -> Member:
        """Any member. Raises as `require`."""
        member = self.member(request)
        if member is None:
            if not self._admin_token and not self._accounts.any():
                raise ForbiddenError(
                    "本实例没有工作人员账号，也没有配置管理令牌，写入接口未开放。",
                    fix="在服务器上运行 `wenzheng user add` 建立账号，或设置环境变量 WENZHENG_ADMIN_TOKEN 后重新启动。",
                )
            raise _nobody()
        return member

    def member(self, request: Request) -> Member | None:
        """The member behind the request; None for a visitor. A wrong token is an error, a session that has ended is a visitor.

        Raises:
            UnauthorizedError, ForbiddenError
        """
        address = request.client.host if request.client else ""
        if "authorization" in request.headers:
            return self._bearer(request.headers["authorization"], address)
        token = request.cookies.get(SESSION_COOKIE)
        active = BACKGROUND_HEADER not in request.headers
        member = self._accounts.sessions.member(token, address=address, active=active) if token else None
        if token and member and request.method not in _SAFE:
            self._check_same_site(request, token)
        return member

    def _bearer(self, header: str, address: str) -> Member:
        scheme, _, token = header.partition(" ")
        token = token.strip()
        if scheme.lower() == "bearer" and token:
            if self._admin_token and hmac.compare_digest(token.encode(), self._admin_token):
                return replace(TOKEN_MEMBER, address=address)
            member = self._accounts.tokens.member(token, address=address)
            if member is not None:
                return member
        if not self._admin_token and not self._accounts.any():
            raise ForbiddenError(
                "本实例没有配置管理令牌，写入接口未开放。",
                fix="设置环境变量 WENZHENG_ADMIN_TOKEN 后重新启动，或运行 `wenzheng user add` 建立账号。",
            )
        raise _nobody()

    def _check_same_site(self, request: Request, token: str) -> None:
        sent = request.headers.get(CSRF_HEADER, "")
        origin = request.headers.get("origin")
        if not hmac.compare_digest(sent.encode(), csrf_token(token).encode()) or not self.is_ours(request, origin):
            raise ForbiddenError("请求没有带上本页面的校验码，已拒绝。", fix="刷新页面后重试；程序请改用接口令牌访问。")

    def is_ours(self, request: Request, origin: str | None) -> bool:
        """Whether a page of this instance sent the request; programs send no origin."""
        return origin is None or urlsplit(origin).netloc in {request.headers.get("host"), self._public_host}


def acting_name(member: Member, given: str | None) -> str:
    """In whose name a step is taken: the member's own; only the administrator's token may name somebody else.

    Raises:
        ForbiddenError
    """
    if given is None or given == member.name:
        return member.name
    if member != TOKEN_MEMBER:
        raise ForbiddenError("不能以别人的名义操作。", fix="去掉请求中的 agent 或 actor，系统会记为您本人。")
    return given


def editor_of(member: Member) -> Actor:
    """The member as the knowledge base's audit trail knows them."""
    return Actor(member.name, member.role)  # type: ignore[arg-type]  # staff.roles.ROLES are among workflow's


def _nobody() -> UnauthorizedError:
    return UnauthorizedError(
        "没有登录，或令牌不正确、已失效。",
        fix="在 /panel 登录；程序请在请求头中加上 Authorization: Bearer <WENZHENG_ADMIN_TOKEN 的值或接口令牌>。",
    )
