"""Entries near a text that is being written, whatever their state: the same question twice, and what contradicts it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np

from answering.deciding import base_title
from answering.errors import IndexNotReadyError
from answering.knowledge_index import KnowledgeIndex
from answering.unpublished_index import UnpublishedIndex
from knowledge_base.content import EntryContent, Kind, parse_content
from knowledge_base.entries import EntryRecord, EntryStore
from knowledge_base.stated_facts import Difference, differences
from knowledge_base.validity import today
from retrieval.documents import ROLES
from retrieval.searcher import Searcher

# measured on 2,262 service items and the sample knowledge, see docs/knowledge.md
DUPLICATE = 0.92  # cosine of question with question: of other entries' questions, 2 % come so near
SAME_MATTER = 0.86  # from here on, or when the search would answer from it, differing figures may be a contradiction
NEAR = 0.75
MOST_QUESTIONS = 2  # besides the title: each costs an embedding
MOST_NEIGHBOURS = 8
ROWS = 40
AT_ONCE = 16  # questions embedded together when many texts are compared
Relation = Literal["duplicate", "contradiction", "near"]
RELATION_NAMES = {"duplicate": "疑似重复", "contradiction": "可能矛盾", "near": "相近"}
_ORDER: tuple[Relation, ...] = ("contradiction", "duplicate", "near")
_QUESTION_ROLES = [ROLES.index("title"), ROLES.index("question")]


@dataclass(frozen=True)
class Neighbour:
    """An entry near the text.

    Attributes:
        state: of the text that was compared: the live one where there is one near, else the newest, whatever its state.
        similarity: highest cosine of a question of the text with one of the entry.
        answers: whoever asks the text's question today is answered from this entry.
        elsewhere: of another region, department or time, so that differing figures are right.
    """

    entry_id: int
    external_id: str | None
    title: str
    region_code: str | None
    department: str | None
    state: str
    similarity: float
    answers: bool
    relation: Relation
    elsewhere: bool
    differences: tuple[Difference, ...]


class Neighbours:
    """Thread-safe. One call of `of` embeds at most four short texts, so that it can follow the typing."""

    def __init__(self, index: KnowledgeIndex, unpublished: UnpublishedIndex, store: EntryStore) -> None:
        self._index, self._unpublished, self._store = index, unpublished, store

    def of(self, content: EntryContent, exclude: int | None = None) -> list[Neighbour]:
        """Contradictions first, then duplicates, then what is near.

        Args:
            exclude: the entry that is being written.

        Raises:
            IndexNotReadyError
        """
        vectors = self.embedded(questions_of(content))
        found = self._index.searcher.search(content.title, MOST_NEIGHBOURS, as_of=today())
        answering = {hit.doc_id for hit in found.hits if hit.probability >= found.threshold}
        live = _nearest(self._index.searcher, vectors, NEAR, answering)
        return self._described(content, live, self._unpublished_near(vectors), exclude, answering)

    def twice(self, content: EntryContent, vectors: np.ndarray, exclude: int | None = None) -> list[Neighbour]:
        """What the text says twice or contradicts; it has been embedded before, see `embedded`.

        Raises:
            IndexNotReadyError
        """
        live = _nearest(self._index.searcher, vectors, SAME_MATTER)
        near = self._described(content, live, self._unpublished_near(vectors, SAME_MATTER), exclude)
        return [neighbour for neighbour in near if neighbour.relation != "near"]

    def _unpublished_near(self, vectors: np.ndarray, least: float = NEAR) -> dict[int, float]:
        try:
            searcher = self._unpublished.searcher
        except IndexNotReadyError:  # after a large import, drafts are missing for a while: better than no warning at all
            return {}
        same_space = self._store.vectors is not None and searcher.encoder.hash == self._store.vectors.encoder.hash
        return _nearest(searcher, vectors, least) if same_space else {}

    def _described(
        self, content: EntryContent, live: Mapping[int, float], unpublished: Mapping[int, float], exclude: int | None,
        answering: Iterable[int] = (),
    ) -> list[Neighbour]:  # fmt: skip
        records = self._store.published([i for i in live if i != exclude])
        newest = self._store.newest([i for i in unpublished if i != exclude and i not in records])
        answering = set(answering)
        neighbours = [_neighbour(content, record, live[i], i in answering) for i, record in records.items()]
        neighbours += [_neighbour(content, record, unpublished[i], answers=False) for i, record in newest.items()]
        neighbours.sort(key=lambda n: (_ORDER.index(n.relation), not n.answers, -n.similarity, n.entry_id))
        return neighbours[:MOST_NEIGHBOURS]

    def embedded(self, questions: Sequence[str]) -> np.ndarray:
        """(len(questions), dimension)."""
        if self._store.vectors is None or not questions:
            return np.zeros((0, 0), np.float32)
        # the writer's encoder: it changes with the index's when other models are promoted
        encoder = self._store.vectors.encoder
        parts = [encoder.encode_passages(questions[at : at + AT_ONCE]) for at in range(0, len(questions), AT_ONCE)]
        return np.concatenate([np.asarray(part, dtype=np.float32) for part in parts])


def questions_of(content: EntryContent) -> list[str]:
    return [content.title, *content.similar_questions[:MOST_QUESTIONS]]


def _nearest(searcher: Searcher, vectors: np.ndarray, least: float, besides: Iterable[int] = ()) -> dict[int, float]:
    """Entry id → highest cosine of one of the vectors with one of its questions, from `least` on; `besides`: these in any case."""
    best: dict[int, float] = {}
    for segment, alive in searcher.current().segments():
        for vector in vectors:
            slots = segment.dense.nearest_slots(vector, ROWS, alive)
            cosines = segment.dense.similarities(vector, slots)[:, _QUESTION_ROLES].max(axis=1)
            for slot, cosine in zip(slots.tolist(), cosines.tolist(), strict=True):
                doc_id = int(segment.doc_ids[slot])
                best[doc_id] = max(best.get(doc_id, -1.0), cosine)
    besides = set(besides)
    return {doc_id: cosine for doc_id, cosine in best.items() if cosine >= least or doc_id in besides}


def _neighbour(content: EntryContent, record: EntryRecord, cosine: float, answers: bool) -> Neighbour:
    other = record.content
    relation, elsewhere, differing = relation_of(content, other, cosine, answers)
    return Neighbour(
        record.entry_id, record.external_id, other.title, other.region_code, other.owner_department or other.authority,
        record.state, round(cosine, 3), answers, relation, elsewhere, differing,
    )  # fmt: skip


def relation_of(
    content: EntryContent, other: EntryContent, cosine: float, answers: bool = False
) -> tuple[Relation, bool, tuple[Difference, ...]]:
    """How two texts stand to each other: relation, whether the other is of elsewhere, what differs.

    Args:
        cosine: of their nearest questions. answers: the text's question is answered from the other today.
    """
    elsewhere = _elsewhere(content, other)
    # variants of one matter ("…（个人）", "…（单位）") and items of one department differ in their figures rightly
    variants = content.title != other.title and base_title(content.title) == base_title(other.title)
    items = content.kind == other.kind == "service_item"
    same = not variants and (cosine >= DUPLICATE or ((answers or cosine >= SAME_MATTER) and not items))
    differing = tuple(differences(content, other)) if same else ()
    if not elsewhere and differing:
        return "contradiction", elsewhere, differing
    if not elsewhere and not variants and cosine >= DUPLICATE:
        return "duplicate", elsewhere, differing
    return "near", elsewhere, differing


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
