"""The knowledge workshop's pages: the list, an entry's editor with its versions, reviews, documents, imports."""

from panel.context import PanelContext
from panel.knowledge import documents_page, editor_page, import_page, imports_page, list_page, notice_page, reviews_page


def register(context: PanelContext) -> None:
    for page in (list_page, editor_page, reviews_page, documents_page, imports_page, import_page, notice_page):
        page.register(context)
