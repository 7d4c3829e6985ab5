"""热点: topics of letters, tickets and consultations over time."""

from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import Request
from nicegui import events, run, ui

from errors import WenzhengError
from insights.letters import import_letters
from insights.topic_texts import SOURCE_NAMES
from panel.access import acting, panel_page
from panel.context import PanelContext
from panel.frame import page_frame
from panel.insights.bars import bars
from panel.insights.chosen_row import ChosenRow
from panel.times import shown
from staff.members import Member

LARGEST_FILE = 10 * 1024 * 1024
KIND_NAMES = {"ticket": "工单", "question": "咨询", "letter": "来信"}
RUN_STATES = {"running": "分析中", "done": "", "failed": "未完成"}
COLUMNS: list[dict[str, Any]] = [
    {"name": "words", "label": "热点", "field": "name", "align": "left", "style": "width: 100%; min-width: 11em"},
    {"name": "size", "label": "件数", "field": "size", "align": "right", "sortable": True},
    {
        "name": "likes",
        "label": "点赞",
        "field": "likes",
        "align": "right",
        "sortable": True,
        "classes": "insight-wide",
        "headerClasses": "insight-wide",
    },
    {"name": "department", "label": "部门", "field": "department", "align": "left", "sortable": True},
    {
        "name": "last",
        "label": "最近",
        "field": "last",
        "align": "right",
        "sortable": True,
        "classes": "insight-wide",
        "headerClasses": "insight-wide",
    },
]


def register(context: PanelContext) -> None:
    @panel_page(context, "/topics", "gaps")
    async def topics(request: Request) -> None:
        with page_frame(request, "topics", "热点", {"↑ ↓": "选上一个、下一个热点"}):
            page = _TopicsPage(context, partial(acting, request, "gaps"))
            page.build()
            await page.refresh()


class _TopicsPage:
    def __init__(self, context: PanelContext, acting: Callable[[], Member]) -> None:
        self._topics, self._database, self._acting = context.insights.topics, context.database, acting
        self._found: list[dict[str, Any]] = []
        self._run_id: int | None = None

    def build(self) -> None:
        with ui.row().classes("panel-bar"):
            self._runs = (
                ui.select({}, label="分析结果", on_change=self._chosen).props("dense outlined options-dense").classes("w-80")
            )
            self._unit = ui.toggle({"weeks": "按周", "months": "按月"}, value="months", on_change=self._show).props(
                "dense no-caps unelevated"
            )
            self._rising = ui.checkbox("只看上升的", on_change=self._fill).props("dense")
            self._progress = ui.label().classes("panel-faint")
            ui.space()
            ui.button("新的分析", icon="insights", on_click=self._new).props("dense no-caps unelevated")
        with ui.element("div").classes("insight-split"):
            with ui.element("div").classes("insight-list"):
                self._table = (
                    ui.table(columns=COLUMNS, rows=[], row_key="id", pagination=25).classes("panel-table").props("dense")
                )
                self._table.add_slot("body-cell-words", _WORDS)
                self._table.add_slot(
                    "no-data", '<div class="panel-empty">还没有热点。点“新的分析”，从工单、咨询或导入的来信里找。</div>'
                )
                self._row = ChosenRow(self._table, self._show)
            self._box = ui.column().classes("panel-card insight-detail")
        ui.keyboard(on_key=self._row.key)
        ui.timer(2.0, self._tick, immediate=False)

    async def refresh(self) -> None:
        found = await run.io_bound(self._topics.runs)
        if found is None:
            return
        self._letters = [line["collection"] for line in found["letters"]]
        self._listed = {line["id"]: line for line in found["runs"]}
        if self._run_id not in self._listed:
            self._run_id = next(iter(self._listed), None)
        self._runs.set_options({number: _run_name(line) for number, line in self._listed.items()}, value=self._run_id)
        await self._load()

    async def _load(self) -> None:
        shown_run = await run.io_bound(self._topics.read_run, self._run_id) if self._run_id else None
        self._found = shown_run["topics"] if shown_run else []
        self._tell(shown_run)
        await self._fill()

    def _tell(self, line: dict[str, Any] | None) -> None:
        if line is None:
            self._progress.text = ""
        elif line["state"] == "running":
            self._progress.text = f"正在分析 {line['done']}/{line['total']}"
        elif line["state"] == "failed":
            self._progress.text = line["error"] or "分析没有完成"
        else:
            self._progress.text = f"{line['total']} 件，{len(self._found)} 个热点"

    async def _fill(self) -> None:
        shown_topics = [topic for topic in self._found if topic["rising"] or not self._rising.value]
        self._table.rows = [
            {**topic, "name": " · ".join(topic["words"]) or topic["example"], "last": max(topic["months"], default="")}
            for topic in shown_topics
        ]
        ids = [topic["id"] for topic in shown_topics]
        self._row.among(ids)
        await self._show()

    async def _show(self) -> None:
        self._row.mark()
        topic = await run.io_bound(self._topics.read, self._row.id) if self._row.id else None
        self._box.clear()
        with self._box:
            if topic is None:
                ui.label("选一个热点，查看走势和每一件。").classes("panel-empty")
                return
            with ui.row().classes("w-full items-start no-wrap"):
                ui.label(" · ".join(topic["words"]) or topic["example"]).classes("panel-subtitle panel-text grow")
                if topic["rising"]:
                    ui.label("上升").classes("panel-tag bad")
            ui.label(f"{topic['size']} 件 · 点赞 {topic['likes']} · 建议部门：{topic['department']}").classes("panel-muted")
            ui.html(_trend(topic[self._unit.value]), sanitize=False).classes("insight-trend")
            ui.label("同一类事，最典型的在前").classes("insight-head")
            with ui.column().classes("w-full gap-0"):
                for item in topic["items"]:
                    with ui.row().classes("w-full no-wrap items-start insight-wording"):
                        ui.label(item["text"]).classes("panel-text grow")
                        if item["likes"]:
                            ui.label(f"{item['likes']} 赞").classes("panel-tag blue")
                        ui.label(f"{KIND_NAMES[item['kind']]} {item['key']}").classes("panel-faint insight-key")
                        ui.label(shown(item["at"])[:10]).classes("panel-faint insight-key")

    async def _chosen(self, event: Any) -> None:
        if event.value != self._run_id:
            self._run_id = event.value
            await self._load()

    async def _tick(self) -> None:
        line = self._listed.get(self._run_id or 0)
        if line is not None and line["state"] == "running":
            await self.refresh()

    def _new(self) -> None:
        async def begin() -> None:
            try:
                self._run_id = await run.io_bound(
                    lambda: self._topics.start(source.value, self._acting(), collection=collection.value or None)
                )
            except WenzhengError as exc:
                problem.text = exc.problem + exc.fix
                return
            dialog.close()
            await self.refresh()

        async def uploaded(event: events.UploadEventArguments) -> None:
            text = (await event.file.read()).decode("utf-8-sig", errors="replace")
            name = event.file.name.rsplit(".", 1)[0]
            try:
                report = await run.io_bound(lambda: import_letters(self._database, name, text.splitlines(), self._acting()))
            except WenzhengError as exc:
                problem.text = exc.problem + exc.fix
                return
            if report is not None:
                problem.text = ""
                ui.notify(
                    f"读出 {report.read} 封，新增 {report.added} 封"
                    + (f"，{len(report.problems)} 行读不了" if report.problems else ""),
                    type="positive",
                )
                source.value = "letters"
                collection.set_options(sorted({*self._letters, name}), value=name)

        with ui.dialog(value=True) as dialog, ui.card().classes("panel-form"):
            dialog.on("hide", dialog.delete)
            ui.label("新的热点分析").classes("panel-subtitle")
            source = ui.select(dict(SOURCE_NAMES), value="tickets" if not self._letters else "letters", label="从哪里找")
            collection = ui.select(self._letters, value=self._letters[0] if self._letters else None, label="哪一批来信")
            collection.bind_visibility_from(source, "value", lambda value: value == "letters")
            with ui.column().classes("w-full") as upload:
                ui.label("也可以导入新的来信：JSONL 文件，每行一封，含 id、subject、message、asked_at、likes。").classes(
                    "panel-faint"
                )
                ui.upload(on_upload=uploaded, auto_upload=True, max_file_size=LARGEST_FILE, label="选择文件").props(
                    "flat bordered accept=.jsonl"
                ).classes("w-full")
            upload.bind_visibility_from(source, "value", lambda value: value == "letters")
            problem = ui.label().classes("panel-bad")
            with ui.row().classes("w-full justify-end"):
                ui.button("取消", on_click=dialog.close).props("flat no-caps")
                ui.button("开始分析", on_click=begin).props("no-caps")


def _run_name(line: dict[str, Any]) -> str:
    what = f"{SOURCE_NAMES[line['source']]}“{line['collection']}”" if line["collection"] else SOURCE_NAMES[line["source"]]
    state = RUN_STATES[line["state"]]
    return f"{what} · {shown(line['created_at'])[5:]}" + (f"（{state}）" if state else "")


def _trend(series: dict[str, int]) -> str:
    return bars(list(series), {"件": list(series.values())}, {"件": "#1a5fb4"})


_WORDS = """<q-td :props="props"><div class="insight-title"><span v-if="props.row.rising" class="panel-tag bad">上升</span> {{ props.row.name }}</div>
<div class="panel-faint insight-title insight-one">{{ props.row.example }}</div></q-td>"""
