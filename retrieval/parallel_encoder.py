"""Embeds many texts at once, one inference a core. For training and measuring; a single query is faster with `OnnxEncoder`."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import numpy as np

from retrieval.encoder import Matrix, OnnxEncoder

AT_ONCE = 4  # texts an inference: nothing is computed for padding, and the processor's cache holds them (measured)


class ParallelEncoder:
    """An `Encoder`. Threads within one inference leave the second core idle for half of the time; whole inferences do not (measured)."""

    def __init__(self, folder: Path) -> None:
        """Args: folder: made by `retrieval.encoder_build`."""
        self._encoder = OnnxEncoder(folder, threads=1)

    @property
    def hash(self) -> str:
        return self._encoder.hash

    @property
    def dimension(self) -> int:
        return self._encoder.dimension

    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        return self._spread(self._encoder.encode_queries, texts, AT_ONCE, None)

    def encode_passages(
        self, texts: Sequence[str], batch_size: int = AT_ONCE, progress: Callable[[int], None] | None = None
    ) -> Matrix:
        return self._spread(self._encoder.encode_passages, texts, batch_size, progress)

    def _spread(
        self, encode: Callable[[Sequence[str]], Matrix], texts: Sequence[str], at_once: int,
        progress: Callable[[int], None] | None,
    ) -> Matrix:  # fmt: skip
        self._encoder.load()
        result = np.empty((len(texts), self.dimension), np.float32)
        # texts of like length share an inference; the longest first, so that the cores end together
        order = sorted(range(len(texts)), key=lambda i: (-len(texts[i]), i))
        chunks = [order[start : start + at_once] for start in range(0, len(order), at_once)]
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as cores:
            under_way = {cores.submit(encode, [texts[i] for i in chunk]): chunk for chunk in chunks}
            for done in as_completed(under_way):
                result[under_way[done]] = done.result()
                if progress:
                    progress(len(under_way[done]))
        return result
