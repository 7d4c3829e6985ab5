"""The searcher's view of the knowledge base: loads it, then follows the change feed in a thread of its own."""

import threading
from collections.abc import Callable, Mapping

import structlog

from answering.errors import IndexNotReadyError
from answering.indexed_knowledge import IndexedKnowledge
from knowledge_base.feed import ChangeFeed
from knowledge_base.vectors import VectorStore, VectorWriter
from retrieval.ranking import Ranking
from retrieval.searcher import Searcher

FOLLOW_EVERY_S = 0.2

log = structlog.get_logger(__name__)


class KnowledgeIndex:
    """A searcher kept equal to the store; searcher, encoder and what they are called can be exchanged while it serves.

    Attributes: trouble: what keeps it from following, for readiness.
    """

    def __init__(self, feed: ChangeFeed, vectors: VectorStore, writer: VectorWriter, searcher: Searcher) -> None:
        """Args: writer: the one that publishing embeds with; its encoder changes with the index's."""
        self._feed, self._vectors, self._writer = feed, vectors, writer
        self._held = IndexedKnowledge(feed, vectors, writer, searcher)
        self._labels: Mapping[str, str] = {}
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
        return self._held.searcher.revision

    @property
    def size(self) -> int:
        return self._held.searcher.size

    @property
    def searcher(self) -> Searcher:
        """Raises: IndexNotReadyError before `load()` has finished."""
        if not self._loaded:
            raise IndexNotReadyError("知识索引还在载入。", fix="稍候再试；长时间如此请查看日志。")
        return self._held.searcher

    @property
    def held(self) -> Searcher:
        """The searcher, whether or not it has been loaded."""
        return self._held.searcher

    @property
    def model_ids(self) -> dict[str, str]:
        """What an answer was made with, for its record."""
        return {**self._held.searcher.model_ids, **self._labels}

    def on_progress(self, progress: Callable[[int], None]) -> None:
        """Tell `progress` the number of entries loaded so far, while `load()` works."""
        self._progress = progress

    def forget_other_encoders(self) -> int:
        """Remove stored vectors of encoders no longer in use; returns how many."""
        return self._held.forget_other_encoders()

    def load(self) -> None:
        """Read everything that is live. Blocks; seconds for thousands of entries."""
        with self._following:
            self._held.load(self._progress)
            self._loaded = True

    def follow(self) -> bool:
        """Apply what changed since; returns whether anything did."""
        with self._following:
            return self._held.follow()

    def standby(self, searcher: Searcher, writer: VectorWriter) -> IndexedKnowledge:
        """The same knowledge under another encoder, loaded beside the one that serves. Blocks: every passage is embedded."""
        other = IndexedKnowledge(self._feed, self._vectors, writer, searcher)
        other.load()
        return other

    def exchange(self, ranking: Ranking, labels: Mapping[str, str], standby: IndexedKnowledge | None = None) -> None:
        """Rank by other weights from now on and, with `standby`, search under its encoder.

        Args:
            labels: added to the model ids of every answer.
        """
        if standby is None:
            self._held.searcher.use(ranking)
            self._labels = dict(labels)
            return
        standby.searcher.use(ranking)
        with self._following:
            standby.follow()
            self._writer.encoder = standby.writer.encoder
            standby.writer = self._writer
            self._held, self._labels = standby, dict(labels)

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
