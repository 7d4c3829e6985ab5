"""Rasa's REST channel behind the internal token: `--auth-token` protects Rasa's HTTP API, but no channel."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.channels.rest import RestInput
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

logger = logging.getLogger(__name__)


class GuardedRest(RestInput):
    """`/webhooks/rest/webhook?token=…` with Rasa's wire format.

    Unlike Rasa's own channel it answers 500 when the dialogue crashes, and logs neither the message nor local variables.
    """

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> GuardedRest:
        """Raises: KeyError when credentials.yml names no token."""
        return cls((credentials or {})["token"])

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[None]]) -> Blueprint:
        webhook = Blueprint("guarded_rest", __name__.replace(".", "_"))

        @webhook.route("/webhook", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse:
            if not hmac.compare_digest(request.args.get("token", "").encode(), self._token):
                return response.json({"error": "token"}, status=401)
            body = request.json
            if not isinstance(body, dict) or not isinstance(body.get("message"), str) or not isinstance(body.get("sender"), str):
                return response.json({"error": "message"}, status=400)
            collector = CollectingOutputChannel()
            message = UserMessage(
                as_text(body["message"]), collector, body["sender"], input_channel=self.name(), metadata=body.get("metadata")
            )
            try:
                await on_new_message(message)
            except Exception as exc:  # the outer edge
                turn_id = (body.get("metadata") or {}).get("turn_id")
                logger.error("turn %s failed in Rasa: %s: %.200s", turn_id, type(exc).__name__, exc)
                return response.json([], status=500)
            return response.json(collector.messages)

        return webhook


def as_text(message: str) -> str:
    """A message as Rasa may read it: to Rasa a leading "/" is a command ("/restart"), to a citizen it is a character."""
    return message.lstrip("/ \t\r\n\u3000") or "？"
