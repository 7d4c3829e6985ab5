"""The suggestions alone, for another system's window: as JSON, and as a page that works inside a frame without cookies."""

import asyncio
from time import monotonic
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Request as HttpRequest
from pydantic import Field

from bot.routes.desk.fields import TAG, Number, Request, Said
from bot.services import Services
from desk.agent_desk import Mark as MarkName
from desk.assist_links import LINK_S, AssistPass
from desk.errors import AssistLinkError
from staff.members import Member

LONGEST_WAIT_S = 25
LOOK_AGAIN_S = 1.0  # other processes' words are noticed by looking again
SCHEME = "assist"

Conversation = Annotated[str, Query(min_length=1, max_length=32, description="会话编号")]


class LinkFor(Request):
    conversation_id: Annotated[str, Field(min_length=1, max_length=32)]


class AssistMark(Request):
    mark: MarkName
    conversation_id: Annotated[str, Field(min_length=1, max_length=32)]
    message_id: Number | None = None
    question: Said = ""
    entry_id: Number | None = None
    version: Number | None = None


def assist_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=[TAG])
    desk, gate = services.desk, services.gate

    def member_of(request: HttpRequest, conversation_id: str) -> Member:
        """Staff, or the holder of a pass for this conversation."""
        scheme, _, signed = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != SCHEME:
            return gate.require(request, "desk")
        given: AssistPass = desk.assist.check(signed.strip())
        if given.conversation_id != conversation_id:
            raise AssistLinkError("这个链接是为另一个会话签发的。", fix="请为这个会话重新取得链接。")
        return Member(given.agent, given.agent, "agent")

    @router.post("/api/desk/assist-links", status_code=201, summary="签发一次性链接：在别的系统的窗口里打开一个会话的推荐")
    def issue(request: HttpRequest, given: LinkFor) -> dict[str, Any]:
        secret = desk.assist.issue(gate.require(request, "desk"), given.conversation_id)
        path = f"/panel/assist?conversation={given.conversation_id}&link={secret}"
        return {"url": f"{services.settings.public_url or ''}{path}", "expires_in_s": LINK_S}

    @router.get(
        "/api/desk/assist",
        summary="一个会话最近问题的推荐；给出 after 和 wait 时，等到有新问题再回答",
        description="需要“接待会话”权限，或 /panel/assist 页面所持的一次性凭证。",
    )
    async def suggestions(
        request: HttpRequest,
        conversation: Conversation,
        after: Annotated[int, Query(ge=0, le=2**53, description="上次回答里的 message_id")] = 0,
        revision: Annotated[int, Query(ge=0, le=2**53, description="上次回答里的 revision；知识更新后也立即回答")] = 0,
        wait: Annotated[int, Query(ge=0, le=LONGEST_WAIT_S, description="最多等几秒")] = 0,
    ) -> dict[str, Any]:
        await asyncio.to_thread(member_of, request, conversation)
        deadline = monotonic() + wait
        while True:
            found = await asyncio.to_thread(desk.suggestions.of_conversation, conversation)
            is_news = found["message_id"] != after or (revision and found["revision"] != revision)
            if not after or is_news or monotonic() >= deadline:
                return found
            await services.live.wait(conversation, min(LOOK_AGAIN_S, max(0.0, deadline - monotonic())))
            await asyncio.to_thread(member_of, request, conversation)  # whoever was deactivated meanwhile is told no more

    @router.post("/api/desk/assist/marks", status_code=201, summary="在别的系统的窗口里标记推荐")
    def mark(request: HttpRequest, given: AssistMark) -> dict[str, Any]:
        number = desk.agents.mark(
            member_of(request, given.conversation_id), given.mark, conversation_id=given.conversation_id,
            message_id=given.message_id, question=given.question, entry_id=given.entry_id, entry_version=given.version, comment="",
        )  # fmt: skip
        return {"id": number}

    return router
