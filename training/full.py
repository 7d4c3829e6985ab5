"""Full training: the encoder itself, by contrastive fine-tuning; an encoder folder (ONNX, int8 where faithful) comes out.

It goes on from the built-in one's adapter, with some of the questions that one was trained on besides, so that little is forgotten. A fifth
of this instance's questions is kept from it: fusion and probabilities are fitted on questions that the encoder has not learnt.
Imports torch only when called. The checkpoints lie outside of the run's folder: a training that was broken off goes on from its last
minute when it is started again with the same data.
"""

import hashlib
import json
import shutil
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from retrieval.encoder_build.adapter import bundled_adapter
from retrieval.encoder_build.build import build_e5
from retrieval.encoder_build.e5_weights import E5Weights
from retrieval.evaluation import read_questions
from retrieval.text import matchable, normalise
from settings import PROJECT_ROOT
from training.errors import TrainingDataError, TrainingError
from training.progress import Steps
from training.rows import ENTRY, NOT_ENTRY, OUT_OF_SCOPE, Dataset, Row
from training.shipped import TRAINING_QUESTIONS, shipped_questions
from training.sources import Entries

SHIPPED_UNANSWERABLE = "training/questions/unanswerable.jsonl"
LEAST_QUESTIONS = 30
LEARNING_RATE = 1e-4  # less than of a beginning: 2e-4 cost more on frozen questions than it gained
KEPT_SHARE = 5  # one group in five


def finetuned_encoder(
    folder: Path, work: Path, dataset: Dataset, entries: Entries, steps: Steps, weights: E5Weights | None = None, **changes: Any
) -> Path:
    """Train, build the encoder into `folder`, and return it.

    Args: work: where the checkpoint lies; weights: of the model that is trained, default: the built-in one; changes: to the plan.

    Raises: TrainingDataError when there is too little to learn from.
    """
    from training.e5_model import bundled_weights
    from training.finetune_encoder import Plan, finetune

    work.mkdir(parents=True, exist_ok=True)
    questions, again, unanswerable, stored = write_files(work, dataset, entries)
    out, plan = work / "adapter.npz", replace(Plan(learning_rate=LEARNING_RATE), **changes)
    start = None if weights else bundled_adapter()
    checkpoint = out.with_name(f"{out.name}.checkpoint")

    def train() -> None:
        finetune(
            weights or bundled_weights(), plan, questions, [stored], out, steps,
            extra=True, unanswerable=unanswerable, start=start, again=again,
        )  # fmt: skip

    try:
        train()
    except TrainingDataError:
        raise
    except TrainingError:
        if not checkpoint.is_file():
            raise
        steps.say("数据有变化，从头开始训练")
        checkpoint.unlink()
        train()
    build_e5(folder, steps.say, out)
    shutil.rmtree(work)
    return folder


def is_kept_from_encoder(row: Row) -> bool:
    """By hash alone, as `rows.part_of`."""
    return int(hashlib.sha256(f"encoder:{row.group}".encode()).hexdigest(), 16) % KEPT_SHARE == 0


def write_files(work: Path, dataset: Dataset, entries: Entries) -> tuple[list[Path], list[Path], list[Path], Path]:
    """Questions of this instance; those of the project that its entries answer, which the built-in encoder has seen; questions that
    nothing answers; the entries.
    """
    names = entries.names
    held = {row.key for row in dataset.test} | {row.key for row in dataset.train if is_kept_from_encoder(row)}
    own = [row for row in dataset.train if row.source != "similar_question" and row.key not in held]
    wrong: dict[str, list[str]] = defaultdict(list)
    for row in own:
        if row.kind == NOT_ENTRY:
            wrong[row.key].append(row.label)
    rows = [{"question": r.text, "gold": [r.label], "wrong": wrong.get(r.key, [])} for r in own if r.kind == ENTRY]
    shipped = shipped_questions(TRAINING_QUESTIONS, set(names.values()), held)
    seen = [{"question": q.text, "gold": list(q.gold)} for q in shipped]
    similar = sum(r.source == "similar_question" for r in dataset.train)
    if not rows or len(rows) + similar < LEAST_QUESTIONS:
        raise TrainingDataError(
            f"只有 {len(rows)} 个已标注的问题和 {similar} 个相似问法，不足以训练编码器。",
            fix="先做轻量训练，积累更多标注后再试。",
        )
    contents = [c.model_copy(update={"external_id": names[i]}).model_dump(mode="json") for i, c in entries.contents.items()]
    nothing = [row.text for row in own if row.kind == OUT_OF_SCOPE]
    nothing += [q.text for q in read_questions(PROJECT_ROOT / SHIPPED_UNANSWERABLE) if matchable(normalise(q.text)) not in held]
    files = {}
    for name, values in {
        "questions": rows, "again": seen, "unanswerable": [{"question": q, "gold": []} for q in nothing], "entries": contents,
    }.items():  # fmt: skip
        files[name] = work / f"{name}.jsonl"
        files[name].write_text("".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values), encoding="utf-8")
    return [files["questions"]], [files["again"]] if seen else [], [files["unanswerable"]], files["entries"]
