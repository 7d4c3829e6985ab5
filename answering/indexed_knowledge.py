"""One searcher with the vectors it is filled from: brought up to date with the store by whoever holds it."""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Protocol

import numpy as np
import structlog

from knowledge_base.feed import Change, LiveDocument
from knowledge_base.vectors import VectorStore, VectorWriter, text_hash
from retrieval.documents import Document, Passage
from retrieval.searcher import Searcher

LOAD_BATCH = 500

log = structlog.get_logger(__name__)


class Feed(Protocol):
    """Which texts there are and what changed; `knowledge_base.feed.ChangeFeed` is the one of live entries."""

    def revision(self) -> int: ...
    def changes_since(self, revision: int) -> list[Change]: ...
    def live_documents(self, entry_ids: Collection[int] | None) -> Iterator[LiveDocument]: ...


class IndexedKnowledge:
    """What a feed gives of the store, searchable under one encoder. One thread at a time may load or follow.

    The writer embeds before it publishes, so following only loads vectors. When vectors of this encoder are missing, as after
    a change of the encoder, they are made while loading.
    """

    def __init__(self, feed: Feed, vectors: VectorStore, writer: VectorWriter, searcher: Searcher) -> None:
        self._feed, self._vectors, self.writer, self.searcher = feed, vectors, writer, searcher

    def load(self, progress: Callable[[int], None] = lambda _loaded: None) -> None:
        """Read everything that is live. Blocks; seconds for thousands of entries."""
        self._reload(self._feed.revision(), progress)

    def follow(self) -> bool:
        """Apply what changed since; returns whether anything did."""
        revision = self._feed.revision()
        if revision == self.searcher.revision:
            return False
        if revision < self.searcher.revision:  # an earlier backup was restored under us
            self._reload(revision)
            return True
        changes = [c for c in self._feed.changes_since(self.searcher.revision) if c.revision <= revision]
        live = {d.doc_id: d for d in self._documents(list(self._feed.live_documents([c.entry_id for c in changes])))}
        self.searcher.apply(list(live.values()), [c.entry_id for c in changes if c.entry_id not in live], revision)
        return True

    def forget_other_encoders(self) -> int:
        """Remove stored vectors of encoders no longer in use; returns how many."""
        return self._vectors.forget_others(self.writer.encoder.hash)

    def _reload(self, revision: int, progress: Callable[[int], None] = lambda _loaded: None) -> None:
        """Args: revision: taken before reading; what changes meanwhile is followed afterwards."""
        documents: list[Document] = []
        for batch in _batches(self._feed.live_documents(None), LOAD_BATCH):
            documents += self._documents(batch)
            progress(len(documents))
        gone = self.searcher.document_ids() - {d.doc_id for d in documents}
        self.searcher.apply(documents, gone, revision)

    def _documents(self, live: list[LiveDocument]) -> list[Document]:
        hashes = {text: text_hash(text) for document in live for _, text in document.passages}
        stored = self._vectors.load(self.writer.encoder.hash, hashes.values())
        missing = {d.entry_id for d in live if any(hashes[text] not in stored for _, text in d.passages)}
        if missing:
            log.info("embedding_missing_vectors", entries=len(missing))
            self.writer.ensure([d.content for d in live if d.entry_id in missing])
            stored = self._vectors.load(self.writer.encoder.hash, hashes.values())
        return [_document(d, np.stack([stored[hashes[text]] for _, text in d.passages])) for d in live]


def _document(live: LiveDocument, vectors: np.ndarray) -> Document:
    return Document(
        live.entry_id,
        tuple(Passage(role, text) for role, text in live.passages),  # type: ignore[arg-type]
        vectors,
        live.content.effective_from,
        live.content.effective_to,
        {"kind": live.content.kind, "region": live.content.region_code or ""},
    )


def _batches(items: Iterable[LiveDocument], size: int) -> Iterator[list[LiveDocument]]:
    batch: list[LiveDocument] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
