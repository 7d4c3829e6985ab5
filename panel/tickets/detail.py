"""One ticket over the page: what was told, what happened, and the step that may follow."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request
from nicegui import run, ui

from errors import WenzhengError
from panel.access import member_of
from panel.context import PanelContext
from panel.dialogs import attempt
from panel.tickets import wording
from panel.times import shown
from tickets import rules

PLACEHOLDERS = {"answer": "给市民的答复：先说结论", "return": "退回原因，会告诉市民", "progress": "办理情况（可不填）"}
NEEDS_WORDS = {"answer", "return"}


class TicketDetail:
    """Built once a page; `open` fills it.

    Args:
        changed: told after a step was taken.
    """

    def __init__(
        self, context: PanelContext, request: Request, departments: list[str], changed: Callable[[], Awaitable[None]]
    ) -> None:
        self._context, self._request, self._departments, self._changed = context, request, departments, changed
        with ui.dialog().props("position=right full-height") as self._dialog, ui.card().classes("ticket-detail") as self._card:
            pass

    async def open(self, number: str) -> None:
        try:
            ticket = await run.io_bound(self._context.ticket_desk.read, number)
        except WenzhengError as exc:
            ui.notify(exc.problem, type="warning")
            return
        if ticket is not None:
            alike = await run.io_bound(self._context.ticket_desk.similar, number) or []
            self._fill(ticket, alike)
            self._dialog.open()

    def _fill(self, ticket: dict[str, Any], alike: list[dict[str, Any]]) -> None:
        self._card.clear()
        with self._card:
            self._head(ticket)
            with ui.scroll_area().classes("ticket-scroll"):
                ui.label(ticket["text"]).classes("panel-text ticket-story")
                self._facts(ticket)
                if ticket["answer"]:
                    ui.label("答复").classes("panel-subtitle")
                    ui.label(ticket["answer"]).classes("panel-text")
                if ticket["rating"]:
                    rating = ticket["rating"]
                    ui.label(f"市民评价：{rating['name']} {rating['comment']}").classes(
                        "panel-bad" if rating["level"] <= 2 else ""
                    )
                self._alike(alike)
                self._history(ticket)
            self._steps(ticket)

    def _head(self, ticket: dict[str, Any]) -> None:
        said, tone = wording.due(ticket)
        with ui.row().classes("w-full items-center no-wrap"):
            ui.label(ticket["number"]).classes("panel-subtitle")
            ui.label(rules.KIND_NAMES.get(ticket["kind"], ticket["kind"])).classes("panel-tag")
            ui.label(rules.STATE_SHORT_NAMES[ticket["state"]]).classes(f"panel-tag {wording.STATE_TONES[ticket['state']]}")
            ui.space()
            ui.button(icon="close", on_click=self._dialog.close).props('flat round aria-label="关闭"')
        with ui.row().classes("w-full items-center"):
            ui.label(ticket["department"])
            if said:
                ui.label(said).classes(f"panel-tag {tone}")
            if ticket["due_on"]:
                ui.label(f"答复期限 {ticket['due_on']}").classes("panel-faint")
            if ticket["handler"]:
                ui.label(f"经办 {ticket['handler']}").classes("panel-faint")

    def _facts(self, ticket: dict[str, Any]) -> None:
        with ui.element("dl").classes("ticket-facts") as facts:
            # the story above begins with what was told; said once is enough
            told_once = ticket["text"].startswith(str(ticket["details"].get("what") or " "))
            _list_facts({**ticket["details"], "what": ""} if told_once else ticket["details"])

        async def reveal() -> None:
            def look() -> dict[str, Any]:
                member = self._context.gate.require(self._request, "tickets.contact")
                return self._context.ticket_desk.as_told(ticket["number"], member)

            told: list[dict[str, Any]] = []
            if await attempt(problem, lambda: told.append(look())):
                facts.clear()
                with facts:
                    _list_facts(told[0])
                button.delete()

        problem = ui.label().classes("panel-bad")
        if member_of(self._request).may("tickets.contact"):
            button = ui.button("查看联系方式和原话", icon="visibility", on_click=reveal).props("flat size=sm")
            button.tooltip("查看会记入操作记录")

    def _alike(self, alike: list[dict[str, Any]]) -> None:
        if not alike:
            return
        ui.label(f"相似诉求（前后三十天，{len(alike)} 件）").classes("panel-subtitle")
        for other in alike:
            with ui.element("button").classes("ticket-alike").on("click", lambda number=other["number"]: self.open(number)):
                with ui.row().classes("items-center gap-1"):
                    ui.label(other["number"]).classes("font-medium")
                    for why in other["why"]:
                        ui.label(why).classes("panel-tag blue")
                    state = other["state"]
                    ui.label(rules.STATE_SHORT_NAMES[state]).classes(f"panel-tag {wording.STATE_TONES[state]}")
                    ui.label(f"{other['department']}　{shown(other['created_at'])}").classes("panel-faint")
                ui.label(other["text"]).classes("panel-text ticket-alike-text")

    def _history(self, ticket: dict[str, Any]) -> None:
        ui.label("办理过程").classes("panel-subtitle")
        with ui.element("ol").classes("ticket-history"):
            for event in ticket["history"]:
                with ui.element("li"):
                    with ui.row().classes("items-center gap-2"):
                        ui.label(wording.HISTORY.get(event["step"], event["step"])).classes("font-medium")
                        ui.label(event["actor"]).classes("panel-muted")
                        ui.label(shown(event["at"])).classes("panel-faint")
                    if event["note"]:
                        ui.label(event["note"]).classes("panel-text")

    def _steps(self, ticket: dict[str, Any]) -> None:
        steps = [step for step in wording.STEP_BUTTONS if step in ticket["steps"]]
        if not steps:
            return
        number = ticket["number"]

        def arrange() -> None:
            step = chosen.value
            words.set_visibility(step != "accept")
            words.props(f'label="{PLACEHOLDERS.get(step, "说明（可不填）")}"')
            department.set_visibility(step == "assign")
            told.set_visibility(step in NEEDS_WORDS)
            problem.set_text("")

        async def take() -> None:
            step, text = chosen.value, (words.value or "").strip()
            if step in NEEDS_WORDS and not text:
                problem.set_text("请写明内容，市民会看到。")
                return

            def work() -> None:
                member = self._context.gate.require(self._request, "tickets")
                whom = department.value if step == "assign" else None
                self._context.ticket_desk.take_step(number, step, member, text if step != "accept" else "", whom)

            if await attempt(problem, work):
                ui.notify(f"{number} 已{wording.STEP_BUTTONS[step].removeprefix('登记')}", type="positive")
                await self._changed()
                await self.open(number)

        with ui.element("div").classes("ticket-steps"):
            chosen = ui.toggle({step: wording.STEP_BUTTONS[step] for step in steps}, value=_likely(steps), on_change=arrange)
            chosen.props("unelevated no-caps dense padding='4px 12px'")
            choices = sorted({*self._departments, ticket["department"]})
            department = ui.select(choices, value=ticket["department"], label="部门", with_input=True).classes("w-full")
            words = ui.textarea(label="说明").props("autogrow maxlength=2000").classes("w-full")
            said = "市民会马上收到。" if ticket["channel"] != "phone" else "这是来电登记的工单，市民不会自动收到，请电话告知。"
            told = ui.label(said).classes("panel-faint")
            problem = ui.label().classes("panel-bad")
            with ui.row().classes("w-full justify-end"):
                ui.button("提交", on_click=take)
        words.on("keydown.ctrl.enter", take)
        arrange()


def _likely(steps: list[str]) -> str:
    """The step that most often comes next."""
    return next(step for step in ("accept", "answer", "progress", "assign", "return") if step in steps)


def _list_facts(details: dict[str, Any]) -> None:
    for name, label in wording.FACTS.items():
        if details.get(name):
            with ui.element("dt"):
                ui.label(label)
            with ui.element("dd"):
                ui.label(str(details[name])).classes("panel-text")
