"""Rasa's REST channel behind the internal token: `--auth-token` protects Rasa's HTTP API, but no channel."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.channels.rest import RestInput
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from dialogue.model_shelf import ModelShelf, UnknownModelError

logger = logging.getLogger(__name__)


class GuardedRest(RestInput):
    """`/webhooks/rest/webhook?token=…` with Rasa's wire format.

    Unlike Rasa's own channel it answers 500 when the dialogue crashes, and logs neither the message nor local variables.
    A message whose metadata names a model is understood with that one (409 when it is not loaded); `PUT …/models?token=…`
    `{"name", "file", "keep"}` loads one beside the conversations, `GET …/models` lists them.
    """

    def __init__(self, token: str, model: str | None = None) -> None:
        """Args: model: name of the one that the server was started with."""
        self._token = token.encode()
        self._shelf = ModelShelf(model)

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> GuardedRest:
        """Raises: KeyError when credentials.yml names no token."""
        given = credentials or {}
        return cls(given["token"], given.get("model"))

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[None]]) -> Blueprint:
        webhook = Blueprint("guarded_rest", __name__.replace(".", "_"))

        @webhook.route("/webhook", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse:
            if not self._allows(request):
                return response.json({"error": "token"}, status=401)
            body = request.json
            if not isinstance(body, dict) or not isinstance(body.get("message"), str) or not isinstance(body.get("sender"), str):
                return response.json({"error": "message"}, status=400)
            collector = CollectingOutputChannel()
            message = UserMessage(
                as_text(body["message"]), collector, body["sender"], input_channel=self.name(), metadata=body.get("metadata")
            )
            model = (body.get("metadata") or {}).get("model")
            try:
                if model is None:
                    await on_new_message(message)
                else:
                    await self._shelf.handle(request.app.ctx.agent, str(model), message)
            except UnknownModelError:
                return response.json([], status=409)
            except Exception as exc:  # the outer edge
                turn_id = (body.get("metadata") or {}).get("turn_id")
                logger.error("turn %s failed in Rasa: %s: %.200s", turn_id, type(exc).__name__, exc)
                return response.json([], status=500)
            return response.json(collector.messages)

        @webhook.route("/models", methods=["GET", "PUT"])
        async def models(request: Request) -> HTTPResponse:
            if not self._allows(request):
                return response.json({"error": "token"}, status=401)
            agent = request.app.ctx.agent
            if request.method == "PUT":
                wanted = request.json
                if not isinstance(wanted, dict) or not {"name", "file"} <= set(wanted):
                    return response.json({"error": "name, file"}, status=400)
                try:
                    await self._shelf.load(agent, str(wanted["name"]), Path(wanted["file"]), list(wanted.get("keep") or ()))
                except Exception as exc:  # the outer edge: a model that cannot be read changes nothing
                    logger.error("model %s not loaded: %s: %.300s", wanted["name"], type(exc).__name__, exc)
                    return response.json({"error": f"{type(exc).__name__}: {exc}"[:300]}, status=422)
            return response.json({"models": self._shelf.names(agent)})

        return webhook

    def _allows(self, request: Request) -> bool:
        return hmac.compare_digest(request.args.get("token", "").encode(), self._token)


def as_text(message: str) -> str:
    """A message as Rasa may read it: to Rasa a leading "/" is a command ("/restart"), to a citizen it is a character."""
    return message.lstrip("/ \t\r\n\u3000") or "？"
