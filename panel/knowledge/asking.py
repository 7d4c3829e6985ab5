"""Questions to the person at the page, and doing what may fail."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, TypeVar

from fastapi import Request
from nicegui import run, ui

from bot.authorization import editor_of
from errors import WenzhengError
from knowledge_base.workflow import Actor
from panel.access import acting

Result = TypeVar("Result")


def editing(request: Request, permission: str = "knowledge.edit") -> Actor:
    """Who acts on entries from this page now. Blocks; raises as `panel.access.acting`."""
    return editor_of(acting(request, permission))


async def attempt(work: Callable[[], Result]) -> Result | None:
    """The result of blocking work, done in a thread; None after telling what is wrong with it."""
    try:
        return await run.io_bound(work)
    except WenzhengError as exc:
        ui.notify(f"{exc.problem}{exc.fix}", type="negative", multi_line=True, timeout=8000, close_button="知道了")
        return None


async def comment_for(title: str, verb: str, *, required: bool = False, note: str = "", color: str = "primary") -> str | None:
    """A comment for the audit trail; None when the person thought better of it."""
    with ui.dialog() as dialog, ui.card().classes("panel-form"):
        ui.label(title).classes("panel-subtitle")
        if note:
            ui.label(note).classes("panel-muted")
        text = ui.textarea("意见" if required else "说明（可不填，记入操作记录）").props("autogrow autofocus maxlength=1000")
        problem = ui.label().classes("panel-bad")

        def done() -> None:
            if required and not text.value.strip():
                problem.set_text("请写明原因，作者会看到。")
            else:
                dialog.submit(text.value.strip())

        text.on("keydown.ctrl.enter", done)
        with ui.row().classes("w-full justify-end"):
            ui.button("取消", on_click=lambda: dialog.submit(None)).props("flat")
            ui.button(verb, on_click=done, color=color)
    answer = await dialog
    dialog.delete()
    return None if answer is None else str(answer)


async def day_and_time(title: str, verb: str) -> str | None:
    """A moment as the browser's field writes it (China's time), or None."""
    with ui.dialog() as dialog, ui.card().classes("panel-form"):
        ui.label(title).classes("panel-subtitle")
        field = ui.input("发布时间").props("type=datetime-local stack-label autofocus")
        problem = ui.label().classes("panel-bad")
        with ui.row().classes("w-full justify-end"):
            ui.button("取消", on_click=lambda: dialog.submit(None)).props("flat")
            ui.button(verb, on_click=lambda: dialog.submit(field.value) if field.value else problem.set_text("请填写时间。"))
    answer = await dialog
    dialog.delete()
    return str(answer) if answer else None


def read_day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


class Later:
    """Runs something a moment after the last time it was asked to. It belongs to the place where it is made, which must last."""

    def __init__(self, delay_s: float, work: Callable[[], Awaitable[Any] | Any]) -> None:
        self._delay, self._work = delay_s, work
        self._place = ui.context.slot.parent
        self._timer: ui.timer | None = None

    def soon(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        with self._place:  # not where the event came from: what sent it may be gone by then
            self._timer = ui.timer(self._delay, self._work, once=True)
