"""The list of entries: search by words or meaning, counts for filters, export of what is found."""

from pathlib import Path
from tempfile import mkstemp
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from answering.entry_finder import By
from bot.routes.entries import EntryId, ListedState, entry_out
from bot.services import Services
from knowledge_base.catalogue import EntryFilter, EntryRow, Order
from knowledge_base.content import Kind
from knowledge_base.exporters import export_contents

Text = Annotated[str | None, Query(max_length=200)]
Format = Literal["xlsx", "csv", "jsonl"]
_MEDIA = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv", "jsonl": "application/x-ndjson"
}  # fmt: skip


def entry_filter(
    state: ListedState | None = None,
    kind: Kind | None = None,
    region: Annotated[str | None, Query(pattern=r"^\d{6}$")] = None,
    q: Annotated[Text, Query(description="要查的字词，空格分开的都要出现")] = None,
    department: Text = None,
    tag: Text = None,
    validity: Annotated[
        Literal["valid", "expiring", "expired", "not_yet"] | None, Query(description="expiring 为 30 天内到期")
    ] = None,
    unreviewed_days: Annotated[int | None, Query(ge=1, le=3650, description="这么多天没有复核")] = None,
    overdue: Annotated[bool, Query(description="只列复核到期的")] = False,
    document: Annotated[Text, Query(description="所依据文件的文号")] = None,
    scheduled: Annotated[bool, Query(description="只列已定时发布的")] = False,
) -> EntryFilter:
    """The filter as a query string states it."""
    return EntryFilter(
        state=state, kind=kind, region=region, text=q, department=department, tag=tag, validity=validity,
        unreviewed_days=unreviewed_days, overdue=overdue or None, document=document, scheduled=scheduled or None,
    )  # fmt: skip


Wanted = Annotated[EntryFilter, Depends(entry_filter)]


def row_out(row: EntryRow) -> dict[str, Any]:
    """A row of the list as the API gives it."""
    data: dict[str, Any] = {name: getattr(row, name) for name in EntryRow.__dataclass_fields__}
    for name in ("effective_from", "effective_to", "reviewed_on", "review_due_on"):
        data[name] = data[name].isoformat() if data[name] else None
    for name in ("publish_at", "updated_at"):
        data[name] = data[name].isoformat(timespec="seconds") if data[name] else None
    return {**data, "tags": list(row.tags), "url": f"/e/{row.entry_id}"}


def list_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["知识条目"])
    workshop, gate = services.workshop, services.gate

    @router.get("/api/entries/find", summary="查找条目：按字词或按意思，各种状态，各种筛选")
    def find(
        wanted: Wanted, request: Request, by: By = "words", order: Order = "updated",
        offset: Annotated[int, Query(ge=0, le=10**7)] = 0, limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:  # fmt: skip
        gate.require(request, "knowledge.read")
        page = workshop.finder.find(wanted, by=by, order=order, offset=offset, limit=limit)
        rows = [{**row_out(row), "probability": page.probabilities.get(row.entry_id)} for row in page.rows]
        return {"total": page.total, "offset": offset, "entries": rows}

    @router.get("/api/entries/counts", summary="每个筛选项下的条目数")
    def counts(wanted: Wanted, request: Request, by: By = "words") -> dict[str, Any]:
        gate.require(request, "knowledge.read")
        if by == "meaning" and wanted.text:
            wanted, _ = workshop.finder.by_meaning(wanted)
        return {"total": workshop.catalogue.count(wanted), **workshop.catalogue.counts(wanted)}

    @router.get("/api/entries/export", summary="导出筛选出的条目（最新版本），可再导入")
    def export(wanted: Wanted, request: Request, format: Format = "xlsx", by: By = "words") -> FileResponse:
        gate.require(request, "knowledge.read")
        if by == "meaning" and wanted.text:
            wanted, _ = workshop.finder.by_meaning(wanted)
        ids = workshop.catalogue.ids(wanted)
        path = temporary_file(f".{format}")
        records = workshop.store.newest(ids)
        export_contents((records[entry_id].content for entry_id in ids if entry_id in records), path, chinese=format != "jsonl")
        return sent_file(path, f"知识条目.{format}", _MEDIA[format])

    @router.get("/api/entries/{entry_id}/audit", summary="条目的操作记录")
    def audit(entry_id: EntryId, request: Request) -> dict[str, Any]:
        gate.require(request, "knowledge.read")
        record = workshop.store.get(entry_id)
        trail = workshop.store.audit_trail(entry_id)
        return {
            "entry": entry_out(record),
            "audit": [
                {
                    "at": row.at.isoformat(timespec="seconds"), "actor": row.actor.name, "role": row.actor.role, "action": row.action,
                    "version_before": row.version_before, "version_after": row.version_after, "comment": row.comment,
                }
                for row in trail
            ],
        }  # fmt: skip

    return router


def temporary_file(suffix: str) -> Path:
    """A file that `sent_file` removes after sending."""
    handle, name = mkstemp(suffix=suffix)
    with open(handle, "wb"):
        pass
    return Path(name)


def sent_file(path: Path, name: str, media_type: str) -> FileResponse:
    """A download; the file is removed afterwards."""
    return FileResponse(path, filename=name, media_type=media_type, background=BackgroundTask(path.unlink, missing_ok=True))
