"""`/api/training/questions`, `/api/training/labels`: what to label next, and labels."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from bot.services import Services
from insights.active_learning import Proposal

PERMISSION = "training"


class NewLabel(BaseModel):
    """With the verdict `intent` comes the intent's name, with `entry` the entry's number, with `out_of_scope` neither."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    question: Annotated[str, Field(min_length=1, max_length=2000)]
    verdict: Literal["intent", "entry", "out_of_scope"]
    intent: Annotated[str | None, Field(max_length=64)] = None
    entry_id: Annotated[int | None, Field(ge=1)] = None


def active_learning_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["训练与上线"])
    gate, labels = services.gate, services.insights.labels

    @router.get("/api/training/questions", summary="最值得标注的问题：拿不准、问得多、互不相似")
    def questions(request: Request, limit: Annotated[int, Query(ge=1, le=50)] = 50) -> dict[str, Any]:
        gate.require(request, PERMISSION)
        return {"questions": [proposal_row(p) for p in services.active_learning.proposals(limit)]}

    @router.post("/api/training/labels", summary="标注一个问题", status_code=201)
    def label(request: Request, given: NewLabel) -> dict[str, Any]:
        member = gate.require(request, PERMISSION)
        if given.entry_id is not None:
            services.entries.get(given.entry_id)
        made = labels.add(
            given.question, given.verdict, member.name, "active_learning", intent=given.intent, entry_id=given.entry_id
        )
        return asdict(made)

    @router.post("/api/training/labels/{label_id}/revoke", summary="撤回一条标注")
    def revoke(label_id: int, request: Request) -> dict[str, Any]:
        gate.require(request, PERMISSION)
        return asdict(labels.revoke(label_id))

    return router


def proposal_row(proposal: Proposal) -> dict[str, Any]:
    asked = proposal.asked
    return {
        "question": asked.question, "times": asked.times, "uncertainty": round(asked.uncertainty, 3),
        "probability": round(asked.probability, 4), "intent": asked.intent, "confidence": round(asked.confidence, 4),
        "entries": [{"entry_id": i, "title": title, "probability": round(p, 4)} for i, title, p in proposal.entries],
    }  # fmt: skip
