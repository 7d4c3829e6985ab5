"""操作记录: who did what."""

from datetime import datetime, time, timedelta
from typing import Any

from fastapi import Request
from nicegui import run, ui

from conversations.clock import CHINA
from panel import audit_wording as wording
from panel.access import acting, panel_page
from panel.context import PanelContext
from panel.dialogs import tried
from panel.frame import page_frame
from panel.times import shown
from staff.audit import AuditFilter
from staff.roles import ROLE_NAMES

PAGE = 50
COLUMNS = [
    {"name": name, "label": label, "field": name, "align": "left", "classes": "whitespace-nowrap" if name in {"at", "role"} else ""}
    for name, label in (
        ("at", "时间"), ("actor", "谁"), ("role", "角色"), ("action", "做了什么"), ("object", "对象"), ("detail", "内容"), ("address", "来自"),
    )
]  # fmt: skip


def register(context: PanelContext) -> None:
    log = context.audit_log

    @panel_page(context, "/audit", "people")
    async def audit(request: Request) -> None:
        state = {"page": 0}
        with page_frame(request, "audit", "操作记录"):
            actions = await run.io_bound(log.actions) or []
            with ui.row().classes("panel-bar"):
                actor = ui.input("谁（登录名）").props("clearable")
                action = ui.select(
                    {"": "全部操作", **{name: wording.action(name) for name in actions}}, value="", label="做了什么"
                )
                thing = ui.input("对象编号").props("clearable")
                since = ui.input("从").props("type=date stack-label")
                until = ui.input("到").props("type=date stack-label")
                ui.button("查找", icon="search", on_click=lambda: turn(0))
            table = (
                ui.table(columns=COLUMNS, rows=[], row_key="id").classes("panel-table").props("dense hide-pagination wrap-cells")
            )
            table.add_slot("no-data", '<div class="panel-empty">没有符合的记录。</div>')
            with ui.row().classes("panel-bar"):
                counted = ui.label().classes("panel-faint")
                ui.space()
                back = ui.button("上一页", on_click=lambda: turn(state["page"] - 1)).props("flat")
                on = ui.button("下一页", on_click=lambda: turn(state["page"] + 1)).props("flat")

            async def turn(page: int) -> None:
                wanted = AuditFilter(
                    actor=(actor.value or "").strip().casefold() or None, action=action.value or None,
                    object_id=(thing.value or "").strip() or None, since=_start(since.value), until=_start(until.value, 1),
                )  # fmt: skip
                read: list[tuple[int, list[dict[str, Any]]]] = []

                def look() -> None:
                    acting(request, "people")
                    read.append(log.page(wanted, offset=page * PAGE, limit=PAGE))

                if not await tried(look):
                    return
                ((total, lines),) = read
                state["page"] = page
                table.rows = [_row(line) for line in lines]
                counted.set_text(f"共 {total} 条，第 {page + 1} 页" if total else "没有符合的记录")
                back.set_enabled(page > 0)
                on.set_enabled((page + 1) * PAGE < total)

            for field in (actor, thing):
                field.on("keydown.enter", lambda: turn(0))
            action.on_value_change(lambda: turn(0))
            await turn(0)


def _row(line: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": line["id"],
        "at": shown(line["at"]),
        "actor": line["actor"],
        "role": ROLE_NAMES.get(line["role"], ""),
        "action": wording.action(line["action"]),
        "object": f"{wording.kind(line['object_kind'])} {line['object_id']}",
        "detail": wording.detail(line["detail"]),
        "address": line["address"],
    }


def _start(day: str | None, later: int = 0) -> datetime | None:
    if not day:
        return None
    return datetime.combine(datetime.fromisoformat(day).date() + timedelta(days=later), time(), CHINA)
