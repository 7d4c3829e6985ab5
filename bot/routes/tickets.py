"""`/api/tickets`: staff list tickets, read them in full and move them on. For staff who handle tickets."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from bot.authorization import acting_name
from bot.services import Services
from tickets import rules

Number = Annotated[str, Path(pattern=r"^[Ww][Zz]\d{12,14}$", description="诉求编号")]
TicketState = Literal["filed", "accepted", "assigned", "in_progress", "answered", "rated", "returned"]
Words = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S")]


class Step(BaseModel):
    """A step of a ticket; `actor` is who took it: whoever asks; the administrator's token may name another."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    actor: Annotated[str | None, Field(min_length=1, max_length=64)] = None
    note: Annotated[str, Field(max_length=2000)] = ""


class Assignment(Step):
    """To the department that was proposed, or to another."""

    department: Annotated[str | None, Field(min_length=1, max_length=64)] = None


class Answer(Step):
    text: Words = Field(description="给市民的答复")


class Return(Step):
    reason: Words = Field(description="退回原因，会告诉市民")


def ticket_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["诉求工单"])
    desk, gate = services.ticket_desk, services.gate

    def take(request: Request, number: str, step: str, given: Step, note: str, department: str | None = None) -> dict[str, Any]:
        actor = acting_name(gate.require(request, "tickets"), given.actor)
        return desk.take_step(number.upper(), step, actor, note, department)

    @router.get("/api/tickets", summary="列出诉求工单，不含个人信息")
    def listed(
        request: Request,
        state: TicketState | None = None,
        overdue: Annotated[bool, Query(description="只列超期未答复的")] = False,
        offset: Annotated[int, Query(ge=0, le=10**7)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:
        gate.require(request, "tickets")
        return desk.listed(state=state, overdue=overdue, offset=offset, limit=limit)

    @router.get("/api/tickets/{number}", summary="一件工单的全部内容：所述事实、联系方式、办理过程、评价")
    def read(number: Number, request: Request) -> dict[str, Any]:
        gate.require(request, "tickets")
        return desk.read(number.upper())

    @router.post("/api/tickets/{number}/accept", summary="受理")
    def accept(number: Number, request: Request, given: Step | None = None) -> dict[str, Any]:
        given = given or Step()
        return take(request, number, rules.ACCEPT, given, given.note)

    @router.post("/api/tickets/{number}/assign", summary="分派给部门，或改派")
    def assign(number: Number, request: Request, given: Assignment | None = None) -> dict[str, Any]:
        given = given or Assignment()
        return take(request, number, rules.ASSIGN, given, given.note, given.department)

    @router.post("/api/tickets/{number}/progress", summary="开始办理，或登记进展")
    def progress(number: Number, request: Request, given: Step | None = None) -> dict[str, Any]:
        given = given or Step()
        return take(request, number, rules.PROGRESS, given, given.note)

    @router.post("/api/tickets/{number}/answer", summary="答复，并请市民评价")
    def answer(number: Number, request: Request, given: Answer) -> dict[str, Any]:
        return take(request, number, rules.ANSWER, given, given.text)

    @router.post("/api/tickets/{number}/return", summary="退回，重新分派")
    def send_back(number: Number, request: Request, given: Return) -> dict[str, Any]:
        return take(request, number, rules.RETURN, given, given.reason)

    return router
