"""`wenzheng kb …`: the knowledge base on the command line."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from bot.store_session import open_store
from knowledge_base.content import KIND_NAMES, KINDS
from knowledge_base.entries import EntryStore
from knowledge_base.errors import UnknownEntryError
from knowledge_base.exporters import export
from knowledge_base.feed import ChangeFeed
from knowledge_base.importers.importer import Importer
from knowledge_base.importers.profiles import load_profile
from knowledge_base.importers.report import ImportReport, RowProblem
from knowledge_base.records import EntryRecord
from knowledge_base.sample_knowledge import load_sample, remove_sample
from knowledge_base.workflow import STATE_NAMES, STATES, Actor
from settings import load_settings

app = typer.Typer(help="知识库：导入、导出、发布、撤下。", no_args_is_help=True)
sample_app = typer.Typer(help="随程序提供的示例知识。", no_args_is_help=True)
app.add_typer(sample_app, name="sample")
console = Console()

OPERATOR = Actor("命令行", "admin")
SHOWN_PROBLEMS = 20

Entries = Annotated[list[str], typer.Argument(help="条目编号；不是数字的按外部编号查找", metavar="ID…")]
External = Annotated[bool, typer.Option("--external", "-x", help="所给的都是外部编号（即使是数字）")]
Comment = Annotated[str, typer.Option("--comment", help="记入审计的说明")]


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="JSONL、CSV 或 XLSX 文件")],
    profile: Annotated[
        str, typer.Option("--profile", help="映射名称（entry、gd_service_items、citizen_letters）或映射文件")
    ] = "entry",
    publish: Annotated[bool, typer.Option("--publish", help="导入后直接发布")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="有一行有误就什么都不导入")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="工作人员改过的条目也以文件为准")] = False,
) -> None:
    """导入条目；再次导入同一文件不会重复。"""
    settings, mapping = load_settings(), load_profile(profile)
    with _progress("导入") as (progress, advance), open_store(settings, encoder=publish, report=progress.console.print) as store:
        importer = Importer(store, publish=publish, strict=strict, overwrite=overwrite, progress=advance)
        report = importer.run(file, mapping)
    _show(report, file, settings.root / "imports")
    if report.refused or (report.bad and len(report.bad_rows) == report.rows):
        raise typer.Exit(1)


@app.command("export")
def export_(
    file: Annotated[Path, typer.Argument(help="目标文件，以 .jsonl、.csv 或 .xlsx 结尾")],
    everything: Annotated[bool, typer.Option("--all", help="连同草稿和已撤下的，取最新版本")] = False,
) -> None:
    """导出条目（通用格式，可再导入）；默认只导出已发布的。"""
    with open_store(load_settings(), encoder=False) as store:
        count = export(store, file, "newest" if everything else "live")
    console.print(f"已导出 {count} 个条目到 {file}。")


@app.command("publish")
def publish_(entries: Entries, external: External = False, comment: Comment = "") -> None:
    """发布条目的最新版本（管理员身份，审计中注明）。"""
    with open_store(load_settings(), encoder=True, report=console.print) as store:
        for record in _find(store, entries, external):
            done = store.publish(record.entry_id, OPERATOR, comment)
            console.print(f"已发布：{done.entry_id} {done.content.title}（第 {done.version} 版）")


@app.command("withdraw")
def withdraw_(entries: Entries, external: External = False, comment: Comment = "") -> None:
    """撤下条目：一秒内不再据此回答。"""
    with open_store(load_settings(), encoder=False) as store:
        for record in _find(store, entries, external):
            store.withdraw(record.entry_id, OPERATOR, comment)
            console.print(f"已撤下：{record.entry_id} {record.content.title}")


@app.command("status")
def status() -> None:
    """条目数量：按状态和类型。"""
    with open_store(load_settings(), encoder=False) as store:
        table = Table(title=f"知识库（修订号 {ChangeFeed(store.database).revision()}）")
        for name in ("类型", *(STATE_NAMES[state] for state in STATES), "可回答", "已过期"):
            table.add_column(name, justify="left" if name == "类型" else "right")
        columns = (*STATES, "live", "expired")
        for kind, label in (*KIND_NAMES.items(), (None, "合计")):
            table.add_row(label, *(str(store.count(state=state, kind=kind)) for state in columns), end_section=kind == KINDS[-1])
    console.print(table)


@sample_app.command("load")
def sample_load() -> None:
    """载入并发布示例知识（仅限空的知识库）。"""
    with (
        _progress("载入示例知识") as (progress, advance),
        open_store(load_settings(), encoder=True, report=progress.console.print) as store,
    ):
        reports = load_sample(store, advance)
    console.print(f"示例知识共 {sum(r.rows for r in reports)} 条，本次发布 {sum(r.published for r in reports)} 条。")


@sample_app.command("remove")
def sample_remove() -> None:
    """移除示例知识；审计记录保留。"""
    with _progress("移除示例知识") as (_, advance), open_store(load_settings(), encoder=False) as store:
        count = remove_sample(store, OPERATOR, advance)
    console.print(f"已移除 {count} 条示例知识。")


@contextmanager
def _progress(title: str) -> Iterator[tuple[Progress, Callable[[int, int], None]]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=None)
        yield progress, lambda done, total: progress.update(task, completed=done, total=total)


def _find(store: EntryStore, entries: list[str], external: bool) -> list[EntryRecord]:
    """All of them, before anything is done to the first."""
    found = []
    for name in entries:
        record = store.by_external_id(name) if external or not name.isdecimal() else store.get(int(name))
        if record is None:
            raise UnknownEntryError(name)
        found.append(record)
    return found


def _show(report: ImportReport, file: Path, folder: Path) -> None:
    for title, problems in (("有误", report.bad), ("冲突", report.conflicts)):
        for problem in problems[:SHOWN_PROBLEMS]:
            console.print(f"[{title}] {problem}", markup=False)
        if len(problems) > SHOWN_PROBLEMS:
            console.print(
                f"……另有 {len(problems) - SHOWN_PROBLEMS} 处{title}，全部见 {_save(problems, folder, f'{file.stem}-{title}')}"
            )
    console.print(report.summary())


def _save(problems: list[RowProblem], folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{datetime.now():%Y%m%d-%H%M%S}-{name}.csv"
    with target.open("w", encoding="utf-8-sig", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(("文件", "行", "字段", "原因"))
        writer.writerows((p.file, p.row, p.field, p.reason) for p in problems)
    return target
