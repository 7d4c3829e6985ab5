"""人员: accounts and API tokens."""

from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import Request
from nicegui import run, ui

from panel.access import acting, member_of, panel_page
from panel.context import PanelContext
from panel.dialogs import attempt, sure, tried
from panel.frame import page_frame
from panel.times import shown
from staff import passwords
from staff.accounts import Account, StaffAccounts
from staff.members import Member
from staff.roles import PERMISSION_NAMES, PERMISSIONS, ROLE_NAMES

TOKEN_STATES = {"valid": "有效", "expired": "已过期", "revoked": "已作废"}
COLUMNS = [
    {"name": name, "label": label, "field": name, "align": "left", "sortable": True}
    for name, label in (
        ("display_name", "姓名"), ("name", "登录名"), ("role", "角色"), ("department", "部门"), ("state", "状态"), ("created", "建立"),
    )
]  # fmt: skip
TOKEN_COLUMNS = [
    {"name": name, "label": label, "field": name, "align": "left"}
    for name, label in (
        ("label", "用途"), ("owner", "账号"), ("role", "角色"), ("state", "状态"), ("expires", "到期"), ("used", "最近使用"), ("end", ""),
    )
]  # fmt: skip


def register(context: PanelContext) -> None:
    accounts = context.accounts

    @panel_page(context, "/people", "people")
    async def people(request: Request) -> None:
        member, by = member_of(request), partial(acting, request, "people")
        with page_frame(request, "people", "人员", {"点一行": "打开账号"}):
            with ui.row().classes("panel-bar"):
                find = ui.input(placeholder="按姓名、登录名或部门查找").props("clearable autofocus").classes("w-72")
                ui.space()
                ui.button("各角色的权限", on_click=_roles().open).props("flat")
                ui.button("新建账号", icon="person_add", on_click=lambda: _new(accounts, by, refresh))
            table = ui.table(columns=COLUMNS, rows=[], row_key="name", pagination=20).classes("panel-table").props("dense")
            table.bind_filter_from(find, "value", lambda text: text or "")
            with ui.row().classes("panel-bar"):
                ui.label("接口令牌").classes("panel-subtitle")
                ui.label("程序用令牌以某个账号的名义访问接口。").classes("panel-faint")
                ui.space()
                ui.button("新建令牌", icon="key", on_click=lambda: _new_token(accounts, member, by, refresh)).props("outline")
            tokens = ui.table(columns=TOKEN_COLUMNS, rows=[], row_key="id", pagination=10).classes("panel-table").props("dense")
            tokens.add_slot("no-data", '<div class="panel-empty">还没有令牌。</div>')
            table.add_slot("no-data", '<div class="panel-empty">没有符合的账号。</div>')
            table.add_slot(  # a link, so that the keyboard reaches it
                "body-cell-display_name",
                """<q-td :props="props"><a href="#" class="panel-link" @click.prevent.stop="() => $parent.$emit('open', props.row.name)">
                {{ props.value }}</a></q-td>""",
            )
            tokens.add_slot(
                "body-cell-end",
                """<q-td :props="props"><q-btn v-if="props.row.valid" flat dense no-caps size="sm" color="negative" label="作废"
                @click="() => $parent.$emit('end', props.row)" /></q-td>""",
            )

            async def refresh() -> None:
                def read() -> None:
                    by()
                    table.rows = [_row(account) for account in accounts.listed()]
                    tokens.rows = [_token_row(row) for row in accounts.tokens.listed()]

                await tried(read)

            async def end(event: Any) -> None:
                row = event.args
                question = f"作废令牌“{row['label']}”？用它的程序将立即不能访问。"
                if await sure(question, "作废") and await tried(lambda: accounts.tokens.revoke(row["id"], by())):
                    await refresh()

            tokens.on("end", end)

            async def open_account(name: str) -> None:
                found: list[Account] = []

                def look() -> None:
                    by()
                    found.append(accounts.get(name))

                if await tried(look):
                    (account,) = found
                    await _account(accounts, account, member, by, refresh)

            table.on("row-click", lambda event: open_account(event.args[1]["name"]), [[], ["name"], None])
            table.on("open", lambda event: open_account(event.args))
            await refresh()


def _row(account: Account) -> dict[str, str]:
    member = account.member
    return {
        "name": member.name,
        "display_name": member.display_name,
        "role": ROLE_NAMES[member.role],
        "department": member.department or "",
        "state": "在用" if account.active else "已停用",
        "created": shown(account.created_at)[:10],
    }


def _token_row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "label": row["label"],
        "owner": row["owner"],
        "role": ROLE_NAMES[row["role"]],
        "state": TOKEN_STATES[row["state"]],
        "valid": row["state"] == "valid",
        "expires": shown(row["expires_at"])[:10] or "一直有效",
        "used": shown(row["last_used_at"]) or "从未",
    }


def _new(accounts: StaffAccounts, by: Callable[[], Member], done: Callable[[], Any]) -> None:
    async def save() -> None:
        given = (name.value, password.value, role.value)
        more = {"display_name": display_name.value, "department": department.value}
        if await attempt(problem, lambda: accounts.add(*given, by(), **more)):
            dialog.close()
            ui.notify(f"已新建账号 {name.value}", type="positive")
            await done()

    with ui.dialog(value=True) as dialog, ui.card().classes("panel-form"):
        dialog.on("hide", dialog.delete)
        ui.label("新建账号").classes("panel-subtitle")
        display_name = ui.input("姓名").props("autofocus maxlength=64")
        name = ui.input("登录名").props("maxlength=32 autocomplete=off spellcheck=false")
        role = ui.select(dict(ROLE_NAMES), value="agent", label="角色")
        department = ui.input("部门（可不填）").props("maxlength=64")
        password = _password_field()
        problem = ui.label().classes("panel-bad")
        with ui.row().classes("w-full justify-end"):
            ui.button("取消", on_click=dialog.close).props("flat")
            ui.button("新建", on_click=save)


def _password_field() -> ui.input:
    password = ui.input("初始密码（至少 10 个字符）", password=True, password_toggle_button=True).props(
        "autocomplete=new-password"
    )

    def make() -> None:
        password.value = passwords.generate()
        password.props("type=text")

    with password.add_slot("after"):
        ui.button("生成", on_click=make).props("flat")
    return password


async def _account(
    accounts: StaffAccounts, account: Account, opened_by: Member, by: Callable[[], Member], done: Callable[[], Any]
) -> None:
    member = account.member
    oneself = member.name == opened_by.name
    logins = await run.io_bound(accounts.sessions.listed, member.name) or []

    async def finish(work: Callable[[], Any], said: str) -> None:
        if await attempt(problem, work):
            dialog.close()
            ui.notify(said, type="positive")
            await done()

    async def save() -> None:
        def work() -> None:
            accounts.set_profile(member.name, by(), display_name=display_name.value, department=department.value)
            if role.value != member.role:
                accounts.set_role(member.name, role.value, by())

        await finish(work, "已保存")

    async def reset() -> None:
        await finish(lambda: accounts.set_password(member.name, password.value, by()), f"已重置 {member.display_name} 的密码")

    async def switch() -> None:
        if account.active and not await sure(f"停用 {member.display_name} 的账号？登录和令牌会立即失效。", "停用"):
            return
        change = accounts.deactivate if account.active else accounts.reactivate
        await finish(lambda: change(member.name, by()), "已停用" if account.active else "已启用")

    with ui.dialog(value=True) as dialog, ui.card().classes("panel-form"):
        dialog.on("hide", dialog.delete)
        with ui.row().classes("items-center"):
            ui.label(member.display_name).classes("panel-subtitle")
            ui.label(member.name).classes("panel-muted")
            ui.label("在用" if account.active else "已停用").classes("panel-tag good" if account.active else "panel-tag bad")
        display_name = ui.input("姓名", value=member.display_name).props("maxlength=64")
        department = ui.input("部门", value=member.department or "").props("maxlength=64")
        role = ui.select(dict(ROLE_NAMES), value=member.role, label="角色")
        role.set_enabled(not oneself)
        role.props(f'hint="{"自己的角色请另一位管理员调整" if oneself else "调整后须重新登录"}"')
        with ui.row().classes("w-full justify-end"):
            ui.button("保存", on_click=save)
        ui.separator()
        password = _password_field().props('label="重置密码为"')
        with ui.row().classes("w-full justify-between"):
            if not oneself:
                ui.button("停用账号" if account.active else "重新启用", on_click=switch).props("flat color=negative")
            ui.space()
            ui.button("重置密码", on_click=reset).props("outline")
        problem = ui.label().classes("panel-bad")
        ui.label(f"密码修改于 {shown(account.password_changed_at)}；当前登录 {len(logins)} 处").classes("panel-faint")
        for login in logins[:5]:
            ui.label(f"{login['address']}，最近操作 {shown(login['last_seen_at'])}").classes("panel-faint")


def _new_token(accounts: StaffAccounts, opened_by: Member, by: Callable[[], Member], done: Callable[[], Any]) -> None:
    made: list[Any] = []

    async def save() -> None:
        def work() -> None:
            wished = None if role.value == "same" else role.value
            made.append(
                accounts.tokens.add(owner.value, label.value, by(), role=wished, days=int(days.value) if days.value else None)
            )

        if not label.value.strip():
            problem.set_text("请写明用途。")
        elif await attempt(problem, work):
            form.clear()
            with form:
                ui.label("令牌只显示这一次，请立即复制保存：")
                ui.label(made[0].token).classes("panel-secret")
                with ui.row().classes("w-full justify-end"):
                    ui.button("复制", icon="content_copy", on_click=lambda: ui.clipboard.write(made[0].token)).props("outline")
                    ui.button("完成", on_click=dialog.close)
            await done()

    with ui.dialog(value=True).props("persistent") as dialog, ui.card().classes("panel-form") as form:
        dialog.on("hide", dialog.delete)
        ui.label("新建接口令牌").classes("panel-subtitle")
        label = ui.input("用途，例如“呼叫中心桌面”").props("autofocus maxlength=64")
        owner = ui.input("以谁的名义（登录名）", value=opened_by.name).props("autocomplete=off")
        role = ui.select({"same": "与该账号相同", **ROLE_NAMES}, value="same", label="角色")
        days = ui.number("有效天数（不填则一直有效）", min=1, max=3650, format="%d")
        problem = ui.label().classes("panel-bad")
        with ui.row().classes("w-full justify-end"):
            ui.button("取消", on_click=dialog.close).props("flat")
            ui.button("新建", on_click=save)


def _roles() -> ui.dialog:
    with ui.dialog() as dialog, ui.card().style("max-width: 760px"):
        ui.label("各角色的权限").classes("panel-subtitle")
        columns = [{"name": "what", "label": "", "field": "what", "align": "left"}]
        columns += [{"name": role, "label": name, "field": role, "align": "center"} for role, name in ROLE_NAMES.items()]
        rows = [
            {"what": PERMISSION_NAMES[permission], **{role: "✓" if role in roles else "" for role in ROLE_NAMES}}
            for permission, roles in PERMISSIONS.items()
        ]
        ui.table(columns=columns, rows=rows, row_key="what").classes("panel-table").props("dense hide-pagination")
    return dialog
