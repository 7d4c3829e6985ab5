"""`/api/entries`: published entries for everyone, writing and unpublished ones for staff."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from bot.authorization import editor_of
from bot.services import Services
from knowledge_base.content import EntryContent, Kind
from knowledge_base.records import EntryRecord
from knowledge_base.workflow import Actor

EntryId = Annotated[int, Path(ge=1, le=2**53)]
ListedState = Literal["draft", "in_review", "published", "withdrawn", "live", "expired"]


class Step(BaseModel):
    """A step of the workflow; the comment goes to the audit trail."""

    model_config = ConfigDict(extra="forbid")

    comment: str = Field("", max_length=1000)


def entry_out(record: EntryRecord) -> dict[str, Any]:
    """An entry as the API gives it: the content's fields, with where it stands."""
    return {
        **record.content.model_dump(mode="json"),
        "entry_id": record.entry_id,
        "version": record.version,
        "state": record.state,
        "live_version": record.live_version,
        "revision": record.revision,
        "updated_at": record.updated_at.isoformat(timespec="seconds"),
        "actor": record.actor.name,
        "url": f"/e/{record.entry_id}",
    }


def entry_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["知识条目"])
    store, gate = services.entries, services.gate
    staff_only = [Depends(gate.require_member)]

    def editor(request: Request, permission: str = "knowledge.edit") -> Actor:
        return editor_of(gate.require(request, permission))

    def follow() -> None:
        """This process sees its own writing at once; the others follow the feed."""
        if services.index.ready:
            services.index.follow()

    @router.get("/api/entries", summary="列出条目；没有令牌时只列已发布的")
    def listed(
        request: Request,
        state: ListedState | None = None,
        kind: Kind | None = None,
        region: Annotated[str | None, Query(pattern=r"^\d{6}$")] = None,
        q: Annotated[str | None, Query(max_length=200)] = None,
        offset: Annotated[int, Query(ge=0, le=10**7)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:
        if state not in {None, "published"}:
            gate.require(request, "knowledge.read")
        shown = state or (None if gate.member(request) else "published")
        found = store.list(state=shown, kind=kind, region=region, text=q, offset=offset, limit=limit)
        total = store.count(state=shown, kind=kind, region=region, text=q)
        return {"total": total, "offset": offset, "entries": [entry_out(record) for record in found]}

    @router.post("/api/entries", dependencies=staff_only, status_code=201, summary="新建条目（草稿）")
    def create(content: EntryContent, request: Request) -> dict[str, Any]:
        return entry_out(store.create(content, editor(request)))

    @router.get("/api/entries/{entry_id}", summary="读取条目；没有令牌时只能读已发布的版本")
    def read(entry_id: EntryId, request: Request) -> dict[str, Any]:
        if gate.member(request):
            return entry_out(store.get(entry_id))
        live = store.published([entry_id]).get(entry_id)
        if live is None:
            store.get(entry_id)
            gate.require(request, "knowledge.read")
        assert live is not None  # noqa: S101 - the gate raised
        return entry_out(live)

    @router.patch(
        "/api/entries/{entry_id}", dependencies=staff_only, summary="修改条目（合并补丁）；已发布的条目由管理员修改后即时生效"
    )
    def edit(
        entry_id: EntryId, changes: dict[str, Any], request: Request,
        seen: Annotated[int | None, Query(ge=1, description="所依据的版本；条目已是别的版本时拒绝，不覆盖")] = None,
        as_draft: Annotated[bool, Query(description="管理员的修改也先存为草稿")] = False,
    ) -> dict[str, Any]:  # fmt: skip
        record = store.edit(entry_id, changes, editor(request), seen=seen, as_draft=as_draft)
        follow()
        return entry_out(record)

    @router.post("/api/entries/{entry_id}/submit", dependencies=staff_only, summary="提交审核")
    def submit(entry_id: EntryId, request: Request, step: Step | None = None) -> dict[str, Any]:
        return entry_out(store.submit(entry_id, editor(request), _comment(step)))

    @router.post("/api/entries/{entry_id}/publish", dependencies=staff_only, summary="发布，即时生效")
    def publish(entry_id: EntryId, request: Request, step: Step | None = None) -> dict[str, Any]:
        record = store.publish(entry_id, editor(request, "knowledge.review"), _comment(step))
        follow()
        return entry_out(record)

    @router.post("/api/entries/{entry_id}/withdraw", dependencies=staff_only, summary="撤下，即时停止据此答复")
    def withdraw(entry_id: EntryId, request: Request, step: Step | None = None) -> dict[str, Any]:
        record = store.withdraw(entry_id, editor(request, "knowledge.review"), _comment(step))
        follow()
        return entry_out(record)

    return router


def _comment(step: Step | None) -> str:
    return step.comment if step else ""
