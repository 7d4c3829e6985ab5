"""Light training over the store: query adapter, fusion weights and the scale of the probabilities for entries with names.

Everything starts from what is served and is changed only where this instance's questions, those that a fold did not see, get better
answers and the project's own questions get no worse ones, so that little data never spoils it. Frozen embeddings: nothing is indexed
again. The project's questions are of two sorts: anchors, which the query adapter is trained on besides so that it forgets nothing
(the encoder has learnt them, so they say nothing about how well something works), and guards, which decide besides what is kept and
how probable an answer is.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from retrieval.documents import Document
from retrieval.encoder import Encoder, Matrix
from retrieval.fusion import CALIBRATION_FEATURES, FEATURES, FusionWeights, answerable_features, calibration_features
from retrieval.query_adapter import QueryAdapter
from retrieval.ranking import Ranking
from retrieval.searcher import Searcher
from training.fit_fusion import RANKED_FOR_CALIBRATION, Example, Floats, rescaled
from training.progress import Steps
from training.query_adaptation import AdapterPlan, train_adapter

LEAST_QUESTIONS = 20
LEAST_FOR_CALIBRATION = 100
STRENGTHS = (0.0, 0.5, 1.0)
UNANSWERABLE_SHARE = 0.3  # of the questions that have an answer
GUARD_LOSS = 0.005  # of the recall@1 of the guarding questions that a change may cost
OWN, ANCHOR, GUARD = "own", "anchor", "guard"


@dataclass(frozen=True)
class Question:
    """Attributes: right, wrong: ids of documents that answer it, and of some that do not; group: decides the fold.

    part: OWN, of this instance; ANCHOR and GUARD, which the project brings along.
    """

    text: str
    right: frozenset[int]
    group: str
    part: str = OWN
    wrong: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Judged(Example):
    """An example of which wrong candidates may be known. Where none is right, the others are neither right nor wrong."""

    wrong: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))


@dataclass(frozen=True)
class Shares:
    """Of the questions that an entry answers: how many are answered, and how many get entries offered."""

    answered: float
    offered: float | None


@dataclass(frozen=True)
class LightPlan:
    adapter: AdapterPlan = field(default_factory=lambda: AdapterPlan(pull=1e-3))
    folds: int = 4
    pull_to_served: float = 20.0  # on each weight of the fusion

    def parameters(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Light:
    """Attributes: weights: the whole file of the fusion; figures: cross-fitted, and what was decided."""

    adapter: QueryAdapter
    weights: dict[str, Any]
    figures: dict[str, Any]


class LightTrainer:
    """Args: served_weights: the file of the fusion that is served, as values."""

    def __init__(
        self, searcher: Searcher, encoder: Encoder, served: Ranking, served_weights: dict[str, Any], plan: LightPlan, steps: Steps
    ) -> None:
        self._searcher, self._served, self._plan, self._steps = searcher, served, plan, steps
        self._encoder, self._weights = encoder, served_weights
        documents = (
            d for segment, alive in searcher.current().segments() for d, a in zip(segment.documents, alive, strict=True) if a
        )
        self._documents: dict[int, Document] = {d.doc_id: d for d in documents}

    def shares(self, questions: Sequence[Question]) -> Shares | None:
        """As it is served; None where no question can be asked."""
        asked = [q for q in self._usable(questions) if q.part != ANCHOR and q.right]
        if not asked:
            return None
        folds = np.zeros(len(asked), np.int64)
        return shares_of(
            self._examples(asked, self._embedded([q.text for q in asked]), folds, {}, 0.0), self._served.fusion.named
        )

    def train(self, questions: Sequence[Question], unanswerable: Sequence[str] = (), *, before: Shares | None = None) -> Light:
        """Questions whose documents are not in the index are passed over.

        Args: before: under the encoder that is served, when this one is new and with it every cosine.
        """
        usable = self._usable(questions)
        counts = {"questions": sum(q.part == OWN and bool(q.right) for q in usable), "wrong": sum(bool(q.wrong) for q in usable)}
        counts |= {part + "_questions": sum(q.part == part for q in usable) for part in (ANCHOR, GUARD)}
        if counts["questions"] < LEAST_QUESTIONS:
            self._steps.say(f"只有 {counts['questions']} 个已标注的问题（至少要 {LEAST_QUESTIONS} 个），检索保持不变。")
            return Light(self._served.named, self._weights, {**counts, "changed": []})
        vectors = self._embedded([q.text for q in usable])
        folds = np.array([int(hashlib.sha256(q.group.encode()).hexdigest(), 16) % self._plan.folds for q in usable])
        parts = np.array([q.part for q in usable])
        learnt = parts != GUARD
        adapters = {int(f): self._adapter(usable, vectors, learnt & (folds != f)) for f in range(self._plan.folds)}
        asked = np.flatnonzero(parts != ANCHOR)
        own = parts[asked] == OWN
        chosen = [usable[i] for i in asked.tolist()]
        tried = {s: self._examples(chosen, vectors[asked], folds[asked], adapters, s) for s in STRENGTHS}
        served = self._served.fusion.named
        figures = {f"{s:g}": _measured(tried[s], served.weights, own) for s in STRENGTHS}
        strength = _best_strength(figures)
        fitted, after = self._fusion(tried[strength], own, figures[f"{strength:g}"])
        changed = [name for name, is_so in (("adapter", strength > 0), ("fusion", fitted is not None)) if is_so]
        weights = served.weights if fitted is None else fitted
        adapter = scaled(self._adapter(usable, vectors, learnt), strength) if strength else self._served.named
        named = {**self._weights["named"], "weights": dict(zip(FEATURES, np.round(weights, 5).tolist(), strict=True))}
        if before is not None or (changed and own.sum() >= LEAST_FOR_CALIBRATION):
            # with the guards: easy questions alone would make a scale that is too doubtful of harder ones
            # and with no more of what nothing answers than the built-in scale was made with
            few = sorted(unanswerable, key=lambda text: hashlib.sha256(text.encode()).hexdigest())
            others = self._unanswerable(few[: int(UNANSWERABLE_SHARE * len(asked))], adapters, strength)
            usual = float(np.median([np.median(e.candidates.best_cosine) for e in tried[strength]]))
            scale = replace(served, weights=weights, background_cosine=None if served.background_cosine is None else usual)
            named["background_cosine"] = scale.background_cosine
            kept = before or shares_of(tried[STRENGTHS[0]], served)
            calibration = self._calibration(tried[strength], others, scale)
            edge = float(np.quantile(certainties(tried[strength], replace(scale, calibration=calibration)), 1 - kept.answered))
            calibration += (_logit(served.threshold) - edge) * (np.array(CALIBRATION_FEATURES) == "bias")
            named["calibration"] = dict(zip(CALIBRATION_FEATURES, np.round(calibration, 5).tolist(), strict=True))
            if kept.offered is not None:
                named["offer_threshold"] = round(float(np.quantile(answerabilities(tried[strength], scale), 1 - kept.offered)), 4)
            changed.append("calibration")
        told = {**counts, "strengths": figures, "strength": strength, "fusion": after, "changed": changed}
        return Light(adapter, {**self._weights, "named": named}, told)

    def _usable(self, questions: Sequence[Question]) -> list[Question]:
        known = self._documents.keys()
        held = [replace(q, right=q.right & known, wrong=q.wrong & known) for q in questions]
        return [q for q in held if q.right or (q.wrong and q.part == OWN)]

    def _embedded(self, texts: Sequence[str]) -> Matrix:
        with self._steps.step("编码问题", len(texts)) as advance:
            rows = []
            for text in texts:
                rows.append(self._searcher.encode(self._searcher.understand(text)))
                advance(1)
        return np.stack(rows)

    def _adapter(self, questions: Sequence[Question], vectors: Matrix, chosen: npt.NDArray[np.bool_]) -> QueryAdapter:
        """Trained on the chosen questions over all documents; one document that answers is an example, and each that does not."""
        ids = sorted(self._documents)
        places = {doc_id: i for i, doc_id in enumerate(ids)}
        pairs = [(i, places[d], True) for i in np.flatnonzero(chosen).tolist() for d in sorted(questions[i].right)[:1]]
        pairs += [(i, places[d], False) for i in np.flatnonzero(chosen).tolist() for d in sorted(questions[i].wrong)]
        passages = np.concatenate([self._documents[d].vectors for d in ids])
        owners = np.repeat(np.arange(len(ids)), [len(self._documents[d].vectors) for d in ids])
        with self._steps.step("训练查询适配", self._plan.adapter.steps) as advance:
            rows, documents, right = zip(*pairs, strict=True)
            return train_adapter(vectors[list(rows)], documents, passages, owners, self._plan.adapter, advance, right)

    def _examples(
        self,
        questions: Sequence[Question],
        vectors: Matrix,
        folds: npt.NDArray[np.int64],
        adapters: dict[int, QueryAdapter],
        strength: float,
    ) -> list[Judged]:
        """Candidates found with adapters that did not see the question; at no strength as it is served."""
        moved = {fold: scaled(adapter, strength) if strength else self._served.named for fold, adapter in adapters.items()}
        extras, channels = self._served.extras(True), self._served.fusion.named.channels
        found: list[Judged] = []
        with self._steps.step(f"检索（适配强度 {strength:g}）", len(questions)) as advance:
            for q, vector, fold in zip(questions, vectors, folds.tolist(), strict=True):
                text, snapshot = self._searcher.understand(q.text), self._searcher.current()
                candidates = self._searcher.candidates(
                    snapshot, text, moved.get(fold, self._served.named)(vector), channels=channels, extras=extras
                )
                if candidates is None:
                    raise ValueError("an index without documents")
                right, wrong = (np.isin(candidates.doc_ids, sorted(ids)) for ids in (q.right, q.wrong))
                found.append(Judged(candidates, right, fold, wrong=wrong))
                advance(1)
        return found

    def _unanswerable(self, texts: Sequence[str], adapters: dict[int, QueryAdapter], strength: float) -> list[Judged]:
        questions = [Question(text, frozenset(), text) for text in texts]
        if not questions:
            return []
        folds = np.array([sorted(adapters)[i % len(adapters)] for i in range(len(questions))])
        return self._examples(questions, self._embedded(texts), folds, adapters, strength)

    def _fusion(
        self, examples: Sequence[Judged], own: npt.NDArray[np.bool_], before: dict[str, float]
    ) -> tuple[Floats | None, dict[str, float]]:
        """New weights where, cross-fitted, they are better on this instance's questions and no worse on the project's."""
        served, pull = self._served.fusion.named.weights, self._plan.pull_to_served
        learnt = [e for e, is_own in zip(examples, own.tolist(), strict=True) if is_own]
        by_fold = {
            fold: weights_near(served, [e for e in learnt if e.fold != fold], pull) for fold in sorted({e.fold for e in examples})
        }
        after = _figures([(e, by_fold[e.fold]) for e in examples], own)
        return (weights_near(served, learnt, pull) if _is_allowed(after, before, least=before["own_score"]) else None), after

    def _calibration(self, examples: Sequence[Judged], others: Sequence[Judged], served: FusionWeights) -> Floats:
        """The served order of certainty, with the slope that these questions give it."""
        rows, labels = [], []
        for e in (*examples, *others):
            c, scores = e.candidates, served.scores(e.candidates.features)
            features = calibration_features(scores, c.best_cosine, c.coverages, c.missing, served.background(c.nearest))
            top = np.lexsort((c.doc_ids, -scores))[:RANKED_FOR_CALIBRATION]
            if e.wrong.any() and not e.right.any():
                top = top[e.wrong[top]]  # of the others nobody has said anything
            rows.append(features[top])
            labels.append(e.right[top])
        return rescaled(served.calibration, np.concatenate(rows), np.concatenate(labels))


def scaled(adapter: QueryAdapter, strength: float) -> QueryAdapter:
    """Part of the way from the identity."""
    return QueryAdapter(adapter.a * np.float32(strength), adapter.b, adapter.shift * np.float32(strength))


def shares_of(examples: Sequence[Judged], weights: FusionWeights) -> Shares:
    answered = float(np.mean(certainties(examples, weights) >= _logit(weights.threshold)))
    if weights.answerable is None or weights.offer_threshold is None:
        return Shares(answered, None)
    return Shares(answered, float(np.mean(answerabilities(examples, weights) >= weights.offer_threshold)))


def certainties(examples: Sequence[Judged], weights: FusionWeights) -> Floats:
    """Logit of the first candidate's probability, for each question that an entry answers."""
    found = []
    for e in examples:
        if e.right.any():
            c, scores = e.candidates, weights.scores(e.candidates.features)
            features = calibration_features(scores, c.best_cosine, c.coverages, c.missing, weights.background(c.nearest))
            found.append(float(features[int(np.lexsort((c.doc_ids, -scores))[0])] @ weights.calibration))
    return np.array(found)


def _logit(probability: float) -> float:
    return float(np.log(probability) - np.log1p(-probability))


def answerabilities(examples: Sequence[Judged], weights: FusionWeights) -> Floats:
    """How probable it seems, for each question that an entry answers, that anything here does."""
    found = []
    for e in examples:
        if e.right.any():
            c = e.candidates
            first = int(np.lexsort((c.doc_ids, -weights.scores(c.features)))[0])
            features = answerable_features(c.nearest, c.best_cosine, c.coverages, c.missing, first, weights.background_cosine)
            found.append(weights.answerability(features, np.zeros(0)))
    return np.array(found)


def weights_near(served: Floats, examples: Sequence[Judged], pull: float) -> Floats:
    """Listwise logistic regression as in `fit_fusion.fit_weights`, drawn to the served weights instead of to zero.

    Where no candidate is right but some are known to be wrong, these are not to come first.
    """
    useful = [(e, e.right if e.right.any() else ~e.wrong) for e in examples if e.right.any() or e.wrong.any()]

    def loss(w: Floats) -> tuple[float, Floats]:
        away = w - served
        total, gradient = 0.5 * pull * float(away @ away), pull * away
        for e, wanted in useful:
            scores = e.candidates.features @ w
            p = np.exp(scores - scores.max())
            p /= p.sum()
            mass = float(p[wanted].sum()) + 1e-12
            total -= float(np.log(mass))
            gradient = gradient - e.candidates.features.T @ (np.where(wanted, p, 0.0) / mass - p)
        return total, gradient

    bounds = [(0.0, None) if weight else (0.0, 0.0) for weight in served]  # what costs time and was worth nothing stays out
    return np.asarray(minimize(loss, served, jac=True, method="L-BFGS-B", bounds=bounds).x, dtype=np.float64)


def rank_of(example: Example, weights: Floats, among: npt.NDArray[np.bool_]) -> float:
    """Of the first of these candidates; infinite where none was found."""
    if not among.any():
        return float("inf")
    scores = np.round(example.candidates.features @ weights, 9)
    order = np.lexsort((example.candidates.doc_ids, -scores))
    return float(np.argmax(among[order]) + 1)


def _measured(examples: Sequence[Judged], weights: Floats, own: npt.NDArray[np.bool_]) -> dict[str, float]:
    return _figures([(e, weights) for e in examples], own)


def _figures(ranked: Sequence[tuple[Judged, Floats]], own: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Recall where an answer is known; `own_score`: MRR, to which a question of which only a wrong entry is known adds 1 - 1/rank."""
    ranks = np.array([rank_of(e, w, e.right) for e, w in ranked])
    wrong = np.array([rank_of(e, w, e.wrong) if not e.right.any() else np.inf for e, w in ranked])
    only_wrong = np.array([bool(e.wrong.any() and not e.right.any()) for e, _ in ranked])
    figures = {}
    for name, mask in ((OWN, own & ~only_wrong), (GUARD, ~own)):
        part = ranks[mask]
        for key, value in (("recall@1", part <= 1), ("recall@10", part <= 10), ("mrr", 1 / part)):
            figures[f"{name}_{key}"] = round(float(np.mean(value)), 4) if len(part) else 0.0
    score = np.where(only_wrong, 1 - 1 / wrong, 1 / ranks)[own]
    figures["own_score"] = round(float(np.mean(score)), 5) if len(score) else 0.0
    if only_wrong.any():
        figures["own_wrong_first"] = round(float(np.mean(wrong[only_wrong] <= 1)), 4)
    return figures


def _is_allowed(figures: dict[str, float], before: dict[str, float], least: float = 0.0) -> bool:
    return figures["guard_recall@1"] >= before["guard_recall@1"] - GUARD_LOSS and figures["own_score"] > least


def _best_strength(figures: dict[str, dict[str, float]]) -> float:
    """The strength with the best score on this instance's questions among those that cost the project's own nothing."""
    served = figures[f"{STRENGTHS[0]:g}"]
    allowed = [s for s in STRENGTHS if s == STRENGTHS[0] or _is_allowed(figures[f"{s:g}"], served)]
    return max(allowed, key=lambda s: (figures[f"{s:g}"]["own_score"], -s))


def weights_text(weights: dict[str, Any]) -> str:
    return json.dumps(weights, ensure_ascii=False, indent=1) + "\n"
