"""A member's own password."""

from nicegui import run, ui

from errors import WenzhengError
from panel.access import context_of, member_of


def change_password() -> None:
    """Ask for the present and the new password; every login of the member ends."""
    request = ui.context.client.request
    accounts = context_of(request).accounts
    member = member_of(request)

    async def save() -> None:
        if new.value != again.value:
            problem.set_text("两次输入的新密码不一样。")
            return
        try:
            await run.io_bound(accounts.authenticate, member.name, now.value, member.address)
            await run.io_bound(accounts.set_password, member.name, new.value, member)
        except WenzhengError as exc:
            problem.set_text(exc.problem + exc.fix)
            return
        ui.navigate.to("/login?reason=changed")

    with ui.dialog(value=True) as dialog, ui.card().classes("panel-form"):
        dialog.on("hide", dialog.delete)
        ui.label("修改密码").classes("panel-subtitle")
        now = ui.input("现在的密码", password=True).props("autocomplete=current-password autofocus")
        new = ui.input("新密码（至少 10 个字符）", password=True).props("autocomplete=new-password")
        again = ui.input("再输入一次新密码", password=True).props("autocomplete=new-password").on("keydown.enter", save)
        problem = ui.label().classes("panel-bad")
        ui.label("修改后各处的登录都会失效。").classes("panel-faint")
        with ui.row().classes("w-full justify-end"):
            ui.button("取消", on_click=dialog.close).props("flat")
            ui.button("修改", on_click=save)
