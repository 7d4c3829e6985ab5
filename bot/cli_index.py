"""`wenzheng reindex`, `bench`: the index itself, without a server."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from answering.preparation import prepare_encoder
from answering.searcher_factory import build_searcher
from bot.measured_indexes import progress_bars
from retrieval.encoder import OnnxEncoder
from settings import load_settings

console = Console()


def reindex() -> None:
    """用当前编码器为全部已发布条目补齐向量，并清理旧编码器的向量。"""
    from bot.services import build_services

    with progress_bars(console) as progress:
        services = build_services(load_settings(), report=lambda step: progress.console.print(step))
        task = progress.add_task("载入并补齐向量", total=services.entries.count(state="live"))
        services.index.on_progress(lambda done: progress.update(task, completed=done))
        services.index.load()
        removed = services.index.forget_other_encoders()
    console.print(f"索引已与知识库一致：{services.searcher.size} 个条目，清理旧向量 {removed} 条。")
    services.stop()


def bench(
    entries: Annotated[int, typer.Option(help="条目数量")] = 10_000,
    queries: Annotated[int, typer.Option(help="查询次数")] = 300,
) -> None:
    """测量一次查询（含编码）和一次更新的耗时。"""
    from retrieval.benchmark import measure

    settings = load_settings()
    encoder = OnnxEncoder(prepare_encoder(settings))
    with progress_bars(console) as progress:
        task = progress.add_task("准备", total=None)
        figures = measure(
            encoder, build_searcher(settings, encoder), entries, queries, lambda step: progress.update(task, description=step)
        )
    table = Table(title=f"{entries} 个条目、{figures.passages} 个段落，{queries} 次查询")
    for name in ("部分", "p50 毫秒", "p95 毫秒"):
        table.add_column(name, justify="right")
    for name, (p50, p95) in figures.rows.items():
        table.add_row(name, f"{p50:.1f}", f"{p95:.1f}")
    console.print(table)
