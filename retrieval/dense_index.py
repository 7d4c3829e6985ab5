"""FAISS over passage vectors: one immutable segment. Which passage belongs to which document is told by `row_slots`."""

from collections.abc import Sequence

import faiss
import numpy as np
import numpy.typing as npt

from retrieval.documents import ROLES, Document
from retrieval.encoder import Matrix

NO_PASSAGE = -2.0  # lower than every cosine
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class DenseSegment:
    """Inner-product search over all rows. Attributes: row_slots (rows,) slot of each row; row_roles (rows,) index into ROLES.

    Candidates are chosen by half-precision copies (half the memory to read, which is what the time goes into); their cosines
    are computed from the documents' own vectors.
    """

    def __init__(self, documents: Sequence[Document], dimension: int) -> None:
        self._vectors = [document.vectors for document in documents]
        self.counts: Ints = np.array([len(d.passages) for d in documents], dtype=np.int64)
        self.row_slots: Ints = np.repeat(np.arange(len(documents)), self.counts)
        self.row_roles = np.array([ROLES.index(p.role) for d in documents for p in d.passages], dtype=np.int8)
        self.starts: Ints = np.concatenate([[0], np.cumsum(self.counts)])
        self._index = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        if documents:
            self._index.add(np.concatenate(self._vectors))

    def nearest_slots(self, query: Matrix, count: int, alive: Mask) -> Ints:
        """Slots of the documents that own the `count` rows nearest to `query` (dimension,) among living documents."""
        rows = len(self.row_slots)
        if not rows:
            return self.row_slots
        parameters = None
        if not alive.all():
            bitmap = np.packbits(alive[self.row_slots], bitorder="little")
            selector = faiss.IDSelectorBitmap(rows, faiss.swig_ptr(bitmap))
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        # one query is one thread's work; a second thread only has to be woken and waited for, 5 ms and more when cores are busy.
        # The setting holds for the calling thread, so it is made here.
        faiss.omp_set_num_threads(1)
        _, found = self._index.search(query[None, :], min(count, rows), params=parameters)
        return np.unique(self.row_slots[found[0][found[0] >= 0]])

    def similarities(self, query: Matrix, slots: Ints) -> npt.NDArray[np.float32]:
        """Best cosine of each slot in each role: (len(slots), len(ROLES)) float32, NO_PASSAGE where it has none of that role."""
        best = np.full((len(slots), len(ROLES)), NO_PASSAGE, dtype=np.float32)
        if not len(slots):
            return best
        counts = self.counts[slots]
        rows = np.repeat(self.starts[slots] - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts) + np.arange(counts.sum())
        # not `@`: BLAS sums a row differently by its place, so that equal texts would not tie exactly
        cosines = np.einsum("ij,j->i", np.concatenate([self._vectors[slot] for slot in slots.tolist()]), query)
        np.maximum.at(best, (np.repeat(np.arange(len(slots)), counts), self.row_roles[rows]), cosines)
        return best

    def first_passages(self, query: Matrix, slots: Ints) -> npt.NDArray[np.float32]:
        """Cosine of the first passage of each slot: (len(slots),) float32."""
        if not len(slots):
            return np.zeros(0, dtype=np.float32)
        return np.asarray(np.einsum("ij,j->i", np.stack([self._vectors[s][0] for s in slots.tolist()]), query), dtype=np.float32)

    def best_passage(self, query: Matrix, slot: int) -> int:
        """Position, within its document, of the passage nearest to `query`."""
        return int(np.argmax(self._vectors[slot] @ query))
