"""`wenzheng evaluate`: measuring, without a server."""

import time
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bot import cli_quality, evaluation_report
from bot.measured_indexes import entries_measured, replies_measured
from bot.quality.golden import FOLDER as GOLDEN_FOLDER
from bot.quality.intents import QUESTIONS as INTENT_MESSAGES
from bot.quality.scope import QUESTIONS as SCOPE_QUESTIONS
from retrieval.bundle import Bundle
from retrieval.evaluation import intervals
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
    if pairs:
        searcher, parts = replies_measured(settings, source, bundle, more_replies, console)
    else:
        searcher, parts = entries_measured(settings, source, bundle, console)
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


def _bundle(settings: Settings, run: Path) -> Bundle:
    """Of a run's folder, or of a run of this instance by its id. Raises: UnknownRunError, BundleError."""
    bundle = Bundle.read(run / "bundle") if run.is_dir() else RunStore(settings.root).get(f"{run}").bundle()
    bundle.check()
    return bundle
