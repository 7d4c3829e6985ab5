"""Tickets as a board, a column a state, and as a table."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request
from nicegui import ui

from panel.context import PanelContext
from panel.tickets import wording
from panel.tickets.filters import Filters
from panel.times import shown
from tickets import rules

ON_BOARD = ("filed", "accepted", "assigned", "in_progress", "returned", "answered")
A_COLUMN = 20
A_PAGE = 50
COLUMNS = [
    {"name": name, "label": label, "field": name, "align": "left"}
    for name, label in (
        ("number", "编号"), ("kind", "类别"), ("text", "内容"), ("department", "部门"), ("state", "状态"), ("due", "期限"),
        ("handler", "经办人"), ("filed", "登记时间"),
    )
]  # fmt: skip

Open = Callable[[str], Awaitable[None]]
Choose = Callable[..., Awaitable[None]]


class _View:
    """What both ways of showing tickets work with."""

    def __init__(
        self,
        context: PanelContext,
        _request: Request,
        filters: Filters,
        me: str,
        open_ticket: Open,
        choose: Choose,
        _changed: Any,
    ) -> None:
        self._desk, self._filters, self._me, self._open, self._choose = context.ticket_desk, filters, me, open_ticket, choose


class BoardView(_View):
    """What owes an answer, and what waits for the citizen's word; `read` blocks."""

    def read(self) -> list[dict[str, Any]]:
        columns = self._desk.board(self._filters.wanted(self._me), overdue=self._filters.overdue, limit=A_COLUMN)
        return sorted((c for c in columns if c["state"] in ON_BOARD), key=lambda c: ON_BOARD.index(c["state"]))

    def build(self, data: list[dict[str, Any]]) -> None:
        with ui.element("div").classes("ticket-board"):
            for column in data:
                self._column(column)

    def _column(self, column: dict[str, Any]) -> None:
        with ui.element("section").classes("ticket-column").props(f'aria-label="{column["name"]}"'):
            with ui.element("div").classes("ticket-column-head"):
                ui.label(column["name"])
                ui.label(str(column["total"])).classes("panel-tag")
            for row in column["tickets"]:
                self._card(row)
            if not column["tickets"]:
                ui.label("没有工单").classes("panel-faint")
            more = column["total"] - len(column["tickets"])
            if more > 0:
                state = column["state"]
                ui.button(f"还有 {more} 件，在列表中看", on_click=lambda: self._choose(view="list", state=state)).props(
                    "flat size=sm"
                )

    def _card(self, row: dict[str, Any]) -> None:
        said, tone = wording.due(row)
        with ui.element("button").classes(f"ticket-card {tone}").on("click", lambda: self._open(row["number"])):
            with ui.element("div").classes("ticket-card-head"):
                ui.label(rules.KIND_NAMES.get(row["kind"], row["kind"])).classes("panel-tag")
                if said:
                    ui.label(said).classes(f"panel-tag {tone}")
            ui.label(row["text"]).classes("ticket-words")
            ui.label(row["department"]).classes("panel-faint")


class ListView(_View):
    """A page of the table; `read` blocks."""

    def read(self) -> dict[str, Any]:
        filters = self._filters
        return self._desk.listed(filters.wanted(self._me), overdue=filters.overdue, offset=filters.page * A_PAGE, limit=A_PAGE)

    def build(self, data: dict[str, Any]) -> None:
        if not data["total"]:
            ui.label("没有符合条件的工单").classes("panel-empty")
            return
        table = ui.table(columns=COLUMNS, rows=[_row(row) for row in data["tickets"]], row_key="number")
        table.classes("panel-table ticket-table").props("dense hide-pagination wrap-cells")
        table.add_slot(
            "body-cell-due",
            '<q-td :props="props"><span :class="`panel-tag ${props.row.tone}`" v-if="props.value">{{ props.value }}</span><div class="panel-faint">{{ props.row.due_on }}</div></q-td>',
        )
        table.add_slot(
            "body-cell-number",
            '<q-td :props="props"><a href="#" class="ticket-number" @click.prevent.stop="() => $parent.$emit(\'open\', props.row.number)">{{ props.value }}</a></q-td>',
        )
        table.add_slot("body-cell-text", '<q-td :props="props"><div class="ticket-words">{{ props.value }}</div></q-td>')
        table.on("open", lambda event: self._open(event.args))
        table.on("row-click", lambda event: self._open(event.args[1]["number"]), [[], ["number"], None])
        pages(data, self._filters.page, A_PAGE, self._choose)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    said, tone = wording.due(row)
    return {
        "number": row["number"],
        "kind": rules.KIND_NAMES.get(row["kind"], row["kind"]),
        "text": row["text"],
        "department": row["department"],
        "state": rules.STATE_SHORT_NAMES.get(row["state"], row["state"]),
        "due": said,
        "tone": tone,
        "due_on": row["due_on"],
        "handler": row["handler"] or "",
        "filed": shown(row["filed_at"]),
    }


def pages(data: dict[str, Any], page: int, size: int, choose: Choose) -> None:
    """How many there are, and the way to the pages before and after."""
    with ui.row().classes("panel-bar"):
        ui.label(f"共 {data['total']} 件，第 {page + 1} 页").classes("panel-faint")
        ui.space()
        ui.button("上一页", on_click=lambda: choose(page=page - 1)).props("flat").set_enabled(page > 0)
        ui.button("下一页", on_click=lambda: choose(page=page + 1)).props("flat").set_enabled((page + 1) * size < data["total"])
