"""What the labels from active learning bought: the same training once more without them, both asked the same frozen questions."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from answering.indexed_knowledge import IndexedKnowledge
from answering.preparation import prepare_encoder
from answering.searcher_factory import build_searcher
from database.engine import Database
from insights.labels import QuestionLabels
from knowledge_base.entries import EntryStore
from knowledge_base.feed import ChangeFeed
from knowledge_base.vectors import VectorStore, VectorWriter
from retrieval.bundle import Bundle
from retrieval.encoder import OnnxEncoder
from retrieval.evaluation import run as ask
from serving.runs import Run, RunStore
from settings import Settings
from training.comparison import Difference, first_right, paired_difference
from training.derived import TRAINED_ROWS
from training.frozen_sets import OWN_QUESTIONS, frozen_questions
from training.progress import Steps
from training.store_run import train_store

LABELS_TABLE = "question_labels"


@dataclass(frozen=True)
class Worth:
    """Attributes: labels: how many were left out of the second training; change: of recall@1, with minus without."""

    labels: int
    change: Difference

    def row(self) -> dict[str, Any]:
        return {"labels": self.labels, **asdict(self.change), "text": self.text}

    @property
    def text(self) -> str:
        mean, low, high = (value * 100 for value in (self.change.mean, self.change.low, self.change.high))
        return (
            f"上次训练以来标注的 {self.labels} 个问题带来的变化：首位命中率 {mean:+.1f} 个百分点"
            f"（95% 区间 {low:+.1f} 至 {high:+.1f}，{self.change.questions} 题；与去掉这些标注再训练一次相比）。"
        )


def worth_of_labels(settings: Settings, run_id: str, say: Callable[[str], None] = lambda _what: None) -> Worth | None:
    """None where no label was given since the run before, none is in the training part, or nothing can be asked.

    Only retrieval is measured: the second training makes no Rasa model.
    """
    runs = RunStore(settings.root)
    made = runs.get(run_id)
    database = Database(settings.database_url)
    try:
        used = _new_labels(database, runs, made)
        if not used:
            return None
        say(f"再训练一次，不用新标注的 {len(used)} 个问题，看它们带来什么")
        with tempfile.TemporaryDirectory(prefix="wenzheng-labels-") as name, Steps() as steps:
            folder = Path(name) / "run"
            train_store(settings, steps, folder=folder, leave_out=used, dialogue=False)
            without = Bundle.read(folder / "bundle")
            right = _asked(settings, database, made, [made.bundle(), without])
        return Worth(len(used), paired_difference(right[1], right[0])) if right[0] else None
    finally:
        database.dispose()


def _new_labels(database: Database, runs: RunStore, made: Run) -> frozenset[str]:
    """Origins of the labels that this run learned from and the run before it could not have."""
    earlier = [other.created for other in runs.all() if other.created < made.created and other.state != "unfinished"]
    since = max(earlier, default="")
    given = {
        f"{LABELS_TABLE}:{label.label_id}"
        for label in QuestionLabels(database).listed()
        if label.source == "active_learning" and label.created_at.isoformat(timespec="seconds") > since
    }
    lines = (made.folder / "data" / TRAINED_ROWS).read_text(encoding="utf-8").splitlines()
    return frozenset(given & {json.loads(line)["origin"] for line in lines if line.strip()})


def _asked(settings: Settings, database: Database, made: Run, bundles: list[Bundle]) -> list[list[float]]:
    """For each bundle, whether the first hit of each frozen question is right."""
    folder = bundles[0].encoder_folder or prepare_encoder(settings)
    encoder = OnnxEncoder(folder)
    vectors = VectorStore(database)
    held = IndexedKnowledge(ChangeFeed(database), vectors, VectorWriter(vectors, encoder), build_searcher(settings, encoder))
    held.load()
    published = EntryStore(database).published(held.searcher.document_ids())
    ids = {entry_id: record.content.external_id or str(entry_id) for entry_id, record in published.items()}
    frozen = frozen_questions(sorted((made.folder / "data").glob(OWN_QUESTIONS)), set(ids.values()))
    found = []
    for bundle in bundles:
        held.searcher.use(bundle.ranking(encoder.hash))
        outcomes = ask(held.searcher, frozen.questions, lambda hits: {i: ids[i] for i in hits if i in ids})
        found.append(first_right(outcomes))
    return found
