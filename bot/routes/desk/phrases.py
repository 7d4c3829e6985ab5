"""Canned phrases."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi import Request as HttpRequest
from pydantic import Field

from bot.routes.desk.fields import TAG, Request
from bot.services import Services

PhraseId = Annotated[int, Path(ge=1, le=2**53)]


class PhraseText(Request):
    title: Annotated[str, Field(min_length=1, max_length=60)]
    text: Annotated[str, Field(min_length=1, max_length=2000)]


class NewPhrase(PhraseText):
    shared: bool = Field(False, description="大家都能用；否则只有自己看得到")


def phrase_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=[TAG])
    phrases, gate = services.desk.phrases, services.gate

    @router.get("/api/desk/phrases", summary="常用语：共用的和自己的")
    def listed(request: HttpRequest) -> dict[str, Any]:
        return {"phrases": phrases.listed(gate.require(request, "desk"))}

    @router.post("/api/desk/phrases", status_code=201, summary="新增常用语")
    def add(request: HttpRequest, given: NewPhrase) -> dict[str, Any]:
        return phrases.add(gate.require(request, "desk"), given.title, given.text, shared=given.shared)

    @router.put("/api/desk/phrases/{phrase_id}", summary="修改常用语")
    def change(phrase_id: PhraseId, request: HttpRequest, given: PhraseText) -> dict[str, Any]:
        return phrases.change(phrase_id, gate.require(request, "desk"), given.title, given.text)

    @router.delete("/api/desk/phrases/{phrase_id}", status_code=204, summary="删除常用语")
    def remove(phrase_id: PhraseId, request: HttpRequest) -> None:
        phrases.remove(phrase_id, gate.require(request, "desk"))

    return router
