"""`/api/gaps`: groups of questions that the assistant missed, and the steps that close them. `/api/labels`: what staff say questions are."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from bot.services import Services
from insights.labels import Label

GroupId = Annotated[int, Path(ge=1, le=2**53, description="缺口编号")]
Chosen = Annotated[list[int] | None, Field(max_length=1000, description="只处理这些问法（questions 中的 id）；其余另成一组")]
Source = Literal["not_found", "out_of_scope", "negative_feedback", "not_picked", "mark", "ticket_rating"]


class Choice(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    questions: Chosen = None


class Attachment(Choice):
    entry_id: Annotated[int, Field(ge=1, le=2**53)]


class NewEntry(Choice):
    """An entry in the format of `POST /api/entries`."""

    entry: dict[str, Any] = Field(description="条目内容；kind、title、answer 必填")
    publish: bool = Field(False, description="直接发布（仅管理员）；否则提交审核")


class IntentLabel(Choice):
    intent: Annotated[str, Field(min_length=1, max_length=64)]


class Split(BaseModel):
    model_config = ConfigDict(extra="forbid")

    questions: Annotated[list[int], Field(min_length=1, max_length=1000)]


def gap_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["知识缺口"])
    gaps, job, gate = services.insights.gaps, services.insights.gap_job, services.gate

    @router.get("/api/gaps", summary="列出没答上、没答好的问题，按意思归组")
    def listed(
        request: Request,
        state: Literal["open", "in_progress", "closed", "all"] = "open",
        source: Source | None = None,
        q: Annotated[str | None, Query(max_length=200)] = None,
        sort: Literal["count", "trend", "last"] = "count",
        offset: Annotated[int, Query(ge=0, le=10**7)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:
        gate.require(request, "gaps")
        wanted = None if state == "all" else state
        found = gaps.listed(state=wanted, source=source, text=q, sort=sort, offset=offset, limit=limit)
        return {**found, "job": job.state.to_json()}

    @router.post("/api/gaps/refresh", status_code=202, summary="立即整理新的问题；返回整理任务的进度，不等待完成")
    def refresh(request: Request) -> dict[str, Any]:
        gate.require(request, "gaps")
        return {"job": job.ask().to_json()}

    @router.get("/api/gaps/{group_id}", summary="一组问题：全部问法、最接近的条目、建议的负责部门")
    def read(group_id: GroupId, request: Request) -> dict[str, Any]:
        gate.require(request, "gaps")
        return gaps.read(group_id)

    @router.get("/api/gaps/{group_id}/draft", summary="据此新写条目时预填的内容")
    def draft(group_id: GroupId, request: Request) -> dict[str, Any]:
        gate.require(request, "gaps")
        return gaps.draft(group_id)

    @router.post("/api/gaps/{group_id}/attach", summary="作为相似问法并入条目；管理员即时生效，其他人提交审核")
    def attach(group_id: GroupId, given: Attachment, request: Request) -> dict[str, Any]:
        return gaps.attach(group_id, given.entry_id, gate.require(request, "gaps"), given.questions)

    @router.post("/api/gaps/{group_id}/entry", status_code=201, summary="新写条目，提交审核或（管理员）直接发布")
    def write(group_id: GroupId, given: NewEntry, request: Request) -> dict[str, Any]:
        member = gate.require(request, "gaps")
        return gaps.write(group_id, given.entry, member, given.questions, publish=given.publish)

    @router.post("/api/gaps/{group_id}/out-of-scope", summary="标为不属于本库范围；训练时会用到")
    def out_of_scope(group_id: GroupId, request: Request, given: Choice | None = None) -> dict[str, Any]:
        return gaps.mark_out_of_scope(group_id, gate.require(request, "gaps"), given.questions if given else None)

    @router.post("/api/gaps/{group_id}/intent", summary="标注这组问题的意图；训练时会用到")
    def intent(group_id: GroupId, given: IntentLabel, request: Request) -> dict[str, Any]:
        return gaps.label_intent(group_id, given.intent, gate.require(request, "gaps"), given.questions)

    @router.post("/api/gaps/{group_id}/split", status_code=201, summary="把选中的问法移出，另成一组")
    def split(group_id: GroupId, given: Split, request: Request) -> dict[str, Any]:
        return gaps.split(group_id, given.questions, gate.require(request, "gaps"))

    @router.post("/api/gaps/{group_id}/reopen", summary="重新打开")
    def reopen(group_id: GroupId, request: Request) -> dict[str, Any]:
        return gaps.reopen(group_id, gate.require(request, "gaps"))

    @router.get("/api/labels", summary="工作人员对问题的标注")
    def labels(
        request: Request,
        verdict: Literal["intent", "entry", "out_of_scope"] | None = None,
        revoked: Annotated[bool, Query(description="连同已撤销的")] = False,
    ) -> dict[str, Any]:
        gate.require(request, "gaps")
        return {"labels": [_label(label) for label in services.insights.labels.listed(verdict, revoked=revoked)]}

    @router.post("/api/labels/{label_id}/revoke", summary="撤销一条标注")
    def revoke(label_id: Annotated[int, Path(ge=1, le=2**53)], request: Request) -> dict[str, Any]:
        return _label(services.insights.labels.revoke(label_id, gate.require(request, "gaps")))

    return router


def _label(label: Label) -> dict[str, Any]:
    return {
        "label_id": label.label_id,
        "question": label.question,
        "verdict": label.verdict,
        "intent": label.intent,
        "entry_id": label.entry_id,
        "source": label.source,
        "labelled_by": label.labelled_by,
        "created_at": label.created_at.isoformat(timespec="seconds"),
        "revoked_at": label.revoked_at.isoformat(timespec="seconds") if label.revoked_at else None,
    }
