"""What the labels from active learning bought: the same training once more without them, both asked the same frozen questions."""

import json
import tempfile
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from answering.indexed_knowledge import IndexedKnowledge
from answering.preparation import prepare_encoder
from answering.searcher_factory import build_searcher
from bot.rasa_project import train, train_with_bank
from database.engine import Database
from insights.labels import QuestionLabels
from knowledge_base.entries import EntryStore
from knowledge_base.feed import ChangeFeed
from knowledge_base.vectors import VectorStore, VectorWriter
from retrieval.bundle import RASA_MODEL, Bundle
from retrieval.encoder import OnnxEncoder
from retrieval.evaluation import run as ask
from serving.runs import Run, RunStore
from settings import Settings
from training.candidate_rasa import named_intents
from training.comparison import Difference, first_right, paired_difference
from training.derived import TRAINED_ROWS
from training.frozen_sets import OWN_INTENTS, OWN_QUESTIONS, frozen_intents, frozen_questions
from training.nlu import BANK_FILE, write_bank
from training.progress import Steps
from training.rows import ENTRY, INTENT, OUT_OF_SCOPE, assemble
from training.sources import read_entries, read_rows
from training.store_run import train_store

LABELS_TABLE = "question_labels"


@dataclass(frozen=True)
class Worth:
    """Attributes: labels: how many were left out of the second training; first: of recall@1, with minus without; intents: of the share
    of messages whose intent is named rightly. None: these labels teach nothing of the kind.
    """

    labels: int
    first: Difference | None
    intents: Difference | None

    def row(self) -> dict[str, Any]:
        changes = {"first": self.first, "intents": self.intents}
        return {"labels": self.labels, "text": self.text, **{name: d and asdict(d) for name, d in changes.items()}}

    @property
    def text(self) -> str:
        figures = (("首位命中率", self.first), ("意图识别正确率", self.intents))
        told = [_told(name, change) for name, change in figures if change is not None]
        return f"上次训练以来标注的 {self.labels} 个问题带来的变化（与去掉这些标注再训练一次相比）：{'；'.join(told)}。"


def _told(figure: str, change: Difference) -> str:
    mean, low, high = (value * 100 for value in (change.mean, change.low, change.high))
    return f"{figure} {mean:+.1f} 个百分点（95% 区间 {low:+.1f} 至 {high:+.1f}，{change.questions} 题）"


def worth_of_labels(settings: Settings, run_id: str, say: Callable[[str], None] = lambda _what: None) -> Worth | None:
    """None where no label was given since the run before, none is in the training part, or nothing can be asked.

    Only what the labels can have taught is trained again: retrieval, the Rasa model, or both.
    """
    runs = RunStore(settings.root)
    made = runs.get(run_id)
    database = Database(settings.database_url)
    try:
        used = _new_labels(database, runs, made)
        if not used:
            return None
        say(f"再训练一次，不用新标注的 {len(used)} 个问题，看它们带来什么")
        kinds = set(used.values())
        with tempfile.TemporaryDirectory(prefix="wenzheng-labels-") as name, Steps() as steps:
            first = intents = None
            if kinds & {ENTRY, OUT_OF_SCOPE}:
                folder = Path(name) / "run"
                train_store(settings, steps, folder=folder, leave_out=used, dialogue=False)
                right = _asked(settings, database, made, [made.bundle(), Bundle.read(folder / "bundle")])
                first = paired_difference(right[1], right[0]) if right[0] else None
            if kinds & {INTENT, OUT_OF_SCOPE}:
                intents = _intents(settings, database, made, used, Path(name), say)
        return Worth(len(used), first, intents) if first or intents else None
    finally:
        database.dispose()


def _new_labels(database: Database, runs: RunStore, made: Run) -> dict[str, str]:
    """Origin → kind of row, of the labels that this run learned from and the run before it could not have."""
    earlier = [other.created for other in runs.all() if other.created < made.created and other.state != "unfinished"]
    since = max(earlier, default="")
    given = {
        f"{LABELS_TABLE}:{label.label_id}"
        for label in QuestionLabels(database).listed()
        if label.source == "active_learning" and label.created_at.isoformat(timespec="seconds") > since
    }
    lines = (made.folder / "data" / TRAINED_ROWS).read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    return {row["origin"]: row["kind"] for row in rows if row["origin"] in given}


def _intents(
    settings: Settings, database: Database, made: Run, used: Collection[str], folder: Path, say: Callable[[str], None]
) -> Difference | None:
    """Of the frozen messages, whether each model names the intent rightly."""
    model = made.bundle().rasa_model
    _, asked = frozen_intents(sorted((made.folder / "data").glob(OWN_INTENTS)))
    if model is None or not asked:
        return None
    dataset = assemble(row for row in read_rows(database, read_entries(database)) if row.origin not in used)
    bank = write_bank(folder / BANK_FILE, dataset.train)
    without = train_with_bank(settings, bank, folder / RASA_MODEL, say) if bank else train(settings, say)
    say("用固定的意图测试题比较两个对话模型")
    wanted = [intent for _, intent in asked]
    named = [named_intents(one, [text for text, _ in asked]) for one in (without, model)]
    before, after = ([float(w == n) for w, n in zip(wanted, one, strict=True)] for one in named)
    return paired_difference(before, after)


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
