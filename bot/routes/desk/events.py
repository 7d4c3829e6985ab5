"""What changes at the desk, as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from bot.authorization import BACKGROUND_HEADER
from bot.errors import ForbiddenError, UnauthorizedError
from bot.routes.desk.fields import TAG
from bot.services import Services
from desk.board import IN_DOUBT

CHECK_S = 15.0  # the right to listen is looked at again, and the connection kept alive
ENDED = "event: ended\ndata: {}\n\n"


def event_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=[TAG])

    @router.get(
        "/api/desk/events",
        summary="清单变化和新消息（server-sent events）",
        description="`hello` 连接成功；`list` 变化的会话行和等候人数；`message` 新消息（个人信息已隐去）；`reset` 有遗漏，请重新读取清单；`ended` 登录已失效，不再推送。",
    )
    async def events(request: Request) -> StreamingResponse:
        member = await asyncio.to_thread(services.gate.require, request, "desk")
        stream = _stream(services, request, member.name)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    return router


async def _stream(services: Services, request: Request, agent: str) -> AsyncIterator[str]:
    later = Request({**request.scope, "headers": [*request.scope["headers"], (BACKGROUND_HEADER.encode(), b"1")]})
    with services.desk.board.watch(agent) as watcher:
        hello = {"agent": agent, "now": services.desk.moment()}
        yield f"retry: 2000\nevent: hello\ndata: {json.dumps(hello, ensure_ascii=False)}\n\n"
        while True:
            try:
                async with asyncio.timeout(CHECK_S):  # wait_for would start a task for each piece
                    piece = await watcher.pieces.get()
            except TimeoutError:
                piece = IN_DOUBT
            if piece == IN_DOUBT:
                try:
                    await asyncio.to_thread(services.gate.require, later, "desk")
                except (UnauthorizedError, ForbiddenError):  # logged out, or the account was closed
                    yield ENDED
                    return
            yield piece or ": still here\n\n"
