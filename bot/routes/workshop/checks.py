"""What an editor is shown while writing: near entries, and the entry as citizens would see it."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request
from fastapi.templating import Jinja2Templates

from answering.neighbours import unfinished
from bot.entry_preview import EntryPreview
from bot.services import Services
from bot.workshop import neighbour_out

Content = Annotated[dict[str, Any], Body(description="条目内容，可以还没有写完")]
OfEntry = Annotated[int | None, Query(ge=1, le=2**53, description="正在修改的条目，不与自己比较")]


def check_routes(services: Services, templates: Jinja2Templates) -> APIRouter:
    router = APIRouter(tags=["知识条目"])
    workshop, gate = services.workshop, services.gate
    preview = EntryPreview(services.answerer, services.entries, templates)

    @router.post("/api/entries/neighbours", summary="与正在写的内容相近的条目（各种状态）：可能矛盾、疑似重复、相近")
    def neighbours(content: Content, request: Request, entry_id: OfEntry = None) -> dict[str, Any]:
        gate.require(request, "knowledge.read")
        if not str(content.get("title") or "").strip():
            return {"neighbours": []}
        found = workshop.neighbours.of(unfinished(content), entry_id)
        return {"neighbours": [neighbour_out(neighbour) for neighbour in found]}

    @router.post("/api/entries/preview", summary="市民将看到的样子：对话里的答复和条目页面")
    def previewed(content: Content, request: Request, entry_id: OfEntry = None) -> dict[str, Any]:
        gate.require(request, "knowledge.read")
        return preview.of(unfinished(content), entry_id)

    return router
