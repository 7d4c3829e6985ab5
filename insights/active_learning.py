"""The questions whose labels would teach most: uncertain, frequent, and unlike each other. Only proposes; labels are in `labels`."""

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
from sqlalchemy import func, select

from answering.models import FoundEntries
from conversations import clock
from conversations.clock import CHINA, Clock
from conversations.models import AnswerRow
from database.engine import Database
from insights.labels import QuestionLabels
from retrieval.text import HAN, matchable, normalise

PROPOSED = 50
LOOK_BACK = timedelta(days=90)
MOST_ANSWERS = 20_000
POOL = 400  # the most uncertain and frequent ones, which are embedded and told apart
LEAST_HAN, MOST_CHARACTERS = 3, 200
INTENT_WEIGHT = 0.7  # a doubtful intent costs less than a doubtful entry: most intents lead to the same search
NEAR, SAME = 0.80, 0.95  # cosines of sentence vectors: from where two questions begin to be alike, and where they are one
KEPT_S = 600.0

Floats = npt.NDArray[np.float32]
Encode = Callable[[Sequence[str]], Floats]
Search = Callable[[str, int, date], FoundEntries]


@dataclass(frozen=True)
class Asked:
    """One wording as citizens used it.

    Attributes:
        times: how often, in whatever spelling of spaces and punctuation.
        probability: that the first entry answers it, as estimated last; threshold: from which it is answered.
        intent, confidence: as classified last.
    """

    question: str
    times: int
    probability: float
    threshold: float
    intent: str | None
    confidence: float
    by_rasa: bool = True

    @property
    def uncertainty(self) -> float:
        """0 (certain) to 1."""
        entry = _entropy(_centred(self.probability, self.threshold))
        intent = INTENT_WEIGHT * (1 - self.confidence) if self.by_rasa else 0.0
        return max(entry, intent)

    @property
    def worth(self) -> float:
        return self.uncertainty * math.log1p(self.times)


@dataclass(frozen=True)
class Proposal:
    """A question to label, with what the assistant takes it for. Attributes: entries: (entry id, title, probability)."""

    asked: Asked
    entries: tuple[tuple[int, str, float], ...]


@dataclass(frozen=True)
class _Choice:
    """What was chosen when, of the answers up to which one."""

    moment: float
    count: int
    newest: int
    chosen: list[Asked]


class ActiveLearning:
    """Proposes questions from the recorded answers. All methods block.

    Args:
        encode: sentence vectors of questions; search: entries for a question.
    """

    def __init__(
        self, database: Database, labels: QuestionLabels, encode: Encode, search: Search, threshold: Callable[[], float],
        now: Clock = clock.now,
    ) -> None:  # fmt: skip
        self._database, self._labels, self._encode, self._search = database, labels, encode, search
        self._threshold, self._now = threshold, now
        self._lock = threading.Lock()
        self._chosen: _Choice | None = None

    def proposals(self, count: int = PROPOSED) -> list[Proposal]:
        """The best `count` to label, best first; without those that were labelled meanwhile."""
        with self._lock:
            chosen = self._choice(count)
        done = self._labelled()
        today = self._now().astimezone(CHINA).date()
        open_ones = [asked for asked in chosen if _key(asked.question) not in done][:count]
        return [Proposal(asked, self._entries(asked.question, today)) for asked in open_ones]

    def _choice(self, count: int) -> list[Asked]:
        """Kept for a while: labelling one question does not shuffle the others."""
        with self._database.read() as session:
            newest = session.scalar(select(func.max(AnswerRow.id))) or 0
        moment = self._now().timestamp()
        known = self._chosen
        if known and known.count >= count and (known.newest == newest or moment - known.moment < KEPT_S):
            return known.chosen
        done = self._labelled()
        pool = sorted((a for a in self._asked() if _key(a.question) not in done), key=lambda a: (-a.worth, a.question))[:POOL]
        chosen = choose(pool, self._encode([a.question for a in pool]), count) if pool else []
        self._chosen = _Choice(moment, count, newest, chosen)
        return chosen

    def _asked(self) -> list[Asked]:
        """What citizens asked lately, one a wording."""
        query = (
            select(AnswerRow.question, AnswerRow.probability, AnswerRow.intent, AnswerRow.confidence, AnswerRow.source)
            .where(AnswerRow.created_at > self._now() - LOOK_BACK, AnswerRow.probability.is_not(None))
            .order_by(AnswerRow.id.desc())
            .limit(MOST_ANSWERS)
        )
        threshold = self._threshold()
        found: dict[str, Asked] = {}
        times: dict[str, int] = {}
        with self._database.read() as session:
            for question, probability, intent, confidence, source in session.execute(query):
                key = _key(question)
                if len(question) > MOST_CHARACTERS or len(HAN.findall(question)) < LEAST_HAN:
                    continue
                times[key] = times.get(key, 0) + 1
                if key not in found:
                    found[key] = Asked(
                        question, 1, float(probability or 0.0), threshold, intent, float(confidence), source == "rasa"
                    )
        return [
            Asked(a.question, times[key], a.probability, a.threshold, a.intent, a.confidence, a.by_rasa)
            for key, a in found.items()
        ]

    def _labelled(self) -> set[str]:
        return {_key(label.question) for label in self._labels.listed()}

    def _entries(self, question: str, today: date) -> tuple[tuple[int, str, float], ...]:
        return tuple((row.entry_id, row.title, row.probability) for row in self._search(question, 3, today).results)


def choose(pool: Sequence[Asked], vectors: Floats, count: int) -> list[Asked]:
    """Greedily: each next one is worth most after what those before it would teach about it. Ties go to the earlier one."""
    worth = np.array([asked.worth for asked in pool], dtype=np.float64)
    likeness = np.zeros(len(pool))
    chosen: list[int] = []
    while len(chosen) < min(count, len(pool)):
        gain = worth * (1 - likeness)
        gain[chosen] = -1.0
        best = int(np.argmax(gain))
        if gain[best] <= 0:
            break
        chosen.append(best)
        likeness = np.maximum(likeness, np.clip((vectors @ vectors[best] - NEAR) / (SAME - NEAR), 0.0, 1.0))
    return [pool[i] for i in chosen]


def _key(question: str) -> str:
    return matchable(normalise(question)).replace(" ", "")


def _centred(probability: float, threshold: float) -> float:
    """The probability with the threshold moved to one half: there the decision is open."""
    if probability < threshold:
        return 0.5 * probability / threshold
    return 0.5 + 0.5 * (probability - threshold) / max(1 - threshold, 1e-9)


def _entropy(share: float) -> float:
    share = min(max(share, 1e-9), 1 - 1e-9)
    return -(share * math.log2(share) + (1 - share) * math.log2(1 - share))
