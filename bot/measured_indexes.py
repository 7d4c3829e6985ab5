"""What `wenzheng evaluate` asks: the entries of this instance, or a private index of reply texts, as a run or as they are served."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from answering.preparation import prepare_encoder
from answering.searcher_factory import build_searcher
from knowledge_base.vectors import VectorStore, VectorWriter
from retrieval.bundle import Bundle
from retrieval.encoder import OnnxEncoder
from retrieval.errors import EvaluationFileError
from retrieval.evaluation import Outcome, read_questions, run
from retrieval.pairs import Pair, passage_count, private_documents, questions_of, read_pairs, unseen
from retrieval.parallel_encoder import ParallelEncoder
from retrieval.ranking import KNOWN_TEXTS
from retrieval.searcher import Searcher
from settings import Settings

Measured = tuple[Searcher, dict[str, Sequence[Outcome]]]


def entries_measured(settings: Settings, file: Path, bundle: Bundle | None, console: Console) -> Measured:
    """Over the published entries, by what is served or by a run. Raises: WenzhengError."""
    from bot.services import build_services

    questions = read_questions(file)
    with progress_bars(console) as progress:
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


def replies_measured(settings: Settings, file: Path, bundle: Bundle | None, more: Path | None, console: Console) -> Measured:
    """Over the replies of letters, by the weights for bare texts or by a run. Args: more: letters whose replies only distract.

    Raises: WenzhengError.
    """
    pairs, others = read_pairs(file), read_pairs(more) if more else []
    with progress_bars(console) as progress:
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


def progress_bars(console: Console) -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console)
