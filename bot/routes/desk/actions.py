"""What an agent does with a conversation."""

from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi import Request as HttpRequest
from pydantic import Field, model_validator

from bot.routes.desk.fields import TAG, ConversationId, Name, Number, Request, Said
from bot.services import Services
from desk.agent_desk import Words

Key = Annotated[str | None, Header(min_length=1, max_length=90, description="同一次发送重试时不变")]


class Sending(Request):
    """Free words (`text`), or a suggestion (`entry_id`, `version`), as it is or in other words."""

    text: Said = ""
    entry_id: Number | None = None
    version: Number | None = None
    message_id: Number | None = Field(None, description="回答的是市民的哪一条消息")
    q: Said = Field("", description="手工检索到这条知识时用的文字")

    @model_validator(mode="after")
    def _is_something(self) -> "Sending":
        if (self.entry_id is None) != (self.version is None):
            raise ValueError("entry_id 和 version 要一起给出")
        if self.entry_id is None and not self.text:
            raise ValueError("要么写 text，要么给出推荐的 entry_id 和 version")
        if self.entry_id is not None and self.message_id is None and not self.q:
            raise ValueError("发送推荐时请给出 message_id 或 q")
        return self


class Passing(Request):
    to: Name = Field(description="转给谁（登录名）")
    note: Said = Field("", description="给同事的说明，市民看不到")


class Closing(Request):
    reason: Annotated[str, Field(min_length=1, max_length=200)] = Field(description="结束原因")


class NoteText(Request):
    text: Annotated[str, Field(min_length=1, max_length=2000)]


def action_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=[TAG])
    agents, gate, base = services.desk.agents, services.gate, "/api/desk/conversations/{conversation_id}"

    @router.post(f"{base}/take", summary="接入；已被别人接入时 409")
    def take(conversation_id: ConversationId, request: HttpRequest) -> dict[str, Any]:
        return agents.take(conversation_id, gate.require(request, "desk"))

    @router.post(f"{base}/send", summary="对市民说话，或发送一条推荐（记为坐席确认的选择）；微信发不出时 409 并说明原因")
    def send(
        conversation_id: ConversationId, request: HttpRequest, given: Sending, idempotency_key: Key = None
    ) -> dict[str, Any]:
        member = gate.require(request, "desk")
        key = f"{member.name}:{idempotency_key}"[:128] if idempotency_key else None
        words = Words(given.text, given.entry_id, given.version, given.message_id, given.q, key)
        return agents.send(conversation_id, member, words)

    @router.post(f"{base}/transfer", summary="转给另一位坐席，立即生效")
    def transfer(conversation_id: ConversationId, request: HttpRequest, given: Passing) -> dict[str, Any]:
        return agents.transfer(conversation_id, gate.require(request, "desk"), given.to, given.note)

    @router.post(f"{base}/release", summary="退回队列，由别的坐席接待")
    def release(conversation_id: ConversationId, request: HttpRequest) -> dict[str, Any]:
        return agents.release(conversation_id, gate.require(request, "desk"))

    @router.post(f"{base}/hand-back", summary="交还给助手")
    def hand_back(conversation_id: ConversationId, request: HttpRequest) -> dict[str, Any]:
        return agents.hand_back(conversation_id, gate.require(request, "desk"))

    @router.post(f"{base}/close", summary="结束人工服务，写明原因")
    def close(conversation_id: ConversationId, request: HttpRequest, given: Closing) -> dict[str, Any]:
        return agents.close(conversation_id, gate.require(request, "desk"), given.reason)

    @router.post(f"{base}/notes", status_code=201, summary="写一条备注，市民看不到")
    def note(conversation_id: ConversationId, request: HttpRequest, given: NoteText) -> dict[str, Any]:
        return {"notes": agents.note(conversation_id, gate.require(request, "desk"), given.text)}

    @router.post(f"{base}/read", status_code=204, summary="已读到最新一条")
    def read(conversation_id: ConversationId, request: HttpRequest) -> None:
        agents.read(conversation_id, gate.require(request, "desk"))

    return router
