"""Trains a query adapter on frozen embeddings: seconds on a processor, and nothing has to be embedded or indexed again.

Loss: InfoNCE (van den Oord et al. 2018, arXiv:1807.03748) of each query over all documents shown in a step, not only those of its batch:
with frozen vectors, every document is a hard negative for free. A document scores by its nearest passage. The map starts at, and is
drawn to, the identity (weight decay on the change), so that little data changes little; entries of the query are dropped at random,
which kept the map from learning the training queries by heart. A query of which only a wrong document is known is moved away from it
(unlikelihood, Welleck et al. 2019, arXiv:1908.04319). Adam (Kingma & Ba 2015, arXiv:1412.6980), numpy, deterministic.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retrieval.encoder import Matrix
from retrieval.query_adapter import QueryAdapter
from training.progress import Advance

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class AdapterPlan:
    """Attributes: pull: strength of the pull to the identity; rank: the trained map is cut to its strongest directions."""

    steps: int = 150
    learning_rate: float = 1e-3
    temperature: float = 0.05
    dropout: float = 0.3
    batch_size: int = 256
    pull: float = 1e-5
    rank: int = 128
    most_documents: int = 1000  # in a step
    seed: int = 0


WARM_UP, LEAST_RATE, EACH_SUBSET = 20, 0.05, 10
LEAST_REST = 1e-3


def train_adapter(
    queries: Matrix, documents: Sequence[int], passages: Matrix, owners: Ints, plan: AdapterPlan,
    advance: Advance = lambda _n: None, right: Sequence[bool] | None = None,
) -> QueryAdapter:  # fmt: skip
    """Args:
    queries (n, d), passages (m, d): rows of unit length. documents: one for each query.
    right: whether it answers the query; default: each does.
    owners (m,): the document of each passage, ascending from 0, each document with at least one.
    """
    chance = np.random.default_rng(plan.seed)
    named = np.asarray(documents, dtype=np.int64)
    answers = np.ones(len(named), bool) if right is None else np.asarray(right, dtype=bool)
    dimension = queries.shape[1]
    change = np.zeros((dimension, dimension), np.float32)
    shift = np.zeros(dimension, np.float32)
    parameters = [change, shift]
    first = [np.zeros_like(p) for p in parameters]
    second = [np.zeros_like(p) for p in parameters]
    subset = _Subset(passages, owners, plan.most_documents)
    for step in range(1, plan.steps + 1):
        batch = chance.choice(len(queries), min(plan.batch_size, len(queries)), replace=False)
        if step % EACH_SUBSET == 1:
            subset.draw(chance)
        keep = chance.random((len(batch), dimension)) >= plan.dropout
        seen = np.asarray(queries[batch] * keep / (1 - plan.dropout), dtype=np.float32)
        moved = queries[batch] + seen @ change + shift
        length = np.linalg.norm(moved, axis=1, keepdims=True)
        unit = moved / length
        pull = subset.gradient(unit, named[batch], answers[batch], plan.temperature)
        back = (pull - (pull * unit).sum(1, keepdims=True) * unit) / length
        gradients = [seen.T @ back + plan.pull * change, back.sum(0)]
        rate = plan.learning_rate * min(1.0, step / WARM_UP) * max(LEAST_RATE, 1 - step / plan.steps)
        for p, g, m, v in zip(parameters, gradients, first, second, strict=True):
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            p -= np.asarray(rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8), dtype=np.float32)
        advance(1)
    left, strength, below = np.linalg.svd(change.astype(np.float64))
    rank = min(plan.rank, dimension)
    a, b = left[:, :rank] * strength[:rank], below[:rank]
    return QueryAdapter(a.astype(np.float32), b.astype(np.float32), shift)


class _Subset:
    """The documents shown in a step: all, or a random part of them and the batch's own."""

    def __init__(self, passages: Matrix, owners: Ints, most: int) -> None:
        self._passages, self._owners, self._most = passages, owners, most
        self._count = int(owners[-1]) + 1
        self._starts = np.flatnonzero(np.diff(owners, prepend=-1))
        self._shown = np.arange(self._count)

    def draw(self, chance: np.random.Generator) -> None:
        if self._count > self._most:
            self._shown = chance.choice(self._count, self._most, replace=False)

    def gradient(self, unit: Matrix, named: Ints, answers: npt.NDArray[np.bool_], temperature: float) -> Matrix:
        """Of the mean loss by the unit query vectors."""
        shown = np.union1d(self._shown, named) if len(self._shown) < self._count else self._shown
        if len(shown) == self._count:
            passages, starts = self._passages, self._starts
            owners = self._owners
        else:
            rows = np.flatnonzero(np.isin(self._owners, shown))
            passages, owners = self._passages[rows], np.searchsorted(shown, self._owners[rows])
            starts = np.flatnonzero(np.diff(owners, prepend=-1))
        cosines = unit @ passages.T
        best = np.maximum.reduceat(cosines, starts, axis=1)
        logits = (best - best.max(axis=1, keepdims=True)) / temperature
        share = np.exp(logits)
        share /= share.sum(axis=1, keepdims=True)
        lines, places = np.arange(len(named)), np.searchsorted(shown, named)
        wrong = share[lines, places]  # of the named document, which counts where it is not the answer
        share[lines, places] -= 1
        share *= np.where(answers, 1.0, -wrong / np.maximum(1 - wrong, LEAST_REST))[:, None]
        weights = np.where(cosines >= best[:, owners], share[:, owners], 0.0)
        return np.asarray(weights.astype(np.float32) @ passages / (temperature * len(named)), dtype=np.float32)
