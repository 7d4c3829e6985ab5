"""答题库: agents' replies proposed as entries; what was taken out of them; accept or turn down."""

from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import Request
from nicegui import run, ui

from errors import WenzhengError
from insights.answer_bank import STATE_NAMES, AnswerBank
from panel.access import acting, panel_page
from panel.context import PanelContext
from panel.frame import page_frame
from panel.insights.chosen_row import ChosenRow
from panel.times import shown
from staff.members import Member

STATE_TAGS = {"proposed": "warn", "accepted": "good", "rejected": ""}
MOST = 200
COLUMNS: list[dict[str, Any]] = [
    {"name": "question", "label": "群众的问题", "field": "question", "align": "left", "style": "width: 100%; min-width: 11em"},
    {
        "name": "by",
        "label": "提议",
        "field": "proposed_by",
        "align": "left",
        "classes": "insight-wide",
        "headerClasses": "insight-wide",
    },
    {"name": "at", "label": "时间", "field": "at", "align": "right"},
]


def register(context: PanelContext) -> None:
    @panel_page(context, "/bank", "gaps")
    async def bank(request: Request) -> None:
        with page_frame(request, "bank", "答题库", {"↑ ↓": "选上一条、下一条提案"}):
            page = _BankPage(context.insights.bank, partial(acting, request, "gaps"))
            page.build()
            await page.refresh()


class _BankPage:
    def __init__(self, bank: AnswerBank, acting: Callable[[], Member]) -> None:
        self._bank, self._acting = bank, acting

    def build(self) -> None:
        with ui.row().classes("panel-bar"):
            self._state = ui.toggle(dict(STATE_NAMES), value="proposed", on_change=self.refresh).props("dense no-caps unelevated")
            ui.space()
            ui.label("坐席在会话里把好答复“提议为条目”后出现在这里；采纳后进入审核，由另一位同事发布。").classes("panel-faint")
        with ui.element("div").classes("insight-split"):
            with ui.element("div").classes("insight-list"):
                self._table = (
                    ui.table(columns=COLUMNS, rows=[], row_key="id", pagination=25).classes("panel-table").props("dense")
                )
                self._table.add_slot(
                    "body-cell-question", '<q-td :props="props"><div class="insight-title">{{ props.row.question }}</div></q-td>'
                )
                self._table.add_slot("no-data", '<div class="panel-empty">这里没有提案。</div>')
                self._row = ChosenRow(self._table, self._show)
            self._box = ui.column().classes("panel-card insight-detail")
        ui.keyboard(on_key=self._row.key)

    async def refresh(self) -> None:
        found = await run.io_bound(self._bank.listed, self._state.value, 0, MOST)
        if found is None:
            return
        self._state.set_options(
            {key: f"{name} {found['counts'][key]}" for key, name in STATE_NAMES.items()}, value=self._state.value
        )
        self._table.rows = [{**line, "at": shown(line["proposed_at"])[5:]} for line in found["proposals"]]
        ids = [line["id"] for line in found["proposals"]]
        self._row.among(ids)
        await self._show()

    async def _show(self) -> None:
        self._row.mark()
        proposal = await run.io_bound(self._bank.read, self._row.id) if self._row.id else None
        self._box.clear()
        with self._box:
            if proposal is None:
                ui.label("选一条提案。").classes("panel-empty")
            else:
                self._content(proposal)

    def _content(self, proposal: dict[str, Any]) -> None:
        with ui.row().classes("w-full items-center no-wrap"):
            ui.label(f"{proposal['proposed_by']} 于 {shown(proposal['proposed_at'])} 提议").classes("panel-muted grow")
            ui.label(STATE_NAMES[proposal["state"]]).classes(f"panel-tag {STATE_TAGS[proposal['state']]}")
        if proposal["state"] != "proposed":
            self._decided(proposal)
            return
        title = ui.input("标准问题", value=proposal["question"]).props("outlined dense maxlength=300").classes("w-full")
        answer = ui.textarea("答复", value=proposal["answer"]).props("outlined autogrow").classes("w-full")
        similar = ui.textarea("相似问法（一行一个，可不填）").props("outlined autogrow dense").classes("w-full")
        department = ui.input("负责部门（可不填）").props("outlined dense maxlength=100").classes("w-full")

        async def accept() -> None:
            words = [line.strip() for line in (similar.value or "").split("\n") if line.strip()]
            await self._do(
                lambda: self._bank.accept(
                    proposal["id"], self._acting(), title=title.value, answer=answer.value, similar_questions=words,
                    department=department.value or None,
                ),
                "已采纳，等待审核发布",
            )  # fmt: skip

        with ui.row().classes("panel-bar"):
            ui.button("采纳并提交审核", icon="check", on_click=accept).props("no-caps dense unelevated")
            ui.button("退回", icon="close", on_click=partial(self._reject, proposal["id"])).props(
                "no-caps dense outline color=secondary"
            )
        self._changes(proposal)

    def _decided(self, proposal: dict[str, Any]) -> None:
        ui.label(proposal["question"]).classes("panel-subtitle panel-text")
        ui.label(proposal["answer"]).classes("panel-text")
        with ui.row().classes("panel-bar"):
            ui.label(f"{proposal['decided_by']} 于 {shown(proposal['decided_at'])} 处理").classes("panel-muted")
            if proposal["entry_id"]:
                ui.link(f"条目 {proposal['entry_id']}", f"/knowledge/{proposal['entry_id']}")
        if proposal["reason"]:
            ui.label(f"退回原因：{proposal['reason']}").classes("panel-text")

    def _changes(self, proposal: dict[str, Any]) -> None:
        ui.label("去掉或替换了什么").classes("insight-head")
        if not proposal["changes"]:
            ui.label("没有改动。请再看一眼有没有漏掉的个人信息。").classes("panel-faint")
        for change in proposal["changes"]:
            with ui.row().classes("w-full no-wrap items-center gap-2"):
                ui.label(change["kind"]).classes("panel-tag blue")
                ui.label(change["before"]).classes("panel-text insight-gone")
                ui.label(f"→ {change['after'] or '删去'}").classes("panel-muted")
        if proposal["original"]:
            ui.label("坐席原话").classes("insight-head")
            ui.label(proposal["original"]).classes("panel-text panel-muted")

    async def _reject(self, number: int) -> None:
        with ui.dialog() as dialog, ui.card().classes("panel-form"):
            ui.label("退回提案").classes("panel-subtitle")
            reason = ui.input("原因，提议的同事会看到").props("autofocus maxlength=500")
            with ui.row().classes("w-full justify-end"):
                ui.button("取消", on_click=lambda: dialog.submit(None)).props("flat no-caps")
                ui.button("退回", on_click=lambda: dialog.submit(reason.value)).props("no-caps")
        said = await dialog
        dialog.delete()
        if said and said.strip():
            await self._do(lambda: self._bank.reject(number, said, self._acting()), "已退回")
        elif said is not None:
            ui.notify("请写明原因。", type="warning")

    async def _do(self, step: Any, said: str) -> None:
        try:
            await run.io_bound(step)
        except WenzhengError as exc:
            ui.notify(exc.problem + exc.fix, type="negative", multi_line=True)
            return
        ui.notify(said, type="positive")
        await self.refresh()
