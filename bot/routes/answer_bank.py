"""`/api/bank`: agents' good replies as proposals for the knowledge base."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from bot.services import Services

Number = Annotated[int, Path(ge=1, le=2**53)]


class Proposal(BaseModel):
    model_config = ConfigDict(extra="forbid")

    message_id: Annotated[int, Field(ge=1, le=2**53, description="坐席在会话里说的那句话")]


class Acceptance(BaseModel):
    """The entry as edited; what is left out is taken from the proposal."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    title: Annotated[str | None, Field(min_length=1, max_length=300)] = None
    answer: Annotated[str | None, Field(min_length=1, max_length=20_000)] = None
    similar_questions: Annotated[list[str], Field(max_length=200)] = []
    department: Annotated[str | None, Field(max_length=100)] = None


class Rejection(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: Annotated[str, Field(min_length=1, max_length=500)]


def answer_bank_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["答题库"])
    bank, gate = services.insights.bank, services.gate

    @router.post("/api/bank/proposals", status_code=201, summary="把坐席的一句好答复提议为条目；去掉个人信息")
    def propose(given: Proposal, request: Request) -> dict[str, Any]:
        return bank.propose(given.message_id, gate.require(request, "propose"))

    @router.get("/api/bank/proposals", summary="列出提案")
    def listed(
        request: Request,
        state: Literal["proposed", "accepted", "rejected", "all"] = "proposed",
        offset: Annotated[int, Query(ge=0, le=10**7)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:
        gate.require(request, "gaps")
        return bank.listed(None if state == "all" else state, offset, limit)

    @router.get("/api/bank/proposals/{number}", summary="一个提案：原话，和去掉、替换了什么")
    def read(number: Number, request: Request) -> dict[str, Any]:
        gate.require(request, "gaps")
        return bank.read(number)

    @router.post("/api/bank/proposals/{number}/accept", summary="采纳：成为草稿并提交审核")
    def accept(number: Number, request: Request, given: Acceptance | None = None) -> dict[str, Any]:
        given = given or Acceptance()
        return bank.accept(
            number, gate.require(request, "gaps"), title=given.title, answer=given.answer,
            similar_questions=given.similar_questions, department=given.department,
        )  # fmt: skip

    @router.post("/api/bank/proposals/{number}/reject", summary="退回，写明原因")
    def reject(number: Number, given: Rejection, request: Request) -> dict[str, Any]:
        return bank.reject(number, given.reason, gate.require(request, "gaps"))

    return router
