"""The first page: what waits, with a way to it."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request
from nicegui import run, ui

from knowledge_base.catalogue import EntryFilter
from panel.access import member_of, panel_page
from panel.context import PanelContext
from panel.frame import page_frame, places_of
from tickets.rectification import WantedRatings
from tickets.store import Wanted


@dataclass(frozen=True)
class Waiting:
    """A number on the first page.

    Attributes:
        place: key of the page that it leads to; shown to who may open that page.
        count: how many wait; blocks.
        urgent: shown in red when not 0.
    """

    place: str
    name: str
    count: Callable[[], int]
    query: str = ""
    urgent: bool = False


def waiting(context: PanelContext) -> list[Waiting]:
    """What the first page counts."""
    tickets, ratings, gaps = context.ticket_desk, context.rectifications, context.insights.gaps

    def asking() -> int:
        with context.database.read() as session:
            return context.desk.lists.counts(session, "")["waiting"]

    return [
        Waiting("desk", "等人工的会话", asking, urgent=True),
        Waiting("tickets", "超期的工单", lambda: int(tickets.listed(Wanted(), overdue=True, limit=1)["total"]), "?overdue=1", True),
        Waiting("tickets", "待受理的工单", lambda: int(tickets.counts(Wanted())["states"]["filed"]), "?view=list&state=filed"),
        Waiting("tickets", "待整改的差评", lambda: int(ratings.listed(WantedRatings(state="open"), limit=1)["total"]), "?view=ratings"),
        Waiting("reviews", "待审核的条目", lambda: context.workshop.catalogue.count(EntryFilter(state="in_review"))),
        Waiting("reviews", "到期未复核的条目", lambda: context.workshop.catalogue.count(EntryFilter(overdue=True))),
        Waiting("gaps", "待处理的缺口", lambda: int(gaps.listed(state="open", limit=1)["total"])),
    ]  # fmt: skip


def register(context: PanelContext) -> None:
    @panel_page(context, "/", None)
    async def home(request: Request) -> None:
        member = member_of(request)
        places = {place.key: place for place in places_of(member, request)}
        shown = [item for item in waiting(context) if item.place in places]
        with page_frame(request, "", "首页"):
            ui.label(f"{member.display_name}，您好").classes("panel-subtitle")
            if shown:
                with ui.row().classes("w-full gap-3"):
                    for item in shown:
                        count = await run.io_bound(item.count) or 0
                        with ui.link(target=places[item.place].path + item.query).classes("panel-count"):
                            ui.label(str(count)).classes("panel-number" + (" panel-bad" if item.urgent and count else ""))
                            ui.label(item.name)
            with ui.row().classes("w-full gap-3"):
                for place in places.values():
                    with ui.link(target=place.path).classes("panel-door"):
                        ui.icon(place.icon)
                        ui.label(place.name)
