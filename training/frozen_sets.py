"""The test sets that no training reads: what the project brings along, and the frozen part of this instance's own questions."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.evaluation import Question, read_jsonl, read_questions
from settings import PROJECT_ROOT

SHIPPED = PROJECT_ROOT / "bench" / "questions"
SHIPPED_QUESTIONS = ("service_items_test.jsonl", "out_of_knowledge.jsonl")
SHIPPED_INTENTS = "intents.jsonl"
OWN_QUESTIONS, OWN_INTENTS = "frozen_questions*.jsonl", "frozen_intents*.jsonl"  # in a run's data/


@dataclass(frozen=True)
class FrozenSet:
    """Attributes: sha256: of the file, so that two gates can be seen to have asked the same; used: rows that count here."""

    name: str
    sha256: str
    rows: int
    used: int

    def row(self) -> dict[str, Any]:
        return {"name": self.name, "sha256": self.sha256, "rows": self.rows, "used": self.used}


@dataclass(frozen=True)
class FrozenQuestions:
    sets: tuple[FrozenSet, ...]
    questions: tuple[Question, ...]


def frozen_questions(own: Sequence[Path], known: Collection[str]) -> FrozenQuestions:
    """Questions for retrieval and refusal.

    Args:
        own: files of the instance's own frozen questions.
        known: external ids of the published entries; a question whose entries are all unknown is left out, it would ask for
            what is not there.
    """
    sets, questions = [], []
    for file in [*(SHIPPED / name for name in SHIPPED_QUESTIONS), *own]:
        if not file.is_file() or not file.stat().st_size:
            continue
        asked = read_questions(file)
        used = [q for q in asked if not q.gold or any(gold in known for gold in q.gold)]
        sets.append(FrozenSet(file.name, hashlib.sha256(file.read_bytes()).hexdigest(), len(asked), len(used)))
        questions += used
    return FrozenQuestions(tuple(sets), tuple(questions))


def frozen_intents(own: Sequence[Path] = ()) -> tuple[tuple[FrozenSet, ...], list[tuple[str, str]]]:
    """(text, intent) of messages that `data/nlu` and the bank's training part do not hold."""
    sets, rows = [], []
    for file in [SHIPPED / SHIPPED_INTENTS, *own]:
        if not file.is_file() or not file.stat().st_size:
            continue
        pairs = [(str(row["text"]), str(row["intent"])) for _, row in read_jsonl(file)]
        sets.append(FrozenSet(file.name, hashlib.sha256(file.read_bytes()).hexdigest(), len(pairs), len(pairs)))
        rows += pairs
    return tuple(sets), rows
