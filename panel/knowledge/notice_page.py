"""A document split into pieces: choose which become entries, go over them, save them as drafts."""

from dataclasses import replace
from typing import Any

from fastapi import Request
from nicegui import run, ui

from answering.neighbours import RELATION_NAMES
from bot.workshop import near_pieces
from errors import WenzhengError
from knowledge_base.content import KIND_NAMES, MAX_ANSWER, MAX_TITLE
from knowledge_base.notices.drafting import Notice, NoticeFacts, PieceView, draft_content
from panel.access import panel_page
from panel.context import PanelContext
from panel.frame import page_frame
from panel.knowledge.asking import attempt, editing
from panel.knowledge.doubles import TONES, draw_doubles
from panel.knowledge.words import style, tag

PIECE_NAMES = {
    "lead": "开头", "heading": "标题", "chapter": "章", "part": "节", "article": "条", "section": "段", "question": "问答", "row": "表格行"
}  # fmt: skip
EXCERPT = 80


def register(context: PanelContext) -> None:
    @panel_page(context, "/imports/{number}/document", "knowledge.edit")
    async def document(request: Request, number: int) -> None:
        notice = await run.io_bound(context.workshop.notices.read, number)
        if notice is None:
            return
        with page_frame(request, "imports", f"拆分：{notice.name}"):
            style()
            _Document(request, context, number, notice).build()


class _Document:
    def __init__(self, request: Request, context: PanelContext, number: int, notice: Notice) -> None:
        self.workshop, self.request, self.number, self.notice = context.workshop, request, number, notice
        self.chosen = set(notice.suggested())
        self.edited: dict[int, dict[str, Any]] = {}
        self.done: set[int] = set()
        self.near: dict[int, list[dict[str, Any]]] = {}
        self.shown: int | None = None
        self.warnings: dict[int, ui.row] = {}

    def build(self) -> None:
        facts = self.notice.facts
        with ui.column().classes("panel-card"):
            with ui.row().classes("panel-bar"):
                with ui.element("a").props('href="/panel/imports"').classes("kb-title"):
                    ui.label("← 全部导入")
                ui.label("核对文件信息，每条草稿都会带上").classes("panel-muted")
            with ui.row().classes("panel-bar"):
                self.title = ui.input("文件名称", value=facts.title).classes("kb-w2")
                self.document_number = ui.input("文号", value=facts.document_number or "").classes("kb-w1")
                self.issuer = ui.input("发文机关", value=facts.issuer or "").classes("kb-w1")
                self.kind = ui.select({"": "类型：自动", **KIND_NAMES}, value="").classes("kb-w1")
            if facts.mentioned:
                ui.label("文中提到的文号：" + "、".join(facts.mentioned)).classes("panel-faint")
        with ui.row().classes("panel-bar"):
            self.counted = ui.label().classes("panel-muted")
            self.repeated = ui.label().classes("panel-bad")
            ui.button("全部取消", on_click=lambda: self._mark(set())).props("flat")
            ui.button("恢复建议", on_click=lambda: self._mark(set(self.notice.suggested()))).props("flat")
            ui.space()
            self.save = ui.button("存为草稿", icon="save", on_click=self._save)
        with ui.element("div").classes("kb-desk"):
            with ui.element("div").classes("kb-list"):
                self.boxes = {view.id: self._piece(view) for view in self.notice.views}
            self.editor = ui.column().classes("panel-card kb-beside")
        self._count()
        first = min(self.chosen, default=None)
        if first is not None:
            self._edit(first)
        ui.timer(0.05, self._compare, once=True)  # embedding dozens of titles takes a second or two

    async def _compare(self) -> None:
        self.near = await run.io_bound(near_pieces, self.workshop, self.notice) or {}
        for number, near in self.near.items():
            with self.warnings[number]:
                relations = list(dict.fromkeys(double["relation"] for double in near))
                for relation in relations:
                    tag(RELATION_NAMES[relation], TONES[relation])
        if self.near:
            self.repeated.set_text(f"{len(self.near)} 段与现有条目疑似重复或可能矛盾，点开可看")
        if self.shown in self.near:
            self._edit(self.shown)

    def _piece(self, view: PieceView) -> ui.checkbox:
        with ui.row().classes("kb-piece").style(f"padding-left: {10 + view.level * 18}px"):
            box = ui.checkbox(value=view.id in self.chosen, on_change=lambda e: self._toggle(view.id, bool(e.value))).props(
                f'dense aria-label="选中第 {view.id + 1} 段"'
            )
            with ui.element("div").classes("kb-text").on("click", lambda: self._edit(view.id)):
                with ui.row().classes("gap-1 items-center") as self.warnings[view.id]:
                    tag(PIECE_NAMES[view.kind], "blue" if view.kind in {"question", "row", "article"} else "")
                    ui.label(f"{view.number} {view.title}".strip() or "（没有标题）").classes("kb-wrap")
                if view.text:
                    ui.label(view.text[:EXCERPT] + ("…" if len(view.text) > EXCERPT else "")).classes("panel-faint kb-wrap")
        return box

    def _facts(self) -> NoticeFacts:
        return replace(
            self.notice.facts, title=self.title.value.strip(), document_number=self.document_number.value.strip() or None,
            issuer=self.issuer.value.strip() or None,
        )  # fmt: skip

    def _draft(self, number: int) -> dict[str, Any]:
        (draft,) = [
            d
            for n, d in zip(
                sorted(self.chosen | {number}), self.notice.drafts(self.chosen | {number}, self._facts()), strict=True
            )
            if n == number
        ]
        if self.kind.value:
            draft["kind"] = self.kind.value
        return {**draft, **self.edited.get(number, {})}

    def _toggle(self, number: int, chosen: bool) -> None:
        if chosen:
            self.chosen.add(number)
            self._edit(number)
        else:
            self.chosen.discard(number)
        self._count()

    def _mark(self, wanted: set[int]) -> None:
        for number, box in self.boxes.items():
            box.set_value(number in wanted)

    def _count(self) -> None:
        self.counted.set_text(f"选中 {len(self.chosen)} 段，共 {len(self.notice.views)} 段")
        self.save.set_enabled(bool(self.chosen))

    def _edit(self, number: int) -> None:
        draft = self._draft(number)
        self.shown = number

        def put(name: str, value: str) -> None:
            if not self.edited:
                ui.run_javascript("wenzhengKnowledge.touched()")
            self.edited.setdefault(number, {})[name] = value

        self.editor.clear()
        with self.editor:
            with ui.row().classes("panel-bar"):
                ui.label("草稿").classes("panel-subtitle")
                if number not in self.chosen:
                    tag("没有选中，不会保存", "warn")
                if number in self.done:
                    tag("已存为草稿", "good")
                ui.label(draft["source"].get("clause", "")).classes("panel-faint")
            ui.input("标题", value=draft["title"], on_change=lambda e: put("title", e.value)).classes("w-full").props(
                f"maxlength={MAX_TITLE}"
            )
            ui.textarea("答案", value=draft["answer"], on_change=lambda e: put("answer", e.value)).classes("w-full").props(
                f"autogrow maxlength={MAX_ANSWER}"
            )
            draw_doubles(self.near.get(number, ()))
            ui.label("原文摘录：" + draft["source"].get("quote", "")).classes("panel-faint kb-wrap")

    async def _save(self) -> None:
        wanted = sorted(self.chosen - self.done)
        drafts = {number: self._draft(number) for number in wanted}
        refused: list[str] = []

        def work() -> int:
            made, actor = 0, editing(self.request)
            for number, draft in drafts.items():
                try:
                    self.workshop.store.create(draft_content(draft), actor)
                except WenzhengError as exc:
                    refused.append(f"“{draft['title'][:30]}”：{exc.problem}")
                else:
                    self.done.add(number)
                    made += 1
            self.workshop.notices.drafted(self.number, made)
            return made

        made = await attempt(work)
        if made is None:
            return
        ui.notify(
            f"已存为 {made} 条草稿" + (f"，{len(refused)} 条没有保存：" + "；".join(refused[:3]) if refused else ""),
            type="positive" if not refused else "warning",
            multi_line=True,
            timeout=8000,
        )
        ui.run_javascript("wenzhengKnowledge.forget('document')")
        if made and not refused:
            ui.navigate.to("/knowledge?state=draft&order=created")
