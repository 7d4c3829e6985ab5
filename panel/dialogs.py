"""What dialogs of several pages do alike: try something and show what is wrong with it, ask before doing harm."""

from collections.abc import Callable
from typing import Any

from nicegui import run, ui

from errors import WenzhengError


async def attempt(problem: ui.label, work: Callable[[], Any]) -> bool:
    """Do something in a thread; what is wrong with it is shown. Whether it was done."""
    try:
        await run.io_bound(work)
    except WenzhengError as exc:
        problem.set_text(exc.problem + exc.fix)
        return False
    return True


async def tried(work: Callable[[], Any]) -> bool:
    """The same where there is no dialog: what is wrong appears at the page's edge."""
    try:
        await run.io_bound(work)
    except WenzhengError as exc:
        ui.notify(exc.problem + exc.fix, type="negative", multi_line=True)
        return False
    return True


async def sure(question: str, verb: str, color: str = "negative") -> bool:
    """Ask; whether the answer was yes."""
    with ui.dialog() as dialog, ui.card().classes("panel-form"):
        ui.label(question).classes("panel-text")
        with ui.row().classes("w-full justify-end"):
            ui.button("取消", on_click=lambda: dialog.submit(False)).props("flat autofocus")
            ui.button(verb, on_click=lambda: dialog.submit(True), color=color)
    answer = await dialog
    dialog.delete()
    return bool(answer)
