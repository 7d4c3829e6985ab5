"""The loss, its batches and the hard negatives.

Loss: InfoNCE (van den Oord et al. 2018, arXiv:1807.03748) with in-batch negatives as in DPR (Karpukhin et al. 2020,
arXiv:2004.04906): cross-entropy of each question over the cosines with all passages of the batch divided by a temperature, its own
passage being the right class. Hard negatives, mined with the model as it stands before each epoch, join as further passages. A passage
that also answers the question is masked out, so that it is no false negative.

One class more stands for "nothing answers it", with a learnt cosine of its own. It is the right class of questions that no entry
answers, and, with less weight, of every question once its own passages are taken away. So a cosine means the same for all questions,
and a low one can be told from a high one when nothing better is there.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import BertModel

from retrieval.encoder_build.build import E5_PASSAGE_PROMPT, E5_QUERY_PROMPT
from training.question_pairs import Entry, Pair

Vectors = npt.NDArray[np.float32]
QUESTION_TOKENS, PASSAGE_TOKENS = 56, 48  # questions and titles are shorter; time grows with the longest of a batch
MINED_FROM = 15  # hard negatives are drawn from so many best wrong entries, so that one unlabelled right answer does little harm
MASKED = -1e4
CHUNK = 16  # texts of like length computed together: less padding
NOTHING_AT_FIRST = 0.55  # cosine of the class "nothing answers it" before training
WITHDRAWN_WEIGHT = 0.3


class Embedder:
    """Texts to unit vectors, with gradients when asked for."""

    def __init__(self, model: BertModel, tokenizer: Any) -> None:
        self.model, self.tokenizer = model, tokenizer

    def questions(self, texts: Sequence[str]) -> torch.Tensor:
        return self._embed([E5_QUERY_PROMPT + text for text in texts], QUESTION_TOKENS)

    def passages(self, texts: Sequence[str]) -> torch.Tensor:
        return self._embed([E5_PASSAGE_PROMPT + text for text in texts], PASSAGE_TOKENS)

    def _embed(self, texts: Sequence[str], tokens: int) -> torch.Tensor:
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        chunks = [order[start : start + CHUNK] for start in range(0, len(order), CHUNK)]
        rows = torch.cat([self._embed_chunk([texts[i] for i in chunk], tokens) for chunk in chunks])
        return rows[torch.argsort(torch.tensor(order))]

    def _embed_chunk(self, texts: Sequence[str], tokens: int) -> torch.Tensor:
        batch = self.tokenizer(list(texts), padding=True, truncation=True, max_length=tokens, return_tensors="pt")
        # half precision takes little more than half the time; only while learning, so that figures are those of the model
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=torch.is_grad_enabled()):
            states = self.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
        states = states.float()
        mask = batch["attention_mask"].unsqueeze(-1).to(states.dtype)
        return torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=1)


def embed_all(embed: Callable[[Sequence[str]], torch.Tensor], texts: Sequence[str], size: int = 64) -> Vectors:
    """Without gradients; texts of like length together."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    rows: list[Vectors] = []
    with torch.no_grad():
        rows += [embed([texts[i] for i in order[start : start + size]]).numpy() for start in range(0, len(order), size)]
    result = np.concatenate(rows)
    result[order] = result.copy()
    return result


def similarities(embedder: Embedder, questions: Sequence[str], entries: Sequence[Entry]) -> Vectors:
    """(questions, entries): an entry scores by its better passage, as in the index."""
    asked = embed_all(embedder.questions, questions)
    titles, contexts = (embed_all(embedder.passages, [e.passages[i] for e in entries]) for i in (0, 1))
    return np.asarray(np.maximum(asked @ titles.T, asked @ contexts.T))


def mine(embedder: Embedder, pairs: Sequence[Pair], entries: Sequence[Entry]) -> list[list[int]]:
    """For each pair the entries known to be wrong, else the best wrong ones; none that carries the title of a right one, none for pairs not to be mined."""
    wanted = [i for i, pair in enumerate(pairs) if pair.mined]
    hard: list[list[int]] = [[] for _ in pairs]
    if not wanted:
        return hard
    scores = similarities(embedder, [pairs[i].question for i in wanted], entries)
    for i, row in zip(wanted, scores, strict=True):
        titles = {entries[j].title for j in pairs[i].right}
        best = np.argsort(-row, kind="stable")[: 4 * MINED_FROM]
        hard[i] = list(pairs[i].wrong) or [int(j) for j in best if entries[j].title not in titles][:MINED_FROM]
    return hard


@dataclass(frozen=True)
class Batch:
    """Questions, their passages in the same order, then the hard negatives; `right[i]` are the entries that answer question i.

    Questions that nothing answers stand last and have no passage of their own.
    """

    questions: list[str]
    passages: list[str]
    shown: list[int]
    right: list[frozenset[int]]


def batches(
    pairs: Sequence[Pair],
    hard: Sequence[Sequence[int]],
    entries: Sequence[Entry],
    size: int,
    negatives: int,
    chance: random.Random,
) -> Iterator[Batch]:
    """One epoch in random order; an incomplete last batch is left out unless it is the only one."""
    order = chance.sample(range(len(pairs)), len(pairs))
    for start in range(0, max(len(order) - size, 0) + 1, size):
        chosen = order[start : start + size]
        chosen.sort(key=lambda i: not pairs[i].right)
        shown = [chance.choice(pairs[i].right) for i in chosen if pairs[i].right]
        for i in chosen:
            shown += chance.sample(hard[i], min(negatives, len(hard[i])))
        passages = [chance.choice(entries[j].passages) for j in shown]
        yield Batch([pairs[i].question for i in chosen], passages, shown, [frozenset(pairs[i].right) for i in chosen])


def info_nce(embedder: Embedder, batch: Batch, temperature: float, nothing: torch.Tensor) -> torch.Tensor:
    """The mean loss of a batch, see the module. Args: nothing: the cosine of "nothing answers it"."""
    cosines = embedder.questions(batch.questions) @ embedder.passages(batch.passages).T
    logits = torch.cat([cosines, nothing.expand(len(cosines), 1)], dim=1) / temperature
    right = torch.tensor([[*(shown in right for shown in batch.shown), False] for right in batch.right])
    last = logits.shape[1] - 1
    answered = sum(1 for entries in batch.right if entries)
    own = torch.tensor([i if i < answered else last for i in range(len(batch.questions))])
    others = right.clone()
    others[torch.arange(answered), torch.arange(answered)] = False
    loss = torch.nn.functional.cross_entropy(logits.masked_fill(others, MASKED), own)
    withdrawn = torch.nn.functional.cross_entropy(logits.masked_fill(right, MASKED)[:answered], torch.full((answered,), last))
    return loss + WITHDRAWN_WEIGHT * withdrawn if answered else loss


def dense_recall(embedder: Embedder, pairs: Sequence[Pair], entries: Sequence[Entry]) -> dict[str, float]:
    """Recall@1, @3, @10 and MRR of the encoder alone over the entries."""
    scores = similarities(embedder, [pair.question for pair in pairs], entries)
    ranks = np.array([1 + int((row > row[list(pair.right)].max()).sum()) for row, pair in zip(scores, pairs, strict=True)])
    return {**{f"recall@{k}": float((ranks <= k).mean()) for k in (1, 3, 10)}, "mrr": float((1 / ranks).mean())}
