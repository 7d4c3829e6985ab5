"""审核: what waits for a second person, what is planned, what is due to be looked at again."""

from datetime import datetime

from fastapi import Request
from nicegui import run, ui
from nicegui.events import KeyEventArguments

from conversations.clock import CHINA
from knowledge_base.catalogue import EntryFilter, EntryRow
from knowledge_base.comparing import FieldChange, changes_between
from knowledge_base.content import KIND_NAMES
from knowledge_base.entries import EntryRecord
from knowledge_base.validity import today
from panel.access import member_of, panel_page
from panel.context import PanelContext
from panel.frame import page_frame
from panel.knowledge.asking import attempt, comment_for, day_and_time, editing
from panel.knowledge.differences import draw_changes
from panel.knowledge.words import Names, style, tag
from panel.times import shown

MOST = 200
SHORTCUTS = {"J / K": "下一条 / 上一条"}
NO_DEPARTMENT = "（没有写明部门）"


def register(context: PanelContext) -> None:
    @panel_page(context, "/reviews", "knowledge.edit")
    async def reviews(request: Request) -> None:
        with page_frame(request, "reviews", "知识审核", SHORTCUTS):
            style()
            await _Reviews(request, context).build()


class _Reviews:
    def __init__(self, request: Request, context: PanelContext) -> None:
        self.member, self.context, self.workshop = member_of(request), context, context.workshop
        self.request = request
        self.name_of = Names(context.accounts)
        self.rows: list[EntryRow] = []
        self.current: int | None = None

    async def build(self) -> None:
        with ui.tabs().props("dense align=left no-caps").classes("w-full") as tabs:
            self.waiting_tab = ui.tab("waiting", "待审核")
            self.planned_tab = ui.tab("planned", "定时发布")
            self.due_tab = ui.tab("due", "复核到期")
        with ui.tab_panels(tabs, value="waiting", animated=False).classes("w-full bg-transparent kb-panels") as panels:
            with ui.tab_panel("waiting").classes("p-0 pt-2"), ui.element("div").classes("kb-columns"):
                self.list = ui.element("div").classes("kb-list")
                self.detail = ui.column().classes("w-full gap-3")
            with ui.tab_panel("planned").classes("p-0 pt-2"):
                self.planned = ui.column().classes("w-full gap-2")
            with ui.tab_panel("due").classes("p-0 pt-2"), ui.element("div").classes("kb-columns"):
                self.departments = ui.element("div").classes("kb-list")
                self.due = ui.column().classes("w-full gap-0 panel-card")
        panels.props("keep-alive")
        ui.keyboard(on_key=self._key)
        await run.io_bound(self.name_of.load)
        await self.load()

    def _key(self, event: KeyEventArguments) -> None:
        key = event.key.name
        if event.action.keydown and key in {"j", "k"} and self.rows:
            ids = [row.entry_id for row in self.rows]
            at = ids.index(self.current) if self.current in ids else -1
            self.open(ids[max(0, min(len(ids) - 1, at + (1 if key == "j" else -1)))])

    async def load(self) -> None:
        def work() -> tuple[list[EntryRow], list[EntryRow], dict[str, int]]:
            catalogue = self.workshop.catalogue
            waiting = [row for row in catalogue.rows(EntryFilter(state="in_review"), limit=MOST) if row.publish_at is None]
            return waiting, catalogue.rows(EntryFilter(scheduled=True), limit=MOST), catalogue.overdue_by_department()

        loaded = await run.io_bound(work)
        if loaded is None:
            return
        self.rows, planned, departments = loaded
        self.waiting_tab.props(f'label="待审核（{len(self.rows)}）"')
        self.planned_tab.props(f'label="定时发布（{len(planned)}）"')
        self.due_tab.props(f'label="复核到期（{sum(departments.values())}）"')
        self._draw_waiting()
        self._draw_planned(planned)
        self._draw_departments(departments)
        if self.rows and self.current not in {row.entry_id for row in self.rows}:
            await self.show(self.rows[0].entry_id)
        elif not self.rows:
            self.current = None
            self.detail.clear()
            with self.detail:
                ui.label("没有等待审核的条目。").classes("panel-empty panel-card")

    def _draw_waiting(self) -> None:
        self.list.clear()
        self.items: dict[int, ui.element] = {}
        with self.list:
            for row in self.rows:
                item = ui.element("button").classes("kb-item").on("click", lambda row=row: self.open(row.entry_id))
                item.props(f'aria-current="{str(row.entry_id == self.current).lower()}"')
                self.items[row.entry_id] = item
                with item:
                    ui.label(row.title)
                    with ui.row().classes("gap-1 items-center"):
                        tag("修改" if row.live_version else "新条目", "blue" if row.live_version else "good")
                        ui.label(f"{KIND_NAMES[row.kind]}　{row.department or ''}").classes("panel-faint")
                    ui.label(f"{self.name_of(row.actor)}　{shown(row.updated_at)}").classes("panel-faint")

    def open(self, entry_id: int) -> None:
        ui.timer(0.01, lambda: self.show(entry_id), once=True)

    async def show(self, entry_id: int) -> None:
        def work() -> tuple[EntryRecord, list[FieldChange], dict[str, str]]:
            record = self.workshop.store.get(entry_id)
            live = self.workshop.store.published([entry_id]).get(entry_id)
            changes = changes_between(live.content if live else None, record.content)
            return record, changes, self.context.preview.of(record.content, entry_id)

        loaded = await attempt(work)
        if loaded is None:
            return
        record, changes, preview = loaded
        self.current = entry_id
        for number, item in self.items.items():
            item.props(f'aria-current="{str(number == entry_id).lower()}"')
        self.detail.clear()
        with self.detail:
            with ui.row().classes("panel-bar"):
                with ui.element("a").props(f'href="/panel/knowledge/{entry_id}"').classes("kb-title panel-subtitle"):
                    ui.label(record.content.title)
                own = record.actor.name == self.member.name
                if own:
                    tag("您自己写的，须由同事发布", "warn")
                ui.space()
                if self.member.may("knowledge.review"):
                    ui.button("退回", icon="undo", on_click=self._send_back).props("outline")
                    ui.button("定时发布", icon="schedule", on_click=self._plan).props("outline")
                    ui.button("发布", icon="publish", on_click=self._publish, color="positive").set_enabled(
                        not own or self.member.role == "admin"
                    )
            with ui.element("div").classes("kb-desk"):
                with ui.column().classes("panel-card gap-0"):
                    ui.label("与在用版本相比" if record.live_version else "全部内容（新条目）").classes("panel-subtitle")
                    draw_changes(changes)
                frame = (
                    ui.element("iframe").props('sandbox="" title="条目页面预览"').classes("kb-frame").style("min-height: 480px")
                )
                frame.props["srcdoc"] = preview["page"]

    async def _publish(self) -> None:
        number = self.current
        if number is None:
            return
        if await attempt(lambda: self.workshop.store.publish(number, editing(self.request, "knowledge.review"))) is not None:
            await run.io_bound(self.workshop.follow)
            ui.notify("已发布，立即生效", type="positive")
            await self.load()

    async def _send_back(self) -> None:
        number = self.current
        comment = await comment_for("退回给作者", "退回", required=True)
        if comment is None or number is None:
            return
        if (
            await attempt(lambda: self.workshop.store.send_back(number, editing(self.request, "knowledge.review"), comment))
            is not None
        ):
            ui.notify("已退回")
            await self.load()

    async def _plan(self) -> None:
        number, at = self.current, await day_and_time("审核通过，到时间自动发布", "定时发布")
        if at is None or number is None:
            return
        moment = datetime.fromisoformat(at).replace(tzinfo=CHINA)
        if (
            await attempt(lambda: self.workshop.schedule.plan(number, moment, editing(self.request, "knowledge.review")))
            is not None
        ):
            await self.load()

    def _draw_planned(self, rows: list[EntryRow]) -> None:
        self.planned.clear()
        with self.planned:
            if not rows:
                ui.label("没有定时发布的条目。").classes("panel-empty panel-card")
            for row in rows:
                with ui.row().classes("panel-card items-center"):
                    tag(f"{shown(row.publish_at)} 发布", "blue")
                    with ui.element("a").props(f'href="/panel/knowledge/{row.entry_id}"').classes("kb-title"):
                        ui.label(row.title)
                    ui.space()
                    if self.member.may("knowledge.review"):
                        ui.button("取消", on_click=lambda row=row: self._cancel(row.entry_id)).props("flat")

    async def _cancel(self, entry_id: int) -> None:
        if await attempt(lambda: self.workshop.schedule.cancel(entry_id, editing(self.request, "knowledge.review"))) is not None:
            await self.load()

    def _draw_departments(self, departments: dict[str, int]) -> None:
        self.departments.clear()
        with self.departments:
            for name, count in departments.items():
                with (
                    ui.element("button").classes("kb-item").on("click", lambda name=name: self.show_due(name)),
                    ui.row().classes("w-full no-wrap"),
                ):
                    ui.label(name or NO_DEPARTMENT)
                    ui.space()
                    tag(str(count), "bad")
            if not departments:
                ui.label("没有到期未复核的条目。").classes("panel-empty")
        self.due.clear()
        with self.due:
            ui.label("选一个部门，查看它到期的条目。" if departments else "各条目都在复核期内。").classes("panel-muted")

    async def show_due(self, department: str) -> None:
        rows = (
            await run.io_bound(
                lambda: self.workshop.catalogue.rows(
                    EntryFilter(overdue=True, department=department or None), order="review", limit=MOST
                )
            )
            or []
        )
        rows = [row for row in rows if (row.department or "") == department]
        self.due.clear()
        with self.due:
            ui.label(department or NO_DEPARTMENT).classes("panel-subtitle")
            for row in rows:
                with ui.row().classes("w-full items-center no-wrap kb-change"):
                    with ui.element("a").props(f'href="/panel/knowledge/{row.entry_id}"').classes("kb-title"):
                        ui.label(row.title)
                    ui.space()
                    late = (today() - row.review_due_on).days if row.review_due_on else 0
                    tag(f"{row.review_due_on} 到期" + (f"，已超 {late} 天" if late > 0 else ""), "bad")
                    ui.button("复核无误", on_click=lambda row=row: self._confirm(row.entry_id, department)).props("flat")

    async def _confirm(self, entry_id: int, department: str) -> None:
        comment = await comment_for("复核无误", "确认", note="内容仍然正确，到期日按类型顺延。")
        if comment is None:
            return
        await attempt(lambda: self.workshop.reviews.confirm(entry_id, editing(self.request), comment))
        await self.load()
        await self.show_due(department)
