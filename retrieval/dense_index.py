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
    """Exact inner-product search. Attributes: row_slots (rows,) slot of each row; row_roles (rows,) index into ROLES."""

    def __init__(self, documents: Sequence[Document], dimension: int) -> None:
        rows = sum(len(d.passages) for d in documents)
        vectors = np.empty((rows, dimension), dtype=np.float32)
        self.row_slots: Ints = np.empty(rows, dtype=np.int64)
        self.row_roles = np.empty(rows, dtype=np.int8)
        self.starts: Ints = np.zeros(len(documents) + 1, dtype=np.int64)
        row = 0
        for slot, document in enumerate(documents):
            count = len(document.passages)
            vectors[row : row + count] = document.vectors
            self.row_slots[row : row + count] = slot
            self.row_roles[row : row + count] = [ROLES.index(p.role) for p in document.passages]
            row += count
            self.starts[slot + 1] = row
        self._index = faiss.IndexFlatIP(dimension)
        self._index.add(vectors)
        # the index keeps the only copy; rows of candidates are read from it without copying the whole
        self._vectors: Matrix = (
            faiss.rev_swig_ptr(self._index.get_xb(), rows * dimension).reshape(rows, dimension) if rows else vectors
        )

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
        _, found = self._index.search(query[None, :], min(count, rows), params=parameters)
        return np.unique(self.row_slots[found[0][found[0] >= 0]])

    def similarities(self, query: Matrix, slots: Ints) -> npt.NDArray[np.float32]:
        """Best cosine of each slot in each role: (len(slots), len(ROLES)) float32, NO_PASSAGE where it has none of that role."""
        counts = self.starts[slots + 1] - self.starts[slots]
        rows = np.repeat(self.starts[slots] - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts) + np.arange(counts.sum())
        best = np.full((len(slots), len(ROLES)), NO_PASSAGE, dtype=np.float32)
        # not `@`: BLAS sums a row differently by its place, so that equal texts would not tie exactly
        cosines = np.einsum("ij,j->i", self._vectors[rows], query)
        np.maximum.at(best, (np.repeat(np.arange(len(slots)), counts), self.row_roles[rows]), cosines)
        return best

    def best_passage(self, query: Matrix, slot: int) -> int:
        """Position, within its document, of the passage nearest to `query`."""
        start, end = self.starts[slot], self.starts[slot + 1]
        return int(np.argmax(self._vectors[start:end] @ query))
