"""Fits the fusion weights, the calibration and the threshold; writes `retrieval/weights.json`.

Weights: listwise softmax cross-entropy over the candidates of each question, L2-regularised. Calibration: logistic regression
on candidates scored by weights of *other* folds, so that it is not flattered by its own training. It learns also from
questions whose right entry is withdrawn, for then a near neighbour comes first; the scale of the probabilities is that of the
questions as they are. Threshold: answering rightly counts +1, wrongly -WRONG_COST, declining (which still offers the nearest
entries) 0; the measured threshold is where that sum is largest on the cross-fitted questions.

    python -m training.fit_fusion QUESTIONS.jsonl… --unanswerable FILE.jsonl --pairs FILE.jsonl
"""

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from retrieval.fusion import (
    ANSWERABLE_FEATURES,
    BUILTIN_WEIGHTS,
    CALIBRATION_FEATURES,
    FEATURES,
    answerable_features,
    calibration_features,
)
from retrieval.searcher import Candidates, Searcher
from retrieval.text import matchable, normalise
from retrieval.tokenizer import WordSegmenter

Floats = npt.NDArray[np.float64]
# a channel left out costs no time at each query; with names, words add nothing to characters (cross-fitted, docs/retrieval.md)
NAMED_CHANNELS = ("chars",)
BARE_CHANNELS = ("chars", "words")
FOLDS = 5
RANKED_FOR_CALIBRATION = 5
# what else the calibration learns from: what a neighbour looks like when the right entry is not there
WITHDRAWN_WEIGHT = 0.3  # each question asked once more without its entry
TITLE_WEIGHT = 0.15
TITLES, LONGEST_TITLE, OFTEN = 250, 16, 60
CALIBRATION_BOUNDS = {"bias": (None, None), "words_missing": (None, 0)}
ENDINGS = ("", "怎么办", "怎么办理", "在哪里办", "需要什么材料", "要多久")
KEPT = 0.9  # of the answerable questions are answered or get entries offered; the others are declined
WRONG_COST = 1.5  # a wrong answer misleads; a declined one costs the user a tap on an offered entry


@dataclass(frozen=True)
class Asked:
    """A question, the documents that answer it, the name that decides its fold, and documents taken as withdrawn."""

    text: str
    gold: frozenset[int]
    name: str
    withdrawn: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Example:
    """A question's candidates, which of them are right, the fold of its gold, and what it counts in the calibration."""

    candidates: Candidates
    right: npt.NDArray[np.bool_]
    fold: int
    weight: float = 1.0


def examples_of(searcher: Searcher, questions: Sequence[Asked], channels: Sequence[str], weight: float = 1.0) -> list[Example]:
    """Args: channels: the others get no weight."""
    found = []
    for asked in questions:
        query = searcher.understand(asked.text)
        left = (lambda i, gone=asked.withdrawn: i not in gone) if asked.withdrawn else None
        candidates = searcher.candidates(searcher.current(), query, searcher.encode(query), accept=left, channels=channels)
        if candidates is not None:
            fold = int(hashlib.sha256(asked.name.encode()).hexdigest(), 16) % FOLDS
            right = np.isin(candidates.doc_ids, list(asked.gold - asked.withdrawn))
            found.append(Example(candidates, right, fold, weight))
    return found


def title_questions(titles: Mapping[int, str], texts: Mapping[int, str], segmenter: WordSegmenter) -> list[Asked]:
    """Short questions made of titles, each asked twice: as things are, and with every entry withdrawn that has its rarest word.

    Hand-written questions rarely name a matter by its title; people do, and then a near neighbour shares most of the characters.

    Args: titles, texts: title and whole text of each document.
    """
    random = np.random.default_rng(0)
    frequency = Counter(word for text in texts.values() for word in set(segmenter.words(text)))
    asked: list[Asked] = []
    for doc_id in random.permutation(sorted(titles)).tolist():
        title = titles[doc_id]
        words = [w for w in segmenter.cut(matchable(title)) if len(w) > 1 and frequency[w] <= OFTEN]
        if not words or len(title) > LONGEST_TITLE:
            continue
        rarest = min(words, key=lambda w: (frequency[w], w))
        gold = frozenset(i for i, other in titles.items() if other == title)
        question = title + str(random.choice(ENDINGS))
        asked.append(Asked(question, gold, title))
        asked.append(Asked(question, gold, title, gold | {i for i, text in texts.items() if rarest in text}))
        if len(asked) == 2 * TITLES:
            break
    return asked


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


def fit_calibration(
    rows: Floats, labels: npt.NDArray[np.bool_], counts: Floats, l2: float = 1.0, names: Sequence[str] = CALIBRATION_FEATURES
) -> Floats:
    """Logistic regression on `calibration_features`, or on others by their names. Args: counts: weight of each row.

    Agreement never counts against a candidate, and missing words never for it.
    """

    def loss(w: Floats) -> tuple[float, Floats]:
        z = rows @ w
        p = 1 / (1 + np.exp(-z))
        value = float(np.sum(counts * (np.logaddexp(0, z) - labels * z))) + 0.5 * l2 * float(w @ w)
        return value, rows.T @ (counts * (p - labels)) + l2 * w

    bounds = [CALIBRATION_BOUNDS.get(name, (0, None)) for name in names]
    return np.asarray(minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds).x, dtype=np.float64)


def rescaled(calibration: Floats, rows: Floats, labels: npt.NDArray[np.bool_]) -> Floats:
    """The same order of candidates, with probabilities that hold for these rows: slope and shift of the logit (Platt 1999)."""
    z = rows @ calibration

    def loss(w: Floats) -> float:
        return float(np.sum(np.logaddexp(0, w[0] * z + w[1]) - labels * (w[0] * z + w[1])))

    slope, shift = minimize(loss, np.array([1.0, 0.0])).x
    return np.asarray(slope * calibration + shift * (np.array(CALIBRATION_FEATURES) == "bias"), dtype=np.float64)


def fit(examples: Sequence[Example], l2: float, others: Sequence[Example] = (), *, declines: bool = True) -> dict[str, Any]:
    """Weights, calibration and threshold as they are stored, with the cross-fitted figures.

    Args: others: count in the calibration only; declines: whether the questions show what it looks like when nothing answers.
    """
    scored: list[tuple[Example, Floats]] = []
    for fold in range(FOLDS):
        w = fit_weights([e for e in examples if e.fold != fold], l2)
        scored += [(e, e.candidates.features @ w) for e in (*examples, *others) if e.fold == fold]
    rows, labels, counts, tops, first = [], [], [], [], []
    ranks = []
    for e, scores in scored:
        c = e.candidates
        features = calibration_features(scores, c.best_cosine, c.coverages, c.missing)
        order = np.lexsort((c.doc_ids, -scores))
        chosen = order[:RANKED_FOR_CALIBRATION]
        rows.append(features[chosen])
        labels.append(e.right[chosen])
        counts.append(np.full(len(chosen), e.weight))
        if e.weight == 1:
            tops.append(features[order[0]])
            first.append(bool(e.right[order[0]]))
            if e.right.any():
                ranks.append(int(np.argmax(e.right[order])) + 1)
    table, right, count = np.concatenate(rows), np.concatenate(labels), np.concatenate(counts)
    calibration = rescaled(fit_calibration(table, right, count), table[count == 1], right[count == 1])
    probability = 1 / (1 + np.exp(-(np.stack(tops) @ calibration)))
    threshold = best_threshold(probability, np.array(first))
    answered = probability >= threshold
    n = len(tops)
    print(
        f"  cross-fitted: n={n} recall@1={np.mean(first):.3f} recall@3={np.sum(np.array(ranks) <= 3) / n:.3f}"
        f" recall@10={np.sum(np.array(ranks) <= 10) / n:.3f} threshold={threshold:.3f}"
        f" answered={answered.mean():.3f} accuracy={np.array(first)[answered].mean():.3f}"
    )
    weights = fit_weights(examples, l2)
    background = float(np.median([np.median(e.candidates.best_cosine) for e in examples]))
    return {
        "weights": dict(zip(FEATURES, np.round(weights, 5).tolist(), strict=True)),
        "calibration": dict(zip(CALIBRATION_FEATURES, np.round(calibration, 5).tolist(), strict=True)),
        "threshold": round(threshold, 4),
        "background_cosine": round(background, 4),
        **(fit_answerable(scored, background) if declines else {}),
    }


def fit_answerable(scored: Sequence[tuple[Example, Floats]], background: float) -> dict[str, Any]:
    """Whether anything answers a question at all, and below which probability nothing is offered; nothing to learn gives nothing.

    Args: scored: examples with the scores of their candidates, by weights of other folds.
    """
    labels = np.array([bool(e.right.any()) for e, _ in scored])
    counts = np.array([e.weight for e, _ in scored])
    if labels[counts == 1].all():
        return {}
    rows = []
    for e, scores in scored:
        c = e.candidates
        first = int(np.lexsort((c.doc_ids, -scores))[0])
        rows.append(answerable_features(c.nearest, c.best_cosine, c.coverages, c.missing, first, background))
    table, folds = np.stack(rows), np.array([e.fold for e, _ in scored])
    logit = np.zeros(len(table))
    for fold in range(FOLDS):
        rest = folds != fold
        logit[~rest] = table[~rest] @ fit_calibration(table[rest], labels[rest], counts[rest], names=ANSWERABLE_FEATURES)
    asked = counts == 1
    edge = float(np.quantile(logit[asked & labels], 1 - KEPT))
    print(
        f"  offered from {edge:.3f}: answerable {np.mean(logit[asked & labels] >= edge):.3f}"
        f" unanswerable {np.mean(logit[asked & ~labels] >= edge):.3f} withdrawn {np.mean(logit[~asked & ~labels] >= edge):.3f}"
    )
    fitted = fit_calibration(table, labels, counts, names=ANSWERABLE_FEATURES)
    return {
        "answerable": dict(zip(ANSWERABLE_FEATURES, np.round(fitted, 5).tolist(), strict=True)),
        "offer_threshold": round(1 / (1 + np.exp(-edge)), 4),
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
    asked = [Asked(q.text, frozenset(ids[g] for g in q.gold if g in ids), q.gold[0]) for q in questions if q.gold]
    withdrawn = [replace(a, withdrawn=a.gold) for a in asked if a.gold]
    asked += [Asked(q.text, frozenset(), q.text) for file in arguments.unanswerable for q in read_questions(file)[::2]]
    documents = {d.doc_id: d for segment, _ in searcher.current().segments() for d in segment.documents}
    by_title = title_questions(
        {i: normalise(r.content.title).split("(")[0] for i, r in live.items()},
        {i: " ".join(normalise(p.text) for p in d.passages) for i, d in documents.items()},
        WordSegmenter(),
    )
    print("named documents")
    others = [
        *examples_of(searcher, withdrawn, NAMED_CHANNELS, WITHDRAWN_WEIGHT),
        *examples_of(searcher, by_title, NAMED_CHANNELS, TITLE_WEIGHT),
    ]
    result: dict[str, Any] = {"named": fit(examples_of(searcher, asked, NAMED_CHANNELS), arguments.l2, others)}
    if arguments.pairs:
        encoder = OnnxEncoder(prepare_encoder(settings))
        pairs = [p for p in read_pairs(arguments.pairs) if int(p.key, 16) % 2 == 0]
        replies, keys = private_documents(pairs, encoder)
        places = {key: i for i, key in keys.items()}
        bare = build_searcher(settings, encoder)
        bare.apply(replies, (), 1)
        both = [*questions_of(pairs, "subject"), *questions_of(pairs, "message")]
        print("bare documents")
        asked = [Asked(q.text, frozenset({places[q.gold[0]]}), q.gold[0]) for q in both]
        result["bare"] = fit(examples_of(bare, asked, BARE_CHANNELS), arguments.l2, declines=False)
    else:
        result["bare"] = json.loads(arguments.out.read_text())["bare"]
    arguments.out.write_text(json.dumps(result, indent=1) + "\n")
    services.stop()


if __name__ == "__main__":
    main()
