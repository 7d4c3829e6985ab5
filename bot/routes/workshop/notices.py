"""Documents as files over HTTP: split into pieces, turned into draft entries."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, File, Path, Request, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from bot.authorization import editor_of
from bot.routes.entries import entry_out
from bot.services import Services
from bot.workshop import near_pieces
from errors import WenzhengError
from knowledge_base.content import EntryContent
from knowledge_base.notices.drafting import Notice

MOST_DRAFTS = 300


class Drafts(BaseModel):
    """Entries that a person went over."""

    model_config = ConfigDict(extra="forbid")

    entries: list[EntryContent] = Field(min_length=1, max_length=MOST_DRAFTS)
    notice: int | None = Field(None, ge=1, description="它们出自哪个文件")


def notice_out(number: int, notice: Notice) -> dict[str, Any]:
    """A document as the API gives it: its facts, and its pieces with drafts of those worth an entry."""
    suggested = notice.suggested()
    drafts = dict(zip(suggested, notice.drafts(suggested), strict=True))
    pieces = [{**asdict(view), "draft": drafts.get(view.id)} for view in notice.views]
    return {"id": number, "file_name": notice.name, "facts": asdict(notice.facts), "pieces": pieces}


def notice_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["批量导入"])
    store, shelf, gate = services.entries, services.workshop.notices, services.gate

    @router.post("/api/notices", status_code=201, summary="上传 Word、HTML 或文本文件，按标题、条款、问答拆开；不写入条目")
    def split(request: Request, file: Annotated[UploadFile, File()]) -> dict[str, Any]:
        actor = editor_of(gate.require(request, "knowledge.edit"))
        number = shelf.keep(file.filename or "notice", file.file.read(), actor)
        return notice_out(number, shelf.read(number))

    @router.get("/api/notices/{number}", summary="上传过的文件拆开的样子")
    def one(number: Annotated[int, Path(ge=1, le=2**53)], request: Request) -> dict[str, Any]:
        gate.require(request, "knowledge.edit")
        return notice_out(number, shelf.read(number))

    @router.get("/api/notices/{number}/neighbours", summary="建议的各段与现有条目（各种状态）疑似重复、可能矛盾之处")
    def neighbours(number: Annotated[int, Path(ge=1, le=2**53)], request: Request) -> dict[str, Any]:
        gate.require(request, "knowledge.edit")
        return {"pieces": near_pieces(services.workshop, shelf.read(number))}

    @router.post("/api/notices/drafts", status_code=201, summary="把选中的各条存为草稿，逐条给出结果")
    def create(given: Drafts, request: Request) -> dict[str, Any]:
        actor = editor_of(gate.require(request, "knowledge.edit"))
        results: list[dict[str, Any]] = []
        for content in given.entries:
            try:
                results.append({"ok": True, "entry": entry_out(store.create(content, actor)), "error": None})
            except WenzhengError as exc:
                results.append({"ok": False, "entry": None, "error": f"{exc.problem}{exc.fix}"})
        created = sum(r["ok"] is True for r in results)
        if given.notice is not None:
            shelf.drafted(given.notice, created)
        return {"created": created, "results": results}

    return router
