"""`wenzheng evaluate`, `bench`, `reindex`: measuring and re-embedding, without a server."""

import time
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from answering.preparation import prepare_encoder
from answering.searcher_factory import build_searcher
from bot import evaluation_report
from retrieval.encoder import OnnxEncoder
from retrieval.evaluation import Outcome, read_questions, run
from retrieval.pairs import private_documents, questions_of, read_pairs
from retrieval.searcher import Searcher
from settings import Settings, load_settings

console = Console()
COLUMNS = (
    ("recall@1", "R@1"),
    ("recall@3", "R@3"),
    ("recall@10", "R@10"),
    ("mrr", "MRR"),
    ("coverage", "覆盖率"),
    ("accuracy", "正确率"),
    ("declined", "应拒而拒"),
    ("offered", "有所提供"),
    ("refused", "全无提供"),
)


def evaluate(
    file: Annotated[Path | None, typer.Argument(help="问题文件（JSONL）：question、gold、style")] = None,
    pairs: Annotated[
        Path | None, typer.Option("--pairs", help="来信与回复（JSONL）：subject、message、reply；只在回复文本上检索")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="结果文件夹")] = None,
) -> None:
    """测量检索效果：命中率、MRR、覆盖率、正确率，并保存结果和图表。"""
    source = pairs if file is None else file
    if source is None or (file is not None and pairs is not None):
        raise typer.BadParameter("请给出一个问题文件，或用 --pairs 给出来信回复文件（二者选一）。")
    settings = load_settings()
    folder = out or settings.root / "evaluations" / f"{datetime.now():%Y%m%d-%H%M%S}-{source.stem}"
    started = time.monotonic()
    searcher, parts = _pairs(settings, source) if pairs else _store(settings, source)
    facts = {
        "file": source.name, "entries": searcher.size, "revision": searcher.revision, "models": searcher.model_ids,
        "threshold": searcher.threshold, "seconds": round(time.monotonic() - started, 1), "date": f"{date.today()}",
    }  # fmt: skip
    title = f"{source.name}，{searcher.size} 个条目"
    result = evaluation_report.save(folder, title, parts, facts)
    table = Table(title=title)
    for name in ("类型", "题数", *(label for _, label in COLUMNS)):
        table.add_column(name, justify="left" if name == "类型" else "right")
    for name, row in result["metrics"].items():
        table.add_row(name, str(row["questions"]), *("—" if row[key] is None else f"{row[key]:.3f}" for key, _ in COLUMNS))
    console.print(table)
    console.print(f"判定阈值 {searcher.threshold:.3f}；结果已保存到 {folder}（result.json、report.html）")


def reindex() -> None:
    """用当前编码器为全部已发布条目补齐向量，并清理旧编码器的向量。"""
    from bot.services import build_services

    with _progress() as progress:
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
    with _progress() as progress:
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


def _store(settings: Settings, file: Path) -> tuple[Searcher, dict[str, Sequence[Outcome]]]:
    from bot.services import build_services

    questions = read_questions(file)
    with _progress() as progress:
        services = build_services(settings, report=lambda step: progress.console.print(step))
        task = progress.add_task("载入索引", total=services.entries.count(state="live"))
        services.index.on_progress(lambda done: progress.update(task, completed=done))
        services.index.load()
        names = {
            entry_id: record.content.external_id or str(entry_id)
            for entry_id, record in services.entries.published(services.searcher.document_ids()).items()
        }
        task = progress.add_task("提问", total=len(questions))
        outcomes = run(
            services.searcher, questions, lambda ids: {i: names[i] for i in ids}, progress=lambda: progress.advance(task)
        )
    services.stop()
    return services.searcher, {"全部": outcomes}


def _pairs(settings: Settings, file: Path) -> tuple[Searcher, dict[str, Sequence[Outcome]]]:
    pairs = read_pairs(file)
    with _progress() as progress:
        encoder = OnnxEncoder(prepare_encoder(settings, lambda step: progress.console.print(step)))
        task = progress.add_task("编码回复", total=None)
        documents, keys = private_documents(pairs, encoder, lambda done: progress.advance(task, done))
        searcher = build_searcher(settings, encoder)
        searcher.apply(documents, (), 1)
        parts: dict[str, Sequence[Outcome]] = {}
        for part in ("subject", "message"):
            questions = list(questions_of(pairs, part))
            task = progress.add_task(f"{part}→reply", total=len(questions))
            if questions:
                parts[f"{part}→reply"] = run(
                    searcher,
                    questions,
                    lambda ids: {i: keys[i] for i in ids},
                    progress=lambda task=task: progress.advance(task),  # type: ignore[misc]
                )
    return searcher, parts


def _progress() -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console)
