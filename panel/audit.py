"""操作记录: who did what."""

import json
from datetime import datetime, time, timedelta
from typing import Any

from fastapi import Request
from nicegui import run, ui

from conversations.clock import CHINA
from panel.access import panel_page
from panel.context import PanelContext
from panel.frame import page_frame
from panel.times import shown
from staff.audit import AuditFilter
from staff.roles import ROLE_NAMES

PAGE = 50
ACTIONS = {
    "login": "登录",
    "login.refused": "登录被拒绝",
    "logout": "退出登录",
    "staff.add": "新建账号",
    "staff.role": "调整角色",
    "staff.profile": "修改姓名、部门",
    "staff.password": "设置密码",
    "staff.deactivate": "停用账号",
    "staff.reactivate": "启用账号",
    "token.add": "新建令牌",
    "token.revoke": "作废令牌",
    "ticket.create": "登记工单",
    "ticket.accept": "受理工单",
    "ticket.assign": "分派工单",
    "ticket.progress": "登记工单进展",
    "ticket.answer": "答复工单",
    "ticket.return": "退回工单",
    "ticket.contact": "查看工单联系方式",
    "rectification.assign": "交办整改",
    "rectification.rectify": "登记整改",
    "rectification.call": "登记回访",
}
KINDS = {"staff": "账号", "token": "令牌", "ticket": "工单", "conversation": "会话", "entry": "条目"}
COLUMNS = [
    {"name": name, "label": label, "field": name, "align": "left"}
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
                    {"": "全部操作", **{name: ACTIONS.get(name, name) for name in actions}}, value="", label="做了什么"
                )
                thing = ui.input("对象编号").props("clearable")
                since = ui.input("从").props("type=date stack-label")
                until = ui.input("到").props("type=date stack-label")
                ui.button("查找", icon="search", on_click=lambda: turn(0))
            table = (
                ui.table(columns=COLUMNS, rows=[], row_key="id").classes("panel-table").props("dense hide-pagination wrap-cells")
            )
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
                found = await run.io_bound(log.page, wanted, offset=page * PAGE, limit=PAGE)
                total, lines = found or (0, [])
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
        "action": ACTIONS.get(line["action"], line["action"]),
        "object": f"{KINDS.get(line['object_kind'], line['object_kind'])} {line['object_id']}",
        "detail": _detail(line["detail"]),
        "address": line["address"],
    }


def _detail(detail: dict[str, Any]) -> str:
    return "；".join(
        f"{key}：{value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for key, value in detail.items()
        if value
    )


def _start(day: str | None, later: int = 0) -> datetime | None:
    if not day:
        return None
    return datetime.combine(datetime.fromisoformat(day).date() + timedelta(days=later), time(), CHINA)
