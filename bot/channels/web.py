"""The JSON channel: the web page and API clients."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse, StreamingResponse
from itsdangerous import BadSignature, URLSafeTimedSerializer
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from bot.errors import MissingSenderError
from bot.instance_secrets import instance_secret
from bot.services import Services
from conversations.turns import TurnReply, TurnRequest

COOKIE = "wenzheng_sender"
COOKIE_DAYS = 180
WEB = "web"
LONGEST_TEXT = 5000  # beyond what is answered politely (2,000) nobody types; a 20 KB text is a mistake of a program
LOOK_AGAIN_S = 2.0  # other processes' words are noticed by looking again
KEEP_ALIVE_S = 15.0


class ChatMessage(BaseModel):
    """One message of a citizen."""

    model_config = ConfigDict(extra="forbid")

    sender_id: str | None = Field(
        None,
        min_length=1,
        max_length=128,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="谁在说话；同一个值是同一段对话。网页用 Cookie 代替",
    )
    text: str = Field(max_length=LONGEST_TEXT, description="说的话，2000 字以内")
    channel: str = Field(WEB, pattern=r"^[a-z][a-z0-9_-]{0,31}$", description="渠道；web 以外的需要令牌")
    entry_id: int | None = Field(None, ge=1, le=2**53, description="来自哪个条目的页面或二维码")


class ButtonOut(BaseModel):
    title: str
    payload: str


class CitationOut(BaseModel):
    entry_id: int
    external_id: str | None
    version: int
    title: str
    source: str
    url: str | None


class MessageOut(BaseModel):
    text: str
    buttons: list[ButtonOut] = []
    citations: list[CitationOut] = []


class IntentOut(BaseModel):
    name: str | None
    confidence: float


class ChatReply(BaseModel):
    """What was answered; `messages` is empty while a human holds the conversation."""

    conversation_id: str
    messages: list[MessageOut]
    intent: IntentOut
    outcome: str
    answer_id: int | None = None


class WebSenders:
    """The web page's sender ids: random, kept in a signed cookie, never equal to an API client's."""

    def __init__(self, secret: str) -> None:
        self._serializer = URLSafeTimedSerializer(secret, salt="web-sender")

    def of(self, request: Request) -> str | None:
        """The sender behind the cookie; None when there is none or it is not ours."""
        try:
            sender = self._serializer.loads(request.cookies.get(COOKIE, ""), max_age=COOKIE_DAYS * 86400)
        except BadSignature:
            return None
        return sender if isinstance(sender, str) else None

    def remember(self, request: Request, response: Response) -> None:
        """Give the visitor a sender id; one that comes back keeps theirs."""
        sender = self.of(request) or secrets.token_urlsafe(16)
        response.set_cookie(
            COOKIE, self._serializer.dumps(sender), max_age=COOKIE_DAYS * 86400, httponly=True, samesite="lax",
            secure=request.url.scheme == "https", path="/",
        )  # fmt: skip


def web_senders(services: Services) -> WebSenders:
    """Signed with this instance's own secret."""
    return WebSenders(instance_secret(services.settings.root, "cookie_key"))


def web_channel(services: Services, senders: WebSenders) -> APIRouter:
    """`POST /api/chat` and what was said since."""
    router = APIRouter(tags=["对话"])

    def sender_of(message: ChatMessage, request: Request) -> str:
        if message.channel != WEB:
            services.gate.require(request, "desk")
        if message.sender_id is not None:
            # other names than the page's, so that nobody enters a visitor's conversation by naming it
            return message.sender_id if message.channel != WEB else f"api:{message.sender_id}"
        known = senders.of(request) if message.channel == WEB else None
        if known is None:
            raise MissingSenderError("缺少 sender_id。", fix="在请求中给出 sender_id；网页用户请重新打开 /chat 页面。")
        return f"page:{known}"

    @router.post("/api/chat", summary="说一句话，得到回答", response_model=None, responses={200: {"model": ChatReply}})
    async def chat(
        message: ChatMessage,
        request: Request,
        idempotency_key: Annotated[str | None, Header(max_length=128, description="同一条消息重发时不变")] = None,
    ) -> JSONResponse:
        sender = await asyncio.to_thread(sender_of, message, request)
        key = f"{sender}:{idempotency_key}" if idempotency_key else None
        reply = await services.turns.handle(TurnRequest(message.channel, sender, message.text, key, message.entry_id))
        return JSONResponse(_reply_out(reply))

    @router.get("/api/conversations/{conversation_id}/messages", summary="某条消息之后说了什么")
    def messages(conversation_id: str, after: Annotated[int, Query(ge=0, le=2**53)] = 0) -> dict[str, Any]:
        said = services.records.messages(conversation_id, after)
        return {
            "conversation_id": conversation_id,
            "holder": services.records.holder(conversation_id),
            "messages": said,
            "last": said[-1]["id"] if said else after,
        }

    @router.get("/api/conversations/{conversation_id}/events", summary="之后说的话，随时推送（server-sent events）")
    async def events(
        conversation_id: str,
        after: Annotated[int, Query(ge=0, le=2**53)] = 0,
        last_event_id: Annotated[int | None, Header(ge=0, le=2**53)] = None,
    ) -> StreamingResponse:
        start = max(after, last_event_id or 0)
        first = await asyncio.to_thread(services.records.messages, conversation_id, start)
        stream = _events(services, conversation_id, start, first)
        return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    return router


def _reply_out(reply: TurnReply) -> dict[str, Any]:
    said = {
        "conversation_id": reply.conversation_id,
        "messages": reply.messages,
        "intent": reply.intent,
        "outcome": reply.outcome,
    }
    return said if reply.answer_id is None else {**said, "answer_id": reply.answer_id}


async def _events(services: Services, conversation_id: str, after: int, rows: list[dict[str, Any]]) -> AsyncIterator[str]:
    yield "retry: 2000\n\n"
    quiet_s = 0.0
    while True:
        for row in rows:
            after = row["id"]
            yield f"id: {after}\nevent: message\ndata: {json.dumps(row, ensure_ascii=False)}\n\n"
        woken = bool(rows) or await services.live.wait(conversation_id, LOOK_AGAIN_S)
        quiet_s = 0.0 if woken else quiet_s + LOOK_AGAIN_S
        if quiet_s >= KEEP_ALIVE_S:
            quiet_s = 0.0
            yield ": still here\n\n"
        rows = await asyncio.to_thread(services.records.messages, conversation_id, after)
