"""Drawing what a text to come repeats or contradicts: entries in whatever state, and earlier rows of the same table."""

from collections.abc import Iterable, Mapping
from typing import Any

from nicegui import ui

from answering.neighbours import RELATION_NAMES
from knowledge_base.workflow import STATE_NAMES
from panel.knowledge.words import STATE_TONES, tag

TONES = {"contradiction": "bad", "duplicate": "warn", "near": ""}
SHOWN_DIFFERENCES = 4


def draw_doubles(doubles: Iterable[Mapping[str, Any]]) -> None:
    for double in doubles:
        with ui.element("div").classes(f"kb-neighbour {TONES[double['relation']]}"):
            with ui.row().classes("gap-1 items-center"):
                tag(RELATION_NAMES[double["relation"]], TONES[double["relation"]])
                if double["entry_id"]:
                    tag(STATE_NAMES[double["state"]], STATE_TONES[double["state"]])
                    with ui.element("a").props(f'href="/panel/knowledge/{double["entry_id"]}" target=_blank').classes("kb-title"):
                        ui.label(double["title"])
                else:
                    ui.label(f"本表第 {double['row']} 行：{double['title']}").classes("kb-wrap")
            draw_differences(double["differences"])


def draw_differences(differences: Iterable[Mapping[str, Any]]) -> None:
    """The figures that two texts state differently for one thing."""
    for difference in list(differences)[:SHOWN_DIFFERENCES]:
        with ui.element("div").classes("kb-difference"):
            ui.label(difference["about"]).classes("panel-faint")
            ui.label(f"本条：{difference['ours']}")
            ui.label(f"它说：{difference['theirs']}")
