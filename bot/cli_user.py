"""`wenzheng user …`: accounts of staff on the command line."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from database.engine import Database
from database.migrate import migrate
from settings import load_settings
from staff import passwords
from staff.accounts import COMMAND_LINE, StaffAccounts
from staff.roles import ROLE_NAMES, ROLES

app = typer.Typer(help="工作人员的账号和接口令牌。", no_args_is_help=True)
token_app = typer.Typer(help="程序访问接口用的令牌。", no_args_is_help=True)
app.add_typer(token_app, name="token")
console = Console(highlight=False, soft_wrap=True)

ROLE_HELP = "角色：" + "、".join(f"{role}（{ROLE_NAMES[role]}）" for role in ROLES)
Name = Annotated[str, typer.Argument(help="登录名")]
Generate = Annotated[bool, typer.Option("--generate", help="生成一个密码并显示一次")]


@app.command("add")
def add(
    name: Name,
    role: Annotated[str, typer.Option("--role", help=ROLE_HELP)],
    display_name: Annotated[str | None, typer.Option("--display-name", help="姓名，显示在面板上")] = None,
    department: Annotated[str | None, typer.Option("--department", help="部门")] = None,
    generate: Generate = False,
) -> None:
    """新建账号；密码在终端输入两次，或从标准输入读一行，或用 --generate 生成。"""
    with _accounts() as accounts:
        password = _password(generate)
        member = accounts.add(name, password, role, COMMAND_LINE, display_name=display_name, department=department)
    console.print(f"已新建账号 {member.name}（{ROLE_NAMES[member.role]}）。在 /panel 登录。", markup=False)
    _show_once(password, generate)


@app.command("list")
def list_() -> None:
    """列出账号。"""
    with _accounts() as accounts:
        table = Table()
        for column in ("登录名", "姓名", "角色", "部门", "状态", "建立"):
            table.add_column(column)
        for account in accounts.listed():
            member = account.member
            table.add_row(
                member.name, member.display_name, ROLE_NAMES[member.role], member.department or "",
                "在用" if account.active else "已停用", f"{account.created_at:%Y-%m-%d}",
            )  # fmt: skip
    console.print(table)


@app.command("password")
def password_(name: Name, generate: Generate = False) -> None:
    """重置密码；该账号须重新登录，输错次数清零。"""
    with _accounts() as accounts:
        accounts.get(name)
        password = _password(generate)
        accounts.set_password(name, password, COMMAND_LINE)
    console.print(f"已重置 {name} 的密码。", markup=False)
    _show_once(password, generate)


@app.command("role")
def role_(name: Name, role: Annotated[str, typer.Argument(help=ROLE_HELP)]) -> None:
    """调整角色；该账号须重新登录。"""
    with _accounts() as accounts:
        accounts.set_role(name, role, COMMAND_LINE)
    console.print(f"{name} 现在是{ROLE_NAMES[role]}。", markup=False)


@app.command("disable")
def disable(name: Name) -> None:
    """停用账号；登录和令牌随之失效。"""
    with _accounts() as accounts:
        accounts.deactivate(name, COMMAND_LINE)
    console.print(f"已停用 {name}。", markup=False)


@app.command("enable")
def enable(name: Name) -> None:
    """重新启用账号。"""
    with _accounts() as accounts:
        accounts.reactivate(name, COMMAND_LINE)
    console.print(f"已启用 {name}。", markup=False)


@token_app.command("add")
def token_add(
    owner: Name,
    label: Annotated[str, typer.Option("--label", help="用途，例如“呼叫中心桌面”")],
    role: Annotated[str | None, typer.Option("--role", help="不超过该账号的角色；不给则相同")] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, max=3650, help="有效天数；不给则一直有效")] = None,
) -> None:
    """新建接口令牌，显示一次。"""
    with _accounts() as accounts:
        made = accounts.tokens.add(owner, label, COMMAND_LINE, role=role, days=days)
    console.print(f"令牌 {made.token_id}（{ROLE_NAMES[made.role]}），只显示这一次：\n{made.token}", markup=False)


@token_app.command("list")
def token_list() -> None:
    """列出接口令牌，不含令牌本身。"""
    states = {"valid": "有效", "expired": "已过期", "revoked": "已作废"}
    with _accounts() as accounts:
        table = Table()
        for column in ("编号", "账号", "用途", "角色", "状态", "最近使用"):
            table.add_column(column)
        for row in accounts.tokens.listed():
            used = (row["last_used_at"] or "")[:16]
            table.add_row(str(row["id"]), row["owner"], row["label"], ROLE_NAMES[row["role"]], states[row["state"]], used)
    console.print(table)


@token_app.command("revoke")
def token_revoke(token_id: Annotated[int, typer.Argument(help="令牌编号")]) -> None:
    """作废接口令牌。"""
    with _accounts() as accounts:
        accounts.tokens.revoke(token_id, COMMAND_LINE)
    console.print(f"已作废令牌 {token_id}。")


@contextmanager
def _accounts() -> Iterator[StaffAccounts]:
    settings = load_settings()
    settings.root.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    try:
        migrate(database)
        yield StaffAccounts(database)
    finally:
        database.dispose()


def _password(generate: bool) -> str:
    if generate:
        return passwords.generate()
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt("密码（至少 10 个字符）", hide_input=True, confirmation_prompt="再输入一次"))


def _show_once(password: str, generate: bool) -> None:
    if generate:
        console.print(f"密码只显示这一次：{password}", markup=False)
