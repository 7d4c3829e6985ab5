"""Ratings, and what is owed for bad ones: charge a department, write down what was put right, call back."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request
from nicegui import ui

from panel.context import PanelContext
from panel.dialogs import attempt
from panel.tickets import wording
from panel.tickets.filters import Filters
from panel.tickets.views import A_PAGE, Choose, Open, pages
from panel.times import shown
from tickets import rectification
from tickets.rectification import WantedRatings

BUTTONS = {"assign": "交办", "rectify": "登记整改", "call_back": "登记回访", "reopen": "仍不满意，重新整改"}
ASKED = {
    "assign": "要求（可不填）", "rectify": "整改了什么", "call_back": "回访时市民怎么说", "reopen": "市民还不满意什么",
}  # fmt: skip


class RatingsView:
    """A page of ratings; `read` blocks."""

    def __init__(
        self, context: PanelContext, request: Request, filters: Filters, _me: str, open_ticket: Open, choose: Choose,
        changed: Callable[[], Awaitable[None]],
    ) -> None:  # fmt: skip
        self._context, self._request, self._filters = context, request, filters
        self._open, self._choose, self._changed = open_ticket, choose, changed

    def read(self) -> dict[str, Any]:
        filters = self._filters
        state = filters.state if filters.state in rectification.STATES else None
        wanted = WantedRatings(state=state, department=filters.department or None)
        return self._context.rectifications.listed(wanted, overdue=filters.overdue, offset=filters.page * A_PAGE, limit=A_PAGE)

    def build(self, data: dict[str, Any]) -> None:
        if not data["total"]:
            ui.label("没有符合条件的评价").classes("panel-empty")
            return
        with ui.element("div").classes("rating-list"):
            for row in data["ratings"]:
                self._row(row)
        pages(data, self._filters.page, A_PAGE, self._choose)

    def _row(self, row: dict[str, Any]) -> None:
        owed = row["rectification"]
        with ui.element("article").classes("rating-row"):
            with ui.row().classes("w-full items-center"):
                ui.label(row["name"]).classes(f"panel-tag {'bad' if row['level'] <= rectification.BAD else 'good'}")
                ui.button(row["number"], on_click=lambda: self._open(row["number"])).props("flat size=sm padding='0 4px'")
                ui.label(row["department"]).classes("panel-muted")
                ui.label(shown(row["rated_at"])).classes("panel-faint")
                ui.space()
                if owed:
                    self._owed(row["number"], owed)
            ui.label(row["text"]).classes("ticket-words")
            if row["comment"]:
                ui.label(f"市民：{row['comment']}").classes("panel-text")
            for label, text in (("整改", owed and owed["measure"]), ("回访", owed and owed["call"])):
                if text:
                    ui.label(f"{label}：{text}").classes("panel-text panel-muted")

    def _owed(self, number: str, owed: dict[str, Any]) -> None:
        said, tone = wording.due(owed)
        ui.label(owed["state_name"]).classes(f"panel-tag {'good' if owed['state'] == rectification.CALLED_BACK else 'blue'}")
        if said:
            ui.label(f"整改{said}").classes(f"panel-tag {tone}")
        for step in owed["steps"]:
            first = step == next(iter(owed["steps"]))
            button = ui.button(BUTTONS[step], on_click=lambda step=step: self._ask(number, step, owed))
            button.props("size=sm padding='2px 10px'" + ("" if first and step != "reopen" else " flat"))

    def _ask(self, number: str, step: str, owed: dict[str, Any]) -> None:
        async def save() -> None:
            text = (words.value or "").strip()
            if not text and step != "assign":
                problem.set_text("请写明情况。")
                return

            def work() -> None:
                member = self._context.gate.require(self._request, "tickets")
                whom = (department.value or "").strip() or None if step == "assign" else None
                self._context.rectifications.take_step(number, step, member, text, whom)

            if await attempt(problem, work):
                dialog.close()
                await self._changed()

        with ui.dialog(value=True) as dialog, ui.card().classes("panel-form"):
            dialog.on("hide", dialog.delete)
            ui.label(f"{BUTTONS[step]} · {number}").classes("panel-subtitle")
            department = ui.input("整改部门", value=owed["department"]).props("maxlength=64")
            department.set_visibility(step == "assign")
            words = ui.textarea(ASKED[step]).props("autogrow autofocus maxlength=2000")
            problem = ui.label().classes("panel-bad")
            with ui.row().classes("w-full justify-end"):
                ui.button("取消", on_click=dialog.close).props("flat")
                ui.button("保存", on_click=save)
