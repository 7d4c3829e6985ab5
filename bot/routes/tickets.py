"""`/api/tickets`: staff list tickets, read them in full and move them on. For staff who handle tickets."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from bot.authorization import acting_name
from bot.services import Services
from conversations.ticket_desk import CallersRequest
from tickets import rectification, rules
from tickets.rectification import WantedRatings
from tickets.store import Wanted

Number = Annotated[str, Path(pattern=r"^[Ww][Zz]\d{12,14}$", description="诉求编号")]
TicketState = Literal["filed", "accepted", "assigned", "in_progress", "answered", "rated", "returned"]
Kind = Literal["consultation", "help", "suggestion", "complaint"]
RectificationState = Literal["open", "assigned", "rectified", "called_back"]
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


class CallersTicket(BaseModel):
    """A ticket for a caller; the department follows from the words unless given."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    key: str = Field(min_length=8, max_length=64, pattern=r"^[\w-]+$", description="由调用方生成；同一个值只登记一次")
    kind: Kind = "complaint"
    what: Words = Field(description="什么事")
    where: Annotated[str, Field(max_length=200)] = ""
    when: Annotated[str, Field(max_length=100)] = ""
    contact: Annotated[str, Field(max_length=100)] = ""
    department: Annotated[str | None, Field(max_length=64)] = None
    conversation_id: Annotated[str | None, Field(min_length=1, max_length=32)] = None


class Measure(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    text: Words


class Charge(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    department: Annotated[str | None, Field(min_length=1, max_length=64)] = None
    text: Annotated[str, Field(max_length=2000)] = ""


def ticket_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["诉求工单"])
    desk, rectifications, gate = services.ticket_desk, services.rectifications, services.gate

    def take(request: Request, number: str, step: str, given: Step, note: str, department: str | None = None) -> dict[str, Any]:
        member = gate.require(request, "tickets")
        actor = replace(member, name=acting_name(member, given.actor))
        return desk.take_step(number.upper(), step, actor, note, department)

    def wanted(
        state: TicketState | None = None,
        kind: Kind | None = None,
        department: Annotated[str | None, Query(max_length=64)] = None,
        handler: Annotated[str | None, Query(max_length=64, description="经办人的登录名")] = None,
        q: Annotated[str | None, Query(max_length=200, description="编号，或内容里的词")] = None,
    ) -> Wanted:
        return Wanted(state=state, kind=kind, department=department, handler=handler, text=q)

    @router.get("/api/tickets", summary="列出诉求工单，不含个人信息；欠答复的按期限在前")
    def listed(
        request: Request,
        which: Annotated[Wanted, Depends(wanted)],
        overdue: Annotated[bool, Query(description="只列超期未答复的")] = False,
        offset: Annotated[int, Query(ge=0, le=10**7)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:
        gate.require(request, "tickets")
        return desk.listed(which, overdue=overdue, offset=offset, limit=limit)

    @router.post("/api/tickets", status_code=201, summary="替来电人登记一件")
    def create(given: CallersTicket, request: Request) -> dict[str, Any]:
        return desk.create(CallersRequest(**given.model_dump()), gate.require(request, "tickets"))

    @router.get("/api/tickets/counts", summary="各状态、超期的件数和可选的部门")
    def counts(request: Request, which: Annotated[Wanted, Depends(wanted)], overdue: bool = False) -> dict[str, Any]:
        gate.require(request, "tickets")
        return desk.counts(which, overdue=overdue)

    @router.get("/api/tickets/ratings", summary="评价，和差评的整改")
    def ratings(
        request: Request,
        worst: Annotated[int | None, Query(ge=1, le=5, description="只列这一级及以下的")] = None,
        state: RectificationState | None = None,
        department: Annotated[str | None, Query(max_length=64)] = None,
        overdue: Annotated[bool, Query(description="只列超期未整改的")] = False,
        offset: Annotated[int, Query(ge=0, le=10**7)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:
        gate.require(request, "tickets")
        which = WantedRatings(worst, state, department)
        return rectifications.listed(which, overdue=overdue, offset=offset, limit=limit)

    @router.get("/api/tickets/{number}", summary="一件工单的全部内容：所述事实、联系方式（查看会留下记录）、办理过程、评价")
    def read(number: Number, request: Request) -> dict[str, Any]:
        member = gate.require(request, "tickets")
        shown = desk.read(number.upper())
        if member.may("tickets.contact"):
            shown["details"] = desk.as_told(number.upper(), member)
        return shown

    @router.get("/api/tickets/{number}/similar", summary="前后三十天里同一地点、同一事项的工单")
    def similar(number: str, request: Request) -> dict[str, Any]:
        gate.require(request, "tickets")
        return {"tickets": desk.similar(number.upper())}

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

    @router.post("/api/tickets/{number}/rectification/assign", summary="差评交办整改，或改交别的部门")
    def charge(number: Number, request: Request, given: Charge | None = None) -> dict[str, Any]:
        member, given = gate.require(request, "tickets"), given or Charge()
        return rectifications.take_step(number.upper(), rectification.ASSIGN, member, given.text, given.department)

    @router.post("/api/tickets/{number}/rectification/rectify", summary="登记整改情况")
    def rectify(number: Number, request: Request, given: Measure) -> dict[str, Any]:
        return rectifications.take_step(number.upper(), rectification.RECTIFY, gate.require(request, "tickets"), given.text)

    @router.post("/api/tickets/{number}/rectification/call-back", summary="登记回访情况")
    def call_back(number: Number, request: Request, given: Measure) -> dict[str, Any]:
        return rectifications.take_step(number.upper(), rectification.CALL_BACK, gate.require(request, "tickets"), given.text)

    @router.post("/api/tickets/{number}/rectification/reopen", summary="回访仍不满意，重新整改")
    def reopen(number: Number, request: Request, given: Measure) -> dict[str, Any]:
        return rectifications.take_step(number.upper(), rectification.REOPEN, gate.require(request, "tickets"), given.text)

    return router
