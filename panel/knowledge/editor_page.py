"""An entry: written, seen as citizens see it, compared, reviewed, published; its versions and audit trail."""

import json
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from fastapi import Request
from nicegui import run, ui

from conversations.clock import CHINA
from errors import WenzhengError
from knowledge_base.catalogue import EntryFilter, EntryRow
from knowledge_base.content import EntryContent, parse_content
from knowledge_base.entries import EntryRecord
from knowledge_base.errors import ContentError, StaleVersionError
from panel.access import member_of, panel_page
from panel.context import PanelContext
from panel.dialogs import sure
from panel.frame import page_frame
from panel.knowledge.asking import Later, attempt, comment_for, day_and_time, editing
from panel.knowledge.form import EntryForm
from panel.knowledge.side import Side, content_of
from panel.knowledge.versions import Versions, draw_audit
from panel.knowledge.words import VALIDITY_NAMES, VALIDITY_TONES, Names, state_tag, style, tag
from panel.times import shown

SHORTCUTS = {"Ctrl + S": "保存草稿", "Ctrl + Enter": "提交审核"}
KEPT = """
for (let tries = 0; tries < 100 && !window.wenzhengKnowledge; tries++) await new Promise((done) => setTimeout(done, 100));
return window.wenzhengKnowledge.kept(%s);
"""
PREVIEW_AFTER_S, COMPARE_AFTER_S, LOOK_EVERY_S = 0.35, 0.6, 8.0


def register(context: PanelContext) -> None:
    @panel_page(context, "/knowledge/new", "knowledge.edit")
    async def new(request: Request) -> None:
        with page_frame(request, "knowledge", "新建条目", SHORTCUTS):
            style()
            await _Editor(request, context, None).build()

    @panel_page(context, "/knowledge/{entry_id}", "knowledge.read")
    async def entry(request: Request, entry_id: int) -> None:
        record = await run.io_bound(context.workshop.store.get, entry_id)
        if record is None:
            return
        with page_frame(request, "knowledge", record.content.title, SHORTCUTS):
            style()
            await _Editor(request, context, record).build()


class _Editor:
    def __init__(self, request: Request, context: PanelContext, record: EntryRecord | None) -> None:
        self.member, self.workshop, self.preview = member_of(request), context.workshop, context.preview
        self.request = request
        self.name_of = Names(context.accounts)
        self.record = record
        self.told = 0  # the newer version of somebody else that was told of
        self.may_edit = self.member.may("knowledge.edit")
        self.may_review = self.member.may("knowledge.review")

    @property
    def entry_id(self) -> int | None:
        return self.record.entry_id if self.record else None

    @property
    def key(self) -> str:
        """Under which the browser keeps what is typed."""
        return str(self.entry_id or "new")

    @property
    def base(self) -> EntryContent | None:
        return self.record.content if self.record else None

    async def build(self) -> None:
        await run.io_bound(self.name_of.load)
        self.banners = ui.column().classes("w-full gap-2")
        with ui.row().classes("panel-bar kb-bar"):
            await self._bar()
        self.form = EntryForm(
            self.base, self._changed, key=self.key, seen=self.record.version if self.record else 0, enabled=self.may_edit
        )
        self.side = Side(self.workshop, self.preview, self.entry_id, lambda: content_of(self.base, self.form.changes()))
        if self.record is None:
            self._desk()
        else:
            await self._tabs()
        self.preview_later = Later(PREVIEW_AFTER_S, self._show)
        self.compare_later = Later(COMPARE_AFTER_S, self.side.compare)
        ui.timer(0.05, self._ready, once=True)
        if self.record is not None:
            ui.timer(LOOK_EVERY_S, self._look, immediate=False)

    def _desk(self) -> None:
        with ui.element("div").classes("kb-desk"):
            self.form.build()
            self.side.build()

    async def _tabs(self) -> None:
        with ui.tabs().props("dense align=left no-caps").classes("w-full") as tabs:
            ui.tab("write", "编辑" if self.may_edit else "内容")
            ui.tab("versions", f"版本（{self.record.version if self.record else 1}）")
            ui.tab("audit", "操作记录")
        with ui.tab_panels(tabs, value="write", animated=False, keep_alive=True).classes("w-full bg-transparent kb-panels"):
            with ui.tab_panel("write").classes("p-0 pt-2"):
                self._desk()
            with ui.tab_panel("versions").classes("p-0 pt-2"):
                versions = ui.column().classes("w-full")
            with ui.tab_panel("audit").classes("p-0 pt-2"):
                audit = ui.column().classes("w-full")
        drawn: set[str] = set()

        async def draw(name: str) -> None:
            if name in drawn or self.entry_id is None:
                return
            drawn.add(name)
            if name == "versions":
                with versions:
                    await Versions(
                        self.workshop,
                        self.name_of,
                        self.entry_id,
                        partial(editing, self.request) if self.may_edit else None,
                        self._reload,
                    ).build()
            elif name == "audit":
                with audit:
                    await draw_audit(self.workshop, self.name_of, self.entry_id)

        tabs.on_value_change(lambda e: draw(e.value))

    async def _bar(self) -> None:
        record = self.record
        row = await run.io_bound(self._row) if record else None
        if record is not None and row is not None:
            ui.label(f"条目 {record.entry_id}").classes("panel-muted")
            state_tag(record.state, record.live_version is not None)
            tag(VALIDITY_NAMES[row.validity], VALIDITY_TONES[row.validity])
            self.version_told = ui.label(
                f"第 {record.version} 版　{self.name_of(record.actor.name)}　{shown(record.updated_at)}"
            ).classes("panel-faint")
            if record.live_version is not None:
                with ui.element("a").props(f'href="/e/{record.entry_id}" target=_blank').classes("kb-title"):
                    ui.label("市民页面")
            if row.publish_at:
                tag(f"{shown(row.publish_at)} 自动发布", "blue")
            if row.review_due_on and record.live_version is not None:
                tag(f"复核到期 {row.review_due_on}", "bad" if row.review_due_on <= datetime.now(CHINA).date() else "")
        self.unsaved = tag("未保存", "warn")
        self.unsaved.set_visibility(False)
        with ui.row().classes("kb-steps"):
            self._steps(record, row)

    def _row(self) -> EntryRow | None:
        found = self.workshop.catalogue.rows(EntryFilter(ids=[self.entry_id or 0]), limit=1)
        return found[0] if found else None

    def _steps(self, record: EntryRecord | None, row: EntryRow | None) -> None:
        state = record.state if record else "draft"
        planned = row is not None and row.publish_at is not None
        confirms = record is not None and record.live_version is not None and self.may_edit
        withdraws = record is not None and self.may_review and state != "withdrawn"
        if confirms or withdraws:
            with ui.button(icon="more_horiz").props('flat aria-label="更多"'), ui.menu().props("auto-close"):
                if confirms:
                    ui.menu_item("复核无误", on_click=self._confirm)
                if withdraws:
                    ui.menu_item("撤下", on_click=self._withdraw)
        if self.may_review and state == "in_review":
            if planned:
                ui.button("取消定时", icon="event_busy", on_click=lambda: self._take("unschedule")).props("outline")
            else:
                ui.button("退回", icon="undo", on_click=self._send_back).props("outline")
                ui.button("定时发布", icon="schedule", on_click=self._plan).props("outline")
            ui.button("发布", icon="publish", on_click=self._publish, color="positive")
        if self.may_edit:
            ui.button("保存草稿", icon="save", on_click=self._save).props("outline id=kb-save")
            if state != "in_review" or not self.may_review:
                ui.button("提交审核", icon="send", on_click=self._submit).props("id=kb-submit")
        if self.member.role == "admin" and state != "in_review":
            ui.button("直接发布", icon="publish", on_click=self._publish).props("outline color=positive").tooltip(
                "不经第二人，操作记录会注明"
            )

    async def _ready(self) -> None:
        if self.may_edit:
            with suppress(TimeoutError):  # a browser that is gone, or very busy
                kept = await ui.run_javascript(KEPT % json.dumps(self.key), timeout=20)
                if isinstance(kept, dict) and isinstance(kept.get("texts"), dict):
                    self._offer(kept)
        await self._show()
        await self.side.compare()

    def _offer(self, kept: dict[str, Any]) -> None:
        now = self.form.texts()
        texts = {name: text for name, text in kept["texts"].items() if name in now and name != "kind"}
        if all(now[name] == text for name, text in texts.items()):
            return
        at = shown(datetime.fromtimestamp(kept["at"] / 1000, CHINA))
        older = self.record is not None and kept.get("seen") != self.record.version
        with self.banners, ui.element("div").classes("kb-banner") as banner:
            ui.label(f"这台电脑上有 {at} 没有保存的修改" + ("；此后条目已有新版本，恢复后请核对。" if older else "。"))

            def restore() -> None:
                self.form.fill(texts)
                banner.delete()

            ui.button("恢复", on_click=restore).props("outline")

            def discard() -> None:
                self._forget()
                banner.delete()

            ui.button("丢弃", on_click=discard).props("flat")

    def _forget(self) -> None:
        ui.run_javascript(f"wenzhengKnowledge.forget({json.dumps(self.key)})")

    def _changed(self) -> None:
        if not self.unsaved.visible:
            self.unsaved.set_visibility(True)
            ui.run_javascript("wenzhengKnowledge.touched()")  # choices are no typing that the browser would see
        self.preview_later.soon()
        self.compare_later.soon()

    async def _show(self) -> None:
        self.form.show_problems(await self.side.show())

    async def _look(self) -> None:
        """Tell when somebody else saved meanwhile."""
        record = self.record
        if record is None or self.entry_id is None:
            return
        now = await run.io_bound(self.workshop.store.newest, [self.entry_id])
        other = now.get(self.entry_id) if now else None
        if other is not None and other.version != record.version and self.told != other.version:
            self.told = other.version
            self._conflict(other)

    def _conflict(self, other: EntryRecord) -> None:
        with self.banners, ui.element("div").classes("kb-banner bad"):
            ui.label(
                f"{self.name_of(other.actor.name)} 在 {shown(other.updated_at)} 保存了第 {other.version} 版。您现在的修改不能直接保存，以免覆盖。"
            )
            ui.button("载入最新版本", on_click=self._reload_for_latest).props("outline color=negative")

    async def _reload_for_latest(self) -> None:
        """The browser keeps what was typed and offers it on the new page."""
        ui.run_javascript("onbeforeunload = null; location.reload()")

    # -- steps

    async def _store(self) -> EntryRecord | None:
        """Save what is written; None when it could not be."""
        changes, record = self.form.changes(), self.record
        if record is not None and not changes:
            return record

        def work() -> EntryRecord:
            if record is None:
                return self.workshop.store.create(parse_content({"kind": "qa", **changes}), editing(self.request))
            return self.workshop.store.edit(record.entry_id, changes, editing(self.request), seen=record.version, as_draft=True)

        try:
            saved = await run.io_bound(work)
        except ContentError as exc:
            self.form.show_problems(exc.problems)
            ui.notify("还不能保存：" + "；".join(str(p.reason) for p in exc.problems), type="negative", multi_line=True)
            return None
        except StaleVersionError as exc:
            ui.notify(exc.problem + exc.fix, type="negative", multi_line=True, timeout=8000)
            await self._look()
            return None
        except WenzhengError as exc:
            ui.notify(exc.problem + exc.fix, type="negative", multi_line=True)
            return None
        self._forget()
        return saved

    async def _save(self) -> None:
        saved = await self._store()
        if saved is not None:
            ui.notify(f"已保存为第 {saved.version} 版草稿" if saved is not self.record else "没有需要保存的修改", type="positive")
            if saved is not self.record:
                self._open(saved)

    async def _submit(self) -> None:
        saved = await self._store()
        if saved is None:
            return
        if (
            await attempt(lambda: self.workshop.store.submit(saved.entry_id, editing(self.request))) is not None
            or saved is not self.record
        ):
            self._open(saved)

    async def _publish(self) -> None:
        saved = await self._store()
        if saved is None:
            return
        comment = await comment_for("发布", "发布", note="发布后立即生效，市民的下一个问题就按新内容答复。", color="positive")
        if comment is not None:
            done = await attempt(
                lambda: self.workshop.store.publish(saved.entry_id, editing(self.request, "knowledge.review"), comment)
            )
            await run.io_bound(self.workshop.follow)
            if done is None and saved is self.record:
                return
        elif saved is self.record:
            return
        self._open(saved)

    async def _send_back(self) -> None:
        comment = await comment_for("退回给作者", "退回", required=True)
        if comment is not None:
            await self._take("send_back", comment)

    async def _withdraw(self) -> None:
        comment = await comment_for("撤下", "撤下", note="立即停止据此答复；可以重新发布。", color="negative")
        if comment is not None:
            await self._take("withdraw", comment)
            await run.io_bound(self.workshop.follow)

    async def _confirm(self) -> None:
        comment = await comment_for("复核无误", "确认", note="内容仍然正确，到期日按类型顺延。")
        if comment is not None:
            await self._take("confirm", comment)

    async def _plan(self) -> None:
        at = await day_and_time("审核通过，到时间自动发布", "定时发布")
        if at is not None:
            moment = datetime.fromisoformat(at).replace(tzinfo=CHINA)
            await self._take("plan", moment)

    async def _take(self, step: str, given: Any = "") -> None:
        workshop, request, number = self.workshop, self.request, self.entry_id or 0
        reviewing = partial(editing, request, "knowledge.review")
        steps = {
            "send_back": lambda: workshop.store.send_back(number, reviewing(), given),
            "withdraw": lambda: workshop.store.withdraw(number, reviewing(), given),
            "confirm": lambda: workshop.reviews.confirm(number, editing(request), given) or True,  # type: ignore[func-returns-value]
            "plan": lambda: workshop.schedule.plan(number, given, reviewing()),
            "unschedule": lambda: workshop.schedule.cancel(number, reviewing()),
        }
        if self.form.changes() and not await sure("有没有保存的修改，先不保存，继续？", "继续", "primary"):
            return
        if await attempt(steps[step]) is not None:
            self._reload()

    def _open(self, record: EntryRecord) -> None:
        ui.navigate.to(f"/knowledge/{record.entry_id}")

    def _reload(self) -> None:
        ui.navigate.to(f"/knowledge/{self.entry_id}")
