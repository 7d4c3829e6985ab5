"""What every request and response passes: a limit on bodies, security headers, a count."""

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.error_responses import error_response
from bot.errors import BodyTooLargeError
from knowledge_base.uploads import MAX_UPLOAD

CHAT_LIMIT = 64 * 1024
ENTRY_LIMIT = 1024 * 1024
UPLOAD_LIMIT = MAX_UPLOAD + 64 * 1024  # the file and the form around it
_UPLOADS = {"/api/imports", "/api/notices", "/api/letters"}

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",  # what is withdrawn must vanish; static files answer 304 by their ETag
}


def body_limit(path: str) -> int:
    """The most bytes a body may have."""
    if path in _UPLOADS:
        return UPLOAD_LIMIT
    return CHAT_LIMIT if path in {"/api/chat", "/wechat"} else ENTRY_LIMIT


class BodyLimit:
    """Reads a body up to its limit before anything else sees it; what is larger gets 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self._app(scope, receive, send)
            return
        limit = body_limit(scope["path"])
        headers = dict(scope["headers"])
        declared = headers.get(b"content-length", b"0")
        body = b""
        too_large = declared.isdigit() and int(declared) > limit
        while not too_large:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            too_large = len(body) > limit
            if not message.get("more_body", False):
                break
        if too_large:
            error = BodyTooLargeError(f"请求内容超过 {limit // 1024} KB。", fix="缩短内容后重新发送。")
            await error_response(error)(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)


def _replay(body: bytes, receive: Receive) -> Receive:
    delivered = False

    async def again() -> Message:
        nonlocal delivered
        if delivered:
            return await receive()
        delivered = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


class ResponseGuard:
    """Adds the security headers and counts the response by its route."""

    def __init__(self, app: ASGIApp, count: Callable[[str, int], None]) -> None:
        self._app, self._count = app, count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                framed = "frame-ancestors" in headers.get("content-security-policy", "")  # the response says itself who may
                for name, value in SECURITY_HEADERS.items():
                    if not (framed and name == "X-Frame-Options"):
                        headers.setdefault(name, value)
                route = scope.get("route")
                self._count(getattr(route, "path", "other"), message["status"])
            await send(message)

        await self._app(scope, receive, guarded)
