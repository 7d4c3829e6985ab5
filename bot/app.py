"""The gateway's web application, made from services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles

from bot.channels.web import web_channel, web_senders
from bot.channels.wechat.callback import wechat_callback
from bot.error_responses import install_error_responses
from bot.http_guards import BodyLimit, ResponseGuard
from bot.panel_mount import mount_panel
from bot.routes.active_learning import active_learning_routes
from bot.routes.answer_bank import answer_bank_routes
from bot.routes.desk import desk_routes
from bot.routes.desk.assist_page import assist_page
from bot.routes.entries import entry_routes
from bot.routes.figures import figure_routes
from bot.routes.gaps import gap_routes
from bot.routes.handoffs import handoff_routes
from bot.routes.health import health_routes
from bot.routes.outbox import outbox_routes
from bot.routes.pages import STATIC, error_page, page_routes, page_templates
from bot.routes.search import search_routes
from bot.routes.staff import staff_routes
from bot.routes.tickets import ticket_routes
from bot.routes.topics import topic_routes
from bot.routes.training import training_routes
from bot.routes.wechat_codes import wechat_code_routes
from bot.routes.workshop import workshop_routes
from bot.services import Services
from bot.staff_login import StaffLogin
from panel.runtime import running


def create_app(services: Services) -> FastAPI:
    """The application; starting it starts the services, stopping it stops them."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        services.start()
        services.wechat.start()
        services.caretaker.start()
        services.desk.board.start()
        services.follower.start()
        services.weekly_training.start()
        async with running():
            yield
        await services.weekly_training.stop()
        await services.follower.stop()
        await services.desk.board.stop()
        await services.caretaker.stop()
        await services.wechat.stop()
        await services.rasa.aclose()
        services.stop()

    app = FastAPI(
        title="问政 Wenzheng",
        version=_version(),
        description="政策咨询助手的接口。只依据已发布的知识作答，并给出出处。",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=lifespan,
    )
    templates = page_templates()
    senders = web_senders(services)
    login = StaffLogin(services.accounts, services.gate)
    staff_only = [Depends(services.gate.require_member)]  # before the body is looked at: a stranger learns nothing of its fields
    # routes are tried in this order: what is asked for all the time comes first
    channel = wechat_callback(services.wechat.account, services.wechat.trouble, services.wechat.channel)
    for router in (web_channel(services, senders), channel, desk_routes(services)):
        app.include_router(router)
    for router in (
        *workshop_routes(services, templates),
        ticket_routes(services),
        handoff_routes(services),
        gap_routes(services),
        figure_routes(services),
        answer_bank_routes(services),
        topic_routes(services),
        outbox_routes(services),
        training_routes(services),
        active_learning_routes(services),
    ):
        app.include_router(router, dependencies=staff_only)
    for router in (
        search_routes(services),
        entry_routes(services),
        assist_page(services, templates),
        staff_routes(services, login),
        health_routes(services),
        page_routes(services, senders, templates),
        wechat_code_routes(services),
    ):
        app.include_router(router)
    mount_panel(app, services, login, templates, error_page(templates))
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    install_error_responses(app, error_page(templates))
    app.add_middleware(BodyLimit)
    app.add_middleware(ResponseGuard, count=services.metrics.request_done)
    return app


def _version() -> str:
    try:
        return version("wenzheng")
    except PackageNotFoundError:  # run from a checkout that was not installed
        return "0"
