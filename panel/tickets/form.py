"""One form to file a ticket for somebody on the phone."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request
from nicegui import run, ui

from conversations.ticket_desk import CallersRequest
from panel.context import PanelContext
from panel.dialogs import attempt
from tickets import rules

# phone mode leaves its notes here and opens /panel/tickets?new=1; they never are part of an address
TAKE_NOTES = "const kept = sessionStorage.getItem('wenzheng-ticket'); sessionStorage.removeItem('wenzheng-ticket'); return kept ? JSON.parse(kept) : {};"
FIELDS = ("what", "where", "when", "contact")


def new_ticket(context: PanelContext, request: Request, departments: list[str], filed: Callable[[str], Awaitable[None]]) -> None:
    """Open the form, filled with the notes of a call if there are any.

    Args:
        filed: told the number.
    """
    desk, key = context.ticket_desk, secrets.token_urlsafe(12)
    notes: dict[str, Any] = {}
    made: list[str] = []

    async def fill() -> None:
        kept = await ui.run_javascript(TAKE_NOTES)
        if isinstance(kept, dict):
            notes.update(kept)
            for name in FIELDS:
                if isinstance(kept.get(name), str):
                    fields[name].value = kept[name][:2000]
            await suggest()

    async def suggest() -> None:
        if not department.value and (fields["what"].value or "").strip():
            proposed = await run.io_bound(desk.suggest_department, fields["what"].value, fields["where"].value or "")
            department.props(f'hint="建议：{proposed}；不选就派给它"')

    async def save() -> None:
        told = {name: (fields[name].value or "").strip() for name in FIELDS}
        if not told["what"]:
            problem.set_text("请写明是什么事。")
            return
        conversation = notes.get("conversation_id")
        wish = CallersRequest(
            key=key, kind=kind.value, department=department.value or None,
            conversation_id=conversation if isinstance(conversation, str) else None, **told,
        )  # fmt: skip
        if await attempt(problem, lambda: made.append(desk.create(wish, context.gate.require(request, "tickets"))["number"])):
            dialog.close()
            ui.notify(f"已登记，编号 {made[0]}。请把编号告诉来电人。", type="positive", timeout=8000)
            await filed(made[0])

    with ui.dialog(value=True).props("persistent") as dialog, ui.card().classes("panel-form ticket-form"):
        dialog.on("hide", dialog.delete)
        ui.label("替来电人登记").classes("panel-subtitle")
        kind = ui.toggle(dict(rules.KIND_NAMES), value="complaint").props("unelevated no-caps dense padding='4px 12px'")
        fields: dict[str, ui.input | ui.textarea] = {
            "what": ui.textarea("什么事：涉及谁、发生了什么、希望怎样解决")
            .props("autogrow autofocus maxlength=2000")
            .on("blur", suggest)
        }
        with ui.row().classes("w-full no-wrap"):
            fields["where"] = ui.input("地点").props("maxlength=200").on("blur", suggest)
            fields["when"] = ui.input("时间").props("maxlength=100")
        fields["contact"] = ui.input("联系电话").props("maxlength=100 autocomplete=off")
        department = ui.select(["", *departments], value="", label="部门（不选则按内容分派）", with_input=True, clearable=True)
        problem = ui.label().classes("panel-bad")
        ui.label("没有说到的可以留空。列表里不显示电话和证件号。").classes("panel-faint")
        with ui.row().classes("w-full justify-end"):
            ui.button("取消", on_click=dialog.close).props("flat")
            ui.button("登记", on_click=save)
        ui.timer(0.05, fill, once=True)
