"""Terms for lexical matching: character n-grams, jieba words."""

import logging
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from retrieval.text import matchable

USER_WORD_FREQUENCY = 2_000


class WordSegmenter:
    """An own jieba tokenizer (jieba's module-level dictionary is process-wide) with a user dictionary. Thread-safe."""

    def __init__(self, user_words: Iterable[str] = ()) -> None:
        self._user_words = tuple(sorted({w for w in user_words if 1 < len(w) <= 12}))
        self._lock = threading.Lock()
        self._jieba: Any = None

    def load(self) -> None:
        with self._lock:
            if self._jieba is None:
                import jieba

                jieba.setLogLevel(logging.WARNING)
                tokenizer = jieba.Tokenizer()
                tokenizer.initialize()
                for word in self._user_words:
                    tokenizer.add_word(word, USER_WORD_FREQUENCY)
                self._jieba = tokenizer

    def cut(self, text: str) -> list[str]:
        """The text as consecutive words; joined they are the text."""
        self.load()
        return list(self._jieba.cut(text, HMM=False))

    def counts(self) -> tuple[Mapping[str, int], int]:
        """How often the dictionary's words occur in general language, and the sum of all counts."""
        self.load()
        return self._jieba.FREQ, self._jieba.total

    def words(self, normalised: str) -> list[str]:
        """Search-mode words (long words and the words inside them)."""
        self.load()
        return [word for word in self._jieba.cut_for_search(matchable(normalised), HMM=False) if word.strip()]


def character_terms(normalised: str) -> Counter[str]:
    """Unigrams and bigrams of Han characters; Latin words and numbers stay whole."""
    terms: Counter[str] = Counter()
    for run in _runs(matchable(normalised)):
        if run.isascii():
            terms[run] += 1
            continue
        terms.update(run)
        terms.update(run[i : i + 2] for i in range(len(run) - 1))
    return terms


def word_terms(segmenter: WordSegmenter, normalised: str) -> Counter[str]:
    return Counter(segmenter.words(normalised))


def merge(parts: Iterable[tuple[Mapping[str, int], float]]) -> dict[str, float]:
    """Weighted query terms; a term keeps its highest weight."""
    merged: dict[str, float] = {}
    for terms, weight in parts:
        for term in terms:
            merged[term] = max(merged.get(term, 0.0), weight)
    return merged


def _runs(text: str) -> list[str]:
    runs: list[str] = []
    for chunk in text.split():
        start = 0
        for i in range(1, len(chunk) + 1):
            if i == len(chunk) or chunk[i].isascii() != chunk[start].isascii():
                runs.append(chunk[start:i])
                start = i
    return runs
