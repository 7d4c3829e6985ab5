"""The part of `wenzheng evaluate` that measures the whole assistant: intents, golden conversations, refusing."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bot.quality import golden, intents, parts, report, scope
from bot.quality.report import Part
from bot.quality.trial import TrialInstance, trial
from settings import Settings

console = Console(soft_wrap=True)
EVERYTHING: dict[str, Any] = {
    "intents_file": intents.QUESTIONS, "cross_validation": True, "golden_folder": golden.FOLDER, "scope_file": scope.QUESTIONS,
}  # fmt: skip


def measure(
    settings: Settings, out: Path | None, *, intents_file: Path | None = None, cross_validation: bool = False,
    golden_folder: Path | None = None, scope_file: Path | None = None, every: int = 1,
) -> bool:  # fmt: skip
    """Measure what is given, print one table, save JSON and report; returns whether every aim is met.

    Intents and golden conversations run on an instance of their own with the sample knowledge, the scope questions on one with
    a copy of this instance's knowledge; both go afterwards.
    """
    done: list[Part] = []
    names: list[str] = []
    with _progress() as progress:
        if cross_validation:
            task = progress.add_task("意图：交叉验证", total=intents.FOLDS)
            guesses = intents.by_cross_validation(settings, lambda: progress.advance(task))
            done.append(parts.intents_part(guesses, "intents_cross_validation", f"{intents.FOLDS} 折交叉验证"))
            names.append("cross-validation")
        if intents_file or golden_folder:
            messages = intents.read_messages(intents_file) if intents_file else []
            conversations = golden.read_conversations(golden_folder) if golden_folder else []
            with _started(progress) as instance:
                if messages:
                    task = progress.add_task("意图：测试集", total=len(messages))
                    guesses = intents.on_messages(instance, messages, lambda: progress.advance(task))
                    done.append(parts.intents_part(guesses, "intents_test", "测试集"))
                    names.append("intents")
                if conversations:
                    task = progress.add_task("标准对话", total=len(conversations))
                    results = []
                    for conversation in conversations:
                        results += golden.play(conversation, instance.chat)
                        progress.advance(task)
                    done.append(parts.golden_part(results))
                    names.append("golden")
        if scope_file:
            with _started(progress, settings) as instance:
                task = progress.add_task("拒答与作答", total=None)
                replies, left_out = scope.ask_all(
                    instance, scope_file, lambda total: progress.update(task, total=total), lambda: progress.advance(task), every
                )
                done.append(parts.scope_part(replies, left_out))
                names.append("scope")
    folder = out or settings.root / "evaluations" / f"{datetime.now():%Y%m%d-%H%M%S}-{'-'.join(names) or 'quality'}"
    facts = {
        "date": f"{date.today()}",
        "intents_file": intents_file and intents_file.name,
        "scope_file": scope_file and scope_file.name,
    }
    report.save(folder, done, facts)
    _print(done, folder)
    return all(figure.met is not False for part in done for figure in part.figures)


def _print(done: list[Part], folder: Path) -> None:
    for part in done:
        for section in part.sections:
            if section.columns[0] == "类型":
                table = Table(*section.columns, title=section.title)
                for row in section.rows:
                    table.add_row(*map(str, row))
                console.print(table)
    table = Table("指标", "数值（条数）", "目标", "", title="质量测评")
    for figure in (figure for part in done for figure in part.figures):
        table.add_row(figure.name, figure.shown, figure.aim_shown, {True: "达到", False: "未达到", None: ""}[figure.met])
    console.print(table)
    console.print(f"结果已保存到 {folder}（result.json、report.html）")


@contextmanager
def _started(progress: Progress, copy_of: Settings | None = None) -> Iterator[TrialInstance]:
    task = progress.add_task("启动测评用的实例", total=1)
    with trial(copy_of=copy_of) as instance:
        progress.advance(task)
        yield instance


def _progress() -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console)
