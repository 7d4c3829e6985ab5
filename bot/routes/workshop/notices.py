"""Documents as files over HTTP: split into pieces, turned into draft entries."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, File, Request, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from bot.authorization import editor_of
from bot.routes.entries import entry_out
from bot.services import Services
from errors import WenzhengError
from knowledge_base.content import EntryContent
from knowledge_base.notices.drafting import Notice

MOST_DRAFTS = 300


class Drafts(BaseModel):
    """Entries that a person went over."""

    model_config = ConfigDict(extra="forbid")

    entries: list[EntryContent] = Field(min_length=1, max_length=MOST_DRAFTS)


def notice_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["批量导入"])
    store, gate = services.entries, services.gate

    @router.post("/api/notices", summary="上传 Word、HTML 或文本文件，按标题、条款、问答拆开；不写入")
    def split(request: Request, file: Annotated[UploadFile, File()]) -> dict[str, Any]:
        gate.require(request, "knowledge.edit")
        notice = Notice.read(file.filename or "notice", file.file.read())
        drafts = dict(zip(notice.suggested(), notice.drafts(notice.suggested()), strict=True))
        pieces = [{**asdict(view), "draft": drafts.get(view.id)} for view in notice.views]
        return {"file_name": notice.name, "facts": asdict(notice.facts), "pieces": pieces}

    @router.post("/api/notices/drafts", status_code=201, summary="把选中的各条存为草稿，逐条给出结果")
    def create(given: Drafts, request: Request) -> dict[str, Any]:
        actor = editor_of(gate.require(request, "knowledge.edit"))
        results: list[dict[str, Any]] = []
        for content in given.entries:
            try:
                results.append({"ok": True, "entry": entry_out(store.create(content, actor)), "error": None})
            except WenzhengError as exc:
                results.append({"ok": False, "entry": None, "error": f"{exc.problem}{exc.fix}"})
        return {"created": sum(r["ok"] is True for r in results), "results": results}

    return router
