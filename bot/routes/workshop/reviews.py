"""Review by another person: return, plan a publication, confirm that an entry is still right, steps for many at once."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bot.authorization import editor_of
from bot.routes.entries import EntryId, entry_out
from bot.services import Services
from errors import WenzhengError
from knowledge_base.catalogue import EntryFilter

Comment = Annotated[str, Field(max_length=1000)]
Action = Literal["submit", "publish", "return", "withdraw", "reviewed", "demand_review"]
MOST_AT_ONCE = 100
EDITING: tuple[str, ...] = ("submit", "reviewed", "demand_review")


class Return(BaseModel):
    """Why the version goes back to its author."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    comment: Annotated[str, Field(min_length=1, max_length=1000)]


class Plan(BaseModel):
    """When the newest version is to go live; with its offset from UTC."""

    model_config = ConfigDict(extra="forbid")

    publish_at: AwareDatetime = Field(description="例如 2026-12-01T08:30:00+08:00")
    comment: Comment = ""


class Confirmation(BaseModel):
    """The entry was checked; the next look is due by its kind unless a day is given."""

    model_config = ConfigDict(extra="forbid")

    comment: Comment = ""
    next_due_on: date | None = None


class Batch(BaseModel):
    """One step for many entries; each is done or refused on its own."""

    model_config = ConfigDict(extra="forbid")

    action: Action
    entry_ids: list[int] = Field(min_length=1, max_length=MOST_AT_ONCE)
    comment: Comment = ""


def review_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["知识审核"])
    workshop, gate = services.workshop, services.gate

    @router.post("/api/entries/{entry_id}/return", summary="退回给作者，写明意见")
    def send_back(entry_id: EntryId, given: Return, request: Request) -> dict[str, Any]:
        actor = editor_of(gate.require(request, "knowledge.review"))
        return entry_out(workshop.store.send_back(entry_id, actor, given.comment))

    @router.post("/api/entries/{entry_id}/schedule", summary="审核通过，到指定时间自动发布")
    def schedule(entry_id: EntryId, given: Plan, request: Request) -> dict[str, Any]:
        actor = editor_of(gate.require(request, "knowledge.review"))
        moment: datetime = given.publish_at
        record = workshop.schedule.plan(entry_id, moment, actor, given.comment)
        return {**entry_out(record), "publish_at": moment.isoformat(timespec="seconds")}

    @router.post("/api/entries/{entry_id}/unschedule", summary="取消定时发布，回到待审核")
    def unschedule(entry_id: EntryId, request: Request) -> dict[str, Any]:
        actor = editor_of(gate.require(request, "knowledge.review"))
        return entry_out(workshop.schedule.cancel(entry_id, actor))

    @router.post("/api/entries/{entry_id}/reviewed", summary="复核过，内容仍然正确")
    def reviewed(entry_id: EntryId, request: Request, given: Confirmation | None = None) -> dict[str, Any]:
        actor = editor_of(gate.require(request, "knowledge.edit"))
        given = given or Confirmation()
        workshop.reviews.confirm(entry_id, actor, given.comment, given.next_due_on)
        return entry_out(workshop.store.get(entry_id))

    @router.get("/api/reviews/overdue", summary="到期未复核的条目数，按责任部门")
    def overdue(request: Request) -> dict[str, Any]:
        gate.require(request, "knowledge.read")
        by_department = workshop.catalogue.overdue_by_department()
        waiting = workshop.catalogue.count(EntryFilter(state="in_review"))
        return {"total": sum(by_department.values()), "departments": by_department, "in_review": waiting}

    @router.post("/api/entries/batch", summary="对多个条目做同一件事，逐条给出结果")
    def batch(given: Batch, request: Request) -> dict[str, Any]:
        actor = editor_of(gate.require(request, "knowledge.edit" if given.action in EDITING else "knowledge.review"))
        store, comment = workshop.store, given.comment
        steps: dict[str, Callable[[int], object]] = {
            "submit": lambda i: store.submit(i, actor, comment),
            "publish": lambda i: store.publish(i, actor, comment),
            "return": lambda i: store.send_back(i, actor, comment or "批量退回"),
            "withdraw": lambda i: store.withdraw(i, actor, comment),
            "reviewed": lambda i: workshop.reviews.confirm(i, actor, comment),
            "demand_review": lambda i: workshop.reviews.demand([i], actor, comment),
        }
        results: list[dict[str, Any]] = []
        for entry_id in dict.fromkeys(given.entry_ids):
            try:
                steps[given.action](entry_id)
                results.append({"entry_id": entry_id, "ok": True, "error": None})
            except WenzhengError as exc:
                results.append({"entry_id": entry_id, "ok": False, "error": f"{exc.problem}{exc.fix}"})
        workshop.follow()
        return {"done": sum(r["ok"] is True for r in results), "results": results}

    return router
