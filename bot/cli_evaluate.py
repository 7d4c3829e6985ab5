"""`wenzheng evaluate`, `bench`, `reindex`: measuring and re-embedding, without a server."""

import time
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from answering.preparation import prepare_encoder
from answering.searcher_factory import build_searcher
from bot import cli_quality, evaluation_report
from bot.quality.golden import FOLDER as GOLDEN_FOLDER
from bot.quality.intents import QUESTIONS as INTENT_MESSAGES
from bot.quality.scope import QUESTIONS as SCOPE_QUESTIONS
from knowledge_base.vectors import VectorStore, VectorWriter
from retrieval.bundle import Bundle
from retrieval.encoder import OnnxEncoder
from retrieval.errors import EvaluationFileError
from retrieval.evaluation import Outcome, intervals, read_questions, run
from retrieval.pairs import Pair, passage_count, private_documents, questions_of, read_pairs, unseen
from retrieval.parallel_encoder import ParallelEncoder
from retrieval.ranking import KNOWN_TEXTS
from retrieval.searcher import Searcher
from serving.runs import RunStore
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
    run_folder: Annotated[
        Path | None,
        typer.Option(
            "--run", help="用一次训练的结果来测：编号或 `wenzheng train` 写出的文件夹；不给则用现用的，--pairs 用随程序带的"
        ),
    ] = None,
    more_replies: Annotated[Path | None, typer.Option(help="与 --pairs 一起用：这份来信的回复也放进索引，只作干扰")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="结果文件夹")] = None,
    intents: Annotated[bool, typer.Option("--intents", help="意图：在测试集上，用实际的 Rasa 模型")] = False,
    intents_file: Annotated[Path | None, typer.Option(help="意图的测试集（JSONL）：text、intent")] = None,
    cross_validation: Annotated[bool, typer.Option("--cross-validation", help="意图：对训练语料做交叉验证（约五分钟）")] = False,
    golden: Annotated[bool, typer.Option("--golden", help="标准对话的通过率，用示例知识")] = False,
    scope: Annotated[bool, typer.Option("--scope", help="拒答与作答：用本实例知识库的副本")] = False,
    scope_file: Annotated[Path | None, typer.Option(help="拒答与作答的问题（JSONL）：question、gold、style")] = None,
    every: Annotated[int, typer.Option(min=1, help="大的问题文件每隔几题问一题")] = 1,
) -> None:
    """测量：给出问题文件测检索；不给任何参数则测全部质量指标（意图、标准对话、拒答与作答）。"""
    settings = load_settings()
    source = pairs if file is None else file
    wants: dict[str, Any] = {
        "intents_file": intents_file or (INTENT_MESSAGES if intents else None),
        "cross_validation": cross_validation,
        "golden_folder": GOLDEN_FOLDER if golden else None,
        "scope_file": scope_file or (SCOPE_QUESTIONS if scope else None),
    }
    if source is None:
        cli_quality.measure(settings, out, every=every, **(wants if any(wants.values()) else cli_quality.EVERYTHING))
        return
    if any(wants.values()) or (file is not None and pairs is not None):
        raise typer.BadParameter("检索的问题文件、--pairs 和质量指标的选项，一次只能用一种。")
    folder = out or settings.root / "evaluations" / f"{datetime.now():%Y%m%d-%H%M%S}-{source.stem}"
    started = time.monotonic()
    bundle = _bundle(settings, run_folder) if run_folder else None
    searcher, parts = _pairs(settings, source, bundle, more_replies) if pairs else _store(settings, source, bundle)
    facts = {
        "file": source.name, "entries": searcher.size, "revision": searcher.revision, "models": searcher.model_ids,
        "run": run_folder.name if run_folder else None, "intervals": {name: intervals(o) for name, o in parts.items()},
        "threshold": searcher.threshold, "seconds": round(time.monotonic() - started, 1), "date": f"{date.today()}",
    }  # fmt: skip
    title = f"{source.name}，{searcher.size} 个条目"
    result = evaluation_report.save(folder, title, parts, facts)
    measured = [(key, label) for key, label in COLUMNS if any(row[key] is not None for row in result["metrics"].values())]
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("类型", "题数", *(label for _, label in measured)):
        table.add_column(name, justify="left" if name == "类型" else "right", no_wrap=True)
    for name, row in result["metrics"].items():
        table.add_row(name, str(row["questions"]), *("—" if row[key] is None else f"{row[key]:.3f}" for key, _ in measured))
    console.print(table)
    for name, bounds in result["intervals"].items():
        shown = "，".join(f"{figure} {low:.3f}–{high:.3f}" for figure, (low, high) in bounds.items())
        if shown:
            console.print(f"{name} 的 95% 置信区间（对问题自助抽样）：{shown}")
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


def _bundle(settings: Settings, run: Path) -> Bundle:
    """Of a run's folder, or of a run of this instance by its id. Raises: UnknownRunError, BundleError."""
    bundle = Bundle.read(run / "bundle") if run.is_dir() else RunStore(settings.root).get(f"{run}").bundle()
    bundle.check()
    return bundle


def _store(settings: Settings, file: Path, bundle: Bundle | None) -> tuple[Searcher, dict[str, Sequence[Outcome]]]:
    from bot.services import build_services

    questions = read_questions(file)
    with _progress() as progress:
        services = build_services(settings, report=lambda step: progress.console.print(step))
        task = progress.add_task("载入索引", total=services.entries.count(state="live"))
        services.index.on_progress(lambda done: progress.update(task, completed=done))
        services.index.load()
        searcher = services.index.searcher
        if bundle:
            encoder = OnnxEncoder(bundle.encoder_folder or prepare_encoder(settings))
            if encoder.hash != services.encoder.hash:
                progress.console.print("用这次训练的编码器计算向量")
                writer = VectorWriter(VectorStore(services.database), encoder)
                searcher = services.index.standby(build_searcher(settings, encoder), writer).searcher
            searcher.use(bundle.ranking(encoder.hash))
        names = {
            entry_id: record.content.external_id or str(entry_id)
            for entry_id, record in services.entries.published(searcher.document_ids()).items()
        }
        task = progress.add_task("提问", total=len(questions))
        outcomes = run(searcher, questions, lambda ids: {i: names[i] for i in ids}, progress=lambda: progress.advance(task))
    services.stop()
    return searcher, {"全部": outcomes}


def _pairs(
    settings: Settings, file: Path, bundle: Bundle | None, more: Path | None
) -> tuple[Searcher, dict[str, Sequence[Outcome]]]:
    pairs, others = read_pairs(file), read_pairs(more) if more else []
    with _progress() as progress:
        folder = bundle.encoder_folder if bundle else None
        folder = folder or prepare_encoder(settings, lambda step: progress.console.print(step))
        encoder = OnnxEncoder(folder)
        if bundle:
            pairs = _without_trained(pairs, bundle, progress)
        indexed = [*pairs, *others]
        task = progress.add_task("编码回复", total=passage_count(indexed))
        documents, keys = private_documents(indexed, ParallelEncoder(folder), lambda done: progress.advance(task, done))
        searcher = build_searcher(settings, encoder)
        if bundle:
            searcher.use(bundle.ranking(encoder.hash))
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


def _without_trained(pairs: list[Pair], bundle: Bundle, progress: Progress) -> list[Pair]:
    """Without the letters that the run was trained on. Raises: EvaluationFileError when none is left."""
    known = bundle.folder.parent / "data" / KNOWN_TEXTS
    left = unseen(pairs, set(known.read_text(encoding="utf-8").split())) if known.is_file() else pairs
    if len(left) < len(pairs):
        progress.console.print(f"去掉 {len(pairs) - len(left)} 行：文字在训练数据里出现过。剩 {len(left)} 行。")
    if not left:
        raise EvaluationFileError("所有行都在训练数据里出现过。", fix="换一个没有用于训练的文件。")
    return left


def _progress() -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console)
