"""Mends misspelt words by what the knowledge holds: a noisy channel over words of the same sound, the same look or the same characters.

A query is read as the likeliest sequence of words. A word of the knowledge may stand for a stretch that is written otherwise
but sounds or looks like it, at a price for each wrong character (Kernighan, Church & Gale 1990). Words as written are taken
from jieba's dictionary and the knowledge, so an ordinary word is not mended, whether or not the knowledge has it.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from retrieval.lexical_index import ChannelView
from retrieval.pinyin import syllables
from retrieval.text import HAN
from retrieval.tokenizer import WordSegmenter

LOOKALIKES = Path(__file__).parent / "lexicon_data" / "lookalikes.txt"
LONGEST = 6
LONGEST_QUERY = 80  # a longer one has enough right words; mending takes time in proportion to its length
ERROR_COST = 7.0  # in nats, of one wrong character
SWAP = 1.5
RARE = 100  # a way of writing seldomer than this share of the right one may be an error in the knowledge itself
UNKNOWN = 0.5  # count of a character that no dictionary has
Key = tuple[str, ...]


class SpellingMender:
    """Knows the words of the knowledge by sound, look and characters. Words are only added: by one writer, beside readers."""

    def __init__(self, segmenter: WordSegmenter, lookalikes: Path = LOOKALIKES) -> None:
        self._segmenter = segmenter
        groups = [line for line in lookalikes.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        shapes = {character: group[0] for group in groups for character in group}
        self._keys: tuple[Callable[[str], Sequence[str]], ...] = (
            syllables,
            lambda word: [shapes.get(c, c) for c in word],
            sorted,
        )
        self._words: tuple[dict[Key, tuple[str, ...]], ...] = tuple({} for _ in self._keys)
        self._known: set[str] = set()

    def learn(self, words: Iterable[str]) -> None:
        for word in words:
            if word in self._known or not (1 < len(word) <= LONGEST and all(map(HAN.match, word))):
                continue
            self._known.add(word)
            for key, table in zip(self._keys, self._words, strict=True):
                # a new tuple: readers never see one that changes
                table[tuple(key(word))] = (*table.get(tuple(key(word)), ()), word)

    def mend(self, text: str, words: ChannelView, characters: ChannelView) -> str:
        """Args: text: normalised; words, characters: the channels of the snapshot that is searched."""
        if len(text) > LONGEST_QUERY or not words.mass:
            return text
        dictionary, total = self._segmenter.counts()
        unknown = -math.log(UNKNOWN / total)

        def price(word: str) -> float:
            # half of what people write in general, half of what this knowledge is about
            share = dictionary.get(word, 0) / total + words.frequency(word) / words.mass
            return -math.log(share / 2) if share else math.inf if len(word) > 1 else unknown

        pairs = [characters.frequency(text[i : i + 2]) for i in range(len(text) - 1)]
        sounds, shapes = (key(text) for key in self._keys[:2])
        best = [0.0] + [math.inf] * len(text)
        step: list[tuple[int, str]] = [(0, "")] * (len(text) + 1)

        def offer(start: int, end: int, word: str, cost: float) -> None:
            if best[start] + cost < best[end]:
                best[end], step[end] = best[start] + cost, (start, word)

        for start in range(len(text)):
            offer(start, start + 1, text[start], price(text[start]))
            for end in range(start + 2, min(start + LONGEST, len(text)) + 1):
                written = text[start:end]
                if written in dictionary:
                    offer(start, end, written, price(written))
                if min(pairs[start : end - 1]) * RARE > words.largest:
                    continue
                keys = (sounds[start:end], shapes[start:end], sorted(written))
                found = {w for key, table in zip(keys, self._words, strict=True) for w in table.get(tuple(key), ())}
                for word in sorted(found):  # of equally likely words always the same one
                    errors = _errors(written, word)
                    if errors and _strange(written, word, pairs[start : end - 1], words.frequency(word)):
                        offer(start, end, word, price(word) + ERROR_COST * errors)
        result, end = [], len(text)
        while end:
            end, word = step[end]
            result.append(word)
        return "".join(reversed(result))


def _errors(written: str, word: str) -> float:
    """How many errors make `word` into `written`; 0 when they are equal or too far apart."""
    wrong = [i for i, (a, b) in enumerate(zip(written, word, strict=True)) if a != b]
    if len(wrong) == 2 and wrong[1] == wrong[0] + 1 and sorted(written) == sorted(word):
        return SWAP
    return len(wrong) if 2 * len(wrong) <= len(word) else 0


def _strange(written: str, word: str, pairs: Sequence[int], frequency: int) -> bool:
    """Whether the knowledge does not write it so: it has `word`, and some pair of neighbours that differs hardly ever.

    Args: pairs: documents that have each pair of neighbours in `written`; frequency: those that have `word`.
    """
    return any(count * RARE < frequency and written[i : i + 2] != word[i : i + 2] for i, count in enumerate(pairs))
