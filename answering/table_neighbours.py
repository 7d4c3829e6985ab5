"""Looking through many texts to come, such as the rows of a table: which of them the knowledge base, or an earlier one, has already."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from answering.neighbours import SAME_MATTER, Neighbours, Relation, questions_of, relation_of
from knowledge_base.content import EntryContent
from knowledge_base.stated_facts import Difference

MOST_SHOWN = 3
LONGEST_QUESTION = 80  # characters; the beginning of a letter costs five times as long to embed and is no question


@dataclass(frozen=True)
class Row:
    """A text to come. `entry_id`: the entry that it belongs to, which it is not compared with."""

    number: int
    content: EntryContent
    entry_id: int | None = None


@dataclass(frozen=True)
class Double:
    """What a row repeats or contradicts: an entry, or an earlier row."""

    entry_id: int | None
    row: int | None
    title: str
    state: str | None
    similarity: float
    relation: Relation
    differences: tuple[Difference, ...]


class TableNeighbours:
    """One a table; remembers the rows that it has been given. Not thread-safe.

    Args:
        among_rows: compare with earlier rows as well; the pieces of one document are named alike without saying the same.
    """

    def __init__(self, neighbours: Neighbours, *, among_rows: bool = True) -> None:
        self._neighbours, self._among_rows = neighbours, among_rows
        self._rows: list[Row] = []
        self._titles: list[np.ndarray] = []

    def add(self, rows: Sequence[Row]) -> list[list[Double]]:
        """For each row, contradictions first. Blocks: some ten milliseconds a row.

        Raises:
            IndexNotReadyError
        """
        questions = [_short(questions_of(row.content)) for row in rows]
        vectors = self._neighbours.embedded([question for asked in questions for question in asked])
        found, at = [], 0
        for row, asked in zip(rows, questions, strict=True):
            own = vectors[at : at + len(asked)]
            at += len(asked)
            doubles = [
                Double(n.entry_id, None, n.title, n.state, n.similarity, n.relation, n.differences)
                for n in self._neighbours.twice(row.content, own, row.entry_id)
            ]
            if self._among_rows:
                doubles += self._earlier(row, own[:1])
                self._rows.append(row)
                self._titles.append(own[:1])
            found.append(sorted(doubles, key=lambda d: (d.relation != "contradiction", -d.similarity))[:MOST_SHOWN])
        return found

    def _earlier(self, row: Row, title: np.ndarray) -> list[Double]:
        """Rows before this one whose title is near; by titles alone, a table may have thousands."""
        if not self._rows or not title.size:
            return []
        cosines = np.concatenate(self._titles) @ title[0]
        doubles = []
        for place in np.argsort(-cosines, kind="stable")[:MOST_SHOWN].tolist():
            other, cosine = self._rows[place], float(cosines[place])
            if cosine < SAME_MATTER:
                break
            relation, _, differing = relation_of(row.content, other.content, cosine)
            if relation != "near":
                doubles.append(Double(None, other.number, other.content.title, None, round(cosine, 3), relation, differing))
        return doubles


def _short(questions: Sequence[str]) -> list[str]:
    title, *similar = questions
    return [title, *(question for question in similar if len(question) <= LONGEST_QUESTION)]
