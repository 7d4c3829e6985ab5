"""The query lexicon: data that staff extend, read from folders of plain files.

A folder may hold
  `synonyms.yml`    list of `{say: [everyday words], means: [official words]}`
  `policy_terms.txt` one term a line, for word segmentation and for mending homophones
  `stopphrases.txt`  one phrase a line that carries no subject
Later folders add to earlier ones. Lines starting with # are comments.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from retrieval.errors import LexiconError
from retrieval.pinyin import syllables
from retrieval.text import normalise
from retrieval.tokenizer import WordSegmenter

BUILTIN_FOLDER = Path(__file__).parent / "lexicon_data"
LEAST_TERM = 3  # characters of a term that is not an everyday word
LEAST_HOMOPHONE_LENGTH = 3  # shorter words have too many innocent homophones


@dataclass(frozen=True)
class Lexicon:
    """Normalised lexicon. `synonyms`: everyday word → official words. `hash` names its content."""

    synonyms: dict[str, tuple[str, ...]] = field(default_factory=dict)
    terms: frozenset[str] = frozenset()
    stop_phrases: tuple[str, ...] = ()
    hash: str = "empty"

    @classmethod
    def load(cls, folders: Sequence[Path] = (BUILTIN_FOLDER,)) -> "Lexicon":
        """Raises: LexiconError names file and place of what cannot be read."""
        synonyms: dict[str, dict[str, None]] = {}
        terms: set[str] = set()
        stops: set[str] = set()
        for folder in folders:
            for said, means in _read_synonyms(folder / "synonyms.yml"):
                synonyms.setdefault(said, {}).update(dict.fromkeys(means))
            terms.update(_read_lines(folder / "policy_terms.txt"))
            stops.update(_read_lines(folder / "stopphrases.txt"))
        for official in synonyms.values():
            terms.update(official)
        table = {said: tuple(official) for said, official in sorted(synonyms.items())}
        longest_first = tuple(sorted(stops, key=lambda s: (-len(s), s)))
        digest = hashlib.sha256(repr((table, sorted(terms), longest_first)).encode()).hexdigest()[:16]
        return cls(table, frozenset(terms), longest_first, digest)

    def terms_in(self, normalised: str) -> tuple[str, ...]:
        """Terms that a text names, without those that stand in a longer one."""
        found = [term for term in self.terms if len(term) >= LEAST_TERM and term in normalised]
        return tuple(term for term in found if not any(term in other and term != other for other in found))


class QueryRewriter:
    """Understands a query despite everyday words and homophones. Immutable; safe to share between threads."""

    def __init__(self, lexicon: Lexicon, segmenter: WordSegmenter) -> None:
        self.lexicon = lexicon
        self._segmenter = segmenter
        self._synonyms = _alternatives(lexicon.synonyms)
        self._stops = _alternatives(lexicon.stop_phrases)
        self._by_sound: dict[tuple[str, ...], str] = {}
        self._known = {t for t in lexicon.terms if _may_be_mended(t)}
        for term in sorted(self._known):
            self._by_sound.setdefault(tuple(syllables(term)), term)
        self._lengths = sorted({len(key) for key in self._by_sound}, reverse=True)

    def mend(self, normalised: str) -> str:
        """Replace stretches that sound like a known term but are written otherwise, e.g. 高新记术企业 → 高新技术企业.

        A stretch made of ordinary words stays (人力资源服务 sounds like 志愿服务): a typing error leaves a character on its own.
        """
        sounds, alone = syllables(normalised), self._lone_characters(normalised)
        result, position = [], 0
        while position < len(normalised):
            for length in self._lengths:
                stretch = normalised[position : position + length]
                term = self._by_sound.get(tuple(sounds[position : position + length])) if len(stretch) == length else None
                if term and (
                    stretch == term
                    or (
                        stretch not in self._known
                        and _close(stretch, term)
                        and not alone.isdisjoint(range(position, position + length))
                    )
                ):
                    result.append(term)
                    position += length
                    break
            else:
                result.append(normalised[position])
                position += 1
        return "".join(result)

    def _lone_characters(self, normalised: str) -> set[int]:
        """Positions of the words of one character."""
        positions, start = set(), 0
        for word in self._segmenter.cut(normalised):
            if len(word) == 1:
                positions.add(start)
            start += len(word)
        return positions

    def official_words(self, normalised: str) -> list[str]:
        """The official words meant by everyday words in the query, without those it already contains."""
        found: dict[str, None] = {}
        if self._synonyms:
            for match in self._synonyms.finditer(normalised):
                found.update(dict.fromkeys(self.lexicon.synonyms[match.group()]))
        return [word for word in found if word not in normalised]

    def subject(self, normalised: str) -> str:
        """The query without phrases that carry no subject; empty when nothing else is in it."""
        return self._stops.sub(" ", normalised).strip() if self._stops else normalised


def _may_be_mended(term: str) -> bool:
    return LEAST_HOMOPHONE_LENGTH <= len(term) <= 12 and all("\u4e00" <= c <= "\u9fff" for c in term)


def _close(stretch: str, term: str) -> bool:
    # at least a third of the characters must be right: pure homophones of a whole word are rarely typing errors
    same = sum(a == b for a, b in zip(stretch, term, strict=True))
    return 3 * same >= len(term)


def _alternatives(words: Iterable[str]) -> re.Pattern[str] | None:
    ordered = sorted(words, key=lambda w: (-len(w), w))
    return re.compile("|".join(map(re.escape, ordered))) if ordered else None


def _read_lines(file: Path) -> list[str]:
    if not file.is_file():
        return []
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as exc:
        raise LexiconError(f"词表 {file.name} 不是 UTF-8 编码。", fix="用 UTF-8 编码另存该文件。") from exc
    return [normalise(line) for line in lines if line.strip() and not line.startswith("#")]


def _read_synonyms(file: Path) -> list[tuple[str, list[str]]]:
    if not file.is_file():
        return []
    try:
        groups: Any = yaml.safe_load(file.read_text(encoding="utf-8")) or []
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        raise LexiconError(f"同义词表 {file.name} 无法解析：{exc}", fix="按 docs/knowledge.md 的格式改正该文件。") from exc
    if not isinstance(groups, list):
        raise LexiconError(f"同义词表 {file.name} 不是列表。", fix="每组以“- say: [..]”开头，下一行写 means: [..]。")
    pairs: list[tuple[str, list[str]]] = []
    for number, group in enumerate(groups, 1):
        said, means = (group.get("say"), group.get("means")) if isinstance(group, dict) else (None, None)
        if not (isinstance(said, list) and isinstance(means, list) and said and means):
            raise LexiconError(
                f"同义词表 {file.name} 第 {number} 组缺少 say 或 means。", fix="每组写成 say: [..] 和 means: [..]。"
            )
        everyday, official = ([normalise(str(word)) for word in words if word is not None] for words in (said, means))
        # an empty word would be found in every query
        if not all([*everyday, *official]) or not (len(everyday) == len(said) and len(official) == len(means)):
            raise LexiconError(f"同义词表 {file.name} 第 {number} 组有空白的词。", fix="删去这个空白的词，或把它写完整。")
        pairs.extend((word, official) for word in everyday)
    return pairs
