"""Drawing what changed between two versions. Texts are escaped: entries are written by strangers, too."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from nicegui import ui

from knowledge_base.comparing import FieldChange

_TAGS = {"same": "span", "removed": "del", "added": "ins"}


def draw_changes(changes: Iterable[FieldChange], nothing: str = "没有差别。") -> None:
    """Field by field, where it is called."""
    drawn = False
    for change in changes:
        _draw(change.label, [(stretch.step, stretch.text) for stretch in change.stretches])
        drawn = True
    if not drawn:
        ui.label(nothing).classes("panel-muted")


def draw_stored_changes(changes: Iterable[Mapping[str, Any]]) -> None:
    """The same, of changes as an import keeps them."""
    for change in changes:
        _draw(change["label"], [(stretch["step"], stretch["text"]) for stretch in change["stretches"]])


def _draw(label: str, stretches: Iterable[tuple[str, str]]) -> None:
    with ui.element("div").classes("kb-change w-full"):
        ui.label(label).classes("panel-muted")
        marked = "".join(f"<{_TAGS[step]}>{escape(text)}</{_TAGS[step]}>" for step, text in stretches)
        ui.html(marked, sanitize=False).classes("kb-diff")
