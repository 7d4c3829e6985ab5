"""The login form: plain HTML, so that it also works where scripts do not."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from bot.authorization import SESSION_COOKIE
from bot.staff_login import forget_session
from conversations.errors import RateLimitedError
from errors import WenzhengError
from panel.context import PanelContext
from staff.errors import LoginLockedError, LoginRefusedError

HOME = "/panel/"
REASONS = {
    "expired": "登录已过期，请重新登录。", "out": "已退出登录。", "changed": "密码已修改，请用新密码登录。",
    "ended": "登录已结束，可能是时间到了，或账号有变动。请重新登录；登录不了请联系管理员。",
}  # fmt: skip


def login_routes(context: PanelContext) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    templates = Jinja2Templates(Path(__file__).resolve().parent / "templates")

    def form(request: Request, target: str, *, name: str = "", problem: str = "", note: str = "", status: int = 200) -> Response:
        values = {
            "next": target, "name": name, "problem": problem, "note": note, "nobody_yet": not context.accounts.any(),
        }  # fmt: skip
        return templates.TemplateResponse(request, "login.html", values, status, {"Cache-Control": "no-store"})

    @router.get("/login", response_class=HTMLResponse)
    def show(request: Request, next: str = HOME, reason: str = "") -> Response:
        if reason != "expired" and context.gate.member(request) is not None:
            return RedirectResponse(_inside(next), 303)
        return form(request, _inside(next), note=REASONS.get(reason, ""))

    @router.post("/login", response_class=HTMLResponse)
    def log_in(
        request: Request,
        name: Annotated[str, Form(max_length=64)] = "",
        password: Annotated[str, Form(max_length=500)] = "",
        next: Annotated[str, Form(max_length=2000)] = HOME,
    ) -> Response:
        answer = RedirectResponse(_inside(next), 303)
        try:
            context.login.open(request, answer, name, password)
        except (LoginRefusedError, LoginLockedError, RateLimitedError) as exc:
            status = 401 if isinstance(exc, LoginRefusedError) else 429
            return form(request, _inside(next), name=name, problem=_said(exc), status=status)
        return answer

    @router.post("/logout")
    def log_out(request: Request) -> Response:
        context.gate.require_member(request)
        context.accounts.sessions.close(request.cookies.get(SESSION_COOKIE, ""))
        answer = JSONResponse({"ok": True})
        forget_session(answer)
        return answer

    @router.post("/session")
    def alive(request: Request) -> dict[str, bool]:
        """Called by `panel.js` while somebody works; keeps the session from idling out."""
        context.gate.require_member(request)
        return {"ok": True}

    return router


def _inside(target: str) -> str:
    """Where to go afterwards: never to another site."""
    return target if target.startswith("/panel/") and "\\" not in target and "//" not in target else HOME


def _said(error: WenzhengError) -> str:
    return f"{error.problem}{error.fix}"
