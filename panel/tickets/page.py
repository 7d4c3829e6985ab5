"""The page itself: filters on top, one of three views below, one ticket opened over it."""

from typing import Any

from fastapi import Request
from nicegui import run, ui

from panel.access import member_of, panel_page
from panel.context import PanelContext
from panel.frame import page_frame
from panel.tickets.detail import TicketDetail
from panel.tickets.filters import VIEWS, Filters
from panel.tickets.form import new_ticket
from panel.tickets.ratings import RatingsView
from panel.tickets.views import BoardView, ListView
from tickets import rectification, rules

REFRESH_S = 15.0
KEYS = {"n": "替来电人登记", "/": "查找", "Enter": "打开工单"}


def register(context: PanelContext) -> None:
    @panel_page(context, "/tickets", "tickets")
    async def tickets(request: Request) -> None:
        with page_frame(request, "tickets", "工单", KEYS):
            ui.add_head_html('<link rel="stylesheet" href="/panel/static/tickets.css?2">')
            await TicketPage(context, request).build()


class TicketPage:
    """One visitor's page."""

    def __init__(self, context: PanelContext, request: Request) -> None:
        self._context, self._request = context, request
        self._me = member_of(request).name
        self._filters = Filters.from_request(request)
        self._shown: Any = None
        self._departments: list[str] = []

    async def build(self) -> None:
        filters, desk = self._filters, self._context.ticket_desk
        counted = await run.io_bound(desk.counts, filters.wanted(self._me)) or {"departments": []}
        self._departments = counted["departments"]
        with ui.row().classes("panel-bar"):
            ui.toggle(dict(VIEWS), value=filters.view, on_change=lambda e: self._choose(view=e.value, state="")).props(
                "unelevated no-caps dense padding='4px 12px'"
            )
            ui.space()
            ui.button("替来电人登记", icon="add", on_click=self._new).props("id=new-ticket")
        with ui.row().classes("panel-bar"):
            self._search = ui.input(placeholder="编号，或内容里的词", value=filters.text).props("clearable").classes("w-56")
            self._search.on("keydown.enter", lambda: self._choose(text=self._search.value or ""))
            self._search.on("clear", lambda: self._choose(text=""))
            self._state = ui.select({"": "全部状态"}, value="", on_change=lambda e: self._choose(state=e.value))
            self._kind = ui.select(
                {"": "全部类别", **rules.KIND_NAMES}, value=filters.kind, on_change=lambda e: self._choose(kind=e.value)
            )
            choices = {"": "全部部门", **{name: name for name in self._departments}}
            department = filters.department if filters.department in choices else ""
            ui.select(
                choices, value=department, with_input=True, on_change=lambda e: self._choose(department=e.value or "")
            ).classes("w-52")
            ui.switch("超期", value=filters.overdue, on_change=lambda e: self._choose(overdue=e.value))
            self._mine = ui.switch("我经办的", value=filters.mine, on_change=lambda e: self._choose(mine=e.value))
            ui.space()
            self._late = ui.label().classes("panel-tag bad")
        self._body = ui.element("div").classes("w-full")
        self._detail = TicketDetail(self._context, self._request, self._departments, self._changed)
        ui.keyboard(self._key, ignore=["input", "select", "textarea"])
        ui.timer(REFRESH_S, self._refresh, immediate=False)
        await self._refresh()
        number = rules.number_in(self._request.query_params.get("number", ""))
        if number:
            await self._detail.open(number)
        if self._request.query_params.get("new") == "1":
            ui.timer(0.1, self._new, once=True)

    async def _choose(self, **changes: Any) -> None:
        for name, value in changes.items():
            setattr(self._filters, name, value)
        if "page" not in changes:
            self._filters.page = 0
        ui.navigate.history.replace(f"/tickets?{self._filters.query}".rstrip("?"))
        self._shown = None
        await self._refresh()

    async def _refresh(self) -> None:
        """Read again; what has not changed is not built again, so that nobody loses their place."""
        filters, desk = self._filters, self._context.ticket_desk
        parts = (self._context, self._request, filters, self._me, self._detail.open, self._choose, self._changed)
        view: BoardView | ListView | RatingsView
        match filters.view:
            case "ratings":
                view = RatingsView(*parts)
            case "list":
                view = ListView(*parts)
            case _:
                view = BoardView(*parts)
        data: Any = await run.io_bound(view.read)
        late = (await run.io_bound(desk.counts, filters.wanted(self._me)) or {}).get("overdue", 0)
        self._late.set_text(f"超期 {late} 件")
        self._late.set_visibility(bool(late) and filters.view != "ratings")
        if data is None or data == self._shown:
            return
        self._shown = data
        ratings = filters.view == "ratings"
        names = rectification.STATE_NAMES if ratings else rules.STATE_SHORT_NAMES
        self._state.set_options({"": "全部状态", **names}, value=filters.state if filters.state in names else "")
        self._state.set_visibility(filters.view != "board")
        for field in (self._kind, self._search, self._mine):
            field.set_visibility(not ratings)
        self._body.clear()
        with self._body:
            view.build(data)

    async def _changed(self) -> None:
        self._shown = None
        await self._refresh()

    def _new(self) -> None:
        new_ticket(self._context, self._request, self._departments, self._filed)

    async def _filed(self, number: str) -> None:
        await self._changed()
        await self._detail.open(number)

    async def _key(self, event: Any) -> None:
        if not event.action.keydown or event.action.repeat or event.modifiers.ctrl or event.modifiers.alt or event.modifiers.meta:
            return
        if event.key == "n":
            self._new()
        elif event.key == "/":
            self._search.run_method("focus")
