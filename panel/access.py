"""Pages for members only: who may open one, and what becomes of it when the session ends."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from fastapi import Depends, Request
from nicegui import Client, run, ui

from bot.authorization import SESSION_COOKIE
from panel.context import PanelContext
from staff.members import Member
from staff.secret_tokens import csrf_token

CHECK_EVERY_S = 10.0
SLOWEST_S = 15.0  # a page on a busy machine; NiceGUI itself gives up after 3

Builder = Callable[..., Any]


class NotLoggedIn(Exception):  # noqa: N818 - no error: the way to the login page
    """Nobody is behind the request for a page."""


def panel_page(context: PanelContext, path: str, permission: str | None, **options: Any) -> Callable[[Builder], Builder]:
    """Like `@ui.page`, for members with the permission; None lets every member in. The public address is /panel + path.

    Visitors are sent to the login page and come back afterwards; members without the permission get 403. The page function may take
    `request: Request`; `member_of(request)` is who opened it.
    """

    def known(request: Request) -> None:  # in a thread: it asks the database
        member = context.gate.member(request)
        if member is None:
            raise NotLoggedIn
        if permission is not None and not member.may(permission):
            context.gate.require(request, permission)
        request.state.member, request.state.panel = member, context

    def decorate(function: Builder) -> Builder:
        context.pages.page(path, dependencies=[Depends(known)], **{"response_timeout": SLOWEST_S, **options})(function)
        Client.page_routes.pop(function, None)  # would keep the page and its services alive after the gateway
        return function

    return decorate


def member_of(request: Request) -> Member:
    """Who opened a page made with `panel_page`."""
    member: Member = request.state.member
    return member


def context_of(request: Request) -> PanelContext:
    """The services of the gateway that a page made with `panel_page` belongs to."""
    context: PanelContext = request.state.panel
    return context


def csrf_of(request: Request) -> str:
    """What scripts of a page send as X-CSRF-Token."""
    return csrf_token(request.cookies.get(SESSION_COOKIE, ""))


def acting(request: Request, permission: str) -> Member:
    """Who opened the page, asked of the gate anew: nothing is written for somebody whose login or right has ended. Blocks.

    Raises:
        UnauthorizedError, ForbiddenError
    """
    return context_of(request).gate.require(request, permission)


def may_still(request: Request, permission: str) -> bool:
    """Whether who opened the page is still logged in and still has the permission. Blocks."""
    member = context_of(request).gate.member(request)
    return member is not None and member.may(permission)


def watch_session(request: Request) -> None:
    """Empty the page and say so when its session ends; looking does not keep it alive, `panel.js` reports what people do."""
    if "authorization" in request.headers:
        return
    client, token = ui.context.client, request.cookies.get(SESSION_COOKIE, "")
    sessions = context_of(request).accounts.sessions
    opened = member_of(request)

    async def look() -> None:
        member = await run.io_bound(sessions.member, token, active=False)
        if member != opened:
            timer.cancel()
            client.run_javascript("wenzhengPanel.expired()")
            client.content.clear()

    timer = ui.timer(CHECK_EVERY_S, look, immediate=False)


def login_address(request: Request) -> str:
    """The login page, which leads back to what was asked for."""
    wanted = request.scope.get("root_path", "") + request.url.path.removeprefix(request.scope.get("root_path", ""))
    query = f"?{request.url.query}" if request.url.query else ""
    return f"/panel/login?next={quote(wanted + query)}"
