"""Light training on letters with replies: query adapter, word associations, fusion, calibration and threshold for bare texts.

The weights of the fusion are fitted on questions of folds that adapter and associations did not see, over an index of those folds'
replies, so that they are not flattered. What concerns entries with names stays as it is served.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from retrieval.associations import Associations
from retrieval.documents import Document
from retrieval.encoder import Encoder, Matrix
from retrieval.extras import Extras
from retrieval.fusion import BUILTIN_WEIGHTS
from retrieval.pairs import PASSAGE_LENGTH, Pair, passage_count, private_documents
from retrieval.query_adapter import QueryAdapter
from retrieval.searcher import Searcher
from retrieval.text import normalise
from retrieval.tokenizer import character_terms
from training.associations import MOST_EXAMPLES, learn_associations
from training.errors import TrainingDataError
from training.fit_fusion import BARE_CHANNELS, Example, fit
from training.fit_fusion import FOLDS as CALIBRATION_FOLDS
from training.progress import Steps
from training.query_adaptation import AdapterPlan, train_adapter

FOLDS = 3
MOST_FITTED = 1200  # questions; more do not change eight weights
MOST_INDEXED = 700  # replies among which a fold's questions look for theirs
LEAST_PAIRS = 30
EMBEDDED_AT_ONCE = 256
# what is embedded of a letter; more of it cost half as much again and taught nothing more (docs/training.md)
LONGEST_QUESTION, MOST_TOLD_PASSAGES = 200, 2
MOST_CHARACTERS = 600_000  # embedded in all, 45 s on two cores; beyond, letters only teach associations
L2 = 1.0


@dataclass(frozen=True)
class PairsPlan:
    adapter: AdapterPlan = field(default_factory=AdapterPlan)
    folds: int = FOLDS
    l2: float = L2
    single_characters: float = 0.0

    def parameters(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Asked:
    """A question of a letter. Attributes: document: position of the reply; fold: by the reply, so that all its questions share it."""

    text: str
    document: int
    fold: int


@dataclass(frozen=True)
class Lesson:
    """What associations learn from; letters that are not embedded give theirs too. Attributes: terms of a question and of its reply."""

    asked: frozenset[str]
    told: frozenset[str]
    fold: int


@dataclass(frozen=True)
class Prepared:
    """Everything embedded or cut into terms. Attributes: vectors: of `asked`."""

    asked: tuple[Asked, ...]
    vectors: Matrix
    documents: tuple[Document, ...]
    lessons: tuple[Lesson, ...]


@dataclass(frozen=True)
class Trained:
    """Attributes: weights: the whole file of the fusion, with the part for bare texts fitted anew."""

    adapter: QueryAdapter
    associations: Associations | None
    weights: dict[str, Any]


def prepare(pairs: Sequence[Pair], encoder: Encoder, steps: Steps) -> Prepared:
    """Embed questions and replies, each distinct text once. Raises: TrainingDataError when too few letters can be learned from."""
    useful = [p for p in {(p.subject, p.message, p.key): p for p in pairs}.values() if p.is_question]
    if len(useful) < LEAST_PAIRS:
        raise TrainingDataError(
            f"只有 {len(useful)} 封来信有可用的回复（至少 40 个汉字），不足以训练。", fix=f"至少提供 {LEAST_PAIRS} 封。"
        )
    lessons = _lessons(useful)
    useful = _within_budget(useful)
    with steps.step("编码回复", passage_count(useful, MOST_TOLD_PASSAGES)) as advance:
        documents, keys = private_documents(useful, encoder, advance, most_passages=MOST_TOLD_PASSAGES)
    places = {key: doc_id for doc_id, key in keys.items()}
    asked = [Asked(normalise(text)[:LONGEST_QUESTION], places[p.key], _fold(p.key)) for text, p in _questions(useful)]
    distinct = list(dict.fromkeys(a.text for a in asked))
    with steps.step("编码问题", len(distinct)) as advance:
        rows = []
        for start in range(0, len(distinct), EMBEDDED_AT_ONCE):
            rows.append(encoder.encode_queries(distinct[start : start + EMBEDDED_AT_ONCE]))
            advance(len(rows[-1]))
    vectors = dict(zip(distinct, np.concatenate(rows), strict=True))
    return Prepared(tuple(asked), np.stack([vectors[a.text] for a in asked]), tuple(documents), lessons)


def _questions(pairs: Sequence[Pair]) -> list[tuple[str, Pair]]:
    """Subjects and messages, each once for a reply, in an order by hash."""
    asked = {(text, p.key): (text, p) for p in pairs for text in (p.subject, p.message) if text.strip()}
    return sorted(asked.values(), key=_order)


def _lessons(pairs: Sequence[Pair]) -> tuple[Lesson, ...]:
    def terms(text: str) -> frozenset[str]:
        return frozenset(map(sys.intern, character_terms(normalise(text))))

    told = {p.key: terms(p.reply) for p in pairs}
    return tuple(Lesson(terms(text), told[p.key], _fold(p.key)) for text, p in _questions(pairs)[:MOST_EXAMPLES])


def train(prepared: Prepared, plan: PairsPlan, searcher: Callable[[], Searcher], steps: Steps) -> Trained:
    """Args: searcher: makes an empty one."""
    examples: list[Example] = []
    for fold in range(plan.folds):
        learned = _learn(prepared, fold, plan, steps, f"第 {fold + 1}/{plan.folds} 折")
        examples += _examples(prepared, fold, learned, plan, searcher(), steps)
    adapter, associations = _learn(prepared, None, plan, steps, "全部")
    weights = json.loads(BUILTIN_WEIGHTS.read_text(encoding="utf-8"))
    steps.say("拟合融合权重与概率")
    weights["bare"] = {**fit(examples, plan.l2, declines=False), "single_characters": plan.single_characters}
    return Trained(adapter, associations, weights)


def _learn(
    prepared: Prepared, without: int | None, plan: PairsPlan, steps: Steps, name: str
) -> tuple[QueryAdapter, Associations | None]:
    """From the questions of all folds but one, and their replies alone."""
    chosen = [i for i, a in enumerate(prepared.asked) if a.fold != without]
    shown = sorted({prepared.asked[i].document for i in chosen})
    places = {document: i for i, document in enumerate(shown)}
    passages = np.concatenate([prepared.documents[d].vectors for d in shown])
    owners = np.repeat(np.arange(len(shown)), [len(prepared.documents[d].vectors) for d in shown])
    right = [places[prepared.asked[i].document] for i in chosen]
    with steps.step(f"训练查询适配（{name}）", plan.adapter.steps) as advance:
        adapter = train_adapter(prepared.vectors[chosen], right, passages, owners, plan.adapter, advance)
    lessons = [lesson for lesson in prepared.lessons if lesson.fold != without]
    associations = learn_associations([lesson.asked for lesson in lessons], [lesson.told for lesson in lessons])
    return adapter, associations


def _examples(
    prepared: Prepared,
    fold: int,
    learned: tuple[QueryAdapter, Associations | None],
    plan: PairsPlan,
    searcher: Searcher,
    steps: Steps,
) -> list[Example]:
    """The candidates of the fold's questions among the fold's replies."""
    adapter, associations = learned
    questions = [i for i, a in enumerate(prepared.asked) if a.fold == fold]
    documents = set(list(dict.fromkeys(prepared.asked[i].document for i in questions))[:MOST_INDEXED])
    mine = [i for i in questions if prepared.asked[i].document in documents][: MOST_FITTED // plan.folds]
    if not mine:
        return []
    searcher.apply([prepared.documents[d] for d in sorted(documents)], (), 1)
    extras = Extras(plan.single_characters, first=True, places=True, associations=associations)
    found = []
    with steps.step(f"检索第 {fold + 1}/{plan.folds} 折的问题", len(mine)) as advance:
        for i in mine:
            document = prepared.asked[i].document
            query = searcher.understand(prepared.asked[i].text)
            vector = adapter(prepared.vectors[i])
            candidates = searcher.candidates(searcher.current(), query, vector, channels=BARE_CHANNELS, extras=extras)
            if candidates is not None:
                found.append(Example(candidates, candidates.doc_ids == document, document % CALIBRATION_FOLDS))
            advance(1)
    return found


def _within_budget(pairs: list[Pair]) -> list[Pair]:
    """All, or a random part of them, the same each time."""
    longest = (LONGEST_QUESTION, LONGEST_QUESTION, MOST_TOLD_PASSAGES * PASSAGE_LENGTH)
    kept, left = [], MOST_CHARACTERS
    for pair in sorted(pairs, key=lambda p: (p.key, p.subject)):
        left -= sum(min(len(text), most) for text, most in zip((pair.subject, pair.message, pair.reply), longest, strict=True))
        if left < 0:
            break
        kept.append(pair)
    return kept


def _fold(key: str) -> int:
    return int(hashlib.sha256(f"fold:{key}".encode()).hexdigest(), 16) % FOLDS


def _order(item: tuple[str, Pair]) -> tuple[str, str]:
    return hashlib.sha256(item[0].encode()).hexdigest(), item[1].key
