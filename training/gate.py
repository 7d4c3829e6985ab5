"""New against current on the same frozen test sets: measures both, decides whether the new may be served, writes why.

Reads nothing that training has read, writes `gate.json` and `report.html` into the run's folder, and changes nothing that serves.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from answering.indexed_knowledge import IndexedKnowledge
from answering.preparation import prepare_encoder
from answering.searcher_factory import build_searcher
from bot.rasa_project import own_dialogue
from database.engine import Database
from database.migrate import migrate
from knowledge_base.entries import EntryStore
from knowledge_base.feed import ChangeFeed
from knowledge_base.vectors import VectorStore, VectorWriter
from retrieval.encoder import OnnxEncoder
from retrieval.evaluation import Outcome, Question, run, summarise
from serving.loading import ServedSet, SetLoader
from serving.pointer import Served, ServedPointer
from serving.runs import GATE_FILE, REPORT_FILE, Run, RunStore
from settings import Settings
from training import gate_report, golden_check
from training.candidate_rasa import named_intents
from training.comparison import (
    Guard,
    Verdict,
    first_right,
    judge,
    latency_guard,
    macro_f1,
    paired_difference,
    search_guards,
)
from training.frozen_sets import OWN_INTENTS, OWN_QUESTIONS, FrozenSet, frozen_intents, frozen_questions

TIMED_QUERIES, TIMED_TIMES = 40, 3

Say = Callable[[str], None]


@dataclass
class Measured:
    """What the gate found out. `names`: external id → title; `departments`: external id → department."""

    sets: list[FrozenSet] = field(default_factory=list)
    current: list[Outcome] = field(default_factory=list)
    candidate: list[Outcome] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)
    departments: dict[str, str] = field(default_factory=dict)
    intents: list[tuple[str, str, str, str]] = field(default_factory=list)  # text, wanted, named by current, by candidate
    golden: list[dict[str, str]] = field(default_factory=list)  # conversation → trouble, of current and candidate
    golden_count: int = 0
    latency: tuple[float, float] | None = None  # p95 in ms of the processor, of current and candidate


def judge_run(
    settings: Settings, run_id: str, *, golden: bool = True, labels_worth: Mapping[str, Any] | None = None,
    say: Say = lambda _what: None,
) -> dict[str, Any]:  # fmt: skip
    """Measure, decide, write both files; returns what gate.json holds.

    Args: labels_worth: what new labels bought, to stand in both files; None: what an earlier gate of this run wrote.

    Raises: UnknownRunError, BundleError, TrainingError: it could not be measured; nothing has been written then.
    """
    database = Database(settings.database_url)
    try:
        migrate(database)
        runs = RunStore(settings.root)
        candidate, served = runs.get(run_id), ServedPointer(database).current()
        loader = SetLoader(runs, OnnxEncoder(prepare_encoder(settings)), lambda: own_dialogue(settings))
        before, after = loader.load(served), loader.load(Served(served.generation + 1, run_id, None))
        measured = Measured()
        _search(settings, database, candidate, before, after, measured, say)
    finally:
        database.dispose()
    _intents(candidate, before, after, measured, say)
    if golden:
        say("典型会话：启动评测用的实例")
        current = runs.get(served.run_id) if served.run_id else None
        measured.golden = golden_check.failures_of(settings, [current, candidate], say)
        measured.golden_count = len(golden_check.conversations())
    verdict = _verdict(measured)
    kept = (candidate.gate or {}).get("labels_worth")
    result = _result(candidate, served, measured, verdict) | {"labels_worth": labels_worth or kept}
    _write(candidate.folder / REPORT_FILE, gate_report.render(result, measured))
    _write(candidate.folder / GATE_FILE, json.dumps(result, ensure_ascii=False, indent=1))
    return result


def _search(
    settings: Settings, database: Database, candidate: Run, before: ServedSet, after: ServedSet, measured: Measured, say: Say
) -> None:
    say("载入知识")
    feed, vectors = ChangeFeed(database), VectorStore(database)
    held = IndexedKnowledge(feed, vectors, VectorWriter(vectors, before.encoder), build_searcher(settings, before.encoder))
    held.load()
    other = held
    if after.encoder.hash != before.encoder.hash:
        say("用新的编码器计算向量")
        other = IndexedKnowledge(feed, vectors, VectorWriter(vectors, after.encoder), build_searcher(settings, after.encoder))
        other.load()
    published = EntryStore(database).published(held.searcher.document_ids())
    ids = {entry_id: record.content.external_id or str(entry_id) for entry_id, record in published.items()}
    for entry_id, record in published.items():
        content = record.content
        measured.titles[ids[entry_id]] = content.title
        measured.departments[ids[entry_id]] = content.owner_department or content.authority or "未写明部门"
    own = sorted((candidate.folder / "data").glob(OWN_QUESTIONS))
    frozen = frozen_questions(own, set(ids.values()))
    measured.sets += frozen.sets

    def asked(knowledge: IndexedKnowledge, one: ServedSet, questions: Sequence[Question]) -> list[Outcome]:
        knowledge.searcher.use(one.ranking)
        return run(knowledge.searcher, questions, lambda found: {i: ids[i] for i in found if i in ids})

    say(f"检索：{len(frozen.questions)} 题")
    measured.current = asked(held, before, frozen.questions)
    measured.candidate = asked(other, after, frozen.questions)
    texts = [q.text for q in frozen.questions[:TIMED_QUERIES]]
    if texts:
        times = np.full((2, len(texts)), np.inf)
        sides = [(held, before, times[0], "。"), (other, after, times[1], "？")]
        for count in range(1, TIMED_TIMES + 1):
            for number, text in enumerate(texts):
                # in turn, the quickest of several, and the processor's time: what else the machine does is not the model's
                for knowledge, one, kept, mark in sides if number % 2 else reversed(sides):
                    knowledge.searcher.use(one.ranking)
                    asked_now = text + mark * count  # an encoder remembers a question that it has seen word for word
                    started = time.process_time()
                    knowledge.searcher.search(asked_now)
                    kept[number] = min(kept[number], (time.process_time() - started) * 1000)
        p95 = [float(np.quantile(kept, 0.95)) for kept in times]
        measured.latency = (p95[0], p95[1])


def _intents(candidate: Run, before: ServedSet, after: ServedSet, measured: Measured, say: Say) -> None:
    """Only where the dialogue model is another: the same model names the same intents."""
    if before.dialogue is None or after.dialogue is None or before.dialogue.name == after.dialogue.name:
        return
    sets, rows = frozen_intents(sorted((candidate.folder / "data").glob(OWN_INTENTS)))
    measured.sets += sets
    texts = [text for text, _ in rows]
    say(f"意图：{len(texts)} 句，现用模型")
    current = named_intents(before.dialogue.file, texts)
    say(f"意图：{len(texts)} 句，新模型")
    new = named_intents(after.dialogue.file, texts)
    measured.intents = [(text, wanted, old, now) for (text, wanted), old, now in zip(rows, current, new, strict=True)]


def _verdict(measured: Measured) -> Verdict:
    right = first_right(measured.current), first_right(measured.candidate)
    primary = paired_difference(*right) if right[0] else None
    guards = search_guards(measured.current, measured.candidate)
    if measured.intents:
        wanted = [row[1] for row in measured.intents]
        old, new = (macro_f1(wanted, [row[i] for row in measured.intents]) for i in (2, 3))
        guards.append(Guard("intent_f1", "意图宏平均 F1", old, new, 0.01))
    if measured.golden:
        passed = [1 - len(failed) / max(measured.golden_count, 1) for failed in measured.golden]
        guards.append(Guard("golden", "典型会话通过率", passed[0], passed[1], 0.0))
    if measured.latency:
        guards.append(latency_guard(*measured.latency))
    return judge(primary, guards)


def _result(candidate: Run, served: Served, measured: Measured, verdict: Verdict) -> dict[str, Any]:
    return {
        "run": candidate.run_id,
        "against": served.run_id,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "passed": verdict.passed,
        "reasons": list(verdict.reasons),
        "primary": asdict(verdict.primary) if verdict.primary else None,
        "guards": [guard.row() for guard in verdict.guards],
        "sets": [one.row() for one in measured.sets]
        + ([{"name": "tests/golden", "sha256": golden_check.fingerprint(), "rows": measured.golden_count,
             "used": measured.golden_count}] if measured.golden else []),
        "current": summarise(measured.current).row(),
        "candidate": summarise(measured.candidate).row(),
    }  # fmt: skip


def _write(file: Path, text: str) -> None:
    fresh = file.with_name(f".{file.name}.part")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(file)
