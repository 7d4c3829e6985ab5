"""What training changes in a search, as one immutable value: how queries are mapped, and how channels are weighed.

A searcher holds one and is given another by `Searcher.use`; a search under way finishes with the one it began with.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from retrieval.associations import Associations
from retrieval.errors import RetrievalError
from retrieval.extras import Extras
from retrieval.fusion import Fusion, FusionWeights
from retrieval.query_adapter import QueryAdapter

KINDS = ("named", "bare")
KNOWN_TEXTS = "known_texts.sha256"  # in the data folder of a run: hashes of the texts it was trained on


@dataclass(frozen=True)
class Ranking:
    """Attributes: named, bare: the adapters that go with the fusion's two sets of weights. associations: of words; None: none."""

    fusion: Fusion
    named: QueryAdapter
    bare: QueryAdapter
    associations: Associations | None = None

    @property
    def dimension(self) -> int:
        return self.named.dimension

    @classmethod
    def untrained(cls, fusion: Fusion, dimension: int) -> "Ranking":
        """The given weights, with queries left as they are."""
        return cls(fusion, QueryAdapter.identity(dimension), QueryAdapter.identity(dimension))

    @cached_property
    def learned_hash(self) -> str:
        """Names what was learned besides the fusion."""
        if self.named.is_identity and self.bare.is_identity and self.associations is None:
            return "identity"
        parts = (self.named.hash, self.bare.hash, self.associations.hash if self.associations else "none")
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]

    def extras(self, has_names: bool) -> Extras:
        weights, _ = self.of(has_names)
        return Extras(
            weights.single_characters, weights.weighs("dense_first"), weights.weighs("places_apart"),
            self.associations if weights.weighs("associated") else None,
        )  # fmt: skip

    def of(self, has_names: bool) -> tuple[FusionWeights, QueryAdapter]:
        return (self.fusion.named, self.named) if has_names else (self.fusion.bare, self.bare)


def write_adapters(file: Path, ranking: Ranking, encoder_hash: str) -> None:
    """Args: encoder_hash: of the encoder whose vectors the adapters were trained on."""
    arrays = {f"{kind}.{part}": getattr(getattr(ranking, kind), part) for kind in KINDS for part in ("a", "b", "shift")}
    with file.open("wb") as stream:
        np.savez(stream, encoder=np.array(encoder_hash), **arrays)


def read_adapters(file: Path, encoder_hash: str) -> tuple[QueryAdapter, QueryAdapter]:
    """The adapters for (named, bare). Raises: RetrievalError when damaged or made for another encoder."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            made_for = str(arrays["encoder"])
            named, bare = (QueryAdapter(*(arrays[f"{kind}.{part}"] for part in ("a", "b", "shift"))) for kind in KINDS)
    except (OSError, ValueError, KeyError, EOFError) as exc:
        raise RetrievalError(f"查询适配文件 {file.name} 已损坏或版本不符。", fix="重新训练，或回退到上一次训练。") from exc
    if made_for != encoder_hash:
        raise RetrievalError(
            f"查询适配文件 {file.name} 是为编码器 {made_for} 训练的，现用编码器是 {encoder_hash}。",
            fix="换用与之配套的编码器，或重新训练。",
        )
    return named, bare
