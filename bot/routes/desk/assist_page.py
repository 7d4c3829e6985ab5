"""`/panel/assist`: the suggestions of one conversation in another system's frame. It needs no cookie; see `desk.assist_links`."""

import secrets
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from fastapi.templating import Jinja2Templates

from bot.services import Services

VUE = "vue.esm-browser.prod.js"
POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors {ancestors}"
)


def assist_page(services: Services, templates: Jinja2Templates) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    others = services.settings.frame_ancestors.split()
    ancestors = " ".join(["'self'", *others])

    @router.get("/panel/assist", response_class=HTMLResponse)
    def page(
        request: Request,
        conversation: Annotated[str, Query(min_length=1, max_length=32)],
        link: Annotated[str | None, Query(max_length=400)] = None,
    ) -> Response:
        signed = ""
        if link is not None:
            signed, given = services.desk.assist.open(link)
            conversation = given.conversation_id
        else:
            services.gate.require(request, "desk")
        nonce = secrets.token_urlsafe(16)
        shown = {"conversation": conversation, "signed": signed, "nonce": nonce, "parents": " ".join(others)}
        response = templates.TemplateResponse(request, "assist.html", shown)
        response.headers["Content-Security-Policy"] = POLICY.format(nonce=nonce, ancestors=ancestors)
        response.headers["Referrer-Policy"] = "no-referrer"  # the address has the link
        response.headers["Cache-Control"] = "no-store"
        return response

    @router.get("/static/vue.js")
    def vue() -> Response:
        """The one library that the desk's modules use; it comes with NiceGUI."""
        found = find_spec("nicegui")
        if found is None or found.origin is None:
            raise AssertionError("NiceGUI is a dependency")
        file = Path(found.origin).parent / "static" / VUE
        return FileResponse(file, media_type="text/javascript", headers={"Cache-Control": "max-age=86400"})

    return router
