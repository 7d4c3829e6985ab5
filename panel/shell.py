"""The panel as an application of its own, mounted by the gateway at /panel."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.error_responses import install_error_responses
from panel import audit, home, knowledge, live_desk, login, people, training
from panel.access import NotLoggedIn, login_address
from panel.context import PanelContext
from panel.insights import bank_page, figures_page, gaps_page, topics_page
from panel.policy import PanelPolicy
from panel.runtime import NiceGuiFiles, configure
from panel.tickets import page as tickets

STATIC = Path(__file__).resolve().parent / "static"

PAGES: tuple[Callable[[PanelContext], None], ...] = (
    home.register,
    live_desk.register,
    knowledge.register,
    tickets.register,
    people.register,
    audit.register,
    gaps_page.register,
    figures_page.register,
    topics_page.register,
    bank_page.register,
    training.register,
)


def panel_app(context: PanelContext, error_page: Any) -> ASGIApp:
    """Login, pages, scripts and the socket.

    Args:
        error_page: renders `(request, error body)` for browsers.
    """
    configure()
    for register in PAGES:
        register(context)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(login.login_routes(context))
    app.include_router(context.pages)
    app.mount("/static", StaticFiles(directory=STATIC), name="panel-static")
    install_error_responses(app, error_page)

    def to_login(request: Request, _exc: Exception) -> Response:
        return RedirectResponse(login_address(request), 303)

    app.add_exception_handler(NotLoggedIn, to_login)
    return _Panel(PanelPolicy(app), context)


class _Panel:
    """Sends NiceGUI its own requests and the pages theirs."""

    def __init__(self, pages: ASGIApp, context: PanelContext) -> None:
        self._pages, self._files, self.context = pages, NiceGuiFiles(), context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._files.is_for(scope):
            await self._files(scope, receive, send)
        elif scope["type"] == "websocket":  # only NiceGUI has one
            await send({"type": "websocket.close", "code": 1000})
        else:
            await self._pages(scope, receive, send)
