"""`wenzheng runs`, `promote`, `rollback`: which trained run is served."""

import getpass
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot.training_access import Access, open_access
from settings import load_settings
from staff.members import Member

app = typer.Typer()
console = Console(highlight=False, soft_wrap=True)
STATES = {"unfinished": "未完成", "trained": "未评测", "passed": "通过评测", "refused": "未通过"}
KINDS = {"light": "轻量", "full": "完整", "pairs": "来信对"}
SETTLE_S = 120.0


@app.command()
def runs() -> None:
    """列出历次训练：编号、时间、评测结果、首位命中，以及现在用的是哪一次。"""
    with open_access(load_settings()) as access:
        state = access.promotions.state()
        table = Table(title=f"现用：{state['run_id'] or '程序自带的模型'}（第 {state['generation']} 次上线）")
        for name in ("编号", "时间", "类型", "评测", "首位命中", "现用"):
            table.add_column(name)
        for run in access.runs.all():
            primary = "—" if run.primary is None else f"{run.primary:.3f}"
            mark = "是" if run.run_id == state["run_id"] else "上一个" if run.run_id == state["predecessor"] else ""
            table.add_row(run.run_id, run.created[:16], KINDS.get(run.kind, run.kind), STATES[run.state], primary, mark)
        console.print(table)


@app.command()
def promote(
    run_id: Annotated[str, typer.Argument(help="训练编号，见 `wenzheng runs`")],
    force: Annotated[bool, typer.Option("--force", help="不按评测结果，强制上线")] = False,
    reason: Annotated[str, typer.Option("--reason", help="理由；强制上线必填，记入审计")] = "",
) -> None:
    """上线一次训练的结果：对话模型、检索适配、阈值一起换，不中断服务。"""
    with open_access(load_settings()) as access:
        served = access.promotions.promote(run_id, _me(), reason, force=force)
        console.print(f"已定为现用：{served.run_id}（第 {served.generation} 次上线）。")
        _wait(access)


@app.command()
def rollback(reason: Annotated[str, typer.Option("--reason", help="理由，记入审计")] = "") -> None:
    """退回到上一个模型，不中断服务。"""
    with open_access(load_settings()) as access:
        served = access.promotions.rollback(_me(), reason)
        console.print(f"已退回：{served.run_id or '程序自带的模型'}（第 {served.generation} 次上线）。")
        _wait(access)


def _me() -> Member:
    """Whoever may run commands on the server may do everything."""
    name = f"命令行 {getpass.getuser()}"
    return Member(name, name, "admin")


def _wait(access: Access) -> None:
    """Until the serving processes answer by it; with none running there is nothing to wait for."""
    workers = access.promotions.pointer.workers()
    if not workers:
        console.print("没有正在运行的服务；下次启动即生效。")
        return
    deadline = time.monotonic() + SETTLE_S
    while not access.promotions.settled():
        if time.monotonic() > deadline:
            troubles = "；".join(w.trouble for w in access.promotions.pointer.workers() if w.trouble)
            console.print(f"有进程还没有跟上，仍用原来的模型回答。{troubles}")
            raise typer.Exit(1)
        time.sleep(0.2)
    console.print(f"{len(workers)} 个服务进程都已换上。")
