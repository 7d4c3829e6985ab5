"""What pairs of questions and replies teach about words: which words of a reply go with which words of a question.

A department answers in its own manner, and a reply often does not repeat the question's words. `e = V (x U)` tells for each term of
replies how much it is expected after the terms x of a question; a document scores by the expected terms that it has. Learned by
`training.associations`; works on the terms that the index holds anyway.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from retrieval.errors import RetrievalError
from retrieval.lexical_index import ChannelView, HeldTerms

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Associations:
    """Attributes: asked: terms of questions, with asked_idf (n,) and u (n, rank); told: terms of replies, told_idf (m,), v (m, rank)."""

    asked: tuple[str, ...]
    asked_idf: Floats
    u: Floats
    told: tuple[str, ...]
    told_idf: Floats
    v: Floats

    def __post_init__(self) -> None:
        n, m = len(self.asked), len(self.told)
        if not (self.u.shape == (n, self.v.shape[1]) and len(self.v) == len(self.told_idf) == m and len(self.asked_idf) == n):
            raise ValueError("shapes do not fit")

    @cached_property
    def _places(self) -> dict[str, int]:
        return {term: i for i, term in enumerate(self.asked)}

    @cached_property
    def hash(self) -> str:
        digest = hashlib.sha256("\0".join([*self.asked, "", *self.told]).encode())
        for part in (self.asked_idf, self.u, self.told_idf, self.v):
            digest.update(part.astype("<f4").tobytes())
        return digest.hexdigest()[:16]

    def expected(self, terms: Collection[str]) -> Floats:
        """How much each term of replies is expected after a question of these terms: (m,)."""
        rows = [self._places[term] for term in sorted(terms) if term in self._places]
        weights = self.asked_idf[rows]
        length = float(np.linalg.norm(weights)) or 1.0
        return np.asarray(self.v @ ((weights / length) @ self.u[rows]), dtype=np.float32)

    def scores(self, terms: Collection[str], view: ChannelView, held: HeldTerms) -> npt.NDArray[np.float64]:
        """How much each document has of what is expected, whatever its length: (documents,)."""
        if not held.documents:
            return np.zeros(0)
        value, square = np.zeros(view.terms), np.zeros(view.terms)
        ids = view.ids(self.told)
        known = ids >= 0
        value[ids[known]] = (self.expected(terms) * self.told_idf)[known]
        square[ids[known]] = (self.told_idf**2)[known]
        total = np.bincount(held.owners, value[held.ids], held.documents)
        length = np.sqrt(np.bincount(held.owners, square[held.ids], held.documents))
        return np.asarray(total / np.maximum(length, 1e-9), dtype=np.float64)

    def write(self, file: Path) -> None:
        with file.open("wb") as stream:
            np.savez_compressed(
                stream, asked=_joined(self.asked), told=_joined(self.told), asked_idf=self.asked_idf, told_idf=self.told_idf,
                u=self.u.astype(np.float16), v=self.v.astype(np.float16),
            )  # fmt: skip

    @classmethod
    def read(cls, file: Path) -> "Associations":
        """Raises: RetrievalError when the file is damaged."""
        try:
            with np.load(file, allow_pickle=False) as arrays:
                asked, told = (bytes(arrays[name]).decode().split("\n") for name in ("asked", "told"))
                numbers = [np.asarray(arrays[name], np.float32) for name in ("asked_idf", "u", "told_idf", "v")]
            return cls(tuple(asked), numbers[0], numbers[1], tuple(told), numbers[2], numbers[3])
        except (OSError, ValueError, KeyError, EOFError) as exc:
            raise RetrievalError(f"词语关联文件 {file.name} 已损坏。", fix="重新训练，或回退到上一次训练。") from exc


def _joined(terms: Sequence[str]) -> npt.NDArray[np.uint8]:
    return np.frombuffer("\n".join(terms).encode(), dtype=np.uint8)
