"""条目: the list of the knowledge base."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from nicegui import run, ui

from answering.entry_finder import FoundPage
from knowledge_base.catalogue import EntryFilter
from knowledge_base.content import KIND_NAMES
from knowledge_base.workflow import STATE_NAMES
from panel.access import member_of, panel_page
from panel.context import PanelContext
from panel.frame import page_frame
from panel.knowledge.asking import Later, attempt, editing
from panel.knowledge.batch import BATCH_STEPS, take_step
from panel.knowledge.words import VALIDITY_NAMES, Names, place, row_cells, style

PAGE = 50
SHORTCUTS = {"/": "搜索", "N": "新建条目", "← →": "翻页"}
REVIEW_CHOICES = {"overdue": "复核到期", "90": "90 天没有复核", "180": "半年没有复核", "365": "一年没有复核"}
ORDERS = {"updated": "最近更新", "created": "最近新建", "title": "标题", "expiry": "先到期的", "review": "先该复核的"}
MOST_CHOICES = 200
COLUMNS = [
    {"name": name, "label": label, "field": name, "align": "left", "style": css, "headerStyle": css}
    for name, label, css in (
        ("title", "标题", ""), ("kind", "类型", "width: 76px"), ("state", "状态", "width: 104px"), ("department", "部门", "width: 140px"),
        ("validity", "有效期", "width: 106px"), ("review", "复核到期", "width: 96px"), ("updated", "更新", "width: 104px"),
    )
]  # fmt: skip


@dataclass
class Wishes:
    """What the filters say; kept in the address, so that coming back shows the same list."""

    values: dict[str, str] = field(default_factory=dict)
    page: int = 0

    NAMES = ("q", "by", "state", "kind", "department", "region", "tag", "validity", "review", "order")

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wishes":
        page = query.get("page", "1")
        return cls(
            {name: query[name] for name in cls.NAMES if query.get(name)}, int(page) - 1 if page.isdecimal() and page != "0" else 0
        )

    def filter(self) -> EntryFilter:
        get = self.values.get
        review = get("review")
        return EntryFilter(
            state=get("state"), kind=get("kind"), region=get("region"), text=get("q"), department=get("department"), tag=get("tag"),
            validity=get("validity") if get("validity") in VALIDITY_NAMES else None, overdue=True if review == "overdue" else None,
            unreviewed_days=int(review) if review and review.isdecimal() else None,
            scheduled=True if get("state") == "scheduled" else None,
        ).without_unknown_state()  # fmt: skip

    def address(self) -> str:
        pairs = {**self.values, **({"page": str(self.page + 1)} if self.page else {})}
        return "/panel/knowledge" + (f"?{urlencode(pairs)}" if pairs else "")


def register(context: PanelContext) -> None:
    @panel_page(context, "/knowledge", "knowledge.read")
    async def knowledge(request: Request) -> None:
        with page_frame(request, "knowledge", "知识条目", SHORTCUTS):
            style()
            await _List(request, context).build()


class _List:
    def __init__(self, request: Request, context: PanelContext) -> None:
        self.request = request
        self.member, self.workshop, self.name_of = member_of(request), context.workshop, Names(context.accounts)
        self.wishes = Wishes.of(request.query_params)
        self.total = 0
        self.fields: dict[str, ui.select] = {}

    async def build(self) -> None:
        get = self.wishes.values.get
        with ui.row().classes("panel-bar"):
            self.search = (
                ui.input(placeholder="搜索标题、答案、文号、编号…", value=get("q", ""))
                .classes("kb-search")
                .props("clearable id=kb-search")
            )
            with self.search.add_slot("prepend"):
                ui.icon("search")
            self.by = ui.toggle({"words": "按字词", "meaning": "按意思"}, value=get("by", "words")).props(
                "no-caps dense unelevated"
            )
            self.by.tooltip("按字词：每个词都要出现；按意思：不必写得一样。草稿和已撤下的条目也在内")
            ui.space()
            if self.member.may("knowledge.edit"):
                ui.button("新建", icon="add", on_click=lambda: ui.navigate.to("/knowledge/new")).props("id=kb-new")
            ui.button("导出", icon="download", on_click=self.export).props("outline")
        with ui.row().classes("panel-bar kb-filters"):
            for name, label in (
                ("state", "状态"), ("kind", "类型"), ("department", "部门"), ("region", "地区"), ("tag", "标签"), ("validity", "有效期"),
            ):  # fmt: skip
                searchable = name in {"department", "tag", "region"}
                options = {get(name): get(name)} if get(name) else {}
                self.fields[name] = ui.select(
                    options, value=get(name), label=label, with_input=searchable, clearable=True
                ).classes("kb-filter")
            self.fields["review"] = ui.select(REVIEW_CHOICES, value=get("review"), label="复核", clearable=True).classes(
                "kb-filter"
            )
            self.fields["order"] = ui.select(ORDERS, value=get("order", "updated"), label="排序").classes("kb-filter")
            self.counted = ui.label().classes("panel-faint")
            self.clear = ui.button("清除", icon="filter_alt_off", on_click=self.reset).props("flat")
        self.batch = ui.row().classes("panel-bar kb-batch")
        self.table = ui.table(columns=COLUMNS, rows=[], row_key="id", selection="multiple", on_select=self.selected).classes(
            "panel-table kb-table"
        )
        self.table.props('dense hide-pagination hide-selected-banner :rows-per-page-options="[0]"')
        self.table.add_slot("no-data", '<div class="panel-empty">没有符合的条目。可以清除筛选，或换“按意思”查找。</div>')
        _cells(self.table)
        with ui.row().classes("panel-bar"):
            ui.space()
            self.back = ui.button("上一页", on_click=lambda: self.turn(self.wishes.page - 1)).props("flat id=kb-back")
            self.on = ui.button("下一页", on_click=lambda: self.turn(self.wishes.page + 1)).props("flat id=kb-on")
        later = Later(0.25, self.searched)
        self.search.on_value_change(later.soon)
        self.by.on_value_change(self.searched)
        for filtered in self.fields.values():
            filtered.on_value_change(self.searched)
        self.selected()
        await run.io_bound(self.name_of.load)
        await self.load()

    def read(self) -> None:
        values = {"q": (self.search.value or "").strip(), "by": self.by.value if self.by.value != "words" else ""}
        values |= {name: filtered.value or "" for name, filtered in self.fields.items()}
        values["order"] = "" if values["order"] == "updated" else values["order"]
        self.wishes.values = {name: str(value) for name, value in values.items() if value}

    async def searched(self) -> None:
        before = dict(self.wishes.values)
        self.read()
        if self.wishes.values != before:
            self.wishes.page = 0
            await self.load()

    async def turn(self, page: int) -> None:
        self.wishes.page = max(page, 0)
        await self.load()

    def reset(self) -> None:
        self.search.set_value("")
        for name, filtered in self.fields.items():
            filtered.set_value("updated" if name == "order" else None)

    async def load(self) -> None:
        asked = self.wishes.address()
        wanted, values, page = self.wishes.filter(), dict(self.wishes.values), self.wishes.page

        def work() -> tuple[FoundPage, dict[str, dict[str, int]]]:
            finder, by = self.workshop.finder, values.get("by", "words")
            found = finder.find(wanted, by=by, order=values.get("order", "updated"), offset=page * PAGE, limit=PAGE)  # type: ignore[arg-type]
            narrowed = finder.by_meaning(wanted)[0] if by == "meaning" and wanted.text else wanted
            return found, self.workshop.catalogue.counts(narrowed)

        result = await attempt(work)
        if result is None or asked != self.wishes.address():  # somebody typed on
            return
        found, counts = result
        self.total = found.total
        self.table.selected = []
        self.table.rows = [row_cells(row, self.name_of, found.probabilities.get(row.entry_id)) for row in found.rows]
        self.selected()
        first = page * PAGE
        near = values.get("by") == "meaning" and bool(values.get("q"))
        told = f"最相近的 {found.total} 条" if near else f"共 {found.total} 条"
        self.counted.set_text(f"{told}，第 {first + 1}—{first + len(found.rows)} 条" if found.rows else "没有符合的条目")
        self.fields["order"].set_visibility(not near)  # the nearest come first
        self.back.set_enabled(page > 0)
        self.on.set_enabled(first + PAGE < found.total)
        self.offer(counts)
        self.clear.set_visibility(bool(set(values) - {"order", "by"}))
        ui.navigate.history.replace(asked)

    def offer(self, counts: Mapping[str, Mapping[str, int]]) -> None:
        names: dict[str, Mapping[str, str]] = {"state": STATE_NAMES, "kind": KIND_NAMES, "validity": VALIDITY_NAMES}
        names["region"] = {code: place(code) for code in counts["region"]}
        for name in ("state", "kind", "department", "region", "tag", "validity"):
            choices = {
                key: f"{names.get(name, {}).get(key, key)}（{number}）"
                for key, number in list(counts[name].items())[:MOST_CHOICES]
            }
            if name == "state" and counts["scheduled"]["true"]:
                choices["scheduled"] = f"已定时（{counts['scheduled']['true']}）"
            value = self.wishes.values.get(name)
            if value and value not in choices:
                choices[value] = names.get(name, {}).get(value, value)
            self.fields[name].set_options(choices, value=value)
        overdue = counts["overdue"]["true"]
        self.fields["review"].set_options(
            {**REVIEW_CHOICES, "overdue": f"复核到期（{overdue}）"}, value=self.wishes.values.get("review")
        )

    def selected(self) -> None:
        ids = [row["id"] for row in self.table.selected]
        self.batch.clear()
        self.batch.set_visibility(bool(ids))
        with self.batch:
            ui.label(f"已选 {len(ids)} 条").classes("panel-muted")
            for step in BATCH_STEPS:
                if self.member.may(step.permission):
                    ui.button(step.name, icon=step.icon, on_click=lambda step=step: self.take(step, ids)).props("outline")

    async def take(self, step: Any, ids: list[int]) -> None:
        if await take_step(self.workshop, step, ids, partial(editing, self.request, step.permission)):
            await self.load()

    def export(self) -> None:
        self.read()
        values = self.wishes.values
        names = ("q", "by", "state", "kind", "department", "region", "tag", "validity")
        pairs: dict[str, str] = {str(name): values[name] for name in names if name in values}
        if pairs.get("state") == "scheduled":
            pairs.pop("state")
            pairs["scheduled"] = "true"
        review = values.get("review")
        if review:
            pairs["overdue" if review == "overdue" else "unreviewed_days"] = "true" if review == "overdue" else review
        ui.notify(f"正在导出 {self.total} 条…")
        address = f"/api/entries/export?{urlencode(pairs)}"
        ui.run_javascript(f"location.assign({json.dumps(address)})")


def _cells(table: ui.table) -> None:
    """How cells are drawn; Vue sets the texts as texts."""
    table.add_slot(
        "body-cell-title",
        """<q-td :props="props"><a class="kb-title" :href="'/panel/knowledge/' + props.row.id">{{ props.row.title }}</a>
        <div class="kb-under"><span v-if="props.row.chance" class="panel-tag blue">{{ props.row.chance }}</span>
        <span>{{ props.row.id }}</span><span v-if="props.row.external_id">{{ props.row.external_id }}</span>
        <span v-if="props.row.tags">{{ props.row.tags }}</span></div></q-td>""",
    )
    table.add_slot(
        "body-cell-state",
        """<q-td :props="props"><span class="panel-tag" :class="props.row.state_tone">{{ props.row.state }}</span>
        <div class="kb-under"><span v-if="props.row.older_live">旧版在用</span><span v-if="props.row.planned">{{ props.row.planned }}</span></div></q-td>""",
    )
    table.add_slot(
        "body-cell-validity",
        """<q-td :props="props"><span class="panel-tag" :class="props.row.validity_tone">{{ props.row.validity }}</span>
        <div class="kb-under" v-if="props.row.ends"><span>{{ props.row.ends }}</span></div></q-td>""",
    )
    table.add_slot(
        "body-cell-department",
        """<q-td :props="props"><span class="kb-cut" :title="props.row.department">{{ props.row.department }}</span>
        <div class="kb-under" v-if="props.row.region"><span>{{ props.row.region }}</span></div></q-td>""",
    )
    table.add_slot(
        "body-cell-updated",
        """<q-td :props="props"><span class="kb-updated">{{ props.row.updated }}</span><div class="kb-under"><span>{{ props.row.actor }}</span></div></q-td>""",
    )
