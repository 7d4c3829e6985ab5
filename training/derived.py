"""The derived files of a run: what was learned from, and the frozen questions that were not."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from training.rows import ENTRY, INTENT, OUT_OF_SCOPE, Dataset, Row

FROZEN_QUESTIONS, FROZEN_INTENTS = "frozen_questions.jsonl", "frozen_intents.jsonl"
TRAINED_ROWS, CONFLICTS = "train.jsonl", "conflicts.jsonl"


def derived_files(dataset: Dataset) -> dict[str, str]:
    """Name → content. The frozen ones are in the formats of `wenzheng evaluate` and of `bench/questions/intents.jsonl`."""
    asked = [row for row in dataset.test if row.kind in (ENTRY, OUT_OF_SCOPE)]
    said = [row for row in dataset.test if row.kind in (INTENT, OUT_OF_SCOPE)]
    return {
        TRAINED_ROWS: _lines(row.as_json() for row in dataset.train),
        CONFLICTS: _lines({"text": c.text, "rows": [row.as_json() for row in c.rows]} for c in dataset.conflicts),
        FROZEN_QUESTIONS: _lines(
            {"question": text, "gold": gold, "style": rows[0].source} for text, gold, rows in _by_text(asked)
        ),
        FROZEN_INTENTS: _lines({"text": row.text, "intent": row.label or OUT_OF_SCOPE} for row in said),
    }


def write_derived(folder: Path, dataset: Dataset) -> dict[str, Any]:
    """Write them all. Returns: name → {"sha256", "rows"}, as a run's record names its data."""
    folder.mkdir(parents=True, exist_ok=True)
    files = derived_files(dataset)
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return {name: _about(content) for name, content in files.items()}


def frozen_hashes(dataset: Dataset) -> dict[str, Any]:
    files = derived_files(dataset)
    return {name: _about(files[name]) for name in (FROZEN_QUESTIONS, FROZEN_INTENTS)}


def _by_text(rows: Iterable[Row]) -> list[tuple[str, list[str], list[Row]]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.key, []).append(row)
    return [(g[0].text, sorted({r.label for r in g if r.kind == ENTRY}), g) for g in groups.values()]


def _about(content: str) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(content.encode()).hexdigest(), "rows": content.count("\n")}


def _lines(values: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)
