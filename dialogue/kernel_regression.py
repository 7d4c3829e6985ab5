"""Logistic regression that is not linear: a message is described by how like it is to messages of the training data.

Likeness is a Gaussian kernel over the sentence vectors plus the cosine of the character n-grams. Described by all training
messages a regression would take minutes; a sample of them, the landmarks, is enough (Nyström's method).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

Features = tuple[list[np.ndarray], csr_matrix]  # parts of the sentence vectors, one row a message each; counts of n-grams

NOISE = 1e-4  # on the diagonal, for landmarks that hardly differ
SEED = 20260301


class KernelRegression:
    """Holds the landmarks and what each says for each class.

    Vectors come in parts, one per encoder layer; each is centred and brought to the mean length 1, so that all count the same.
    """

    def __init__(self, width: float, dense_weight: float, sparse_weight: float, landmarks: int) -> None:
        """Args: width: the greater, the fewer messages count as alike. landmarks: at most so many."""
        self._width, self._dense_weight, self._sparse_weight, self._most = width, dense_weight, sparse_weight, landmarks
        self.classes_ = np.zeros(0, dtype=str)

    def fit(self, features: Features, labels: Sequence[str], regression: LogisticRegression) -> None:
        """Args: regression: the solver with its settings."""
        parts, grams = features
        self._means = [part.mean(axis=0) for part in parts]
        spread = [float(((part - mean) ** 2).sum(axis=1).mean()) ** 0.5 for part, mean in zip(parts, self._means, strict=True)]
        self._scales = np.array([1.0 / (length or 1.0) / len(parts) ** 0.5 for length in spread])
        chosen = np.sort(np.random.default_rng(SEED).permutation(grams.shape[0])[: self._most])
        self._dense, self._grams = self._scaled(parts)[chosen], _unit(grams)[chosen]
        kernel = self._kernel(parts, grams)
        among = kernel[chosen].astype(np.float64) + NOISE * np.eye(len(chosen))
        whitening = np.linalg.inv(np.linalg.cholesky(among)).T
        regression.fit(kernel @ whitening, labels)
        self.classes_ = np.array(regression.classes_, dtype=str)
        coef, intercept = regression.coef_, regression.intercept_
        if len(self.classes_) == 2:  # scikit-learn then keeps only the second class
            coef, intercept = np.vstack([-coef, coef]) / 2, np.concatenate([-intercept, intercept]) / 2
        self._says, self._intercept = (whitening @ coef.T).astype(np.float32), intercept

    def predict_proba(self, features: Features) -> np.ndarray:
        """Rows of probabilities in the order of `classes_`."""
        scores = self._kernel(*features) @ self._says + self._intercept
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    def middle(self) -> Features:
        """Features of a message that is like nothing in particular."""
        return [mean[None] for mean in self._means], csr_matrix((1, self._grams.shape[1]))

    def arrays(self) -> dict[str, Any]:
        """All that `from_arrays` needs, for a file of plain arrays."""
        grams = self._grams.tocsr()
        return {
            "classes": self.classes_, "says": self._says, "intercept": self._intercept, "scales": self._scales,
            "dense": self._dense, "data": grams.data, "indices": grams.indices, "indptr": grams.indptr,
            "shape": np.array(grams.shape), **{f"mean{n}": mean for n, mean in enumerate(self._means)},
        }  # fmt: skip

    def from_arrays(self, arrays: Mapping[str, Any]) -> None:
        self.classes_, self._says, self._intercept = arrays["classes"], arrays["says"], arrays["intercept"]
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
