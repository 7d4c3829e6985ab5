"""`wenzheng backup` and `wenzheng restore`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from database.backup import backup
from database.engine import Database
from database.restore import restore
from settings import load_settings

app = typer.Typer(no_args_is_help=True)
console = Console()


@app.command("backup")
def backup_(
    file: Annotated[Path, typer.Argument(help="备份文件，例如 wenzheng-20250101.zip")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="覆盖已有的备份文件")] = False,
) -> None:
    """备份整个数据库；服务可照常运行。"""
    database = Database(load_settings().database_url)
    try:
        report = backup(database, file, overwrite=overwrite)
    finally:
        database.dispose()
    console.print(f"已备份到 {report.file}（{report.size / 1e6:.1f} MB，{sum(report.tables.values())} 行）。")


@app.command("restore")
def restore_(
    file: Annotated[Path, typer.Argument(help="`wenzheng backup` 生成的文件")],
    force: Annotated[bool, typer.Option("--force", help="覆盖数据库里已有的数据")] = False,
) -> None:
    """把备份恢复到空的数据目录或数据库；先停止使用该数据库的服务。"""
    settings = load_settings()
    settings.root.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    try:
        report = restore(database, file, force=force)
    finally:
        database.dispose()
    console.print(f"已恢复 {report.created_at[:19]}（UTC）的备份：{sum(report.tables.values())} 行。重新启动服务即可使用。")
