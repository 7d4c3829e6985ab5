"""Bulk import over HTTP: upload, preview, choose, write, report."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Path, Query, Request, UploadFile
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from bot.authorization import editor_of
from bot.routes.workshop.lists import sent_file, temporary_file
from bot.services import Services
from knowledge_base.importers.desk import PROFILES
from knowledge_base.importers.jobs import Choice, FollowUp, JobView, Status
from knowledge_base.importers.templates import write_report, write_template

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Number = Annotated[int, Path(ge=1, le=2**53, description="导入编号")]


class Decision(BaseModel):
    """What happens to the rows. `choices` decides on single rows, the others on the rest."""

    model_config = ConfigDict(extra="forbid")

    changed: Choice = "overwrite"
    conflicts: Choice = Field(default="skip", description="工作人员在上次导入后改过的条目")
    follow_up: FollowUp = Field(default="draft", description="draft：留作草稿；submit：提交审核；publish：直接发布（仅管理员）")
    choices: dict[int, Choice] = Field(default_factory=dict, description="行号 → overwrite 或 skip")


def job_out(job: JobView) -> dict[str, Any]:
    """A job as the API gives it."""
    return {**asdict(job), "created_at": job.created_at.isoformat(timespec="seconds")}


def import_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["批量导入"])
    desk, gate = services.workshop.imports, services.gate

    @router.post("/api/imports", status_code=202, summary="上传 Excel、CSV 或 JSONL，后台读取并预览，不写入")
    def upload(
        request: Request, file: Annotated[UploadFile, File()], profile: Annotated[Literal["entry", "gd_service_items", "citizen_letters"], Form()] = "entry"
    ) -> dict[str, Any]:  # fmt: skip
        actor = editor_of(gate.require(request, "knowledge.edit"))
        assert profile in PROFILES  # noqa: S101 - both lists are the same
        number = desk.upload(file.filename or "table", file.file.read(), profile, actor)
        return job_out(desk.job(number))

    @router.get("/api/imports", summary="最近的导入")
    def listed(request: Request) -> dict[str, Any]:
        gate.require(request, "knowledge.edit")
        return {"imports": [job_out(job) for job in desk.listed()]}

    @router.get("/api/imports/template.xlsx", summary="空白导入表，带填写说明")
    def template(request: Request) -> FileResponse:
        gate.require(request, "knowledge.read")
        path = temporary_file(".xlsx")
        write_template(path)
        return sent_file(path, "知识条目导入表.xlsx", XLSX)

    @router.get("/api/imports/{number}", summary="一次导入的进度和各类行数")
    def one(number: Number, request: Request) -> dict[str, Any]:
        gate.require(request, "knowledge.edit")
        return job_out(desk.job(number))

    @router.get(
        "/api/imports/{number}/rows",
        summary="逐行预览：新增、有变化（逐项对照）、无变化、冲突、有误（原因），以及疑似重复和可能矛盾",
    )
    def rows(
        number: Number, request: Request, status: Status | None = None,
        near: Annotated[bool, Query(description="只要与现有条目或前面的行疑似重复、可能矛盾的")] = False,
        offset: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> dict[str, Any]:  # fmt: skip
        gate.require(request, "knowledge.edit")
        job = desk.job(number)
        found = desk.rows(number, status, offset, limit, near=near)
        total = job.near if near else job.counts.get(status, 0) if status else sum(job.counts.values())
        return {"total": total, "rows": [asdict(row) for row in found]}

    @router.post("/api/imports/{number}/commit", status_code=202, summary="写入（或继续中断的导入），后台分批进行")
    def commit(number: Number, request: Request, given: Decision | None = None) -> dict[str, Any]:
        actor = editor_of(gate.require(request, "knowledge.edit"))
        given = given or Decision()
        if given.choices:
            desk.choose(number, given.choices)
        desk.commit(number, actor, changed=given.changed, conflicts=given.conflicts, follow_up=given.follow_up)
        return job_out(desk.job(number))

    @router.post("/api/imports/{number}/cancel", summary="放弃这次导入")
    def cancel(number: Number, request: Request) -> dict[str, Any]:
        gate.require(request, "knowledge.edit")
        desk.cancel(number)
        return job_out(desk.job(number))

    @router.get("/api/imports/{number}/report.xlsx", summary="导入结果表：原表加上结果和问题两列")
    def report(
        number: Number, request: Request, problems: Annotated[bool, Query(description="只要有问题的行")] = False
    ) -> FileResponse:
        gate.require(request, "knowledge.edit")
        desk.job(number)
        path = temporary_file(".xlsx")
        write_report(desk, number, path, only_problems=problems)
        return sent_file(path, f"导入结果-{number}.xlsx", XLSX)

    return router
