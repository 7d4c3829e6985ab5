"""`/api/outbox`: what is still to be said, for staff: what waits, what is uncertain, what may be sent to whom."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

import structlog
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict

from bot.errors import UnknownPageError
from bot.services import Services
from conversations.outbox import DROPPED, PENDING
from staff.members import Member

MessageNumber = Annotated[int, Path(ge=1, le=2**53)]
State = Literal["pending", "sending", "sent", "waiting", "uncertain", "dropped"]
UNFINISHED: tuple[State, ...] = ("pending", "sending", "waiting", "uncertain")
SENT_AGAIN, GIVEN_UP = "工作人员决定再发一次", "工作人员决定不再发送"

log = structlog.get_logger(__name__)


class Nothing(BaseModel):
    """An empty body."""

    model_config = ConfigDict(extra="forbid")


def outbox_routes(services: Services) -> APIRouter:
    def staff(request: Request) -> Member:
        return services.gate.require(request, "outbox")

    router = APIRouter(prefix="/api/outbox", tags=["待发消息"], dependencies=[Depends(staff)])

    @router.get("", summary="还没有送达的消息，和对每个用户还能发几条")
    def unsent(
        state: Annotated[list[State] | None, Query(description="消息状态，可给多个；不给则为未完成的")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> dict[str, Any]:
        rows = services.wechat.outbox.listed(state or UNFINISHED, limit)
        allowances = services.wechat.allowances.of({row["recipient"] for row in rows})
        return {
            "counts": services.wechat.outbox.counts(),
            "messages": [{**row, "allowance": asdict(allowances[row["recipient"]])} for row in rows],
        }

    def decided(number: int, state: str, reason: str, member: Member) -> dict[str, Any]:
        if not services.wechat.outbox.decide(number, state, reason, member):
            raise UnknownPageError("没有这条消息，或者它已经送达。", fix="用 GET /api/outbox 查看还没有送达的消息。")
        log.info("outbox.decided", id=number, state=state)
        return {"id": number, "state": state}

    @router.post("/{number}/resend", summary="再发一次（不确定是否送达的消息不会自动重发）")
    def resend(number: MessageNumber, _body: Nothing, member: Annotated[Member, Depends(staff)]) -> dict[str, Any]:
        return decided(number, PENDING, SENT_AGAIN, member)

    @router.post("/{number}/drop", summary="不再发送")
    def drop(number: MessageNumber, _body: Nothing, member: Annotated[Member, Depends(staff)]) -> dict[str, Any]:
        return decided(number, DROPPED, GIVEN_UP, member)

    return router
