"""统计: the figures of `insights.figure_registry`, each with its definition, charts, tables and the export."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from nicegui import run, ui

from conversations.clock import CHINA, now
from errors import WenzhengError
from insights.figure_filter import FigureFilter
from insights.figures import Figures
from panel.access import panel_page
from panel.context import PanelContext
from panel.frame import page_frame
from panel.insights.bars import bars

SPANS = {"7": "近 7 天", "30": "近 30 天", "90": "近 90 天", "365": "近一年", "own": "自选"}
CHANNELS = {"web": "网页", "wechat": "微信", "phone": "电话", "api": "接口"}
GROUPS = ("咨询", "工单", "知识")
OUTCOMES = (("answer", "答复", "#1a5fb4"), ("clarify", "选项与追问", "#8fb4e3"), ("fallback", "未答上", "#d97706"))
DEPARTMENT_COLUMNS: list[dict[str, Any]] = [
    {"name": key, "label": label, "field": key, "align": "left" if key == "department" else "right", "sortable": True}
    for key, label in (
        ("department", "部门"), ("tickets", "工单数"), ("answered", "已答复"), ("on_time_rate", "按时率 %"), ("overdue", "超期未答"),
        ("satisfaction", "满意率 %"),
    )
]  # fmt: skip


def register(context: PanelContext) -> None:
    @panel_page(context, "/figures", "figures")
    async def figures(request: Request) -> None:
        with page_frame(request, "figures", "统计"):
            page = _FiguresPage(context.insights.figures)
            await page.build()
            await page.refresh()


class _FiguresPage:
    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    async def build(self) -> None:
        choices = await run.io_bound(self._figures.choices) or {"channels": [], "departments": []}
        channels = {"": "全部渠道", **{name: CHANNELS.get(name, name) for name in choices["channels"]}}
        with ui.row().classes("panel-bar"):
            self._span = ui.toggle(SPANS, value="30", on_change=self._spanned).props("dense no-caps unelevated")
            self._since = ui.input("从", on_change=self._dated).props("type=date dense outlined").classes("w-36")
            self._until = ui.input("到", on_change=self._dated).props("type=date dense outlined").classes("w-36")
            self._channel = (
                ui.select(channels, value="", on_change=self.refresh)
                .props('dense outlined options-dense aria-label="渠道"')
                .classes("w-32")
            )
            self._department = (
                ui.select({"": "全部部门", **{name: name for name in choices["departments"]}}, value="", on_change=self.refresh)
                .props('dense outlined options-dense aria-label="部门"')
                .classes("w-44")
            )
            ui.space()
            self._export = ui.element("a").classes("insight-export").props("download")  # ui.link would lead below /panel
            with self._export:
                ui.label("导出 Excel")
        self._problem = ui.label().classes("panel-bad")
        self._set_span()
        with ui.element("div").classes("insight-halves"):
            with ui.card().classes("panel-card"):
                ui.label("每日咨询").classes("panel-subtitle")
                self._days = ui.html(_day_chart([]), sanitize=False).classes("insight-chart")
            with ui.card().classes("panel-card"):
                ui.label("部门工单").classes("panel-subtitle")
                self._departments = ui.table(
                    columns=DEPARTMENT_COLUMNS, rows=[], row_key="department", pagination=8
                ).classes("panel-table").props("dense flat")  # fmt: skip
                self._departments.add_slot("no-data", '<div class="panel-empty">这段时间没有工单。</div>')
        self._numbers = ui.column().classes("w-full gap-3")
        with ui.element("div").classes("insight-halves"):
            with ui.card().classes("panel-card"):
                ui.label("用得最多的条目").classes("panel-subtitle")
                self._used = _entry_table("uses", "答复次数", "这段时间还没有条目被用到。")
            with ui.card().classes("panel-card"):
                ui.label("从未用到的条目").classes("panel-subtitle")
                self._never = _entry_table("since", "建立日期", "在用的条目都用到过。")

    async def refresh(self) -> None:
        try:
            wanted = FigureFilter(
                date.fromisoformat(self._since.value or ""), date.fromisoformat(self._until.value or ""),
                self._channel.value or None, self._department.value or None,
            )  # fmt: skip
        except WenzhengError as exc:
            self._problem.text = exc.problem + exc.fix
            return
        except ValueError:
            return  # a date that is being typed
        self._problem.text = ""
        found = await run.io_bound(self._figures.overview, wanted)
        used = await run.io_bound(self._figures.used_entries, wanted)
        never = await run.io_bound(self._figures.never_used, wanted)
        if found is None or used is None or never is None:
            return
        self._show_numbers(found["figures"])
        self._days.set_content(_day_chart(found["days"]))
        self._departments.rows = found["departments"]
        self._used.rows, self._never.rows = used, never
        query = {key: found[key] for key in ("since", "until", "channel", "department") if found[key]}
        self._export.props(f'href="/api/figures/export.xlsx?{urlencode(query)}"')

    def _show_numbers(self, figures: list[dict[str, Any]]) -> None:
        self._numbers.clear()
        with self._numbers:
            for group in GROUPS:
                ui.label(group).classes("insight-head")
                with ui.element("div").classes("insight-numbers"):
                    for figure in figures:
                        if figure["group"] == group:
                            self._number(figure)

    def _number(self, figure: dict[str, Any]) -> None:
        filtered = (self._channel.value and not figure["by_channel"]) or (self._department.value and not figure["by_department"])
        with ui.element("div").classes("insight-number").props("tabindex=0"):
            ui.label(figure["name"]).classes("panel-faint")
            with ui.row().classes("items-baseline gap-1"):
                ui.label(_value(figure["value"])).classes("insight-value")
                ui.label(figure["unit"]).classes("panel-faint")
            ui.label(figure["definition"] + ("（不受所选筛选影响）" if filtered else "")).classes("insight-definition")
            ui.tooltip(f"算法：{figure['formula']}。来源：{'、'.join(figure['sources'])}").props("max-width=320px")

    def _set_span(self) -> None:
        self._since.value, self._until.value = _days_of(self._span.value)

    async def _spanned(self) -> None:
        if self._span.value != "own":
            self._set_span()
            await self.refresh()

    async def _dated(self) -> None:
        if self._span.value == "own" or (self._since.value, self._until.value) != _days_of(self._span.value):
            self._span.value = "own"
            await self.refresh()


def _days_of(span: str) -> tuple[str, str]:
    today = now().astimezone(CHINA).date()
    return f"{today - timedelta(days=int(span) - 1)}", f"{today}"


def _entry_table(key: str, label: str, without: str) -> ui.table:
    columns: list[dict[str, Any]] = [
        {"name": "title", "label": "条目", "field": "title", "align": "left"},
        {"name": "department", "label": "部门", "field": "department", "align": "left"},
        {"name": key, "label": label, "field": key, "align": "right", "sortable": True},
    ]
    table = (
        ui.table(columns=columns, rows=[], row_key="entry_id", pagination=8).classes("panel-table").props("dense flat wrap-cells")
    )
    table.add_slot("no-data", f'<div class="panel-empty">{without}</div>')
    table.add_slot(
        "body-cell-title",
        '<q-td :props="props"><a class="insight-title" :href="`/panel/knowledge/${Number(props.row.entry_id)}`">{{ props.row.title }}</a></q-td>',
    )
    return table


def _day_chart(days: list[dict[str, Any]]) -> str:
    return bars(
        [line["day"][5:] for line in days],
        {name: [line[key] for line in days] for key, name, _ in OUTCOMES},
        {name: colour for _, name, colour in OUTCOMES},
    )


def _value(value: float | None) -> str:
    if value is None:
        return "—"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
