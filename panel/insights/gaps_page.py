"""缺口: what the assistant missed, grouped by meaning, and the steps that close a gap."""

from functools import partial
from typing import Any

from fastapi import Request
from nicegui import run, ui

from insights.gap_list import SOURCE_NAMES, STATE_NAMES
from panel.access import acting, member_of, panel_page
from panel.context import PanelContext
from panel.frame import page_frame
from panel.insights.chosen_row import ChosenRow
from panel.insights.gap_detail import GapDetail
from panel.times import shown

MOST = 200
SORTS = {"count": "问得最多", "trend": "增长最快", "last": "最近问到"}
KEYS = {
    "↑ ↓": "选上一个、下一个缺口", "/": "查找", "1": "并入最接近的条目", "N": "新写条目", "O": "不属于本库范围", "I": "标注意图",
}  # fmt: skip
COLUMNS: list[dict[str, Any]] = [
    {"name": "title", "label": "问题", "field": "title", "align": "left", "style": "width: 100%; min-width: 11em"},
    {"name": "count", "label": "次数", "field": "count", "align": "right", "sortable": True},
    {
        "name": "askers",
        "label": "人数",
        "field": "askers",
        "align": "right",
        "sortable": True,
        "classes": "insight-wide",
        "headerClasses": "insight-wide",
    },
    {"name": "this_week", "label": "近 7 天", "field": "this_week", "align": "right", "sortable": True},
    {
        "name": "last",
        "label": "最近",
        "field": "last",
        "align": "right",
        "classes": "insight-wide",
        "headerClasses": "insight-wide",
    },
]


def register(context: PanelContext) -> None:
    @panel_page(context, "/gaps", "gaps")
    async def gaps(request: Request) -> None:
        with page_frame(request, "gaps", "知识缺口", KEYS):
            page = _GapsPage(context, request)
            page.build()
            await page.refresh()


class _GapsPage:
    def __init__(self, context: PanelContext, request: Request) -> None:
        self._gaps, self._job = context.insights.gaps, context.insights.gap_job
        self._detail = GapDetail(context.insights.gaps, member_of(request), partial(acting, request, "gaps"), self.refresh)

    def build(self) -> None:
        with ui.row().classes("panel-bar"):
            self._state = ui.toggle(dict(STATE_NAMES), value="open", on_change=self.refresh).props("dense no-caps unelevated")
            self._source = (
                ui.select({"": "全部来源", **SOURCE_NAMES}, value="", on_change=self.refresh)
                .props('dense outlined options-dense aria-label="来源"')
                .classes("w-40")
            )
            self._sort = (
                ui.select(SORTS, value="count", on_change=self.refresh)
                .props('dense outlined options-dense aria-label="排序"')
                .classes("w-32")
            )
            self._find = (
                ui.input(placeholder="查找问法", on_change=self.refresh)
                .props("dense outlined clearable debounce=250 id=gap-find")
                .classes("w-56")
            )
            ui.space()
            self._when = ui.label().classes("panel-faint")
            ui.button("立即整理", icon="refresh", on_click=self._collect).props("outline dense no-caps")
        with ui.element("div").classes("insight-split"):
            with ui.element("div").classes("insight-list"):
                self._table = (
                    ui.table(columns=COLUMNS, rows=[], row_key="id", pagination=25).classes("panel-table").props("dense")
                )
                self._table.add_slot("body-cell-title", _TITLE)
                self._table.add_slot("body-cell-this_week", _TREND)
                self._table.add_slot("no-data", '<div class="panel-empty">这里没有缺口。</div>')
                self._row = ChosenRow(self._table, self._show)
                self._total = ui.label().classes("panel-faint")
            self._detail.build()
        ui.keyboard(on_key=self._key)
        ui.timer(15.0, self._tick, immediate=False)

    async def refresh(self) -> None:
        found = await run.io_bound(
            partial(
                self._gaps.listed, state=self._state.value, source=self._source.value or None, text=self._find.value or None,
                sort=self._sort.value, limit=MOST,
            )
        )  # fmt: skip
        if found is None:
            return
        self._state.set_options(
            {key: f"{name} {found['counts'][key]}" for key, name in STATE_NAMES.items()}, value=self._state.value
        )
        self._table.rows = [{**gap, "last": shown(gap["last_at"])[5:]} for gap in found["gaps"]]
        self._total.text = f"共 {found['total']} 个，显示前 {MOST} 个" if found["total"] > MOST else f"共 {found['total']} 个"
        self._tell_job()
        ids = [gap["id"] for gap in found["gaps"]]
        self._row.among(ids)
        await self._show()

    async def _show(self) -> None:
        self._row.mark()
        await self._detail.show(self._row.id)

    async def _collect(self) -> None:
        self._job.ask()
        self._when.text = "正在整理…"
        ui.timer(1.5, self.refresh, once=True)

    async def _tick(self) -> None:
        self._tell_job()

    def _tell_job(self) -> None:
        state = self._job.state
        if state.error:
            self._when.text = "上次整理没有完成，稍后自动重试"
        elif state.running and state.total:
            self._when.text = f"正在整理 {state.done}/{state.total}"
        elif state.finished_at:
            self._when.text = f"{shown(state.finished_at)[11:]} 整理"

    async def _key(self, event: Any) -> None:
        if not event.action.keydown or event.modifiers.ctrl or event.modifiers.alt or event.modifiers.meta:
            return
        key = event.key.name
        if key in {"ArrowDown", "ArrowUp"}:
            await self._row.key(event)
        elif key == "/":
            ui.run_javascript("document.getElementById('gap-find').focus()")
        elif not event.action.repeat:
            await self._detail.key(key.lower())


_TITLE = """<q-td :props="props"><div class="insight-title">{{ props.row.title }}</div></q-td>"""
_TREND = """<q-td :props="props">{{ props.row.this_week }}
<span :class="props.row.trend > 0 ? 'insight-up' : 'panel-faint'" v-if="props.row.trend">{{ props.row.trend > 0 ? '▲' : '▼' }}{{ Math.abs(props.row.trend) }}</span></q-td>"""
