"""Suggestions for a caller's message, the search by hand, and what agents think of suggestions."""

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Request as HttpRequest
from pydantic import Field

from bot.routes.desk.fields import TAG, ConversationId, MessageId, Number, Request, Said
from bot.services import Services
from desk.agent_desk import Mark as MarkName


class Search(Request):
    q: Annotated[str, Field(min_length=1, max_length=2000)] = Field(description="来电人或市民说的话")
    k: Annotated[int, Field(ge=1, le=20)] = Field(6, description="要几条")


class Mark(Request):
    """One click on a suggestion."""

    mark: MarkName
    conversation_id: str | None = None
    message_id: Number | None = None
    question: Said = ""
    entry_id: Number | None = None
    version: Number | None = None
    comment: Said = ""


def suggestion_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=[TAG])
    desk, gate = services.desk, services.gate

    @router.get("/api/desk/conversations/{conversation_id}/suggestions", summary="给最近一个问题的三条推荐，结合会话上下文")
    def of_conversation(conversation_id: ConversationId, request: HttpRequest) -> dict[str, Any]:
        gate.require(request, "desk")
        return desk.suggestions.of_conversation(conversation_id)

    @router.get(
        "/api/desk/conversations/{conversation_id}/messages/{message_id}/suggestions", summary="给市民某一条消息的三条推荐"
    )
    def of_message(conversation_id: ConversationId, message_id: MessageId, request: HttpRequest) -> dict[str, Any]:
        gate.require(request, "desk")
        return desk.suggestions.of_message(conversation_id, message_id)

    @router.post(
        "/api/desk/suggestions", summary="按文字查知识，结果与推荐同样格式（电话模式、手工检索）；文字不进入网址和访问日志"
    )
    def search(request: HttpRequest, given: Search) -> dict[str, Any]:
        gate.require(request, "desk")
        return desk.suggestions.search(given.q, given.k)

    @router.post("/api/desk/marks", status_code=201, summary="标记一条推荐不对、过时，或缺少合适的知识")
    def mark(request: HttpRequest, given: Mark) -> dict[str, Any]:
        member = gate.require(request, "desk")
        number = desk.agents.mark(
            member, given.mark, conversation_id=given.conversation_id, message_id=given.message_id, question=given.question,
            entry_id=given.entry_id, entry_version=given.version, comment=given.comment,
        )  # fmt: skip
        return {"id": number}

    return router
