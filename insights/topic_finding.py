"""Topics in many texts: grouped by meaning and words, named by their most telling words, counted by week and month. Pure."""

import math
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from conversations.clock import CHINA
from insights.grouping import MeaningGroups
from insights.meaning import Matrix
from insights.topic_texts import TopicText

WORD_COLUMNS = 1024
WORD_WEIGHT = 0.5  # of words beside meaning: names of places and projects tell one topic from another
NEAR = 1.8  # standard deviations of meaning; with the words' half this finds what people call one matter, see docs/panel.md
LOOSER = 0.9  # in the second pass, against settled topics
SMALLEST = 3
MOST_TOPICS = 200
COMMON = 0.1  # words in more than this share of the texts tell nothing
NAME_WORDS = 4
RISING_DAYS = 30
RISING_LEAST, RISING_TIMES, RISING_BEFORE = 3, 2.0, 3
_HAN = re.compile(r"[一-鿿]{2,}")
_PLAIN = frozenset(
    [
        "问题",
        "咨询",
        "反映",
        "请问",
        "希望",
        "建议",
        "关于",
        "投诉",
        "要求",
        "请求",
        "有关",
        "相关",
        "部门",
        "没有",
        "什么",
        "怎么",
        "如何",
        "为何",
        "可以",
        "能否",
        "是否",
        "我们",
        "你们",
        "他们",
        "现在",
        "一直",
        "已经",
        "严重",
        "存在",
        "情况",
        "进行",
        "领导",
        "您好",
        "尊敬",
        "政府",
        "这个",
        "那个",
        "一个",
        "还是",
        "因为",
        "所以",
        "但是",
        "如果",
        "以及",
        "多次",
        "附近",
        "解决",
        "处理",
        "谢谢",
        "区域",
        "加快",
    ]
)


@dataclass(frozen=True)
class FoundTopic:
    """A topic; `members` are places in the texts, the most typical first, with their closeness."""

    words: list[str]
    members: list[tuple[int, float]]
    likes: int
    rising: bool
    weeks: dict[str, int]
    months: dict[str, int]


def find_topics(
    texts: Sequence[TopicText], meanings: Matrix, threshold: float, cut: Callable[[str], list[str]]
) -> list[FoundTopic]:
    """Topics of at least three texts, largest first; the same texts in the same order give the same topics.

    Args:
        meanings: unit vectors of the subjects; threshold: cosine of vectors that are near.
    """
    if not texts:
        return []
    words = [_words(f"{text.subject} {text.body}", cut) for text in texts]
    vectors = np.hstack([meanings * math.sqrt(1 - WORD_WEIGHT), _word_vectors(words) * math.sqrt(WORD_WEIGHT)]).astype(np.float32)
    groups = MeaningGroups(threshold, np.zeros((0, vectors.shape[1]), np.float32), [])
    for vector in vectors:
        groups.place(vector)
    centres = groups.means(2)
    if not len(centres):
        return []
    members: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
    for place, vector in enumerate(vectors):  # one at a time: all at once would be texts × topics in memory
        nearness = centres @ vector
        best = int(nearness.argmax())
        if nearness[best] >= threshold * LOOSER:
            members[best].append((place, float(nearness[best])))
    chosen = sorted((found for found in members.values() if len(found) >= SMALLEST), key=lambda found: (-len(found), found[0][0]))
    everywhere = Counter(word for text in words for word in set(text))
    first, last = min(text.at for text in texts), max(text.at for text in texts)
    return [_topic(texts, words, found, everywhere, (first, last)) for found in chosen[:MOST_TOPICS]]


def _topic(
    texts: Sequence[TopicText], words: Sequence[list[str]], found: list[tuple[int, float]], everywhere: Mapping[str, int],
    span: tuple[datetime, datetime],
) -> FoundTopic:  # fmt: skip
    mine = [texts[place] for place, _ in found]
    here = Counter(word for place, _ in found for word in set(words[place]))
    telling = sorted(here, key=lambda word: (-_tells(here[word], len(found), everywhere[word], len(texts)), word))
    days = [text.at.astimezone(CHINA).date() for text in mine]
    weeks = Counter(f"{day - timedelta(days=day.weekday())}" for day in days)
    months = Counter(f"{day:%Y-%m}" for day in days)
    return FoundTopic(
        words=_name(telling), members=sorted(found, key=lambda member: (-member[1], member[0])),
        likes=sum(text.likes for text in mine), rising=is_rising([text.at for text in mine], *span),
        weeks=dict(sorted(weeks.items())), months=dict(sorted(months.items())),
    )  # fmt: skip


def is_rising(moments: Sequence[datetime], first: datetime, last: datetime) -> bool:
    """Whether the last thirty days have at least three, and twice as many as thirty days of the ninety before on average.

    Args:
        first, last: of all texts; where they span less than twice thirty days there is nothing to compare with, so nothing rises.
    """
    window = timedelta(days=RISING_DAYS)
    if last - first < 2 * window:
        return False
    now = sum(last - moment < window for moment in moments)
    before = sum(window <= last - moment < window * (1 + RISING_BEFORE) for moment in moments) / RISING_BEFORE
    return now >= RISING_LEAST and now >= RISING_TIMES * before


def _tells(here: int, size: int, everywhere: int, total: int) -> float:
    """How much more a word is of this topic than of all texts (class-based tf-idf)."""
    return here / size * math.log(1 + total / everywhere)


def _name(telling: Sequence[str]) -> list[str]:
    chosen: list[str] = []
    for word in telling:
        if not any(word in other or other in word for other in chosen):
            chosen.append(word)
        if len(chosen) == NAME_WORDS:
            break
    return chosen


def _words(text: str, cut: Callable[[str], list[str]]) -> list[str]:
    return [word for word in cut(text) if _HAN.fullmatch(word) and word not in _PLAIN]


def _word_vectors(words: Sequence[list[str]]) -> Matrix:
    """tf-idf, hashed into a fixed number of columns."""
    often = Counter(word for text in words for word in set(text))
    rows = np.zeros((len(words), WORD_COLUMNS), np.float32)
    most = max(SMALLEST * 2, len(words) * COMMON)
    for row, text in zip(rows, words, strict=True):
        for word, count in Counter(text).items():
            if often[word] <= most:
                mark = zlib.crc32(word.encode())
                row[mark % WORD_COLUMNS] += (
                    (1 if mark & 0x10000 else -1) * (1 + math.log(count)) * math.log(len(words) / often[word] + 1)
                )
    unit: Matrix = (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return unit
