"""The versions of an entry over HTTP."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from bot.authorization import editor_of
from bot.routes.entries import EntryId, entry_out
from bot.services import Services

Version = Annotated[int, Path(ge=1, le=2**31 - 1)]


class Restoration(BaseModel):
    """Which version to take up again."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1, le=2**31 - 1)
    comment: str = Field("", max_length=1000)


def history_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["知识条目"])
    workshop, gate = services.workshop, services.gate

    @router.get("/api/entries/{entry_id}/versions", summary="条目的各个版本，新的在前")
    def versions(entry_id: EntryId, request: Request) -> dict[str, Any]:
        gate.require(request, "knowledge.read")
        found = [
            {
                **asdict(v),
                "created_at": v.created_at.isoformat(timespec="seconds"),
                "published_at": v.published_at.isoformat(timespec="seconds") if v.published_at else None,
            }
            for v in workshop.history.versions(entry_id)
        ]
        return {"entry_id": entry_id, "versions": found}

    @router.get("/api/entries/{entry_id}/versions/{version}", summary="条目的一个版本")
    def one(entry_id: EntryId, version: Version, request: Request) -> dict[str, Any]:
        gate.require(request, "knowledge.read")
        return entry_out(workshop.store.version(entry_id, version))

    @router.get("/api/entries/{entry_id}/diff", summary="两个版本逐项对照")
    def diff(
        entry_id: EntryId, request: Request,
        before: Annotated[int, Query(ge=0, description="0 为空白")], after: Annotated[int, Query(ge=1)],
    ) -> dict[str, Any]:  # fmt: skip
        gate.require(request, "knowledge.read")
        changes = workshop.history.compare(entry_id, before, after)
        return {"entry_id": entry_id, "before": before, "after": after, "changes": [asdict(change) for change in changes]}

    @router.post("/api/entries/{entry_id}/restore", summary="以某个版本的内容另起一个草稿版本")
    def restore(entry_id: EntryId, given: Restoration, request: Request) -> dict[str, Any]:
        actor = editor_of(gate.require(request, "knowledge.edit"))
        return entry_out(workshop.history.restore(entry_id, given.version, actor, given.comment))

    return router
