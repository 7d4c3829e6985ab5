"""`/api/figures`: how the service does, with every figure's definition, and the same as an Excel file."""

from datetime import date
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from bot.services import Services
from insights.figures_export import workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Since = Annotated[date | None, Query(description="第一天（含）；默认最近三十天")]
Until = Annotated[date | None, Query(description="最后一天（含）")]
Channel = Annotated[str | None, Query(max_length=32)]
Department = Annotated[str | None, Query(max_length=64)]


def figure_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["统计"])
    figures, gate = services.insights.figures, services.gate

    @router.get("/api/figures", summary="全部指标、每日趋势、部门工单；每个指标附定义")
    def overview(
        request: Request, since: Since = None, until: Until = None, channel: Channel = None, department: Department = None
    ) -> dict[str, Any]:
        gate.require(request, "figures")
        return figures.overview(figures.wanted(since, until, channel, department))

    @router.get("/api/figures/entries", summary="条目使用次数，和从未用到的条目")
    def entries(
        request: Request, since: Since = None, until: Until = None, channel: Channel = None, department: Department = None
    ) -> dict[str, Any]:
        gate.require(request, "figures")
        chosen = figures.wanted(since, until, channel, department)
        return {"used": figures.used_entries(chosen), "never_used": figures.never_used(chosen)}

    @router.get("/api/figures/export.xlsx", summary="导出为 Excel", response_class=Response)
    def export(
        request: Request, since: Since = None, until: Until = None, channel: Channel = None, department: Department = None
    ) -> Response:
        gate.require(request, "figures")
        chosen = figures.wanted(since, until, channel, department)
        name = quote(f"问政统计_{chosen.since}_{chosen.until}.xlsx")
        headers = {"Content-Disposition": f"attachment; filename=\"figures.xlsx\"; filename*=UTF-8''{name}"}
        return Response(workbook(figures, chosen), media_type=XLSX, headers=headers)

    return router
