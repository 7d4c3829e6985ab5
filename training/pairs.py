"""Light training on letters with replies: query adapter, word associations, fusion, calibration and threshold for bare texts.

The weights of the fusion are fitted on questions of folds that adapter and associations did not see, over an index of those folds'
replies, so that they are not flattered. What concerns entries with names stays as it is served.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from retrieval.associations import Associations
from retrieval.documents import Document
from retrieval.encoder import Encoder, Matrix
from retrieval.extras import Extras
from retrieval.fusion import BUILTIN_WEIGHTS
from retrieval.pairs import PASSAGE_LENGTH, Pair, private_documents
from retrieval.query_adapter import QueryAdapter
from retrieval.searcher import Searcher
from retrieval.text import normalise
from retrieval.tokenizer import character_terms
from training.associations import learn_associations
from training.errors import TrainingDataError
from training.fit_fusion import BARE_CHANNELS, Example, fit
from training.fit_fusion import FOLDS as CALIBRATION_FOLDS
from training.progress import Steps
from training.query_adaptation import AdapterPlan, train_adapter

FOLDS = 3
MOST_FITTED = 1500  # questions; more do not change eight weights
LEAST_PAIRS = 30
EMBEDDED_AT_ONCE = 256
# what is embedded is kept to this many characters, two minutes on two cores: first long messages and replies are cut, then letters left out
MOST_CHARACTERS = 800_000
CUTS = ((512, 6), (320, 4), (200, 2), (120, 1))  # characters of a question, passages of a reply
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
class Prepared:
    """Everything embedded. Attributes: vectors: of `asked`; replies: text of each document."""

    asked: tuple[Asked, ...]
    vectors: Matrix
    documents: tuple[Document, ...]
    replies: tuple[str, ...]


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
    cut, useful = _within_budget(useful)
    with steps.step("编码回复", len({p.key for p in useful})) as advance:
        documents, keys = private_documents(useful, encoder, advance, most_passages=cut[1])
    places = {key: doc_id for doc_id, key in keys.items()}
    texts = {p.key: p.reply for p in useful}
    asked = [
        Asked(normalise(text)[: cut[0]], places[p.key], _fold(p.key))
        for text, p in sorted(
            {(t, p.key): (t, p) for p in useful for t in (p.subject, p.message) if t.strip()}.values(), key=_order
        )
    ]
    distinct = list(dict.fromkeys(a.text for a in asked))
    with steps.step("编码问题", len(distinct)) as advance:
        rows = []
        for start in range(0, len(distinct), EMBEDDED_AT_ONCE):
            rows.append(encoder.encode_queries(distinct[start : start + EMBEDDED_AT_ONCE]))
            advance(len(rows[-1]))
    vectors = dict(zip(distinct, np.concatenate(rows), strict=True))
    replies = tuple(texts[keys[d.doc_id]] for d in documents)
    return Prepared(tuple(asked), np.stack([vectors[a.text] for a in asked]), tuple(documents), replies)


def train(prepared: Prepared, plan: PairsPlan, searcher: Callable[[], Searcher], steps: Steps) -> Trained:
    """Args: searcher: makes an empty one."""
    examples: list[Example] = []
    for fold in range(plan.folds):
        seen = [i for i, a in enumerate(prepared.asked) if a.fold != fold]
        learned = _learn(prepared, seen, plan, steps, f"第 {fold + 1}/{plan.folds} 折")
        examples += _examples(prepared, fold, learned, plan, searcher(), steps)
    adapter, associations = _learn(prepared, range(len(prepared.asked)), plan, steps, "全部")
    weights = json.loads(BUILTIN_WEIGHTS.read_text(encoding="utf-8"))
    steps.say("拟合融合权重与概率")
    weights["bare"] = {**fit(examples, plan.l2, declines=False), "single_characters": plan.single_characters}
    return Trained(adapter, associations, weights)


def _learn(
    prepared: Prepared, chosen: Sequence[int], plan: PairsPlan, steps: Steps, name: str
) -> tuple[QueryAdapter, Associations | None]:
    """From these questions and their replies alone."""
    shown = sorted({prepared.asked[i].document for i in chosen})
    places = {document: i for i, document in enumerate(shown)}
    passages = np.concatenate([prepared.documents[d].vectors for d in shown])
    owners = np.repeat(np.arange(len(shown)), [len(prepared.documents[d].vectors) for d in shown])
    right = [places[prepared.asked[i].document] for i in chosen]
    with steps.step(f"训练查询适配（{name}）", plan.adapter.steps) as advance:
        adapter = train_adapter(prepared.vectors[list(chosen)], right, passages, owners, plan.adapter, advance)
    terms = {d: character_terms(normalise(prepared.replies[d])) for d in shown}
    associations = learn_associations(
        [character_terms(prepared.asked[i].text) for i in chosen], [terms[prepared.asked[i].document] for i in chosen]
    )
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
    mine = [i for i, a in enumerate(prepared.asked) if a.fold == fold][: MOST_FITTED // plan.folds]
    documents = sorted({a.document for a in prepared.asked if a.fold == fold})
    if not mine:
        return []
    searcher.apply([prepared.documents[d] for d in documents], (), 1)
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


def _within_budget(pairs: list[Pair]) -> tuple[tuple[int, int], list[Pair]]:
    def size(pair: Pair, cut: tuple[int, int]) -> int:
        return min(len(pair.subject), cut[0]) + min(len(pair.message), cut[0]) + min(len(pair.reply), cut[1] * PASSAGE_LENGTH)

    for cut in CUTS:
        if sum(size(p, cut) for p in pairs) <= MOST_CHARACTERS:
            return cut, pairs
    cut, left, kept = CUTS[-1], MOST_CHARACTERS, []
    for pair in sorted(pairs, key=lambda p: (p.key, p.subject)):  # by hash: a random part, the same each time
        left -= size(pair, cut)
        if left < 0:
            break
        kept.append(pair)
    return cut, kept


def _fold(key: str) -> int:
    return int(hashlib.sha256(f"fold:{key}".encode()).hexdigest(), 16) % FOLDS


def _order(item: tuple[str, Pair]) -> tuple[str, str]:
    return hashlib.sha256(item[0].encode()).hexdigest(), item[1].key
