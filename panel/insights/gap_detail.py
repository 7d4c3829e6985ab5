"""One gap: its wordings, the nearest entries, and what can be done about it."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from nicegui import run, ui

from errors import WenzhengError
from insights.gap_list import RESOLUTION_NAMES, SOURCE_NAMES, STATE_NAMES
from insights.gaps import GapDesk
from insights.intents import INTENT_NAMES
from panel.times import shown
from staff.members import Member

STATE_TAGS = {"open": "warn", "in_progress": "blue", "closed": "good"}
Refresh = Callable[[], Awaitable[None]]


class GapDetail:
    """The right-hand side of the page.

    Args:
        done: called after a step.
    """

    def __init__(self, gaps: GapDesk, member: Member, acting: Callable[[], Member], done: Refresh) -> None:
        self._gaps, self._member, self._acting, self._done = gaps, member, acting, done
        self._gap: dict[str, Any] | None = None
        self._chosen: dict[int, ui.checkbox] = {}

    def build(self) -> None:
        self._box = ui.column().classes("panel-card insight-detail")

    async def show(self, group_id: int | None) -> None:
        """Another gap, or none."""
        try:
            self._gap = await run.io_bound(self._gaps.read, group_id) if group_id else None
        except WenzhengError as exc:
            self._gap = None
            ui.notify(exc.problem, type="negative")
        self._box.clear()
        with self._box:
            if self._gap is None:
                ui.label("选一个缺口，查看问法和处理办法。").classes("panel-empty")
            else:
                self._content(self._gap)

    async def key(self, key: str) -> None:
        """A key of the page, while a gap is open."""
        if self._gap is None or self._gap["state"] != "open":
            return
        if key == "1" and self._gap["nearest"]:
            await self._attach(self._gap["nearest"][0])
        elif key == "n":
            await self._write()
        elif key == "o":
            await self._out_of_scope()
        elif key == "i":
            self._intent.run_method("showPopup")

    # -- what is there

    def _content(self, gap: dict[str, Any]) -> None:
        with ui.row().classes("w-full items-start no-wrap gap-2"):
            ui.label(gap["title"]).classes("panel-subtitle panel-text grow")
            ui.label(STATE_NAMES[gap["state"]]).classes(f"panel-tag {STATE_TAGS[gap['state']]}")
        facts = f"{gap['count']} 次 · {gap['askers']} 人 · 近 7 天 {gap['this_week']} 次，前 7 天 {gap['last_week']} 次 · 首次 {shown(gap['first_at'])}"
        ui.label(f"{facts} · 建议部门：{gap['department']}").classes("panel-muted")
        if gap["state"] == "open":
            self._steps()
        else:
            self._what_was_done(gap)
        ui.label("问法").classes("insight-head")
        self._wordings(gap)
        if gap["state"] == "open":
            ui.label("最接近的条目").classes("insight-head")
            self._entries = ui.column().classes("w-full gap-1")
            self._list_entries(gap["nearest"])
            ui.input(placeholder="没有合适的？按标题或问法找别的条目", on_change=self._search).props(
                "dense outlined clearable debounce=300"
            ).classes("w-full")

    def _steps(self) -> None:
        with ui.row().classes("panel-bar"):
            ui.button("新写条目", icon="edit_note", on_click=self._write).props("dense no-caps unelevated")
            ui.button("不属于本库范围", icon="block", on_click=self._out_of_scope).props("dense no-caps outline color=secondary")
            self._intent = (
                ui.select(dict(INTENT_NAMES), label="标注意图", on_change=self._label)
                .props("dense outlined options-dense")
                .classes("w-44")
            )
            ui.space()
            ui.button("勾选的另成一组", icon="call_split", on_click=self._split).props("dense no-caps flat color=secondary")

    def _what_was_done(self, gap: dict[str, Any]) -> None:
        said = RESOLUTION_NAMES.get(gap["resolution"] or "", "")
        if gap["intent"]:
            said = f"{said}：{INTENT_NAMES.get(gap['intent'], gap['intent'])}"
        with ui.row().classes("panel-bar"):
            ui.label(f"{gap['acted_by']} 于 {shown(gap['acted_at'])}：{said}")
            if gap["entry_id"]:
                ui.link(f"条目 {gap['entry_id']}", f"/knowledge/{gap['entry_id']}")
            if gap["state"] == "in_progress":
                ui.label("发布后自动转为已补").classes("panel-faint")
            ui.space()
            ui.button(
                "重新打开", on_click=partial(self._do, lambda: self._gaps.reopen(gap["id"], self._acting()), "已重新打开")
            ).props("dense no-caps outline")

    def _wordings(self, gap: dict[str, Any]) -> None:
        self._chosen = {}
        with ui.column().classes("w-full gap-0 insight-wordings"):
            for line in gap["questions"]:
                with ui.row().classes("w-full no-wrap items-start insight-wording"):
                    if gap["state"] == "open":
                        box = ui.checkbox(value=True).props(f'dense size=xs aria-label="选中这种问法" data-question={line["id"]}')
                        self._chosen[line["id"]] = box
                    with ui.column().classes("gap-0 grow"):
                        ui.label(line["question"]).classes("panel-text")
                        for detail in line["details"]:
                            ui.label(detail).classes("panel-faint panel-text")
                    for source in line["sources"]:
                        ui.label(SOURCE_NAMES[source]).classes("panel-tag")
                    if line["count"] > 1:
                        ui.label(f"{line['count']} 次").classes("panel-tag blue")

    def _list_entries(self, entries: list[dict[str, Any]]) -> None:
        self._entries.clear()
        with self._entries:
            if not entries:
                ui.label("没有接近的条目。").classes("panel-faint")
            for place, entry in enumerate(entries):
                with ui.row().classes("w-full no-wrap items-center insight-entry"):
                    ui.link(entry["title"], f"/knowledge/{entry['entry_id']}", new_tab=True).classes("grow panel-text")
                    ui.label(f"{round(100 * (entry['probability'] or 0))}%").classes("panel-faint")
                    button = ui.button("并入", on_click=partial(self._attach, entry)).props("dense no-caps size=sm")
                    if place:
                        button.props("outline")

    # -- what can be done

    def _questions(self) -> list[int] | None:
        chosen = [number for number, box in self._chosen.items() if box.value]
        return None if len(chosen) == len(self._chosen) else chosen

    async def _do(self, step: Callable[[], object], said: str) -> bool:
        try:
            await run.io_bound(step)
        except WenzhengError as exc:
            ui.notify(exc.problem + exc.fix, type="negative", multi_line=True)
            return False
        ui.notify(said, type="positive")
        await self._done()
        return True

    async def _attach(self, entry: dict[str, Any]) -> None:
        gap = self._open()
        said = "已并入，即时生效" if self._member.role == "admin" else "已并入，等待审核发布"
        await self._do(lambda: self._gaps.attach(gap["id"], entry["entry_id"], self._acting(), self._questions()), said)

    async def _out_of_scope(self) -> None:
        gap = self._open()
        await self._do(lambda: self._gaps.mark_out_of_scope(gap["id"], self._acting(), self._questions()), "已标为不属于本库范围")

    async def _label(self, event: Any) -> None:
        gap = self._open()
        if event.value:
            await self._do(
                lambda: self._gaps.label_intent(gap["id"], event.value, self._acting(), self._questions()), "已标注，训练时会用到"
            )

    async def _split(self) -> None:
        gap, chosen = self._open(), self._questions()
        if not chosen:
            ui.notify("先只勾选要移出的问法。", type="warning")
            return
        await self._do(lambda: self._gaps.split(gap["id"], chosen, self._acting()), "已另成一组")

    async def _search(self, event: Any) -> None:
        gap = self._open()
        text = (event.value or "").strip()
        self._list_entries((await run.io_bound(self._gaps.find_entries, text) or []) if text else gap["nearest"])

    async def _write(self) -> None:
        gap = self._open()
        draft = await run.io_bound(self._gaps.draft, gap["id"])
        if draft is None:
            return
        questions = self._questions()
        if questions is not None:
            words = [line["question"] for line in gap["questions"] if line["id"] in questions]
            draft = {**draft, "title": words[0], "similar_questions": words[1:]}

        async def save(publish: bool) -> None:
            entry = {
                "kind": "qa", "title": title.value, "answer": answer.value, "owner_department": department.value or None,
                "similar_questions": (similar.value or "").split("\n"),
            }  # fmt: skip
            said = "已发布，即时生效" if publish else "已提交审核"
            if await self._do(lambda: self._gaps.write(gap["id"], entry, self._acting(), questions, publish=publish), said):
                dialog.close()

        with ui.dialog(value=True) as dialog, ui.card().classes("panel-form insight-form"):
            dialog.on("hide", dialog.delete)
            ui.label("新写条目").classes("panel-subtitle")
            title = ui.input("标准问题", value=draft["title"]).props("maxlength=300")
            answer = ui.textarea("答复（先说结论）").props("autofocus autogrow outlined input-style=min-height:7em")
            similar = ui.textarea("相似问法（一行一个）", value="\n".join(draft["similar_questions"])).props("autogrow outlined")
            department = ui.input("负责部门", value=draft["owner_department"] or "").props("maxlength=100")
            with ui.row().classes("w-full justify-end"):
                ui.button("取消", on_click=dialog.close).props("flat no-caps")
                if self._member.role == "admin":
                    ui.button("提交审核", on_click=partial(save, False)).props("outline no-caps")
                    ui.button("直接发布", on_click=partial(save, True)).props("no-caps")
                else:
                    ui.button("提交审核", on_click=partial(save, False)).props("no-caps")

    def _open(self) -> dict[str, Any]:
        assert self._gap is not None  # noqa: S101 - the buttons are only there with a gap
        return self._gap
