"""Examples that a human should look at before they are learned from."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.encoder import Encoder
from training.rows import ENTRY, INTENT, OUT_OF_SCOPE, Row

LEAST_CHARACTERS = 4
NEIGHBOURS = 5
NEAR = 0.93  # cosine of questions that say nearly the same
SURE = 0.8  # share that another intent must reach
FOLDS = 4
LEAST_OF_AN_INTENT = 4  # fewer say nothing about what the intent looks like


@dataclass(frozen=True)
class Suspect:
    """Attributes: reason: for people; suggestion: the label it would rather have, if any."""

    row: Row
    reason: str
    suggestion: str | None = None


def suspects_in(rows: Sequence[Row], encoder: Encoder, known_intents: Mapping[str, str]) -> list[Suspect]:
    """Args: known_intents: text → intent of the examples that the project brings along."""
    found = [Suspect(row, "文字太短") for row in rows if len(row.key.replace(" ", "")) < LEAST_CHARACTERS]
    return [*found, *_unlike_neighbours(rows, encoder), *_unlike_intent(rows, encoder, known_intents)]


def _unlike_neighbours(rows: Sequence[Row], encoder: Encoder) -> list[Suspect]:
    """Questions whose nearest questions are answered by another entry."""
    asked = [row for row in rows if row.kind == ENTRY]
    if len(asked) < 2:
        return []
    vectors = encoder.encode_queries([row.text for row in asked])
    found = []
    for i, row in enumerate(asked):
        cosines = vectors @ vectors[i]
        cosines[i] = -1.0
        nearest = [j for j in np.argsort(-cosines, kind="stable")[:NEIGHBOURS] if cosines[j] >= NEAR]
        labels = Counter(asked[j].label for j in nearest)
        if labels and row.label not in labels:
            other = labels.most_common(1)[0][0]
            found.append(Suspect(row, f"说法相近的“{asked[nearest[0]].text}”对应的是另一条目", other))
    return found


def _unlike_intent(rows: Sequence[Row], encoder: Encoder, known: Mapping[str, str]) -> list[Suspect]:
    """Labels that a classifier trained on the other folds does not share."""
    from sklearn.linear_model import LogisticRegression

    mine = [(row.text, INTENT if row.kind == INTENT else OUT_OF_SCOPE, row) for row in rows if row.kind in (INTENT, OUT_OF_SCOPE)]
    if not mine:
        return []
    texts = [*(text for text, _, _ in mine), *known]
    labels = np.array([*((row.label or OUT_OF_SCOPE) for _, _, row in mine), *known.values()])
    vectors = encoder.encode_queries(texts)
    counts = Counter(labels.tolist())
    found = []
    for fold in range(FOLDS):
        held = np.array([i < len(mine) and i % FOLDS == fold for i in range(len(texts))])
        model = LogisticRegression(C=10.0, max_iter=400).fit(vectors[~held], labels[~held])
        for i in np.flatnonzero(held):
            chances = model.predict_proba(vectors[i : i + 1])[0]
            best = str(model.classes_[int(chances.argmax())])
            if best != labels[i] and chances.max() >= SURE and counts[str(labels[i])] >= LEAST_OF_AN_INTENT:
                found.append(Suspect(mine[i][2], f"更像意图 {best}（{chances.max():.0%}）", best))
    return found
