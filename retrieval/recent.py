"""The last results of a searcher: one message is looked up several times while it is answered."""

import threading
from collections import OrderedDict
from collections.abc import Hashable

from retrieval.documents import SearchResult
from retrieval.ranking import Ranking
from retrieval.snapshot import Snapshot

MOST_KEPT = 32


class RecentResults:
    """Thread-safe; knows only what one ranking found in one snapshot, and forgets it for the next."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, SearchResult] = OrderedDict()
        self._of: tuple[Snapshot, Ranking] | None = None
        self._lock = threading.Lock()

    def get(self, question: Hashable, snapshot: Snapshot, ranking: Ranking) -> SearchResult | None:
        with self._lock:
            return self._kept.get(question) if self._holds(snapshot, ranking) else None

    def keep(self, question: Hashable, snapshot: Snapshot, ranking: Ranking, result: SearchResult) -> None:
        with self._lock:
            if not self._holds(snapshot, ranking):
                self._kept.clear()
                self._of = (snapshot, ranking)
            self._kept[question] = result
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)

    def _holds(self, snapshot: Snapshot, ranking: Ranking) -> bool:
        return self._of is not None and self._of[0] is snapshot and self._of[1] is ranking
