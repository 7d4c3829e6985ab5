"""The searcher's view of the knowledge base: loads it, then follows the change feed in a thread of its own."""

import threading
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import structlog

from answering.errors import IndexNotReadyError
from knowledge_base.feed import ChangeFeed, LiveDocument
from knowledge_base.vectors import VectorStore, VectorWriter, text_hash
from retrieval.documents import Document, Passage
from retrieval.searcher import Searcher

FOLLOW_EVERY_S = 0.2
LOAD_BATCH = 500

log = structlog.get_logger(__name__)


class KnowledgeIndex:
    """A searcher kept equal to the store.

    The writer embeds before it publishes, so following only loads vectors. When vectors of this encoder are missing, as after
    a change of the encoder, they are made while loading.
    """

    def __init__(self, feed: ChangeFeed, vectors: VectorStore, writer: VectorWriter, searcher: Searcher) -> None:
        self._feed, self._vectors, self._writer, self._searcher = feed, vectors, writer, searcher
        self._progress: Callable[[int], None] = lambda _loaded: None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._loaded = False
        self._following = threading.Lock()
        self.trouble: str | None = None

    @property
    def ready(self) -> bool:
        return self._loaded

    @property
    def revision(self) -> int:
        return self._searcher.revision

    @property
    def searcher(self) -> Searcher:
        """Raises: IndexNotReadyError before `load()` has finished."""
        if not self._loaded:
            raise IndexNotReadyError("知识索引还在载入。", fix="稍候再试；长时间如此请查看日志。")
        return self._searcher

    def on_progress(self, progress: Callable[[int], None]) -> None:
        """Tell `progress` the number of entries loaded so far, while `load()` works."""
        self._progress = progress

    def forget_other_encoders(self) -> int:
        """Remove stored vectors of encoders no longer in use; returns how many."""
        return self._vectors.forget_others(self._writer.encoder.hash)

    def load(self) -> None:
        """Read everything that is live. Blocks; seconds for thousands of entries."""
        with self._following:
            self._reload(self._feed.revision())
            self._loaded = True

    def _reload(self, revision: int) -> None:
        """Args: revision: taken before reading; what changes meanwhile is followed afterwards."""
        documents: list[Document] = []
        for batch in _batches(self._feed.live_documents(None), LOAD_BATCH):
            documents += self._documents(batch)
            self._progress(len(documents))
        gone = self._searcher.document_ids() - {d.doc_id for d in documents}
        self._searcher.apply(documents, gone, revision)

    def follow(self) -> bool:
        """Apply what changed since; returns whether anything did."""
        with self._following:
            revision = self._feed.revision()
            if revision == self._searcher.revision:
                return False
            if revision < self._searcher.revision:  # an earlier backup was restored under us
                self._reload(revision)
                return True
            changes = [c for c in self._feed.changes_since(self._searcher.revision) if c.revision <= revision]
            live = {d.doc_id: d for d in self._documents(list(self._feed.live_documents([c.entry_id for c in changes])))}
            self._searcher.apply(list(live.values()), [c.entry_id for c in changes if c.entry_id not in live], revision)
            return True

    def start(self) -> None:
        """Follow in the background, loading first when that has not been done."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="knowledge-index", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _run(self) -> None:
        wait = 0.0
        while not self._stop.wait(wait):
            wait = FOLLOW_EVERY_S
            try:
                if self._loaded:
                    self.follow()
                else:
                    self.load()
                self.trouble = None
            except Exception as exc:  # the outer edge of this thread: it must outlive a database that is away for a while
                self.trouble = str(exc)
                wait = 2.0
                log.warning("knowledge_index_behind", error=str(exc))

    def _documents(self, live: list[LiveDocument]) -> list[Document]:
        hashes = {text: text_hash(text) for document in live for _, text in document.passages}
        stored = self._vectors.load(self._writer.encoder.hash, hashes.values())
        missing = {d.entry_id for d in live if any(hashes[text] not in stored for _, text in d.passages)}
        if missing:
            log.info("embedding_missing_vectors", entries=len(missing))
            self._writer.ensure([d.content for d in live if d.entry_id in missing])
            stored = self._vectors.load(self._writer.encoder.hash, hashes.values())
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
