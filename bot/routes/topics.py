"""`/api/topics`: what citizens write and ask about, over time. `/api/letters`: letters brought in for that."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Path, Query, Request, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from bot.services import Services
from conversations.clock import CHINA
from insights.letters import import_letters

Number = Annotated[int, Path(ge=1, le=2**53)]


class Analysis(BaseModel):
    """What to look at; without days: everything, the newest 20,000 texts at most."""

    model_config = ConfigDict(extra="forbid")

    source: Literal["tickets", "consultations", "letters"]
    collection: Annotated[str | None, Field(max_length=100, description="哪一批来信；source 为 letters 时必填")] = None
    since: date | None = None
    until: date | None = None


def topic_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["热点"])
    topics, gate = services.insights.topics, services.gate

    @router.get("/api/topics/runs", summary="做过的热点分析和它们的进度；可供分析的来信")
    def runs(request: Request) -> dict[str, Any]:
        gate.require(request, "gaps")
        return topics.runs()

    @router.post("/api/topics/runs", status_code=202, summary="开始一次热点分析，不等待完成")
    def start(given: Analysis, request: Request) -> dict[str, Any]:
        member = gate.require(request, "gaps")
        since = datetime.combine(given.since, time(), CHINA) if given.since else None
        until = datetime.combine(given.until + timedelta(days=1), time(), CHINA) if given.until else None
        number = topics.start(given.source, member, collection=given.collection, since=since, until=until)
        return topics.read_run(number)

    @router.get("/api/topics/runs/{number}", summary="一次热点分析：进度和全部热点")
    def read_run(number: Number, request: Request) -> dict[str, Any]:
        gate.require(request, "gaps")
        return topics.read_run(number)

    @router.get("/api/topics/similar", summary="同一类事：与这件工单、提问或来信同属一个热点的")
    def similar(
        request: Request,
        kind: Literal["ticket", "question", "letter"],
        key: Annotated[str, Query(min_length=1, max_length=200, description="工单号、答复编号或来信编号")],
    ) -> dict[str, Any]:
        gate.require(request, "gaps")
        return topics.similar(kind, key)

    @router.get("/api/topics/{topic_id}", summary="一个热点的全部内容")
    def read(topic_id: Number, request: Request) -> dict[str, Any]:
        gate.require(request, "gaps")
        return topics.read(topic_id)

    @router.post("/api/letters", status_code=201, summary="导入一批来信（JSONL：id、subject、message、asked_at、likes）")
    def letters(
        request: Request, collection: Annotated[str, Form(max_length=100)], file: Annotated[UploadFile, File()]
    ) -> dict[str, Any]:
        member = gate.require(request, "gaps")
        text = file.file.read().decode("utf-8-sig", errors="replace")
        report = import_letters(services.database, collection, text.splitlines(), member)
        return {"collection": report.collection, "read": report.read, "added": report.added, "problems": report.problems}

    return router
