"""Lists of conversations, one conversation, and who is at the desk."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi import Request as HttpRequest
from pydantic import Field

from bot.routes.desk.fields import TAG, ConversationId, Request
from bot.services import Services
from desk.listing import Wanted

ViewName = Literal["waiting", "mine", "others", "bot", "closed", "all"]
MOST_ROWS, FARTHEST = 200, 10**7


class Search(Request):
    q: Annotated[str, Field(min_length=1, max_length=100)] = Field(description="消息或备注里的文字，或会话编号")
    view: ViewName = "all"
    channel: Annotated[str, Field(max_length=32)] | None = None
    offset: Annotated[int, Field(ge=0, le=FARTHEST)] = 0
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 50


def list_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=[TAG])
    desk, gate, database = services.desk, services.gate, services.database

    def page(wanted: Wanted) -> dict[str, Any]:
        with database.read() as session:
            total, rows = desk.lists.page(session, wanted)
            counts = desk.lists.counts(session, wanted.agent)
        return {
            "view": wanted.view, "total": total, "offset": wanted.offset, "counts": counts, "now": desk.moment(), "conversations": rows,
        }  # fmt: skip

    @router.get("/api/desk/conversations", summary="会话清单：等候、我的、他人的、助手接待中、已结束、全部")
    def listed(
        request: HttpRequest,
        view: ViewName = "waiting",
        channel: Annotated[str | None, Query(max_length=32)] = None,
        offset: Annotated[int, Query(ge=0, le=FARTHEST)] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50,
    ) -> dict[str, Any]:
        member = gate.require(request, "desk")
        return page(Wanted(view, member.name, "", channel, offset, limit))

    @router.post("/api/desk/conversations/search", summary="按文字查会话，结果与清单同样格式；文字不进入网址和访问日志")
    def found(request: HttpRequest, given: Search) -> dict[str, Any]:
        member = gate.require(request, "desk")
        return page(Wanted(given.view, member.name, given.q, given.channel, given.offset, given.limit))

    @router.get("/api/desk/conversations/{conversation_id}", summary="一个会话：消息、正在谈的事项、来访人、工单、备注、可发条数")
    def read(conversation_id: ConversationId, request: HttpRequest) -> dict[str, Any]:
        gate.require(request, "desk")
        return desk.views.read(conversation_id)

    @router.get("/api/desk/conversations/{conversation_id}/messages", summary="某条消息之后或之前的消息，含引用、坐席和送达情况")
    def messages(
        conversation_id: ConversationId,
        request: HttpRequest,
        after: Annotated[int | None, Query(ge=0, le=2**53)] = None,
        before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    ) -> dict[str, Any]:
        gate.require(request, "desk")
        return {
            "conversation_id": conversation_id,
            "messages": desk.views.messages(conversation_id, after=after, before=before),
            "allowance": desk.views.allowance_of(conversation_id),
        }

    @router.get("/api/desk/agents", summary="可以接待会话的工作人员，谁在线，各自手上有几个会话")
    def agents(request: HttpRequest) -> dict[str, Any]:
        member = gate.require(request, "desk")
        return {"me": member.name, "agents": desk.agents_listed()}

    return router
