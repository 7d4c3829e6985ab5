"""An entry that may not be published yet, as citizens would see it: the page and the message, by the code that makes them."""

from dataclasses import replace
from typing import Any

from fastapi.templating import Jinja2Templates

from answering.answerer import Answerer
from bot.entry_page import entry_view
from conversations.clock import CHINA, now
from database.columns import utc_now
from knowledge_base.content import EntryContent
from knowledge_base.entries import EntryStore
from knowledge_base.records import EntryRecord
from knowledge_base.workflow import Actor

_NOBODY = Actor("预览", "system")


class EntryPreview:
    """Thread-safe."""

    def __init__(self, answerer: Answerer, store: EntryStore, templates: Jinja2Templates) -> None:
        self._answerer, self._store, self._templates = answerer, store, templates

    def of(self, content: EntryContent, entry_id: int | None = None) -> dict[str, Any]:
        """`message`: what a conversation shows; `page` and `chat`: whole HTML documents without scripts."""
        record = EntryRecord(entry_id or 0, 1, "draft", None, content, utc_now(), _NOBODY, 0)
        if entry_id is not None:
            saved = self._store.get(entry_id)
            record = replace(record, version=saved.version)
        today = now().astimezone(CHINA).date()
        message = self._answerer.preview(record, today)
        view = entry_view(record, self._store, today)
        return {
            "message": message,
            "page": self._render("entry.html", entry=view, has_code=False),
            "chat": self._render("chat_preview.html", question=content.title, message=message),
        }

    def _render(self, name: str, **context: Any) -> str:
        return self._templates.env.get_template(name).render(**context)
