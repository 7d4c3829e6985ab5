"""The versions of an entry, compared with one another, and its audit trail."""

from collections.abc import Callable
from typing import Any

from nicegui import run, ui

from bot.workshop import Workshop
from knowledge_base.history import VersionInfo
from knowledge_base.workflow import Actor
from panel.audit_wording import ENTRY_ACTIONS
from panel.dialogs import sure
from panel.knowledge.asking import attempt
from panel.knowledge.differences import draw_changes
from panel.knowledge.words import Names, tag
from panel.times import shown
from staff.roles import ROLE_NAMES

ROLES = {**ROLE_NAMES, "importer": "导入", "system": "系统"}


class Versions:
    """Draws the list of versions and the comparison of the chosen one.

    Args:
        actor: asks who restores a version; None for who may only read.
        restored: called after a version was taken up again.
    """

    def __init__(
        self, workshop: Workshop, name_of: Names, entry_id: int, actor: Callable[[], Actor] | None, restored: Callable[[], Any]
    ) -> None:
        self._workshop, self._name_of, self._entry_id = workshop, name_of, entry_id
        self._actor, self._restored = actor, restored

    async def build(self) -> None:
        self._versions: list[VersionInfo] = await run.io_bound(self._workshop.history.versions, self._entry_id) or []
        names = {0: "（空白）"} | {v.version: f"第 {v.version} 版" for v in self._versions}
        newest = self._versions[0].version
        with ui.element("div").classes("kb-columns"):
            with ui.element("div").classes("kb-list"):
                for version in self._versions:
                    self._item(version)
            with ui.column().classes("panel-card"):
                with ui.row().classes("panel-bar"):
                    self._before = ui.select(names, value=max(newest - 1, 0), label="从", on_change=self._draw).classes("kb-w1")
                    self._after = ui.select(
                        {k: v for k, v in names.items() if k}, value=newest, label="到", on_change=self._draw
                    ).classes("kb-w1")
                    ui.space()
                    if self._actor is not None:
                        self._again = ui.button("恢复这一版", icon="restore", on_click=self._restore).props("outline")
                self._changes = ui.column().classes("w-full gap-0")
        await self._draw()

    def _item(self, version: VersionInfo) -> None:
        with ui.element("button").classes("kb-item").on("click", lambda: self._pick(version.version)):
            with ui.row().classes("gap-1 items-center"):
                ui.label(f"第 {version.version} 版")
                if version.live:
                    tag("在用", "good")
                elif version.newest:
                    tag("最新")
            ui.label(f"{shown(version.created_at)}　{self._name_of(version.author)}").classes("panel-faint")
            if version.published_at:
                ui.label(f"{shown(version.published_at)} 由 {self._name_of(version.reviewer)} 发布").classes("panel-faint")

    def _pick(self, number: int) -> None:
        self._before.set_value(max(number - 1, 0))
        self._after.set_value(number)

    async def _draw(self) -> None:
        changes = await attempt(lambda: self._workshop.history.compare(self._entry_id, self._before.value, self._after.value))
        if self._actor is not None:
            self._again.set_visibility(self._after.value != self._versions[0].version)
            self._again.set_text(f"恢复第 {self._after.value} 版")
        self._changes.clear()
        with self._changes:
            draw_changes(changes or [])

    async def _restore(self) -> None:
        number, actor = self._after.value, self._actor
        if actor is None or not await sure(
            f"以第 {number} 版的内容另起一个草稿？现在的各版都会保留，发布前市民看到的不变。", "恢复为草稿", "primary"
        ):
            return
        if await attempt(lambda: self._workshop.history.restore(self._entry_id, number, actor())) is not None:
            self._restored()


async def draw_audit(workshop: Workshop, name_of: Names, entry_id: int) -> None:
    """Everything done to an entry, newest first."""
    trail = await run.io_bound(workshop.store.audit_trail, entry_id) or []
    columns = [
        {"name": name, "label": label, "field": name, "align": "left"}
        for name, label in (("at", "时间"), ("actor", "谁"), ("action", "做了什么"), ("versions", "版本"), ("comment", "说明"))
    ]
    rows = [
        {
            "id": number, "at": shown(row.at), "actor": f"{name_of(row.actor.name)}（{ROLES.get(row.actor.role, row.actor.role)}）",
            "action": ENTRY_ACTIONS.get(row.action, row.action),
            "versions": " → ".join(str(v) for v in (row.version_before, row.version_after) if v is not None), "comment": row.comment,
        }
        for number, row in enumerate(reversed(trail))
    ]  # fmt: skip
    ui.table(columns=columns, rows=rows, row_key="id").classes("panel-table").props(
        "dense hide-pagination wrap-cells :rows-per-page-options=[0]"
    )
