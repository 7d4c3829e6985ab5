"""文件: what rests on a document number, and its repeal."""

from typing import Any
from urllib.parse import quote

from fastapi import Request
from nicegui import run, ui

from conversations.answer_usage import GivenAnswer
from knowledge_base.documents import RELATIONS, DocumentImpact, DocumentRow, Resting
from knowledge_base.repeal import Repeal
from panel.access import member_of, panel_page
from panel.context import PanelContext
from panel.dialogs import sure
from panel.frame import page_frame
from panel.knowledge.asking import Later, attempt, editing, read_day
from panel.knowledge.words import VALIDITY_NAMES, VALIDITY_TONES, state_tag, style, tag
from panel.times import shown

DAYS = 30
MOST_DOCUMENTS, MOST_ANSWERS, MOST_PASSAGES = 100, 20, 2
OUTCOMES = {"expired": "到期", "withdrawn": "撤下", "unchanged": "没有变化"}


def register(context: PanelContext) -> None:
    @panel_page(context, "/documents", "knowledge.read")
    async def documents(request: Request) -> None:
        with page_frame(request, "documents", "依据文件与废止", {"/": "查找文件"}):
            style()
            await _Documents(request, context).build()


class _Documents:
    def __init__(self, request: Request, context: PanelContext) -> None:
        self.member, self.workshop = member_of(request), context.workshop
        self.request = request
        self.number = request.query_params.get("number", "")
        self.boxes: dict[int, ui.checkbox] = {}

    async def build(self) -> None:
        with ui.element("div").classes("kb-columns"):
            with ui.column().classes("w-full gap-2"):
                self.search = ui.input(placeholder="文号或文件名称", value="").classes("w-full kb-search").props("clearable")
                self.search.on_value_change(Later(0.25, self.list_documents).soon)
                self.search.on("keydown.enter", lambda: self.show((self.search.value or "").strip()))
                self.list = ui.element("div").classes("kb-list")
            self.detail = ui.column().classes("w-full gap-3")
        await self.list_documents()
        if self.number:
            await self.show(self.number)
        else:
            with self.detail:
                ui.label(
                    "选一个文件，或输入文号后按回车：列出以它为依据、在文中引用它、与这些条目有替代关系的全部条目，以及最近据此作出的答复。"
                ).classes("panel-empty panel-card")

    async def list_documents(self) -> None:
        text = (self.search.value or "").strip()
        rows: list[DocumentRow] = await run.io_bound(self.workshop.documents.listed, text, MOST_DOCUMENTS) or []
        self.list.clear()
        self.items: dict[str, ui.element] = {}
        with self.list:
            for row in rows:
                item = ui.element("button").classes("kb-item").on("click", lambda row=row: self.show(row.number))
                self.items[row.number] = item.props(f'aria-current="{str(row.number == self.number).lower()}"')
                with item:
                    ui.label(row.number)
                    if row.title:
                        ui.label(row.title).classes("panel-faint")
                    ui.label(f"{row.entries} 条，{row.live} 条在用").classes("panel-faint")
            if not rows:
                ui.label("没有条目以它为依据；按回车查找文中引用它的条目。").classes("panel-empty")

    async def show(self, number: str) -> None:
        if not number:
            return

        def work() -> tuple[DocumentImpact, dict[int, int], list[GivenAnswer]]:
            impact = self.workshop.documents.resting_on(number)
            ids = impact.ids()
            return impact, self.workshop.usage.counts(ids, DAYS), self.workshop.usage.recent(ids, DAYS, MOST_ANSWERS)

        loaded = await attempt(work)
        if loaded is None:
            return
        impact, counts, answers = loaded
        self.number = number
        for listed, item in self.items.items():
            item.props(f'aria-current="{str(listed == number).lower()}"')
        ui.navigate.history.replace(f"/panel/documents?number={quote(number)}")
        self.detail.clear()
        self.boxes = {}
        with self.detail:
            with ui.column().classes("panel-card gap-1"):
                ui.label(number).classes("panel-subtitle")
                if impact.titles:
                    ui.label("、".join(f"《{title}》" for title in impact.titles)).classes("panel-muted")
                told = "，".join(
                    f"{name} {count} 条"
                    for key, name in RELATIONS.items()
                    if (count := sum(r.relation == key for r in impact.entries))
                )
                ui.label(f"{told}；最近 {DAYS} 天据此答复 {sum(counts.values())} 次").classes("panel-muted")
            if self.member.may("knowledge.edit"):
                self._orders()
            with ui.column().classes("panel-card gap-0"):
                for relation, name in RELATIONS.items():
                    group = [resting for resting in impact.entries if resting.relation == relation]
                    if group:
                        ui.label(f"{name}（{len(group)}）").classes("panel-subtitle pt-2")
                        for resting in group:
                            self._entry(resting, counts.get(resting.row.entry_id, 0))
            if answers:
                self._answers(answers)

    def _entry(self, resting: Resting, answers: int) -> None:
        row, content = resting.row, resting.content
        with ui.row().classes("w-full no-wrap items-start kb-change"):
            self.boxes[row.entry_id] = ui.checkbox(value=resting.relation == "source" and row.state != "withdrawn").props(
                f'dense aria-label="选中条目 {row.entry_id}"'
            )
            with ui.column().classes("gap-0 min-w-0"):
                with ui.element("a").props(f'href="/panel/knowledge/{row.entry_id}"').classes("kb-title"):
                    ui.label(row.title)
                with ui.row().classes("gap-1 items-center"):
                    state_tag(row.state, row.live_version is not None)
                    tag(VALIDITY_NAMES[row.validity], VALIDITY_TONES[row.validity])
                    if answers:
                        tag(f"答复 {answers} 次", "blue")
                    ui.label(f"{row.department or ''}　{content.source.clause or ''}").classes("panel-faint")
                if content.replaced_by:
                    ui.label(f"被条目 {content.replaced_by} 代替").classes("panel-faint")
                if content.source.replaced_by:
                    ui.label(f"文件由“{content.source.replaced_by}”代替").classes("panel-faint kb-wrap")
                for passage in resting.passages[:MOST_PASSAGES]:
                    ui.label(f"“{passage}”").classes("panel-faint kb-wrap")
                if content.source.quote and not resting.passages:
                    ui.label(f"原文：{content.source.quote}").classes("panel-faint kb-wrap")
                if content.similar_questions:
                    ui.label("相似问：" + "；".join(content.similar_questions[:5])).classes("panel-faint kb-wrap")

    def _answers(self, answers: list[GivenAnswer]) -> None:
        with ui.column().classes("panel-card gap-0"):
            ui.label(f"最近的答复（最多 {MOST_ANSWERS} 次，问题已隐去个人信息）").classes("panel-subtitle")
            for answer in answers:
                with ui.row().classes("w-full no-wrap kb-change"):
                    ui.label(shown(answer.at)).classes("panel-faint").style("flex: none")
                    ui.label(answer.question).classes("kb-wrap")
                    ui.space()
                    ui.label(f"条目 {answer.entry_id} 第 {answer.entry_version or '?'} 版").classes("panel-faint").style(
                        "flex: none"
                    )

    def _orders(self) -> None:
        with ui.column().classes("panel-card"):
            with ui.row().classes("panel-bar"):
                ui.label("对选中的条目").classes("panel-muted")
                ui.button("全选", on_click=lambda: self._mark(True)).props("flat")
                ui.button("全不选", on_click=lambda: self._mark(False)).props("flat")
                ui.space()
                ui.button("列入待复核", icon="event_repeat", on_click=self._review).props("outline")
            if not self.member.may("knowledge.review"):
                return
            with ui.row().classes("panel-bar items-start"):
                on = ui.input("从这天起不再有效").props("type=date stack-label").classes("kb-w1")
                way = ui.select(
                    {"expire": "到期（仍可查阅，答复时说明已废止）", "withdraw": "撤下（立即停用）"}, value="expire", label="方式"
                ).classes("kb-w2")
                replaced_by = ui.input("代替它们的条目编号（可不填）").classes("kb-w1")
                replacement = ui.input("代替它的文件（可不填）").classes("kb-w1").tooltip("文号或名称，群众和同事都会看到")
                ui.button(
                    "废止",
                    icon="gavel",
                    color="negative",
                    on_click=lambda: self._repeal(on.value, way.value, replaced_by.value, replacement.value),
                )

    def _mark(self, value: bool) -> None:
        for box in self.boxes.values():
            box.set_value(value)

    def _chosen(self) -> list[int]:
        chosen = [entry_id for entry_id, box in self.boxes.items() if box.value]
        if not chosen:
            ui.notify("先选中条目。", type="warning")
        return chosen

    async def _review(self) -> None:
        chosen = self._chosen()
        if chosen:
            done = await attempt(lambda: self.workshop.reviews.demand(chosen, editing(self.request), f"“{self.number}”有变化"))
            if done is not None:
                ui.notify(f"已把 {done} 个条目列入待复核", type="positive")
                await self.show(self.number)

    async def _repeal(self, on: str, way: Any, replaced_by: str, replacement: str) -> None:
        chosen, day = self._chosen(), read_day(on)
        if not chosen:
            return
        if day is None:
            ui.notify("先填写从哪天起不再有效。", type="warning")
            return
        verb = "到期" if way == "expire" else "撤下"
        if not await sure(
            f"“{self.number}”自 {day} 起废止，{len(chosen)} 个条目将{verb}，立即生效。\n可以在各条目的“版本”里恢复。",
            f"废止并{verb}",
        ):
            return
        order = Repeal(self.number, day, way, replaced_by.strip() or None, replacement.strip() or None)
        outcomes = await attempt(lambda: self.workshop.repeals.apply(order, chosen, editing(self.request, "knowledge.review")))
        if outcomes is None:
            return
        await run.io_bound(self.workshop.follow)
        told = "，".join(
            f"{name} {count} 条" for key, name in OUTCOMES.items() if (count := sum(o.done == key for o in outcomes))
        )
        ui.notify(f"已处理：{told}", type="positive")
        await self.show(self.number)
