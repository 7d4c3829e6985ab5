"""Staff's view of what is not live: drafts, texts in review and withdrawn ones, searchable like the live entries.

Nothing that citizens are told comes from here.
"""

import threading
from collections.abc import Callable

import structlog

from answering.errors import IndexNotReadyError
from answering.indexed_knowledge import IndexedKnowledge
from answering.knowledge_index import KnowledgeIndex
from knowledge_base.unpublished_feed import UnpublishedFeed
from knowledge_base.vectors import VectorStore, VectorWriter
from retrieval.encoder import Encoder
from retrieval.searcher import Searcher

FOLLOW_EVERY_S = 0.5

log = structlog.get_logger(__name__)


class UnpublishedIndex:
    """Follows what people write in a thread of its own, in which new drafts are embedded, and takes the encoder and the ranking that
    the live index has.

    Args:
        build_searcher: an empty searcher for an encoder.
    """

    def __init__(
        self, feed: UnpublishedFeed, vectors: VectorStore, index: KnowledgeIndex, build_searcher: Callable[[Encoder], Searcher]
    ) -> None:
        self._feed, self._vectors, self._index, self._build_searcher = feed, vectors, index, build_searcher
        self._held: IndexedKnowledge | None = None
        self._following = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def searcher(self) -> Searcher:
        """Raises: IndexNotReadyError before everything has been read once."""
        if self._held is None:
            raise IndexNotReadyError("草稿的索引还在载入。", fix="稍候再试；大批导入之后需要几分钟。")
        return self._held.searcher

    def follow(self) -> None:
        """Take in what people wrote since; blocks while new texts are embedded."""
        with self._following:
            live, held = self._index.held, self._held
            if held is None or held.writer.encoder.hash != live.encoder.hash:
                writer = VectorWriter(self._vectors, live.encoder)
                held = IndexedKnowledge(self._feed, self._vectors, writer, self._build_searcher(live.encoder))
                held.load()
            else:
                held.follow()
            held.searcher.use(live.ranking)
            self._held = held

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="unpublished-index", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _run(self) -> None:
        wait = FOLLOW_EVERY_S
        while not self._stop.wait(wait):
            wait = FOLLOW_EVERY_S
            try:
                if self._index.ready:  # citizens first
                    self.follow()
            except Exception as exc:  # the outer edge of this thread: it must outlive a database that is away for a while
                wait = 2.0
                log.warning("unpublished_index_behind", error=str(exc))
