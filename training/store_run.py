"""Training over the store: from what staff and citizens said to a run folder that can be compared and served."""

import json
import shutil
import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from answering.indexed_knowledge import IndexedKnowledge
from answering.preparation import prepare_encoder
from answering.searcher_factory import build_searcher
from bot.rasa_project import fingerprint, train_with_bank
from database.engine import Database
from database.migrate import migrate
from knowledge_base.feed import ChangeFeed
from knowledge_base.vectors import VectorStore, VectorWriter
from retrieval.bundle import RASA_MODEL, WEIGHTS, Bundle
from retrieval.encoder import OnnxEncoder
from retrieval.evaluation import read_questions
from retrieval.fusion import BUILTIN_WEIGHTS
from retrieval.ranking import Ranking
from retrieval.searcher import Searcher
from serving.loading import DIALOGUE_SOURCES, SetLoader
from serving.pointer import ServedPointer
from serving.runs import RunStore
from settings import PROJECT_ROOT, Settings
from training.bundle import BUNDLE_FOLDER, DATA_FOLDER, Run, environment, new_run_id, write_bundle
from training.derived import write_derived
from training.full import finetuned_encoder, is_kept_from_encoder
from training.light import ANCHOR, GUARD, LightPlan, LightTrainer, Question
from training.nlu import BANK_FILE, write_bank
from training.progress import Steps
from training.rows import ENTRY, INTENT, NOT_ENTRY, OUT_OF_SCOPE, Dataset, Row, assemble
from training.shipped import TRAINING_QUESTIONS, shipped_questions
from training.sources import Entries, read_entries, read_rows

# what the project brings along (glob patterns); its test halves are never read here
BASE_QUESTIONS = {ANCHOR: TRAINING_QUESTIONS, GUARD: "bench/questions/service_items_tune.jsonl"}
BASE_UNANSWERABLE = "bench/questions/out_of_knowledge.jsonl"  # every second line, as in `fit_fusion`


@dataclass(frozen=True)
class _Served:
    run_id: str | None
    ranking: Ranking
    weights: dict[str, Any]
    bundle: Bundle | None


def train_store(
    settings: Settings, steps: Steps, *, full: bool = False, folder: Path | None = None, leave_out: Collection[str] = (),
    dialogue: bool = True,
) -> tuple[Run, Path]:  # fmt: skip
    """Train everything on what the store holds. Returns: the run and its folder.

    Args:
        folder: elsewhere than among the runs, to compare with. leave_out: origins of rows that are not to be read.
        dialogue: whether a Rasa model is made.

    Raises: WenzhengError; no run is left then.
    """
    run_id = new_run_id("full" if full else "light")
    folder = folder or settings.root / "models" / "runs" / run_id
    database = Database(settings.database_url)
    try:
        migrate(database)
        return _train(settings, database, run_id, folder, steps, full, leave_out, dialogue), folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)  # checkpoints of full training lie elsewhere
        raise
    finally:
        database.dispose()


def _train(
    settings: Settings, database: Database, run_id: str, folder: Path, steps: Steps, full: bool, leave_out: Collection[str],
    dialogue: bool,
) -> Run:  # fmt: skip
    started = time.monotonic()
    entries = read_entries(database)
    dataset = assemble(row for row in read_rows(database, entries) if row.origin not in leave_out)
    data = write_derived(folder / DATA_FOLDER, dataset)
    steps.say(
        f"训练数据 {len(dataset.train)} 条，测试 {len(dataset.test)} 条（不读取），矛盾 {len(dataset.conflicts)} 处（不采用）"
    )
    own = OnnxEncoder(prepare_encoder(settings, steps.say))
    served = _served(settings, database, own)
    encoder_folder = served.bundle.encoder_folder if served.bundle else None
    rows: Sequence[Row] = dataset.train
    before = None
    if full:
        usual = OnnxEncoder(encoder_folder) if encoder_folder else own
        searcher = _loaded(settings, database, usual, steps)
        searcher.use(served.ranking)
        kept = [row for row in rows if is_kept_from_encoder(row)]
        asked = _questions(dataset, kept, entries)
        before = LightTrainer(searcher, usual, served.ranking, served.weights, LightPlan(), steps).shares(asked)
        checkpoints = settings.root / "models" / "full_training"
        encoder_folder = finetuned_encoder(folder / "encoder", checkpoints, dataset, entries, steps)
        rows = kept
    encoder = OnnxEncoder(encoder_folder) if encoder_folder else own
    # adapters belong to the space they were trained in
    start = Ranking.untrained(served.ranking.fusion, encoder.dimension) if full else served.ranking
    searcher = _loaded(settings, database, encoder, steps)
    searcher.use(start)
    plan = LightPlan()
    trainer = LightTrainer(searcher, encoder, start, served.weights, plan, steps)
    unanswerable = [row.text for row in dataset.train if row.kind == OUT_OF_SCOPE] + _base_unanswerable()
    light = trainer.train(_questions(dataset, rows, entries), unanswerable, before=before)
    ranking = Ranking(start.fusion, light.adapter, start.bare, start.associations)
    text = json.dumps(light.weights, ensure_ascii=False, indent=1) + "\n"
    model = _dialogue(settings, dataset, folder, served, steps) if dialogue else None
    bundle = write_bundle(folder / BUNDLE_FOLDER, ranking, text, encoder.hash, encoder=encoder_folder, rasa_model=model)
    for made in (folder / "encoder", folder / RASA_MODEL):
        shutil.rmtree(made) if made.is_dir() else made.unlink(missing_ok=True)
    run = Run(
        run_id, "full" if full else "light", datetime.now(UTC).isoformat(timespec="seconds"), data=data,
        parameters={**plan.parameters(), "encoder": encoder.hash},
        environment={**environment(), **({DIALOGUE_SOURCES: fingerprint(settings)} if model else {})},
        metrics={"cross_fitted": light.figures, "nlu_rows": sum(r.kind in (INTENT, OUT_OF_SCOPE) for r in dataset.train)},
        parent=served.run_id, bundle=bundle.hash, seconds=round(time.monotonic() - started, 1),
    )  # fmt: skip
    run.write(folder)
    return run


def _served(settings: Settings, database: Database, own: OnnxEncoder) -> _Served:
    runs, served = RunStore(settings.root), ServedPointer(database).current()
    loaded = SetLoader(runs, own).load(served)
    bundle = runs.get(served.run_id).bundle() if served.run_id else None
    file = bundle.folder / WEIGHTS if bundle else BUILTIN_WEIGHTS
    return _Served(served.run_id, loaded.ranking, json.loads(file.read_text(encoding="utf-8")), bundle)


def _loaded(settings: Settings, database: Database, encoder: OnnxEncoder, steps: Steps) -> Searcher:
    feed, vectors = ChangeFeed(database), VectorStore(database)
    knowledge = IndexedKnowledge(feed, vectors, VectorWriter(vectors, encoder), build_searcher(settings, encoder))
    steps.say("载入知识")
    knowledge.load()
    return knowledge.searcher


def _questions(dataset: Dataset, rows: Sequence[Row], entries: Entries) -> list[Question]:
    """This instance's, of these rows, and those of the project whose entries are published here."""
    ids = {name: entry_id for entry_id, name in entries.names.items() if entry_id is not None}
    by_text: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        # similar questions are in the index word for word and would find themselves
        if row.kind in (ENTRY, NOT_ENTRY) and row.source != "similar_question":
            by_text[row.key].append(row)
    own = []
    for same in by_text.values():
        right, wrong = (frozenset(ids[row.label] for row in same if row.kind == kind) for kind in (ENTRY, NOT_ENTRY))
        own.append(Question(same[0].text, right, same[0].group, wrong=wrong))
    held = {row.key for row in dataset.test}
    base = []
    for part, pattern in BASE_QUESTIONS.items():
        found = shipped_questions(pattern, ids, held)
        base += [Question(q.text, frozenset(ids[g] for g in q.gold if g in ids), f"base:{q.gold[0]}", part) for q in found]
    return [*own, *base]


def _base_unanswerable() -> list[str]:
    return [q.text for q in read_questions(PROJECT_ROOT / BASE_UNANSWERABLE)[::2]]


def _dialogue(settings: Settings, dataset: Dataset, folder: Path, served: _Served, steps: Steps) -> Path | None:
    """A Rasa model of the files in data/ and the bank; without labelled messages the served one stays."""
    file = write_bank(folder / DATA_FOLDER / BANK_FILE, dataset.train)
    if file is None:
        return served.bundle.rasa_model if served.bundle else None
    return train_with_bank(settings, file, folder / RASA_MODEL, steps.say)
