"""Entries near a text that is being written: the same question twice, and what contradicts it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np

from answering.deciding import base_title
from answering.knowledge_index import KnowledgeIndex
from knowledge_base.content import EntryContent, Kind, parse_content
from knowledge_base.entries import EntryRecord, EntryStore
from knowledge_base.stated_facts import Difference, differences
from knowledge_base.validity import today
from retrieval.documents import ROLES

# measured on 2,262 service items and the sample knowledge, see docs/knowledge.md
DUPLICATE = 0.92  # cosine of question with question: of other entries' questions, 2 % come so near
SAME_MATTER = 0.86  # from here on, or when the search would answer from it, differing figures may be a contradiction
NEAR = 0.75
MOST_QUESTIONS = 2  # besides the title: each costs an embedding
MOST_NEIGHBOURS = 8
ROWS = 40
Relation = Literal["duplicate", "contradiction", "near"]
RELATION_NAMES = {"duplicate": "疑似重复", "contradiction": "可能矛盾", "near": "相近"}
_ORDER: tuple[Relation, ...] = ("contradiction", "duplicate", "near")
_QUESTION_ROLES = [ROLES.index("title"), ROLES.index("question")]


@dataclass(frozen=True)
class Neighbour:
    """A live entry near the text.

    Attributes:
        similarity: highest cosine of a question of the text with one of the entry.
        answers: whoever asks the text's question today is answered from this entry.
        elsewhere: of another region, department or time, so that differing figures are right.
    """

    entry_id: int
    external_id: str | None
    title: str
    region_code: str | None
    department: str | None
    similarity: float
    answers: bool
    relation: Relation
    elsewhere: bool
    differences: tuple[Difference, ...]


class Neighbours:
    """Thread-safe. One call embeds at most four short texts, so that it can follow the typing."""

    def __init__(self, index: KnowledgeIndex, store: EntryStore) -> None:
        self._index, self._store = index, store

    def of(self, content: EntryContent, exclude: int | None = None) -> list[Neighbour]:
        """Contradictions first, then duplicates, then what is near.

        Args:
            exclude: the entry that is being written.

        Raises:
            IndexNotReadyError
        """
        near = self._nearest([content.title, *content.similar_questions[:MOST_QUESTIONS]])
        found = self._index.searcher.search(content.title, MOST_NEIGHBOURS, as_of=today())
        answering = {hit.doc_id for hit in found.hits if hit.probability >= found.threshold}
        ids = [i for i in near if i != exclude and (near[i] >= NEAR or i in answering)]
        live = self._store.published(ids)
        neighbours = [_neighbour(content, live[i], near[i], i in answering) for i in ids if i in live]
        neighbours.sort(key=lambda n: (_ORDER.index(n.relation), not n.answers, -n.similarity, n.entry_id))
        return neighbours[:MOST_NEIGHBOURS]

    def _nearest(self, questions: Sequence[str]) -> dict[int, float]:
        """Entry id → highest cosine of one of the questions with one of its own."""
        if self._store.vectors is None:
            return {}
        best: dict[int, float] = {}
        # the writer's encoder: it changes with the index's when other models are promoted
        vectors = np.asarray(self._store.vectors.encoder.encode_passages(questions), dtype=np.float32)
        for segment, alive in self._index.searcher.current().segments():
            for vector in vectors:
                slots = segment.dense.nearest_slots(vector, ROWS, alive)
                cosines = segment.dense.similarities(vector, slots)[:, _QUESTION_ROLES].max(axis=1)
                for slot, cosine in zip(slots.tolist(), cosines.tolist(), strict=True):
                    doc_id = int(segment.doc_ids[slot])
                    best[doc_id] = max(best.get(doc_id, -1.0), cosine)
        return best


def _neighbour(content: EntryContent, record: EntryRecord, cosine: float, answers: bool) -> Neighbour:
    other = record.content
    elsewhere = _elsewhere(content, other)
    # variants of one matter ("…（个人）", "…（单位）") and items of one department differ in their figures rightly
    variants = content.title != other.title and base_title(content.title) == base_title(other.title)
    items = content.kind == other.kind == "service_item"
    same = not variants and (cosine >= DUPLICATE or ((answers or cosine >= SAME_MATTER) and not items))
    differing = tuple(differences(content, other)) if same else ()
    relation: Relation = "near"
    if not elsewhere and differing:
        relation = "contradiction"
    elif not elsewhere and not variants and cosine >= DUPLICATE:
        relation = "duplicate"
    return Neighbour(
        record.entry_id, record.external_id, other.title, other.region_code, other.owner_department or other.authority,
        round(cosine, 3), answers, relation, elsewhere, differing,
    )  # fmt: skip


def unfinished(data: dict[str, Any]) -> EntryContent:
    """Content of a draft in which required fields may still be empty.

    Raises:
        ContentError: what is there breaks the format.
    """
    kind: Kind = "qa"
    stated = {name: value for name, value in data.items() if value not in (None, "", [], {})}
    return parse_content({"kind": kind, "title": "（未填写）", "answer": "（未填写）", **stated})


def _elsewhere(ours: EntryContent, theirs: EntryContent) -> bool:
    def differ(one: str | None, other: str | None) -> bool:
        return bool(one and other and one != other)

    if differ(ours.region_code, theirs.region_code) or differ(ours.authority, theirs.authority):
        return True
    first = max(ours.effective_from or date.min, theirs.effective_from or date.min, today())
    last = min(ours.effective_to or date.max, theirs.effective_to or date.max)
    return first > last
