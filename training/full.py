"""Full training: the encoder itself, by contrastive fine-tuning; an encoder folder (ONNX, int8 where faithful) comes out.

Imports torch only when called. The checkpoints lie outside of the run's folder: a training that was broken off goes on from its last
epoch when it is started again with the same data.
"""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from retrieval.encoder_build.build import build_e5
from retrieval.encoder_build.e5_weights import E5Weights
from retrieval.evaluation import read_questions
from settings import PROJECT_ROOT
from training.errors import TrainingDataError, TrainingError
from training.progress import Steps
from training.rows import ENTRY, Dataset
from training.sources import Entries

SHIPPED_QUESTIONS = "training/questions/service_items*.jsonl"
LEAST_QUESTIONS = 30


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
    questions, stored = write_files(work, dataset, entries)
    out, plan = work / "adapter.npz", replace(Plan(), **changes)
    checkpoint = out.with_name(f"{out.name}.checkpoint")

    def train() -> None:
        finetune(weights or bundled_weights(), plan, [questions], [stored], out, extra=True, console=steps.console)

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


def write_files(work: Path, dataset: Dataset, entries: Entries) -> tuple[Path, Path]:
    """Questions of this instance and those of the project that its entries answer; and the entries."""
    names = entries.names
    test = {row.key for row in dataset.test}
    rows = [{"question": r.text, "gold": [r.label]} for r in dataset.train if r.kind == ENTRY and r.source != "similar_question"]
    known = set(names.values())
    rows += [
        {"question": q.text, "gold": list(q.gold)}
        for file in sorted(PROJECT_ROOT.glob(SHIPPED_QUESTIONS))
        for q in read_questions(file)
        if known & set(q.gold) and q.text not in test
    ]
    similar = sum(r.source == "similar_question" for r in dataset.train)
    if len(rows) + similar < LEAST_QUESTIONS or not rows:
        raise TrainingDataError(
            f"只有 {len(rows)} 个已标注的问题和 {similar} 个相似问法，不足以训练编码器。",
            fix="先做轻量训练，积累更多标注后再试。",
        )
    questions, stored = work / "questions.jsonl", work / "entries.jsonl"
    contents = [c.model_copy(update={"external_id": names[i]}).model_dump(mode="json") for i, c in entries.contents.items()]
    for file, values in ((questions, rows), (stored, contents)):
        file.write_text("".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values), encoding="utf-8")
    return questions, stored
