"""Regression that is not linear: a message is described by how like it is to each message of the training data.

Likeness is a Gaussian kernel over the sentence vectors plus the cosine of the character n-grams. The regression is of least
squares, solved at once; its scores become probabilities by one factor, chosen on messages that were left out for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_matrix

Features = tuple[list[np.ndarray], csr_matrix]  # parts of the sentence vectors, one row a message each; counts of n-grams

SEED = 20260301
LEFT_OUT = 5  # each fifth message
BLOCK = 500  # messages whose likeness is computed at once
FACTORS = np.arange(2.0, 20.5, 0.5)


class KernelRegression:
    """Holds the messages learnt from and what each says for each class.

    Vectors come in parts, one per encoder layer; each is centred and brought to the mean length 1, so that all count the same.
    """

    def __init__(self, width: float, dense_weight: float, sparse_weight: float, most: int, noise: float) -> None:
        """Args:
        width: the greater, the fewer messages count as alike.
        most: messages to learn from; a random choice of more. Time grows with the cube, memory with the square.
        noise: the greater, the less a single message counts.
        """
        self._width, self._dense_weight, self._sparse_weight = width, dense_weight, sparse_weight
        self._most, self._noise = most, noise
        self.classes_ = np.zeros(0, dtype=str)

    def fit(self, features: Features, labels: Sequence[str]) -> None:
        # in a random order, so that what is left out is simply the end
        chosen = np.random.default_rng(SEED).permutation(len(labels))[: self._most]
        parts, grams = [part[chosen] for part in features[0]], features[1][chosen]
        self._means = [part.mean(axis=0) for part in parts]
        spread = [float(((part - mean) ** 2).sum(axis=1).mean()) ** 0.5 for part, mean in zip(parts, self._means, strict=True)]
        self._scales = np.array([1.0 / (length or 1.0) / len(parts) ** 0.5 for length in spread])
        self._hold(self._scaled(parts), _unit(grams))
        self.classes_, told, sizes = np.unique(np.array(labels, dtype=str)[chosen], return_inverse=True, return_counts=True)
        weights = sizes[told] ** -0.5  # rare classes count more, but not as much as frequent ones
        likeness = self._kernel(self._dense, self._grams)
        likeness[np.diag_indices_from(likeness)] += self._noise * weights.mean() / weights
        target = np.eye(len(self.classes_), dtype=np.float32)[told]
        kept = len(chosen) - len(chosen) // LEFT_OUT
        tried = _solved(likeness[:kept, :kept].copy(), target[:kept])
        self._factor = _factor(likeness[kept:, :kept] @ tried, told[kept:])
        self._says = _solved(likeness, target)

    def predict_proba(self, features: Features) -> np.ndarray:
        """Rows of probabilities in the order of `classes_`."""
        scores = self._kernel(self._scaled(features[0]), _unit(features[1])) @ self._says
        return np.exp(_logarithms(self._factor * scores.astype(float)))  # JSON holds no shorter floats

    def middle(self) -> Features:
        """Features of a message that is like nothing in particular."""
        return [mean[None] for mean in self._means], csr_matrix((1, self._grams.shape[1]))

    def arrays(self) -> dict[str, Any]:
        """All that `from_arrays` needs, for a file of plain arrays."""
        grams = self._grams.tocsr()
        return {
            "classes": self.classes_, "says": self._says, "factor": np.array(self._factor), "scales": self._scales,
            "dense": self._dense, "data": grams.data, "indices": grams.indices, "indptr": grams.indptr,
            "shape": np.array(grams.shape), **{f"mean{n}": mean for n, mean in enumerate(self._means)},
        }  # fmt: skip

    def from_arrays(self, arrays: Mapping[str, Any]) -> None:
        self.classes_, self._says, self._factor = arrays["classes"], arrays["says"], float(arrays["factor"])
        self._scales = arrays["scales"]
        self._means = [arrays[f"mean{n}"] for n in range(len(self._scales))]
        grams = csr_matrix((arrays["data"], arrays["indices"], arrays["indptr"]), shape=tuple(arrays["shape"]))
        self._hold(arrays["dense"], grams)

    def _hold(self, dense: np.ndarray, grams: csr_matrix) -> None:
        self._dense, self._lengths = dense, (dense**2).sum(axis=1)
        self._grams, self._by_gram = grams, grams.T.tocsr()

    def _scaled(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        scaled = [(part - mean) * scale for part, mean, scale in zip(parts, self._means, self._scales, strict=True)]
        return np.hstack(scaled).astype(np.float32)

    def _kernel(self, dense: np.ndarray, grams: csr_matrix) -> np.ndarray:
        """Likeness of each message to each that was learnt from."""
        likeness = np.empty((len(dense), len(self._dense)), dtype=np.float32)
        for start in range(0, len(dense), BLOCK):
            some = slice(start, start + BLOCK)
            distance = (dense[some] ** 2).sum(axis=1)[:, None] + self._lengths - 2 * dense[some] @ self._dense.T
            likeness[some] = self._dense_weight * np.exp(-self._width * np.maximum(distance, 0))
            likeness[some] += self._sparse_weight * (grams[some] @ self._by_gram).toarray()
        return likeness


def _solved(likeness: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Args: likeness: is overwritten."""
    return np.asarray(cho_solve(cho_factor(likeness.T, overwrite_a=True, check_finite=False), target, check_finite=False))


def _unit(grams: csr_matrix) -> csr_matrix:
    """Rows of length 1, so that a long story weighs as much as a word; logarithms, so that a repeated character does not outweigh."""
    rows = csr_matrix(grams, dtype=np.float32, copy=True)
    rows.data = 1 + np.log(rows.data)
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return csr_matrix(rows.multiply((1 / np.where(lengths > 0, lengths, 1))[:, None]), dtype=np.float32)


def _logarithms(scores: np.ndarray) -> np.ndarray:
    """Of the probabilities that scores amount to."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def _factor(scores: np.ndarray, told: np.ndarray) -> float:
    """Under which the true classes are likeliest."""
    if not len(told):
        return 1.0
    likelihoods = [_logarithms(factor * scores)[np.arange(len(told)), told].mean() for factor in FACTORS]
    return float(FACTORS[int(np.argmax(likelihoods))])
