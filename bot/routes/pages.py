"""Pages for people: the chat, an entry, its code, the list of interfaces."""

import io
from pathlib import Path
from typing import Annotated, Any

import segno
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from bot.channels.web import WebSenders
from bot.entry_page import entry_view
from bot.errors import NoPublicAddressError, UnknownPageError, WithdrawnEntryError
from bot.routes.entries import EntryId
from bot.services import Services
from conversations import wording
from conversations.clock import CHINA, now
from conversations.message_text import MAX_CHARACTERS
from knowledge_base.errors import UnknownEntryError
from knowledge_base.records import EntryRecord

FOLDER = Path(__file__).resolve().parent.parent
STATIC = FOLDER / "static"


def asset(name: str) -> str:
    """Address of a static file."""
    return f"/static/{name}"


def page_templates() -> Jinja2Templates:
    """Templates with autoescape on (Jinja2Templates' default for .html)."""
    templates = Jinja2Templates(FOLDER / "templates")
    templates.env.globals["asset"] = asset
    templates.env.trim_blocks = templates.env.lstrip_blocks = True
    return templates


def live_entry(services: Services, entry_id: int) -> EntryRecord:
    """The live version.

    Raises:
        WithdrawnEntryError, UnknownPageError: it is not public any more, or never was.
    """
    live = services.entries.published([entry_id]).get(entry_id)
    if live is not None:
        return live
    try:
        state = services.entries.get(entry_id).state
    except UnknownEntryError as exc:
        raise _no_such_page() from exc
    if state == "withdrawn":
        raise WithdrawnEntryError("这条内容已经停用，不再提供。", fix="请到咨询页面重新提问，获取现行有效的内容。")
    raise _no_such_page()  # a draft is nobody's business


def _no_such_page() -> UnknownPageError:
    return UnknownPageError("没有这条内容。", fix="请核对链接，或到咨询页面直接提问。")


def page_routes(services: Services, senders: WebSenders, templates: Jinja2Templates) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def root() -> RedirectResponse:
        return RedirectResponse("/chat", 307)

    @router.get("/chat")
    def chat(request: Request, entry: Annotated[int | None, Query(ge=1, le=2**53)] = None) -> HTMLResponse:
        about = services.entries.published([entry]).get(entry) if entry is not None else None
        context = {
            "greeting": wording.GREETING,
            "starters": services.starters(),
            "limit": MAX_CHARACTERS,
            "about": {"id": about.entry_id, "title": about.content.title} if about else None,
        }
        page = templates.TemplateResponse(request, "chat.html", context, headers={"Cache-Control": "no-store"})
        senders.remember(request, page)
        return page

    @router.get("/e/{entry_id}")
    def entry(entry_id: EntryId, request: Request) -> HTMLResponse:
        view = entry_view(live_entry(services, entry_id), services.entries, now().astimezone(CHINA).date())
        has_code = services.settings.public_url is not None
        return templates.TemplateResponse(request, "entry.html", {"entry": view, "has_code": has_code})

    @router.get("/e/{entry_id}/qr.png")
    def code(entry_id: EntryId) -> Response:
        address = services.settings.public_url
        if address is None:
            raise NoPublicAddressError("本实例没有公开地址，不提供二维码。", fix="设置环境变量 WENZHENG_PUBLIC_URL 后重新启动。")
        live_entry(services, entry_id)
        image = io.BytesIO()
        segno.make(f"{address}/e/{entry_id}", error="m").save(image, kind="png", scale=8, border=3)
        return Response(image.getvalue(), media_type="image/png")

    @router.get("/api/docs")
    def docs(request: Request) -> HTMLResponse:
        return templates.TemplateResponse(request, "docs.html", {"groups": _groups(request.app.openapi())})

    return router


def error_page(templates: Jinja2Templates) -> Any:
    """Renders an error body for a browser."""

    def page(request: Request, content: dict[str, Any]) -> HTMLResponse:
        return templates.TemplateResponse(request, "error.html", {"problem": content}, status_code=content["status"])

    return page


def _groups(schema: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Operations of the OpenAPI document by tag."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            fields = _body_fields(schema, operation)
            entry = {
                "method": method.upper(),
                "path": path,
                "summary": operation.get("summary", ""),
                "parameters": [
                    {"name": p["name"], "place": p["in"], "required": p.get("required", False), "note": p.get("description", "")}
                    for p in operation.get("parameters", [])
                ],
                "fields": fields,
                "statuses": [status for status in operation.get("responses", {}) if status != "422"],
            }
            groups.setdefault(next(iter(operation.get("tags", [])), "其他"), []).append(entry)
    return groups


def _body_fields(schema: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    for option in content.get("anyOf", [content]):
        reference = option.get("$ref", "")
        if reference:
            model = schema["components"]["schemas"][reference.rsplit("/", 1)[-1]]
            required = model.get("required", [])
            return [
                {"name": name, "required": name in required, "note": detail.get("description", "")}
                for name, detail in model.get("properties", {}).items()
            ]
    return []
