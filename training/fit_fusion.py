"""Fits the fusion weights, the calibration and the threshold; writes `retrieval/weights.json`.

Weights: listwise softmax cross-entropy over the candidates of each question, L2-regularised. Calibration: logistic regression
on candidates scored by weights of *other* folds, so that it is not flattered by its own training. Threshold: answering rightly
counts +1, wrongly -WRONG_COST, declining (which still offers the nearest entries) 0; the measured threshold is where that sum
is largest on the cross-fitted questions.

    python -m training.fit_fusion QUESTIONS.jsonl… --unanswerable FILE.jsonl --pairs FILE.jsonl
"""

import argparse
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from retrieval.fusion import BUILTIN_WEIGHTS, CALIBRATION_FEATURES, FEATURES, calibration_features
from retrieval.searcher import Candidates, Searcher

Floats = npt.NDArray[np.float64]
# a channel left out costs no time at each query; with names, words add nothing to characters (cross-fitted, docs/retrieval.md)
NAMED_CHANNELS = ("chars",)
BARE_CHANNELS = ("chars", "words")
FOLDS = 5
RANKED_FOR_CALIBRATION = 5
WRONG_COST = 1.5  # a wrong answer misleads; a declined one costs the user a tap on an offered entry


@dataclass(frozen=True)
class Example:
    """A question's candidates, which of them are right, and the fold of its gold."""

    candidates: Candidates
    right: npt.NDArray[np.bool_]
    fold: int


def examples_of(searcher: Searcher, questions: Sequence[tuple[str, set[int], str]], channels: Sequence[str]) -> list[Example]:
    """Args: questions: (text, right document ids, name that decides the fold); channels: the others get no weight."""
    found = []
    for text, gold, name in questions:
        query = searcher.understand(text)
        vector = searcher.encode(query)
        candidates = searcher.candidates(searcher.current(), query, vector, channels=channels)
        if candidates is not None:
            fold = int(hashlib.sha256(name.encode()).hexdigest(), 16) % FOLDS
            found.append(Example(candidates, np.isin(candidates.doc_ids, list(gold)), fold))
    return found


def fit_weights(examples: Sequence[Example], l2: float) -> Floats:
    """Listwise logistic regression; questions without a right candidate are passed over.

    Weights are kept non-negative: agreement in any channel never counts against a document, in this knowledge base or another.
    """
    useful = [e for e in examples if e.right.any()]

    def loss(w: Floats) -> tuple[float, Floats]:
        total, gradient = 0.5 * l2 * float(w @ w), l2 * w
        for e in useful:
            scores = e.candidates.features @ w
            p = np.exp(scores - scores.max())
            p /= p.sum()
            mass = float(p[e.right].sum()) + 1e-12
            total -= float(np.log(mass))
            gradient = gradient - e.candidates.features.T @ (np.where(e.right, p, 0.0) / mass - p)
        return total, gradient

    start = np.zeros(len(FEATURES))
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(FEATURES)).x, dtype=np.float64)


def fit_calibration(rows: Floats, labels: npt.NDArray[np.bool_], l2: float = 1.0) -> Floats:
    """Plain logistic regression on `calibration_features`."""

    def loss(w: Floats) -> tuple[float, Floats]:
        z = rows @ w
        p = 1 / (1 + np.exp(-z))
        value = float(np.sum(np.logaddexp(0, z) - labels * z)) + 0.5 * l2 * float(w @ w)
        return value, rows.T @ (p - labels) + l2 * w

    return np.asarray(minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B").x, dtype=np.float64)


def fit(examples: Sequence[Example], l2: float) -> dict[str, Any]:
    """Weights, calibration and threshold as they are stored, with the cross-fitted figures."""
    scored: list[tuple[Example, Floats]] = []
    for fold in range(FOLDS):
        w = fit_weights([e for e in examples if e.fold != fold], l2)
        scored += [(e, e.candidates.features @ w) for e in examples if e.fold == fold]
    rows, labels, tops, first = [], [], [], []
    ranks = []
    for e, scores in scored:
        table = calibration_features(scores, e.candidates.best_cosine, e.candidates.coverages)
        order = np.lexsort((e.candidates.doc_ids, -scores))
        rows.append(table[order[:RANKED_FOR_CALIBRATION]])
        labels.append(e.right[order[:RANKED_FOR_CALIBRATION]])
        tops.append(table[order[0]])
        first.append(bool(e.right[order[0]]))
        if e.right.any():
            ranks.append(int(np.argmax(e.right[order])) + 1)
    calibration = fit_calibration(np.concatenate(rows), np.concatenate(labels))
    probability = 1 / (1 + np.exp(-(np.stack(tops) @ calibration)))
    threshold = best_threshold(probability, np.array(first))
    answered = probability >= threshold
    print(
        f"  cross-fitted: n={len(scored)} recall@1={np.mean(first):.3f} recall@3={np.sum(np.array(ranks) <= 3) / len(scored):.3f}"
        f" recall@10={np.sum(np.array(ranks) <= 10) / len(scored):.3f} threshold={threshold:.3f}"
        f" answered={answered.mean():.3f} accuracy={np.array(first)[answered].mean():.3f}"
    )
    weights = fit_weights(examples, l2)
    return {
        "weights": dict(zip(FEATURES, np.round(weights, 5).tolist(), strict=True)),
        "calibration": dict(zip(CALIBRATION_FEATURES, np.round(calibration, 5).tolist(), strict=True)),
        "threshold": round(threshold, 4),
        "background_cosine": round(float(np.median([np.median(e.candidates.best_cosine) for e in examples])), 4),
    }


def best_threshold(probability: Floats, right: npt.NDArray[np.bool_]) -> float:
    """Where the sum of gains is largest; the middle between two neighbouring probabilities."""
    order = np.argsort(-probability)
    gain = np.cumsum(np.where(right[order], 1.0, -WRONG_COST))
    last = int(np.argmax(gain))
    below = probability[order[last + 1]] if last + 1 < len(order) else 0.0
    return float((probability[order[last]] + below) / 2)


def main() -> None:
    from answering.preparation import prepare_encoder
    from answering.searcher_factory import build_searcher
    from bot.services import build_services
    from retrieval.encoder import OnnxEncoder
    from retrieval.evaluation import read_questions
    from retrieval.pairs import private_documents, questions_of, read_pairs
    from settings import load_settings

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", nargs="+", type=Path, help="over the published entries of this instance")
    parser.add_argument(
        "--unanswerable", nargs="*", type=Path, default=[], help="questions with empty gold; every second line is used"
    )
    parser.add_argument("--pairs", type=Path, help="letters with replies; the half chosen by hash of the reply is used")
    parser.add_argument("--l2", type=float, default=1.0)
    parser.add_argument("--out", type=Path, default=BUILTIN_WEIGHTS)
    arguments = parser.parse_args()
    settings = load_settings()
    services = build_services(settings)
    services.index.load()
    searcher = services.searcher
    live = services.entries.published(searcher.document_ids())
    ids = {r.content.external_id: i for i, r in live.items() if r.content.external_id}
    questions = [q for file in arguments.questions for q in read_questions(file)]
    asked = [(q.text, {ids[g] for g in q.gold if g in ids}, q.gold[0]) for q in questions if q.gold]
    asked += [(q.text, set(), q.text) for file in arguments.unanswerable for q in read_questions(file)[::2]]
    print("named documents")
    result: dict[str, Any] = {"named": fit(examples_of(searcher, asked, NAMED_CHANNELS), arguments.l2)}
    if arguments.pairs:
        encoder = OnnxEncoder(prepare_encoder(settings))
        pairs = [p for p in read_pairs(arguments.pairs) if int(p.key, 16) % 2 == 0]
        documents, keys = private_documents(pairs, encoder)
        places = {key: i for i, key in keys.items()}
        bare = build_searcher(settings, encoder)
        bare.apply(documents, (), 1)
        both = [*questions_of(pairs, "subject"), *questions_of(pairs, "message")]
        print("bare documents")
        asked = [(q.text, {places[q.gold[0]]}, q.gold[0]) for q in both]
        result["bare"] = fit(examples_of(bare, asked, BARE_CHANNELS), arguments.l2)
    else:
        result["bare"] = json.loads(arguments.out.read_text())["bare"]
    arguments.out.write_text(json.dumps(result, indent=1) + "\n")
    services.stop()


if __name__ == "__main__":
    main()
