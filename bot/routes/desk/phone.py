"""Consultations by telephone, and the tickets that come of what was said."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Request as HttpRequest
from pydantic import Field

from bot.routes.desk.fields import TAG, Number, Request, Said
from bot.services import Services
from desk.phone import PhoneQuestion
from desk.ticket_draft import ticket_draft


class Asked(Request):
    """A question of the caller and what was told; without `entry_id` it counts as not answered by the knowledge."""

    question: Annotated[str, Field(min_length=1, max_length=2000)]
    entry_id: Number | None = None
    version: Number | None = None
    text: Said = Field("", description="告诉来电人的话")
    probability: Annotated[float | None, Field(ge=0, le=1)] = None


class Call(Request):
    key: Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[\w-]+$", description="这通电话的唯一编号，重试时不变")]
    questions: Annotated[list[Asked], Field(max_length=50)]
    notes: Said = ""


class Story(Request):
    said: Annotated[list[Said], Field(max_length=200)] = Field(description="市民说的话、备注，一句一项")


def phone_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=[TAG])

    @router.post("/api/desk/phone", status_code=201, summary="保存一次电话咨询，计入统计和知识缺口")
    def save(request: HttpRequest, given: Call) -> dict[str, Any]:
        member = services.gate.require(request, "desk")
        questions = [PhoneQuestion(**asked.model_dump()) for asked in given.questions]
        return services.desk.phone.save(member, given.key, questions, given.notes)

    @router.post("/api/desk/ticket-drafts", summary="把说过的话整理成工单草稿：类型、什么事、在哪里、什么时候、联系方式；不保存")
    def draft(request: HttpRequest, given: Story) -> dict[str, Any]:
        services.gate.require(request, "desk")
        return asdict(ticket_draft(given.said))

    return router
