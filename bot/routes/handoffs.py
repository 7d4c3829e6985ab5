"""`/api/handoffs`: agents see who waits for a human, take a conversation, speak in it and give it back."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from bot.authorization import acting_name
from bot.services import Services
from conversations.handoff_desk import Also
from conversations.models import HandoffRequest
from staff import audit

ConversationId = Annotated[str, Path(min_length=1, max_length=32)]


class Agent(BaseModel):
    """Which agent acts: whoever asks; the administrator's token may name another."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    agent: str | None = Field(None, min_length=1, max_length=64)


class Words(Agent):
    text: str = Field(min_length=1, max_length=2000, pattern=r"\S", description="对市民说的话")


def handoff_routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["人工坐席"])
    desk, gate = services.handoff_desk, services.gate

    def agent_of(request: Request, given: Agent | None, action: str) -> tuple[str, Also]:
        """The agent, and what writes the step into the audit log."""
        member = gate.require(request, "desk")
        agent = replace(member, name=acting_name(member, given.agent if given else None))

        def also(session: Session, asked: HandoffRequest, moment: datetime) -> None:
            audit.record(session, agent, f"desk.{action}", "conversation", asked.conversation_id, {}, moment)

        return agent.name, also

    @router.get("/api/handoffs", summary="等人工和已接入的会话，等得最久的在前")
    def listed(request: Request) -> dict[str, Any]:
        gate.require(request, "desk")
        return desk.listed()

    @router.post("/api/handoffs/{conversation_id}/take", summary="接入；已被别人接入时 409")
    def take(conversation_id: ConversationId, request: Request, given: Agent | None = None) -> dict[str, Any]:
        agent, also = agent_of(request, given, "take")
        return desk.take(conversation_id, agent, also=also)

    @router.post("/api/handoffs/{conversation_id}/say", summary="对市民说一句话")
    def say(conversation_id: ConversationId, request: Request, given: Words) -> dict[str, Any]:
        agent, also = agent_of(request, given, "send")
        return desk.say(conversation_id, agent, given.text, also=also)

    @router.post("/api/handoffs/{conversation_id}/release", summary="退回队列，由别的坐席接待")
    def release(conversation_id: ConversationId, request: Request, given: Agent | None = None) -> dict[str, Any]:
        agent, also = agent_of(request, given, "release")
        return desk.release(conversation_id, agent, also=also)

    @router.post("/api/handoffs/{conversation_id}/close", summary="结束人工服务，助手继续")
    def close(conversation_id: ConversationId, request: Request, given: Agent | None = None) -> dict[str, Any]:
        agent, also = agent_of(request, given, "close")
        return desk.close(conversation_id, agent, also=also)

    return router
