"""Rasa's REST channel behind the internal token: `--auth-token` protects Rasa's HTTP API, but no channel."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import UserMessage
from rasa.core.channels.rest import RestInput
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse


class GuardedRest(RestInput):
    """`/webhooks/rest/webhook?token=…`, otherwise Rasa's own REST channel."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> GuardedRest:
        """Raises: KeyError when credentials.yml names no token."""
        return cls((credentials or {})["token"])

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[None]]) -> Blueprint:
        guarded = super().blueprint(on_new_message)

        @guarded.middleware("request")
        async def check_token(request: Request) -> HTTPResponse | None:
            given = request.args.get("token", "")
            if hmac.compare_digest(given.encode(), self._token):
                return None
            return response.json({"error": "token"}, status=401)

        return guarded
