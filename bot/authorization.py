"""Who may write over HTTP: whoever holds the administrator's token."""

import hmac

from fastapi import Request

from bot.errors import ForbiddenError, UnauthorizedError
from knowledge_base.workflow import Actor
from settings import Settings

TOKEN_ACTOR = Actor("管理令牌", "admin")


def require_admin(request: Request, settings: Settings) -> Actor:
    """The actor behind the bearer token.

    Raises:
        ForbiddenError: the instance has no administrator's token.
        UnauthorizedError: no token was sent, or a wrong one.
    """
    expected = settings.admin_token.get_secret_value().strip().encode() if settings.admin_token else b""
    if not expected:
        raise ForbiddenError(
            "本实例没有配置管理令牌，写入接口未开放。", fix="设置环境变量 WENZHENG_ADMIN_TOKEN 后重新启动，再带上它访问。"
        )
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), expected):
        raise UnauthorizedError(
            "缺少管理令牌，或令牌不正确。", fix="在请求头中加上 Authorization: Bearer <WENZHENG_ADMIN_TOKEN 的值>。"
        )
    return TOKEN_ACTOR


def is_admin(request: Request, settings: Settings) -> bool:
    """Whether the request carries a token; a wrong one is an error, not a visitor.

    Raises:
        ForbiddenError, UnauthorizedError: a token was sent and is not accepted.
    """
    if "authorization" not in request.headers:
        return False
    require_admin(request, settings)
    return True
