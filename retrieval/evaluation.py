"""Measures a searcher on questions with known answers.

Recall@k: share of questions with a gold document among the first k. MRR: mean of 1/rank (0 when absent from the ranking).
Coverage: share of questions whose probability reaches the threshold. Accuracy: share of those whose first hit is gold.
Questions without gold (nothing in the index answers them) count in `declined` (share rightly left unanswered) and `refused` (share
for which not even a near entry is shown) only. Offered: share of the answerable that get an answer or near entries.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.errors import EvaluationFileError
from retrieval.searcher import Searcher

DEPTH = 50
RESAMPLES = 2000
PRIMARY_METRIC = "recall@1"


@dataclass(frozen=True)
class Question:
    """A question and the external ids of the documents that answer it; several are equally right."""

    text: str
    gold: tuple[str, ...]
    style: str = "unstated"


@dataclass(frozen=True)
class Outcome:
    """What the searcher made of one question: rank of the first gold document (None: absent), and its own estimate.

    Attributes: offered: what was found is shown, as an answer or as a suggestion.
    """

    question: Question
    rank: int | None
    probability: float
    answered: bool
    found: tuple[str, ...]
    offered: bool = True


@dataclass(frozen=True)
class Metrics:
    """Shares 0..1; None where no question counts."""

    questions: int
    recall_1: float | None
    recall_3: float | None
    recall_10: float | None
    mrr: float | None
    coverage: float | None
    accuracy: float | None
    declined: float | None
    offered: float | None
    refused: float | None

    def row(self) -> dict[str, Any]:
        names = {"recall_1": "recall@1", "recall_3": "recall@3", "recall_10": "recall@10"}
        return {names.get(k, k): round(v, 4) if isinstance(v, float) else v for k, v in asdict(self).items()}


def read_jsonl(file: Path) -> list[tuple[int, dict[str, Any]]]:
    """Objects with their line numbers. Raises: EvaluationFileError."""
    rows = []
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise EvaluationFileError(f"无法读取 {file.name}。", fix="确认文件存在，并且是 UTF-8 编码的 JSONL。") from exc
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as exc:
            raise EvaluationFileError(f"{file.name} 第 {number} 行不是合法的 JSON。", fix="每行写一个 JSON 对象。") from exc
        if not isinstance(row, dict):
            raise EvaluationFileError(f"{file.name} 第 {number} 行不是 JSON 对象。", fix="每行写一个 JSON 对象。")
        rows.append((number, row))
    if not rows:
        raise EvaluationFileError(f"{file.name} 里没有内容。", fix="换一个有内容的文件。")
    return rows


def read_questions(file: Path) -> list[Question]:
    """Lines `{"question": str, "gold": [external ids], "style"?: str}`; `gold` may be one id.

    Raises: EvaluationFileError naming line and field.
    """
    questions = []
    for number, row in read_jsonl(file):
        text, gold = row.get("question"), row.get("gold", row.get("gold_ids", row.get("external_ids")))
        gold = [gold] if isinstance(gold, str | int) else gold
        if not isinstance(text, str) or not text.strip():
            raise EvaluationFileError(f"{file.name} 第 {number} 行缺少 question。", fix='写成 {"question": "…", "gold": ["…"]}。')
        if not isinstance(gold, list):
            raise EvaluationFileError(f"{file.name} 第 {number} 行的 gold 不是列表。", fix='写成 "gold": ["外部编号"]。')
        questions.append(Question(text, tuple(map(str, gold)), str(row.get("style") or "unstated")))
    return questions


def run(
    searcher: Searcher,
    questions: Iterable[Question],
    external_ids: Callable[[Sequence[int]], dict[int, str]],
    *,
    as_of: date | None = None,
    progress: Callable[[], None] = lambda: None,
) -> list[Outcome]:
    """Search each question. Args: external_ids: tells the external ids of documents; progress: called after each question."""
    outcomes = []
    for question in questions:
        result = searcher.search(question.text, DEPTH, as_of=as_of)
        names = external_ids([hit.doc_id for hit in result.hits])
        found = tuple(names.get(hit.doc_id, "") for hit in result.hits)
        rank = next((i for i, name in enumerate(found, 1) if name in question.gold), None)
        outcomes.append(Outcome(question, rank, result.probability, result.answered, found[:10], result.offered))
        progress()
    return outcomes


def summarise(outcomes: Sequence[Outcome]) -> Metrics:
    known = [o for o in outcomes if o.question.gold]
    unknown = [o for o in outcomes if not o.question.gold]
    answered = [o for o in known if o.answered]

    def share(items: Sequence[Outcome], holds: Callable[[Outcome], bool]) -> float | None:
        return sum(map(holds, items)) / len(items) if items else None

    return Metrics(
        questions=len(outcomes),
        recall_1=share(known, lambda o: o.rank is not None and o.rank <= 1),
        recall_3=share(known, lambda o: o.rank is not None and o.rank <= 3),
        recall_10=share(known, lambda o: o.rank is not None and o.rank <= 10),
        mrr=sum(1 / o.rank for o in known if o.rank) / len(known) if known else None,
        coverage=share(known, lambda o: o.answered),
        accuracy=share(answered, lambda o: o.rank == 1),
        declined=share(unknown, lambda o: not o.answered),
        offered=share(known, lambda o: o.answered or o.offered),
        refused=share(unknown, lambda o: not (o.answered or o.offered)),
    )


def intervals(outcomes: Sequence[Outcome]) -> dict[str, tuple[float, float]]:
    """95 % confidence intervals of recall@1 and recall@10, by bootstrap over the questions (Efron 1979); the same each time."""
    ranks = np.array([o.rank or np.inf for o in outcomes if o.question.gold])
    if not len(ranks):
        return {}
    drawn = ranks[np.random.default_rng(0).integers(0, len(ranks), (RESAMPLES, len(ranks)))]
    bounds = {f"recall@{k}": np.quantile((drawn <= k).mean(axis=1), (0.025, 0.975)) for k in (1, 10)}
    return {name: (round(float(low), 4), round(float(high), 4)) for name, (low, high) in bounds.items()}


def by_style(outcomes: Sequence[Outcome]) -> dict[str, Metrics]:
    """Metrics of each style, styles in alphabetical order."""
    styles = sorted({o.question.style for o in outcomes})
    return {style: summarise([o for o in outcomes if o.question.style == style]) for style in styles}


def calibration_bins(outcomes: Sequence[Outcome], bins: int = 10) -> list[dict[str, float]]:
    """Reliability: for each tenth of stated probability, how many first hits were right."""
    table = []
    for i in range(bins):
        low, high = i / bins, (i + 1) / bins
        inside = [o for o in outcomes if low <= o.probability < high or (high == 1 and o.probability == 1)]
        if inside:
            stated = sum(o.probability for o in inside) / len(inside)
            right = sum(o.rank == 1 for o in inside) / len(inside)
            table.append(
                {"from": low, "to": high, "questions": len(inside), "stated": round(stated, 4), "right": round(right, 4)}
            )
    return table
