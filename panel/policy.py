"""The content policy of the panel's pages: scripts run only when this server put them there."""

import re
import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Vue compiles the templates of NiceGUI's elements in the browser and Quasar sets styles: hence unsafe-eval and inline styles.
# Inline scripts need the page's nonce, and handlers in attributes never run, whatever a stranger's text says.
POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self'; connect-src 'self'; font-src 'self' data:; worker-src 'self' blob:; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
)
_SCRIPT = re.compile(rb"<script(?=[\s>])")


class PanelPolicy:
    """Adds the policy to pages and its nonce to their scripts.

    Text of strangers is part of a page only inside NiceGUI's JSON, where `<` is escaped, so it never looks like a script here.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        start: Message | None = None
        body = b""

        async def with_nonce(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if not headers.get("content-type", "").startswith("text/html"):
                    await send(message)
                    return
                headers.setdefault("Content-Security-Policy", POLICY.format(nonce=nonce, ancestors="'none'"))
                start = message
            elif start is None or message["type"] != "http.response.body":
                await send(message)
            else:
                body += message.get("body", b"")
                if message.get("more_body", False):
                    return
                body = _SCRIPT.sub(b'<script nonce="' + nonce.encode() + b'"', body)
                MutableHeaders(scope=start)["Content-Length"] = str(len(body))
                await send(start)
                await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, with_nonce)
