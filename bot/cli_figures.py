"""`wenzheng figures`: the figures of the panel's page and of `/api/figures`, for people and for programs."""

import json
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from settings import load_settings

app = typer.Typer()
console = Console(highlight=False)


@app.command("figures")
def figures(
    since: Annotated[
        datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="第一天（含），例如 2026-01-01；默认最近三十天")
    ] = None,
    until: Annotated[datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="最后一天（含）")] = None,
    channel: Annotated[str | None, typer.Option("--channel", help="只看一个渠道，例如 wechat")] = None,
    department: Annotated[str | None, typer.Option("--department", help="只看一个部门")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON，与 /api/figures 相同")] = False,
) -> None:
    """各项统计指标，与面板“统计”页相同。"""
    from database.engine import Database
    from database.migrate import migrate
    from insights.figures import Figures

    settings = load_settings()
    settings.root.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    try:
        migrate(database)
        counted = Figures(database)
        wanted = counted.wanted(since.date() if since else None, until.date() if until else None, channel, department)
        found = counted.overview(wanted)
    finally:
        database.dispose()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    table = Table(title=f"{found['since']} 至 {found['until']}")
    table.add_column("指标")
    table.add_column("数值", justify="right")
    table.add_column("怎么算", overflow="fold")
    for line in found["figures"]:
        value = "—" if line["value"] is None else f"{line['value']:,g} {line['unit']}"
        table.add_row(line["name"], value, line["definition"])
    console.print(table)
    if found["departments"]:
        table = Table(title="各部门工单")
        for name in ("部门", "工单", "按时答复率", "超期"):
            table.add_column(name, justify="left" if name == "部门" else "right")
        for row in found["departments"]:
            rate = "—" if row["on_time_rate"] is None else f"{row['on_time_rate']:g}%"
            table.add_row(row["department"], str(row["tickets"]), rate, str(row["overdue"]))
        console.print(table)
