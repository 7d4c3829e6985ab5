"""`/api/training`: runs with their figures, reports, promotion and the way back."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from bot.services import Services
from serving.jobs import JobState
from serving.runs import Run

RunId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="训练编号")]
PERMISSION = "training"
# A report shows what strangers wrote: nothing in it may run or load anything, even if escaping had a hole.
REPORT_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"
}


class Start(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Annotated[Literal["light", "full"], Field(description="light：轻量，秒到分钟；full：完整，按小时计")] = "light"


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

    @router.get("/api/training/data", summary="可用于训练的数据：数量、均衡、矛盾和可疑的例子（最近一次统计）")
    def data(request: Request) -> dict[str, Any]:
        gate.require(request, PERMISSION)
        reports = services.data_reports
        return {"running": reports.running, "problem": reports.problem, "report": reports.latest()}

    @router.post("/api/training/data", summary="重新统计训练数据，在后台进行", status_code=202)
    def count(request: Request) -> dict[str, Any]:
        gate.require(request, PERMISSION)
        services.data_reports.refresh()
        return {"running": True}

    @router.get("/api/training/job", summary="最近一次训练任务的进度")
    def job(request: Request) -> dict[str, Any]:
        gate.require(request, PERMISSION)
        return _job_row(services.jobs.status())

    @router.post("/api/training/job", summary="开始一次训练；同一时间只能有一次", status_code=202)
    def start(request: Request, given: Start | None = None) -> dict[str, Any]:
        member = gate.require(request, PERMISSION)
        return _job_row(services.jobs.start((given or Start()).kind, member.name))

    @router.post("/api/training/job/cancel", summary="取消正在进行的训练；现用模型不受影响")
    def cancel(request: Request) -> dict[str, Any]:
        gate.require(request, PERMISSION)
        return _job_row(services.jobs.cancel())

    @router.post("/api/training/runs/{run_id}/gate", summary="重新和现用模型比较，写出新的结论和报告", status_code=202)
    def compare(run_id: RunId, request: Request) -> dict[str, Any]:
        member = gate.require(request, PERMISSION)
        return _job_row(services.jobs.compare(run_id, member.name))

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


def _job_row(state: JobState | None) -> dict[str, Any]:
    return {"job": state.row() if state else None}


def run_row(run: Run, current: str | None) -> dict[str, Any]:
    """A run in a list."""
    return {
        "run_id": run.run_id, "created": run.created, "kind": run.kind, "state": run.state, "served": run.run_id == current,
        "data_sha256": run.data_sha256, "parent": run.parent, "metrics": run.metrics, "has_report": run.has_report,
    }  # fmt: skip
