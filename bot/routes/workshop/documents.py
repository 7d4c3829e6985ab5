"""Documents over HTTP: what rests on one, and its repeal."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from bot.authorization import editor_of
from bot.routes.workshop.lists import row_out
from bot.services import Services
from knowledge_base.documents import DocumentImpact
from knowledge_base.repeal import Repeal, Way

MOST_ENTRIES = 1000
EntryIds = Annotated[list[int], Field(min_length=1, max_length=MOST_ENTRIES)]
Days = Annotated[int, Query(ge=1, le=365, description="看最近多少天的答复")]


class RepealOrder(BaseModel):
    """The repeal of a document, and the entries that it takes out of force."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    number: Annotated[str, Field(min_length=2, max_length=200, description="文号")]
    on: date = Field(description="从这一天起不再有效")
    entry_ids: EntryIds
    way: Way = Field("expire", description="expire：到期，仍可查阅并提示已废止；withdraw：撤下")
    replaced_by: Annotated[str | None, Field(max_length=500, description="替代条目的外部编号或编号")] = None
    replacement: Annotated[
        str | None, Field(max_length=200, description="替代文件的文号或名称，记入条目，群众和工作人员都会看到")
    ] = None
    comment: Annotated[str, Field(max_length=1000)] = ""


class ReviewOrder(BaseModel):
    """Entries that must be looked at again because their document changed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    number: Annotated[str, Field(min_length=2, max_length=200)]
    entry_ids: EntryIds
    comment: Annotated[str, Field(max_length=1000)] = ""


def impact_out(impact: DocumentImpact, services: Services, days: int) -> dict[str, Any]:
    """The impact as the API gives it, with the answers given from its entries."""
    usage = services.workshop.usage
    ids = impact.ids()
    counts = usage.counts(ids, days)
    return {
        "number": impact.number,
        "titles": list(impact.titles),
        "entries": [
            {
                **row_out(resting.row), "relation": resting.relation, "clause": resting.content.source.clause,
                "quote": resting.content.source.quote, "similar_questions": resting.content.similar_questions,
                "replaced_by": resting.content.replaced_by, "document_replaced_by": resting.content.source.replaced_by, "passages": list(resting.passages),
                "answers": counts.get(resting.row.entry_id, 0),
            }
            for resting in impact.entries
        ],
        "days": days,
        "answers": [
            {**asdict(answer), "as_of": answer.as_of.isoformat(), "at": answer.at.isoformat(timespec="seconds")}
            for answer in usage.recent(ids, days)
        ],
    }  # fmt: skip


def document_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["依据文件"])
    workshop, gate = services.workshop, services.gate

    @router.get("/api/documents", summary="条目所依据的文件和各自的条目数")
    def listed(request: Request, q: Annotated[str, Query(max_length=200)] = "") -> dict[str, Any]:
        gate.require(request, "knowledge.read")
        return {"documents": [asdict(row) for row in workshop.documents.listed(q)]}

    @router.post("/api/documents/repeal", summary="文件废止：所选条目到期或撤下，可经版本恢复")
    def repeal(given: RepealOrder, request: Request) -> dict[str, Any]:
        actor = editor_of(gate.require(request, "knowledge.review"))
        order = Repeal(given.number, given.on, given.way, given.replaced_by, given.replacement, given.comment)
        outcomes = workshop.repeals.apply(order, given.entry_ids, actor)
        workshop.follow()
        return {"outcomes": [asdict(outcome) for outcome in outcomes]}

    @router.post("/api/documents/review", summary="文件有变：所选条目列入待复核")
    def review(given: ReviewOrder, request: Request) -> dict[str, Any]:
        actor = editor_of(gate.require(request, "knowledge.edit"))
        note = f"“{given.number}”有变化" + (f"；{given.comment}" if given.comment else "")
        return {"demanded": workshop.reviews.demand(given.entry_ids, actor, note)}

    @router.get("/api/documents/{number:path}", summary="依据或提到某个文号的全部条目，以及据此作出的答复")
    def impact(number: str, request: Request, days: Days = 30) -> dict[str, Any]:
        gate.require(request, "knowledge.read")
        return impact_out(workshop.documents.resting_on(number), services, days)

    return router
