"""A condition while it is being written: one comparison, or a group of such. Knows no page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from enterprises.condition_wording import OPEN, reading
from enterprises.conditions import AGES, OPERATORS_OF, SETS
from enterprises.facts import NUMERIC, registry

GROUPS = ("any_of", "all_of")
VALUES = ("fact", "operator", "value", "unit", "clause", "text")


@dataclass
class Node:
    """Attributes:
    group: any_of or all_of; None for a comparison.
    spoken: the sentence for citizens is what is read out, and follows it, until somebody writes another.
    """

    group: str | None = None
    fact: str | None = None
    operator: str | None = None
    value: Any = None
    unit: str | None = None
    clause: str | None = None
    text: str = ""
    parts: list["Node"] = field(default_factory=list)
    spoken: bool = True

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Node":
        """From content's form."""
        group = next((name for name in GROUPS if name in data), None)
        parts = [cls.of(part) for part in (data.get(group) or ())] if group else []
        node = cls(
            group, data.get("fact"), data.get("operator"), data.get("value"), data.get("unit"), data.get("clause"),
            data.get("text") or "", parts,
        )  # fmt: skip
        node.spoken = not node.text or node.text == reading(node.data())
        return node

    @classmethod
    def new_group(cls, kind: str) -> "Node":
        return cls(kind, parts=[cls(), cls()])

    def data(self) -> dict[str, Any]:
        """In content's form; what is not filled in is left out."""
        found = {name: getattr(self, name) for name in VALUES if getattr(self, name) not in (None, "", [])}
        return {**found, self.group: [part.data() for part in self.parts]} if self.group else found

    def lacking(self) -> str | None:
        """The first field without which nothing is read out."""
        empty = self.value in (None, "", []) or (isinstance(self.value, list) and None in self.value)
        return None if self.group else "fact" if self.fact is None else "value" if empty else None

    def reading(self) -> str:
        return reading(self.data())

    def choose_fact(self, name: str | None) -> None:
        """Begin the comparison anew."""
        self.fact, self.value, self.unit = name, None, None
        self.operator = OPERATORS_OF[registry()[name].type][0] if name else None

    def choose_operator(self, name: str) -> None:
        """The value stays where the new comparison takes the same sort of it."""
        if _sort(self.operator) != _sort(name):
            self.value = None
        self.operator = name

    def speak(self) -> None:
        """Let the sentence follow what is read out, unless it is somebody's own."""
        if self.spoken:
            told = self.reading()
            self.text = "" if OPEN in told else told


def walk(nodes: Sequence[Node], path: str = "eligibility") -> Iterator[tuple[str, Node]]:
    """Every condition with its place as problems name it: eligibility.0.any_of.1."""
    for number, node in enumerate(nodes):
        place = f"{path}.{number}"
        yield place, node
        if node.group:
            yield from walk(node.parts, f"{place}.{node.group}")


def read_value(text: str, node: Node) -> Any:
    """What was typed as a value, in the sort that the comparison takes; None for nothing."""
    parts = [part.strip() for part in text.replace(",", "、").replace("，", "、").replace(" ", "、").split("、") if part.strip()]
    fact = registry().get(node.fact or "")
    if node.operator in AGES or (fact is not None and fact.type in NUMERIC):
        return _number(text.strip().replace("，", "").replace(",", "")) if text.strip() else None
    if node.operator in SETS:
        return parts
    return text.strip() or None


def _number(text: str) -> Any:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text


def _sort(operator: str | None) -> str:
    return "two" if operator == "between" else "many" if operator in SETS else "months" if operator in AGES else "one"
