"""One imported table: what each row would do, the choice, the writing, the result."""

from functools import partial
from typing import Any

from fastapi import Request
from nicegui import run, ui

from knowledge_base.importers.jobs import OUTCOME_NAMES, STATE_NAMES, STATUS_NAMES, JobView, RowView
from panel.access import member_of, panel_page
from panel.context import PanelContext
from panel.dialogs import sure
from panel.frame import page_frame
from panel.knowledge.asking import attempt, editing
from panel.knowledge.differences import draw_stored_changes
from panel.knowledge.doubles import draw_doubles
from panel.knowledge.imports_page import TONES, WORKING, summary
from panel.knowledge.words import style, tag

PAGE = 50
STATUS_TONES = {"new": "good", "changed": "blue", "unchanged": "", "conflict": "warn", "error": "bad"}
OUTCOME_TONES = {"created": "good", "updated": "blue", "skipped": "", "failed": "bad"}
CHOICES = {"overwrite": "覆盖", "skip": "跳过"}


def register(context: PanelContext) -> None:
    @panel_page(context, "/imports/{number}", "knowledge.edit")
    async def imported(request: Request, number: int) -> None:
        job = await run.io_bound(context.workshop.imports.job, number)
        if job is None:
            return
        with page_frame(request, "imports", f"导入：{job.file_name}"):
            style()
            await _Import(request, context, job).build()


class _Import:
    def __init__(self, request: Request, context: PanelContext, job: JobView) -> None:
        self.request = request
        self.desk, self.member, self.job = context.workshop.imports, member_of(request), job
        self.status: str | None = "error" if job.counts.get("error") else None
        self.page = 0
        self.near = False

    async def build(self) -> None:
        with ui.row().classes("panel-bar"):
            with ui.element("a").props('href="/panel/imports"').classes("kb-title"):
                ui.label("← 全部导入")
            self.state = ui.label().classes("panel-tag")
            self.told = ui.label().classes("panel-muted kb-stepper")
            ui.space()
            with ui.element("a").props(f'href="/api/imports/{self.job.id}/report.xlsx" download').classes("kb-title"):
                ui.label("下载结果表（Excel）")
            with (
                ui.element("a").props(f'href="/api/imports/{self.job.id}/report.xlsx?problems=true" download').classes("kb-title")
            ):
                ui.label("只下载有问题的行")
        self.progress = ui.linear_progress(0, show_value=False).classes("w-full")
        self.problem = ui.label().classes("kb-banner bad")
        self.orders = ui.column().classes("panel-card")
        self._orders()
        self.filters = ui.row().classes("panel-bar")
        self.rows = ui.column().classes("panel-card gap-0")
        with ui.row().classes("panel-bar"):
            ui.space()
            self.back = ui.button("上一页", on_click=lambda: self.turn(self.page - 1)).props("flat id=kb-back")
            self.on = ui.button("下一页", on_click=lambda: self.turn(self.page + 1)).props("flat id=kb-on")
        await self.show()
        ui.timer(0.7, self._while_working, immediate=False)

    def _orders(self) -> None:
        with self.orders:
            ui.label("确认后写入").classes("panel-subtitle")
            with ui.row().classes("panel-bar"):
                self.changed = ui.select(CHOICES, value="overwrite", label="有变化的行").classes("kb-w1")
                self.conflicts = ui.select(CHOICES, value="skip", label="冲突的行（同事改过）").classes("kb-w1")
                after = {"draft": "留作草稿", "submit": "提交审核"} | (
                    {"publish": "直接发布"} if self.member.role == "admin" else {}
                )
                self.follow_up = ui.select(after, value="submit", label="写入之后").classes("kb-w1")
                ui.space()
                ui.button("放弃", on_click=self._cancel).props("flat")
                self.begin = ui.button("开始导入", icon="upload", on_click=self._commit)
            ui.label("有误的行不会导入。单独的行可以在下面逐行选择。在用的条目导入后先成为草稿，发布前市民看到的不变。").classes(
                "panel-faint"
            )

    async def show(self) -> None:
        job = await run.io_bound(self.desk.job, self.job.id)
        if job is None:
            return
        self.job = job
        self.state.set_text(STATE_NAMES[job.state])
        self.state.classes(replace=f"panel-tag {TONES[job.state]}")
        self.told.set_text(f"共 {sum(job.counts.values()) or job.total} 行　{summary(job)}")
        self.progress.set_visibility(job.state in WORKING)
        self.progress.set_value(job.done / job.total if job.total else 0)
        self.problem.set_text(job.problem)
        self.problem.set_visibility(bool(job.problem))
        self.orders.set_visibility(job.state in {"ready", "aborted"})
        self.begin.set_text("继续导入" if job.state == "aborted" else "开始导入")
        self.begin.set_enabled(bool(job.counts.get("new") or job.counts.get("changed") or job.counts.get("conflict")))
        self._filters()
        await self._rows()

    def _filters(self) -> None:
        counts = self.job.counts
        self.filters.clear()
        with self.filters:
            for status, name in ((None, "全部"), *STATUS_NAMES.items()):
                count = counts.get(status, 0) if status else sum(counts.values())
                if count or status is None:
                    chosen = "unelevated" if status == self.status and not self.near else "outline"
                    ui.button(f"{name} {count}", on_click=lambda status=status: self.filter(status)).props(chosen)
            if self.job.near:
                chosen = "unelevated" if self.near else "outline"
                ui.button(f"疑似重复、可能矛盾 {self.job.near}", on_click=lambda: self.filter(None, near=True)).props(
                    f"{chosen} color=warning"
                )

    async def filter(self, status: str | None, *, near: bool = False) -> None:
        self.status, self.near, self.page = status, near, 0
        await self.show()

    async def turn(self, page: int) -> None:
        self.page = max(page, 0)
        await self._rows()

    async def _rows(self) -> None:
        rows = partial(self.desk.rows, self.job.id, self.status, self.page * PAGE, PAGE + 1, near=self.near)
        found = await run.io_bound(rows) or []
        self.back.set_enabled(self.page > 0)
        self.on.set_enabled(len(found) > PAGE)
        self.rows.clear()
        with self.rows:
            if not found:
                ui.label("没有这样的行。" if self.job.state != "reading" else "正在读取…").classes("panel-empty")
            for row in found[:PAGE]:
                self._row(row)

    def _row(self, row: RowView) -> None:
        with ui.column().classes("w-full gap-1 kb-change"):
            with ui.row().classes("w-full no-wrap items-center"):
                ui.label(f"第 {row.number} 行").classes("panel-faint").style("flex: none; width: 64px")
                tag(STATUS_NAMES[row.status], STATUS_TONES[row.status])
                if row.outcome:
                    tag(OUTCOME_NAMES[row.outcome], OUTCOME_TONES[row.outcome])
                if row.entry_id:
                    with ui.element("a").props(f'href="/panel/knowledge/{row.entry_id}" target=_blank').classes("kb-title"):
                        ui.label(row.title)
                else:
                    ui.label(row.title or "（没有标题）")
                ui.space()
                doubtful = row.status in {"changed", "conflict"} or (row.status == "new" and row.near)
                if doubtful and self.job.state in {"ready", "aborted"} and not row.outcome:
                    ui.select(
                        {"": "新增", "skip": "跳过"} if row.status == "new" else {"": "按上面的选择", **CHOICES},
                        value=row.choice or "",
                        on_change=lambda e: self._choose(row.number, e.value),
                    ).style("width: 132px")
            for problem in row.problems:
                text = f"{problem['label']}：{problem['reason']}" if problem["label"] else problem["reason"]
                ui.label(text).classes("panel-bad kb-wrap" if row.status == "error" else "panel-muted kb-wrap")
            draw_doubles(row.near)
            if row.changes and row.status in {"changed", "conflict"}:
                with ui.expansion(f"改动 {len(row.changes)} 处：" + "、".join(c["label"] for c in row.changes[:6])).classes(
                    "w-full"
                ):
                    draw_stored_changes(row.changes)

    async def _choose(self, number: int, choice: str) -> None:
        picked: Any = choice or None

        def work() -> None:
            editing(self.request)
            self.desk.choose(self.job.id, {number: picked})

        await attempt(work)

    async def _commit(self) -> None:
        follow_up = self.follow_up.value
        if follow_up == "publish" and not await sure("导入后直接发布，不经第二人审核，操作记录会注明。", "导入并发布", "primary"):
            return
        changed, conflicts, actor = self.changed.value, self.conflicts.value, partial(editing, self.request)
        await attempt(lambda: self.desk.commit(self.job.id, actor(), changed=changed, conflicts=conflicts, follow_up=follow_up))
        await self.show()

    async def _cancel(self) -> None:
        if await sure("放弃这次导入？什么都不会写入。", "放弃"):

            def work() -> None:
                editing(self.request)
                self.desk.cancel(self.job.id)

            await attempt(work)
            await self.show()

    async def _while_working(self) -> None:
        if self.job.state in WORKING:
            await self.show()
