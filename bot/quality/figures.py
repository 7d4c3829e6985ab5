"""Shares and F1 from what was expected and what came. Pure."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ClassFigure:
    """How well one class is told: shares 0..1."""

    name: str
    expected: int
    recall: float
    precision: float

    @property
    def f1(self) -> float:
        total = self.recall + self.precision
        return 2 * self.recall * self.precision / total if total else 0.0


@dataclass(frozen=True)
class ClassFigures:
    """Attributes: confused: (expected, given, how often), most often first."""

    classes: tuple[ClassFigure, ...]
    right: int
    total: int
    confused: tuple[tuple[str, str, int], ...]

    @property
    def accuracy(self) -> float:
        return self.right / self.total

    @property
    def macro_f1(self) -> float:
        """Each class counts the same, however many messages it has."""
        return sum(c.f1 for c in self.classes) / len(self.classes)


def class_figures(expected: Sequence[str], given: Sequence[str], names: Collection[str] | None = None) -> ClassFigures:
    """Figures of the classes `names`, by default of all that are expected.

    What is given and is no class ("nlu_fallback") is wrong for the class expected and costs no other class anything.
    """
    counted = sorted(names if names is not None else set(expected))
    pairs = list(zip(expected, given, strict=True))
    classes = []
    for name in counted:
        hits = sum(e == g == name for e, g in pairs)
        wanted, claimed = sum(e == name for e, _ in pairs), sum(g == name for _, g in pairs)
        classes.append(ClassFigure(name, wanted, hits / wanted if wanted else 0.0, hits / claimed if claimed else 0.0))
    inside = [(e, g) for e, g in pairs if e in set(counted)]
    wrong = Counter((e, g) for e, g in inside if e != g)
    return ClassFigures(
        tuple(classes), sum(e == g for e, g in inside), len(inside), tuple((e, g, n) for (e, g), n in wrong.most_common(15))
    )


def share(part: int, whole: int) -> float | None:
    """None of nothing."""
    return part / whole if whole else None
