"""`/api/desk`: the live desk of the hotline's agents, for the panel and for other systems. Everything needs the right "desk"."""

from fastapi import APIRouter, Depends

from bot.routes.desk.actions import action_routes
from bot.routes.desk.assist import assist_routes
from bot.routes.desk.events import event_routes
from bot.routes.desk.lists import list_routes
from bot.routes.desk.phone import phone_routes
from bot.routes.desk.phrases import phrase_routes
from bot.routes.desk.suggestions import suggestion_routes
from bot.services import Services


def desk_routes(services: Services) -> APIRouter:
    """All of them."""
    router = APIRouter()
    staff_only = [Depends(services.gate.require_member)]
    for routes in (list_routes, event_routes, suggestion_routes, action_routes, phrase_routes, phone_routes):
        router.include_router(routes(services), dependencies=staff_only)
    router.include_router(assist_routes(services))  # the window inside another system has a pass of its own
    return router
