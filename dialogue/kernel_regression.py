"""Regression that is not linear: a message is described by how like it is to messages of the training data.

Likeness is a Gaussian kernel over the sentence vectors plus the cosine of the character n-grams. Described by all training
messages a regression would take minutes; a sample of them, the landmarks, is enough (Nyström's method). The regression is of
least squares, solved at once; its scores become probabilities by one factor, chosen on messages that were left out for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

Features = tuple[list[np.ndarray], csr_matrix]  # parts of the sentence vectors, one row a message each; counts of n-grams

NOISE = 1e-4  # on the diagonal, for landmarks that hardly differ
SEED = 20260301
LEFT_OUT = 5  # each fifth message
FACTORS = np.arange(2.0, 20.5, 0.5)


class KernelRegression:
    """Holds the landmarks and what each says for each class.

    Vectors come in parts, one per encoder layer; each is centred and brought to the mean length 1, so that all count the same.
    """

    def __init__(self, width: float, dense_weight: float, sparse_weight: float, landmarks: int, noise: float) -> None:
        """Args:
        width: the greater, the fewer messages count as alike.
        landmarks: at most so many.
        noise: the greater, the less a single message counts.
        """
        self._width, self._dense_weight, self._sparse_weight = width, dense_weight, sparse_weight
        self._most, self._noise = landmarks, noise
        self.classes_ = np.zeros(0, dtype=str)

    def fit(self, features: Features, labels: Sequence[str]) -> None:
        parts, grams = features
        self._means = [part.mean(axis=0) for part in parts]
        spread = [float(((part - mean) ** 2).sum(axis=1).mean()) ** 0.5 for part, mean in zip(parts, self._means, strict=True)]
        self._scales = np.array([1.0 / (length or 1.0) / len(parts) ** 0.5 for length in spread])
        shuffled = np.random.default_rng(SEED).permutation(grams.shape[0])
        chosen = np.sort(shuffled[: self._most])
        self._dense, self._grams = self._scaled(parts)[chosen], _unit(grams)[chosen]
        kernel = self._kernel(parts, grams).astype(np.float64)
        whitening = np.linalg.inv(np.linalg.cholesky(kernel[chosen] + NOISE * np.eye(len(chosen)))).T
        self.classes_, told, sizes = np.unique(np.array(labels, dtype=str), return_inverse=True, return_counts=True)
        rows, target = kernel @ whitening, np.eye(len(self.classes_))[told]
        weights = sizes[told] ** -0.5  # rare classes count more, but not as much as frequent ones
        kept, left = shuffled[len(shuffled) // LEFT_OUT :], shuffled[: len(shuffled) // LEFT_OUT]
        self._factor = _factor(rows[left] @ self._solved(rows[kept], target[kept], weights[kept]), told[left])
        self._says = (whitening @ self._solved(rows, target, weights)).astype(np.float32)

    def _solved(self, rows: np.ndarray, target: np.ndarray, weights: np.ndarray) -> np.ndarray:
        weighted = rows * (weights / weights.mean())[:, None]
        return np.linalg.solve(weighted.T @ rows + self._noise * np.eye(rows.shape[1]), weighted.T @ target)

    def predict_proba(self, features: Features) -> np.ndarray:
        """Rows of probabilities in the order of `classes_`."""
        return np.exp(_logarithms(self._factor * (self._kernel(*features) @ self._says)))

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
        self._scales, self._dense = arrays["scales"], arrays["dense"]
        self._means = [arrays[f"mean{n}"] for n in range(len(self._scales))]
        self._grams = csr_matrix((arrays["data"], arrays["indices"], arrays["indptr"]), shape=tuple(arrays["shape"]))

    def _scaled(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        scaled = [(part - mean) * scale for part, mean, scale in zip(parts, self._means, self._scales, strict=True)]
        return np.hstack(scaled).astype(np.float32)

    def _kernel(self, parts: Sequence[np.ndarray], grams: csr_matrix) -> np.ndarray:
        """Likeness of each message to each landmark."""
        dense, marks = self._scaled(parts), self._dense
        distance = (dense**2).sum(axis=1)[:, None] + (marks**2).sum(axis=1)[None] - 2 * dense @ marks.T
        likeness = self._dense_weight * np.exp(-self._width * np.maximum(distance, 0))
        return np.asarray(likeness + self._sparse_weight * (_unit(grams) @ self._grams.T).toarray(), dtype=np.float32)


def _unit(grams: csr_matrix) -> csr_matrix:
    """Rows of length 1, so that a long story weighs as much as a word; logarithms, so that a repeated character does not outweigh."""
    rows = csr_matrix(grams, dtype=np.float32, copy=True)
    rows.data = 1 + np.log(rows.data)
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return csr_matrix(rows.multiply((1 / np.where(lengths > 0, lengths, 1))[:, None]))


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
