"""`/api/training`: runs with their figures, reports, promotion and the way back."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from bot.services import Services
from serving.runs import Run

RunId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="训练编号")]
PERMISSION = "training"
# A report shows what strangers wrote: nothing in it may run or load anything, even if escaping had a hole.
REPORT_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"}


class Decision(BaseModel):
    """Why, in the decider's words."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: Annotated[str, Field(max_length=500)] = ""


class Promotion(Decision):
    force: Annotated[bool, Field(description="不按评测结果强制上线；须写明理由，仅管理员")] = False


def training_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["训练与上线"])
    runs, promotions, gate = services.runs, services.promotions, services.gate

    @router.get("/api/training/served", summary="现用模型、可回退到的模型、各进程是否已跟上、最近的上线记录")
    def served(request: Request) -> dict[str, Any]:
        gate.require(request, PERMISSION)
        return dict(promotions.state())

    @router.get("/api/training/runs", summary="历次训练，新的在前")
    def listed(request: Request) -> dict[str, Any]:
        gate.require(request, PERMISSION)
        current = promotions.pointer.current().run_id
        return {"runs": [run_row(run, current) for run in runs.all()]}

    @router.get("/api/training/runs/{run_id}", summary="一次训练的数据、参数、环境、指标和评测结果")
    def read(run_id: RunId, request: Request) -> dict[str, Any]:
        gate.require(request, PERMISSION)
        run, current = runs.get(run_id), promotions.pointer.current().run_id
        objection = promotions.objection(run, current)
        details = {"parameters": run.parameters, "environment": run.environment, "gate": run.gate}
        return run_row(run, current) | details | {"objection": " ".join(objection) if objection else None}

    @router.get("/api/training/runs/{run_id}/report", summary="评测报告（HTML）", response_class=Response)
    def report(run_id: RunId, request: Request) -> FileResponse:
        gate.require(request, PERMISSION)
        return FileResponse(runs.report(run_id), media_type="text/html; charset=utf-8", headers=REPORT_HEADERS)

    @router.post("/api/training/runs/{run_id}/promote", summary="上线这次训练的结果；没有通过评测的会被拒绝")
    def promote(run_id: RunId, request: Request, given: Promotion | None = None) -> dict[str, Any]:
        member, given = gate.require(request, PERMISSION), given or Promotion()
        promotions.promote(run_id, member, given.reason, force=given.force)
        return dict(promotions.state())

    @router.post("/api/training/rollback", summary="退回到上一个模型")
    def rollback(request: Request, given: Decision | None = None) -> dict[str, Any]:
        member = gate.require(request, PERMISSION)
        promotions.rollback(member, (given or Decision()).reason)
        return dict(promotions.state())

    return router


def run_row(run: Run, current: str | None) -> dict[str, Any]:
    """A run in a list."""
    return {
        "run_id": run.run_id, "created": run.created, "kind": run.kind, "state": run.state, "served": run.run_id == current,
        "data_sha256": run.data_sha256, "parent": run.parent, "metrics": run.metrics, "has_report": run.has_report,
    }  # fmt: skip
