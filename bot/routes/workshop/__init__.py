"""The knowledge workshop over HTTP, one module a topic. The logic is in `knowledge_base`, `answering` and `conversations`."""

from fastapi import APIRouter
from fastapi.templating import Jinja2Templates

from bot.routes.workshop.checks import check_routes
from bot.routes.workshop.documents import document_routes
from bot.routes.workshop.history import history_routes
from bot.routes.workshop.imports import import_routes
from bot.routes.workshop.lists import list_routes
from bot.routes.workshop.notices import notice_routes
from bot.routes.workshop.reviews import review_routes
from bot.services import Services


def workshop_routes(services: Services, templates: Jinja2Templates) -> list[APIRouter]:
    """To be included before `entry_routes`, whose `/api/entries/{entry_id}` fits these addresses as well."""
    return [
        list_routes(services), check_routes(services, templates), history_routes(services), review_routes(services),
        document_routes(services), import_routes(services), notice_routes(services),
    ]  # fmt: skip
