"""Where questions lie by meaning: vectors from which what all questions share is taken out, and how near is the same meaning.

The cosine at which two questions mean the same differs widely between encoders (unrelated ones: 0.17 with one, 0.85 with another).
So everyday questions of the sample knowledge serve as the scale: their mean is subtracted, and nearness is counted in standard
deviations of their similarities.
"""

import json
import threading
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from knowledge_base.sample_knowledge import FOLDER

Matrix = np.ndarray[Any, np.dtype[np.float32]]
SAME_MEANING = 4.3  # standard deviations; chosen in docs/panel.md
SCALE_QUESTIONS = 240
BATCH = 16


class QueryEncoder(Protocol):
    """What is needed of `retrieval.encoder.Encoder`."""

    @property
    def hash(self) -> str: ...
    def encode_queries(self, texts: Sequence[str]) -> Matrix: ...


class MeaningSpace:
    """Light to construct; the scale is measured at the first use (about two seconds). Thread-safe."""

    def __init__(self, encoder: QueryEncoder) -> None:
        self._encoder = encoder
        self._lock = threading.Lock()
        self._mean: Matrix | None = None
        self._spread = 0.0

    @property
    def encoder_hash(self) -> str:
        return self._encoder.hash

    def place(self, texts: Sequence[str]) -> Matrix:
        """(len(texts), dimension), rows of unit length; the order of the texts changes nothing."""
        mean = self._scale()
        rows = [self._encoder.encode_queries(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH)]
        return _unit(np.vstack(rows) - mean) if rows else np.zeros((0, mean.shape[0]), np.float32)

    def threshold(self, deviations: float = SAME_MEANING) -> float:
        """The cosine of placed vectors from which on two texts are that near."""
        self._scale()
        return deviations * self._spread

    def _scale(self) -> Matrix:
        with self._lock:
            if self._mean is None:
                texts = scale_questions()
                rows = np.vstack([self._encoder.encode_queries(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH)])
                mean = rows.mean(axis=0)
                centred = _unit(rows - mean)
                self._spread = float((centred @ centred.T)[np.triu_indices(len(texts), 1)].std())
                self._mean = mean
            return self._mean


def scale_questions() -> list[str]:
    """One question of each sample entry."""
    found = []
    for file in sorted(FOLDER.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.strip():
                entry = json.loads(line)
                found.append(next(iter(entry.get("similar_questions") or []), entry["title"]))
    return found[:SCALE_QUESTIONS]


def _unit(rows: Matrix) -> Matrix:
    unit: Matrix = (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return unit
