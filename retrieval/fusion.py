"""Fusion: one score from the channels, and a calibrated probability that a document answers the query.

The score is linear in the features below; its weights are fitted listwise (softmax cross-entropy over the candidates, the
loss of ListNet with one relevant document). The probability is a logistic function (Platt 1999) of the softmax share and of
absolute measures of agreement. Weights and threshold are data (`weights.json`), written by `training.fit_fusion`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from retrieval.errors import RetrievalError
from retrieval.lexical_channels import CHANNELS

Floats = npt.NDArray[np.float64]

BUILTIN_WEIGHTS = Path(__file__).parent / "weights.json"
DENSE_FEATURES = ("name", "context", "body", "best")
# nearness of a document's first passage; 0, or -1 where it names places and the query others; what associations expect
EXTRA_FEATURES = ("dense_first", "places_apart", "associated")
FEATURES = (
    tuple(f"dense_{name}" for name in DENSE_FEATURES)
    + tuple(f"{channel}_share" for channel in CHANNELS)
    + tuple(f"{channel}_coverage" for channel in CHANNELS)
    + EXTRA_FEATURES
)
CALIBRATION_FEATURES = (
    "bias",
    "share",
    "margin",
    "dense_best",
    *(f"{channel}_coverage" for channel in CHANNELS),
    "words_missing",
)
ANSWERABLE_FEATURES = ("bias", *(f"nearest_{name}" for name in DENSE_FEATURES), "lead", "words_missing", "chars_coverage")
CROWD = 50  # the lead of the nearest document is measured against the so-and-so-many-th
LEAST_RIVALS = 80  # a search of thousands of documents ranks at least so many
COSINE_SCALE = 20.0  # e5 cosines of unrelated texts differ by few hundredths


def fusion_features(
    dense: Mapping[str, npt.NDArray[np.floating[Any]]],
    shares: Mapping[str, npt.NDArray[np.floating[Any]]],
    coverages: Mapping[str, npt.NDArray[np.floating[Any]]],
    extra: Mapping[str, npt.NDArray[np.floating[Any]]] | None = None,
) -> Floats:
    """Features of the candidates of one query.

    Args:
        dense: DENSE_FEATURES → cosine of each candidate (n,).
        shares: channel → BM25 divided by the query's best (n,); coverages: channel → share of idf mass matched (n,).
        extra: EXTRA_FEATURES → (n,); those not given are 0.

    Returns: (n, len(FEATURES)). Cosines are relative to the best candidate, since only differences within a query matter.
    """
    columns = [(dense[name] - dense[name].max()) * COSINE_SCALE for name in DENSE_FEATURES]
    columns += [shares[channel] * 3.0 for channel in CHANNELS]
    columns += [coverages[channel] * 3.0 for channel in CHANNELS]
    columns += [(extra or {}).get(name, np.zeros_like(columns[0])) for name in EXTRA_FEATURES]
    return np.stack([np.asarray(c, dtype=np.float64) for c in columns], axis=1)


def calibration_features(
    scores: Floats,
    best_cosine: npt.NDArray[np.float32],
    coverages: Mapping[str, npt.NDArray[np.float32]],
    missing: Floats,
    background: float | None = None,
) -> Floats:
    """What tells whether a candidate is right, apart from its rank.

    Args:
        missing: share of the idf mass of the query's words that the candidate does not contain (n,). Unlike coverage it takes
            words whole: of 律师证补办 an entry about 身份证补办 has most pairs of characters, but not the word that matters.
        background: score of a document that has nothing to do with the query. Few candidates are measured against so many of
            them as make up LEAST_RIVALS: being the best of three says little.

    Returns: (n, len(CALIBRATION_FEATURES)).
    """
    more = max(0, LEAST_RIVALS - len(scores)) if background is not None else 0
    rivals = np.concatenate([scores, np.full(more, background, dtype=np.float64)])
    highest = rivals.max()
    share = np.exp(scores - highest) / np.exp(rivals - highest).sum()
    logit = np.log(share + 1e-6) - np.log1p(-share + 1e-6)
    runner_up = np.sort(rivals)[-2] if len(rivals) > 1 else highest - 5.0
    margin = np.clip(scores - np.where(scores == highest, runner_up, highest), -5.0, 5.0)
    columns = [np.ones_like(scores), logit, margin, (best_cosine.astype(np.float64) - 0.85) * COSINE_SCALE]
    columns += [coverages[name].astype(np.float64) for name in CHANNELS]
    return np.stack([*columns, missing], axis=1)


def answerable_features(
    nearest: Mapping[str, float],
    best_cosine: npt.NDArray[np.float32],
    coverages: Mapping[str, npt.NDArray[np.float32]],
    missing: Floats,
    first: int,
    background: float | None,
) -> Floats:
    """What tells whether anything here answers the query, whichever it is: (len(ANSWERABLE_FEATURES),).

    Args:
        nearest: DENSE_FEATURES → highest cosine among the candidates; first: the candidate that is ranked first.
        background: cosine of a document of another matter, taken for those that a small index lacks.
    """
    fewer = [] if background is None else [background] * max(0, CROWD - len(best_cosine))
    crowd = np.sort(np.concatenate([best_cosine.astype(np.float64), fewer]))[::-1]
    cosines = [(nearest[name] - 0.5) * COSINE_SCALE for name in DENSE_FEATURES]
    lead = (crowd[0] - crowd[min(CROWD, len(crowd)) - 1]) * COSINE_SCALE
    return np.array([1.0, *cosines, lead, missing[first], coverages["chars"][first]])


@dataclass(frozen=True)
class FusionWeights:
    """Attributes:
    weights (len(FEATURES),); calibration (len(CALIBRATION_FEATURES),); threshold 0..1.
    background_cosine: usual cosine of a query and a document of another matter; None: small indexes are not corrected for.
    answerable (len(ANSWERABLE_FEATURES),): tells whether anything here answers a query; None: the probabilities of the first hits do.
    offer_threshold: on that probability; below it not even near documents are worth showing. None: as `threshold`.
    single_characters: what a Han character on its own counts in the channel of characters, against 1 of a pair.
    """

    weights: Floats
    calibration: Floats
    threshold: float
    background_cosine: float | None = None
    answerable: Floats | None = None
    offer_threshold: float | None = None
    single_characters: float = 1.0

    def weighs(self, feature: str) -> bool:
        return bool(self.weights[FEATURES.index(feature)])

    @cached_property
    def channels(self) -> tuple[str, ...]:
        """The lexical channels that weigh anything; the others need not be asked."""
        scores = dict(zip(FEATURES, self.weights, strict=True))
        chances = dict(zip(CALIBRATION_FEATURES, self.calibration, strict=True))
        return tuple(c for c in CHANNELS if scores[f"{c}_share"] or scores[f"{c}_coverage"] or chances[f"{c}_coverage"])

    def scores(self, features: Floats) -> Floats:
        return features @ self.weights

    def background(self, nearest: Mapping[str, float]) -> float | None:
        """Score of a document of another matter. Args: nearest: DENSE_FEATURES → highest cosine among the candidates."""
        if self.background_cosine is None:
            return None
        row = np.zeros(len(FEATURES))
        row[: len(DENSE_FEATURES)] = [(self.background_cosine - nearest[name]) * COSINE_SCALE for name in DENSE_FEATURES]
        return float(row @ self.weights)

    def probabilities(self, features: Floats) -> Floats:
        return 1.0 / (1.0 + np.exp(-(features @ self.calibration)))

    def answerability(self, features: Floats, first: Floats) -> float:
        """Probability that anything answers. Args: features: ANSWERABLE_FEATURES; first: probabilities of the first hits."""
        if self.answerable is None:
            return float(min(1.0, first.sum()))
        return float(1.0 / (1.0 + np.exp(-(features @ self.answerable))))


@dataclass(frozen=True)
class Fusion:
    """Two sets of weights: for indexes whose documents have names (titles, questions), and for bare texts. `hash` names both."""

    named: FusionWeights
    bare: FusionWeights
    hash: str

    @classmethod
    def load(cls, file: Path = BUILTIN_WEIGHTS) -> "Fusion":
        """Raises: RetrievalError when the file is damaged or was made for other features."""
        try:
            raw = file.read_bytes()
            values = json.loads(raw)
            named, bare = _read_weights(values["named"]), _read_weights(values["bare"])
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise RetrievalError(
                f"检索权重 {file.name} 与程序版本不符。", fix="重新训练检索权重，或恢复项目自带的权重文件。"
            ) from exc
        return cls(named, bare, hashlib.sha256(raw).hexdigest()[:16])


def _read_weights(values: Mapping[str, Any]) -> FusionWeights:
    names = tuple(values["weights"])
    # weights written before a feature was thought of have none for it
    if (
        names != FEATURES[: len(names)]
        or len(names) < len(FEATURES) - len(EXTRA_FEATURES)
        or tuple(values["calibration"]) != CALIBRATION_FEATURES
    ):
        raise ValueError("other features")
    answerable = values.get("answerable")
    if answerable is not None and tuple(answerable) != ANSWERABLE_FEATURES:
        raise ValueError("other features")
    return FusionWeights(
        np.array([float(values["weights"].get(name, 0.0)) for name in FEATURES]),
        np.array(list(values["calibration"].values()), dtype=np.float64),
        float(values["threshold"]),
        None if values.get("background_cosine") is None else float(values["background_cosine"]),
        None if answerable is None else np.array(list(answerable.values()), dtype=np.float64),
        None if values.get("offer_threshold") is None else float(values["offer_threshold"]),
        float(values.get("single_characters", 1.0)),
    )
