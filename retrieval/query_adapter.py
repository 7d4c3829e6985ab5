"""A learned change of query vectors: a low-rank map beside the identity, so that no document has to be embedded again.

`q' = unit(q + (q A) B + shift)`. Trained by `training.light`; numpy only.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from retrieval.encoder import Matrix


@dataclass(frozen=True)
class QueryAdapter:
    """Attributes: a (dimension, rank), b (rank, dimension), shift (dimension,): float32."""

    a: Matrix
    b: Matrix
    shift: Matrix

    def __post_init__(self) -> None:
        dimension, rank = self.a.shape
        if self.b.shape != (rank, dimension) or self.shift.shape != (dimension,):
            raise ValueError(f"shapes do not fit: {self.a.shape}, {self.b.shape}, {self.shift.shape}")
        if not all(np.isfinite(part).all() for part in (self.a, self.b, self.shift)):
            raise ValueError("not finite")

    @classmethod
    def identity(cls, dimension: int) -> "QueryAdapter":
        nothing = np.zeros((dimension, 0), np.float32)
        return cls(nothing, nothing.T, np.zeros(dimension, np.float32))

    @property
    def dimension(self) -> int:
        return int(self.a.shape[0])

    @property
    def rank(self) -> int:
        return int(self.a.shape[1])

    @cached_property
    def is_identity(self) -> bool:
        return not (self.shift.any() or (self.rank and self.a.any() and self.b.any()))

    @cached_property
    def hash(self) -> str:
        if self.is_identity:
            return "identity"
        parts = (self.a, self.b, self.shift)
        return hashlib.sha256(b"".join(part.astype("<f4").tobytes() for part in parts)).hexdigest()[:16]

    def __call__(self, vectors: Matrix) -> Matrix:
        """Args: vectors: (n, dimension) or (dimension,), rows of unit length. Returns: the same shape, rows of unit length."""
        if self.is_identity:
            return vectors
        changed = vectors + (vectors @ self.a) @ self.b + self.shift
        length = np.linalg.norm(changed, axis=-1, keepdims=True)
        return np.asarray(changed / np.maximum(length, 1e-12), dtype=np.float32)
