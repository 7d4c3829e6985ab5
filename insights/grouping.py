"""Grouping by meaning, one text after another. Pure: the same texts in the same order give the same groups."""

from collections.abc import Sequence

import numpy as np

from insights.meaning import Matrix


class MeaningGroups:
    """Groups with the sum of their members' vectors. A text joins the group whose members it is nearest to on average.

    Groups are never merged and texts never moved, so what staff saw yesterday is what they find today.
    """

    def __init__(self, threshold: float, sums: Matrix, members: Sequence[int]) -> None:
        self.threshold = threshold
        self._count = len(members)
        self._sums = sums.astype(np.float32, copy=True)  # with room to grow behind the groups
        self._members = np.array(members, dtype=np.int64)

    def __len__(self) -> int:
        return self._count

    def nearest(self, vector: Matrix) -> int | None:
        """The group that the text belongs to; among equals the oldest. None: no group is near enough."""
        if not len(self):
            return None
        means = (self._sums[: len(self)] @ vector) / self._members[: len(self)]
        best = int(means.argmax())
        return best if means[best] >= self.threshold else None

    def join(self, group: int, vector: Matrix) -> None:
        """Add a further wording."""
        self._sums[group] += vector
        self._members[group] += 1

    def found(self, vector: Matrix) -> int:
        """A new group of one; returns its place."""
        if self._count == len(self._sums):
            more = np.zeros((max(16, self._count), vector.shape[0]), np.float32)
            self._sums = np.vstack([self._sums, more]) if self._count else more
            self._members = np.concatenate([self._members, np.ones(len(more), np.int64)])
        self._sums[self._count] = vector
        self._members[self._count] = 1
        self._count += 1
        return self._count - 1

    def place(self, vector: Matrix) -> int:
        """Join the nearest group or found one."""
        group = self.nearest(vector)
        if group is None:
            return self.found(vector)
        self.join(group, vector)
        return group

    def sum_of(self, group: int) -> Matrix:
        total: Matrix = self._sums[group]
        return total

    def members_of(self, group: int) -> int:
        return int(self._members[group])

    def means(self, least: int) -> Matrix:
        """The mean vectors of the groups with at least so many members."""
        kept = np.flatnonzero(self._members[: len(self)] >= least)
        return (self._sums[kept] / self._members[kept][:, None]).astype(np.float32)


def group_all(vectors: Matrix, threshold: float) -> list[int]:
    """The group of each row, numbered in order of their first member."""
    groups = MeaningGroups(threshold, np.zeros((0, vectors.shape[1]), np.float32), [])
    return [groups.place(vector) for vector in vectors]
