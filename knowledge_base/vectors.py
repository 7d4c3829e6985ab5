"""Vectors of passages, kept in the store by encoder and text. Embeds through an encoder that is passed in; knows no index."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol, TypeVar

import numpy as np
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from database.engine import Database
from knowledge_base.content import EntryContent
from knowledge_base.errors import VectorError
from knowledge_base.models import PassageVector
from knowledge_base.passages import passages_of

LOOKUP_BATCH = 500  # below SQLite's limit of bound variables
ENCODE_BATCH = 8  # measured: a quarter less processor time a passage than 32, and short waits for queries beside it
SAVE_BATCH = 256
Item = TypeVar("Item")
Vector = np.ndarray[Any, np.dtype[np.float32]]


class PassageEncoder(Protocol):
    """What the knowledge base needs of an encoder."""

    @property
    def hash(self) -> str: ...
    @property
    def dimension(self) -> int: ...
    def encode_passages(self, texts: Sequence[str]) -> Vector: ...


def text_hash(text: str) -> str:
    """Key of a passage's vector."""
    return hashlib.sha256(text.encode()).hexdigest()


class VectorStore:
    """Rows by encoder hash and text hash; a row never changes once written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, encoder_hash: str, text_hashes: Iterable[str]) -> dict[str, Vector]:
        """The stored vectors among those asked for."""
        found: dict[str, Vector] = {}
        with self._database.read() as session:
            for keys in batches(dict.fromkeys(text_hashes), LOOKUP_BATCH):
                query = select(PassageVector.text_hash, PassageVector.vector).where(
                    PassageVector.encoder_hash == encoder_hash, PassageVector.text_hash.in_(keys)
                )
                found.update((key, np.frombuffer(blob, dtype="<f4")) for key, blob in session.execute(query))
        return found

    def known(self, encoder_hash: str, text_hashes: Iterable[str]) -> set[str]:
        """Which of the texts have a vector."""
        found: set[str] = set()
        with self._database.read() as session:
            for keys in batches(dict.fromkeys(text_hashes), LOOKUP_BATCH):
                query = select(PassageVector.text_hash).where(
                    PassageVector.encoder_hash == encoder_hash, PassageVector.text_hash.in_(keys)
                )
                found.update(session.scalars(query))
        return found

    def save(self, encoder_hash: str, vectors: Mapping[str, Vector]) -> None:
        """Add rows in a short transaction of their own; rows that exist already stay."""
        rows = [
            {"encoder_hash": encoder_hash, "text_hash": key, "vector": np.ascontiguousarray(vector, dtype="<f4").tobytes()}
            for key, vector in sorted(vectors.items())
        ]
        if not rows:
            return
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        with self._database.write() as session:
            session.execute(insert(PassageVector).on_conflict_do_nothing(), rows)

    def forget_others(self, encoder_hash: str) -> int:
        """Remove the vectors of all other encoders; returns how many."""
        with self._database.write() as session:
            result = session.execute(delete(PassageVector).where(PassageVector.encoder_hash != encoder_hash))
        return int(result.rowcount)  # type: ignore[attr-defined]


class VectorWriter:
    """Makes sure, before anything is published, that readers find every passage's vector in the store."""

    def __init__(self, store: VectorStore, encoder: PassageEncoder) -> None:
        self.store = store
        self.encoder = encoder

    def ensure(self, contents: Collection[EntryContent], progress: Callable[[int], None] | None = None) -> int:
        """Embed and store what is missing; identical texts once. Returns the number of new vectors.

        Raises:
            VectorError: the encoder returned rows of another size.
        """
        texts = {text_hash(text): text for content in contents for _, text in passages_of(content)}
        known = self.store.known(self.encoder.hash, texts)
        # sorted by length: batches of similar length carry less padding
        missing = sorted((key for key in texts if key not in known), key=lambda key: (len(texts[key]), key))
        for keys in batches(missing, SAVE_BATCH):
            ready: dict[str, Vector] = {}
            for part in batches(keys, ENCODE_BATCH):
                ready.update(zip(part, self._encode([texts[key] for key in part]), strict=True))
                if progress:
                    progress(len(part))
            self.store.save(self.encoder.hash, ready)
        return len(missing)

    def _encode(self, texts: list[str]) -> Vector:
        rows = np.asarray(self.encoder.encode_passages(texts), dtype=np.float32)
        if rows.shape != (len(texts), self.encoder.dimension):
            raise VectorError(
                f"编码器返回了 {rows.shape} 的向量，应为 {(len(texts), self.encoder.dimension)}。",
                fix="检查 WENZHENG_ENCODER 指向的模型，必要时删除构建缓存后重新准备编码器。",
            )
        return rows


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part
