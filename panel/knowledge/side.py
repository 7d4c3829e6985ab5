"""What stands beside the form: the entry as citizens see it, and entries near it, both while it is written."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from nicegui import run, ui

from answering.neighbours import RELATION_NAMES, Neighbour, unfinished
from bot.entry_preview import EntryPreview
from bot.workshop import Workshop
from errors import WenzhengError
from knowledge_base.content import EntryContent
from knowledge_base.errors import ContentError, FieldProblem
from knowledge_base.workflow import STATE_NAMES
from panel.knowledge.doubles import TONES, draw_differences
from panel.knowledge.words import STATE_TONES, tag


class Side:
    """Builds the column where it is called.

    Args:
        entry_id: None for a new entry.
    """

    def __init__(
        self, workshop: Workshop, preview: EntryPreview, entry_id: int | None, content: Callable[[], EntryContent]
    ) -> None:
        self._workshop, self._preview, self._entry_id, self._content = workshop, preview, entry_id, content

    def build(self) -> None:
        with ui.element("aside").classes("kb-side"):
            with ui.row().classes("panel-bar"):
                self._shown = ui.toggle({"chat": "对话答复", "page": "条目页面"}, value="chat", on_change=self._switch).props(
                    "no-caps dense unelevated"
                )
                ui.label("市民看到的样子").classes("panel-faint")
            self._frames = {
                name: ui.element("iframe").props('sandbox="" loading=eager').classes("kb-frame").props(f'title="{title}"')
                for name, title in (("chat", "对话答复预览"), ("page", "条目页面预览"))
            }
            self._frames["page"].set_visibility(False)
            self._near_title = ui.label("相近条目").classes("panel-subtitle")
            self._near = ui.column().classes("w-full gap-2 kb-near")

    def _switch(self) -> None:
        for name, frame in self._frames.items():
            frame.set_visibility(name == self._shown.value)

    async def show(self) -> tuple[FieldProblem, ...]:
        """Draw the preview anew; returns what is wrong with the content."""
        try:
            content = self._content()
        except ContentError as exc:
            return exc.problems
        made: dict[str, Any] | None = await run.io_bound(self._preview.of, content, self._entry_id)
        for name, frame in self._frames.items():
            if made is not None and frame.props.get("srcdoc") != made[name]:
                frame.props["srcdoc"] = made[name]
                frame.update()
        return ()

    async def compare(self) -> None:
        """Look for near entries anew."""
        try:
            content = self._content()
            found = (
                await run.io_bound(self._workshop.neighbours.of, content, self._entry_id) if content.title != "（未填写）" else []
            )
        except ContentError:
            return
        except WenzhengError as exc:  # the index is being loaded
            self._near_title.set_text(f"相近条目：{exc.problem}")
            return
        self._draw(found or [])

    def _draw(self, found: list[Neighbour]) -> None:
        counts = {name: sum(n.relation == name for n in found) for name in ("contradiction", "duplicate")}
        told = "，".join(f"{RELATION_NAMES[name]} {count}" for name, count in counts.items() if count)
        self._near_title.set_text("相近条目" + (f"：{told}" if told else ""))
        self._near_title.classes(replace="panel-subtitle" + (" panel-bad" if told else ""))
        self._near.clear()
        with self._near:
            if not found:
                ui.label("没有相近的条目，草稿和已撤下的也比过了。").classes("panel-faint")
            for neighbour in found:
                self._one(neighbour)

    @staticmethod
    def _one(neighbour: Neighbour) -> None:
        with ui.element("div").classes(f"kb-neighbour {TONES[neighbour.relation]}"):
            with ui.row().classes("gap-1 items-center"):
                tag(RELATION_NAMES[neighbour.relation], TONES[neighbour.relation])
                if neighbour.state != "published":
                    tag(STATE_NAMES[neighbour.state], STATE_TONES[neighbour.state])
                if neighbour.answers:
                    tag("问这个会答它", "blue")
                if neighbour.elsewhere:
                    tag("别的地区、部门或时期")
                ui.label(f"{neighbour.similarity:.2f}").classes("panel-faint")
            with ui.element("a").props(f'href="/panel/knowledge/{neighbour.entry_id}" target=_blank').classes("kb-title"):
                ui.label(neighbour.title)
            if neighbour.department:
                ui.label(neighbour.department).classes("panel-faint")
            if not neighbour.elsewhere:
                draw_differences(asdict(difference) for difference in neighbour.differences)


def content_of(base: EntryContent | None, changes: dict[str, Any]) -> EntryContent:
    """What the form says now, with required fields that may still be empty.

    Raises:
        ContentError
    """
    data = base.to_dict() if base else {}
    for name, value in changes.items():
        if name in {"facets", "source"} and isinstance(value, dict):
            data[name] = {**data.get(name, {}), **value}
        else:
            data[name] = value
    return unfinished(data)
