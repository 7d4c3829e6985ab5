"""What two texts state differently about the same thing: amounts, time limits, dates, phones. Pure; no model."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from knowledge_base.content import EntryContent
from knowledge_base.passages import FACET_NAMES, facet_text

_KINDS = {
    "phone": re.compile(r"(?<!\d)(?:400-?\d{3}-?\d{4}|0\d{2,3}-?\d{7,8}|1[3-9]\d{9}|12\d{3})(?!\d)"),
    "date": re.compile(
        r"(?:(?:19|20)\d{2}年)?\d{1,2}月\d{1,2}日|(?:19|20)\d{2}[-/.]\d{1,2}[-/.]\d{1,2}|(?:19|20)\d{2}年\d{1,2}月"
    ),
    "amount": re.compile(r"\d+(?:\.\d+)?(?:亿元|万元|元|%|％|倍)"),
    "period": re.compile(r"\d+(?:\.\d+)?个?(?:工作日|自然日|日|天|周(?!岁)|个月|月|年|小时|分钟)(?!\d)"),
    "count": re.compile(r"\d+(?:\.\d+)?(?:周岁|岁|人|户|次|份|个|平方米|公里|吨)"),
}
KIND_NAMES = {"phone": "电话", "date": "日期", "amount": "金额或比例", "period": "时限", "count": "数量"}
_DIGITS = {**{c: i for i, c in enumerate("零一二三四五六七八九")}, "两": 2, "〇": 0}
_NUMERAL = re.compile(r"[零〇一二两三四五六七八九十百]+(?=个?(?:工作日|自然日|日|天|周|月|年|小时|元|万元|周岁|岁|人|次|倍)|成)")
_BEFORE, _AFTER = 10, 8  # letters beside a value, within its clause, that say what it is of
_LIMITS = ((re.compile("不超过|不高于|最多|最长|最大|上限"), "最高"), (re.compile("不少于|不低于|至少|最少|下限"), "最低"))
_NOISE = re.compile(r"[：:.()（）“”\s]|大?约|以上|以下|为|是|按|的|在|于|自|从|由|到|至")
_CLAUSE = re.compile(r"[。;!?，,、\n]")  # after folding
_PUNCTUATION = re.compile(r"[^\w]")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
ALIKE = 0.5  # share of the shorter context's letter pairs that the other has, for two values to be of one thing
_COMPARED_FACETS = ("fee", "time_limit_statutory", "time_limit_promised", "place", "phone", "complaint_phone", "hours")
MOST = 6
MOST_WORDS = 40


@dataclass(frozen=True)
class Difference:
    """One thing that both state, and what each says of it."""

    about: str
    ours: str
    theirs: str


@dataclass(frozen=True)
class _Stated:
    kind: str
    value: str
    context: str
    words: str


def differences(ours: EntryContent, theirs: EntryContent) -> list[Difference]:
    """Facts of the same thing that differ; empty when nothing contradicts."""
    found = list(_by_facet(ours, theirs))
    found += _in_words(_said(ours), _said(theirs))
    return list(dict.fromkeys(found))[:MOST]


def _by_facet(ours: EntryContent, theirs: EntryContent) -> Iterator[Difference]:
    for name in _COMPARED_FACETS:
        mine, other = facet_text(ours.facets, name), facet_text(theirs.facets, name)
        if not mine or not other or _plain(mine) == _plain(other):
            continue
        if _values(mine) == _values(other) != set():  # the same figures in other words
            continue
        if _plain(mine) in _plain(other) or _plain(other) in _plain(mine):
            continue
        yield Difference(FACET_NAMES[name], mine, other)
    for name, mine_on, other_on in (
        ("生效日期", ours.effective_from, theirs.effective_from), ("失效日期", ours.effective_to, theirs.effective_to)
    ):  # fmt: skip
        if mine_on and other_on and mine_on != other_on and ours.source.document_number == theirs.source.document_number:
            yield Difference(name, mine_on.isoformat(), other_on.isoformat())


def _in_words(ours: list[_Stated], theirs: list[_Stated]) -> Iterator[Difference]:
    for mine in ours:
        alike = [other for other in theirs if other.kind == mine.kind and _likeness(mine.context, other.context) >= ALIKE]
        if alike and all(other.value != mine.value for other in alike):
            nearest = max(alike, key=lambda other: _likeness(mine.context, other.context))
            if any(again.value == nearest.value and _likeness(again.context, nearest.context) >= ALIKE for again in ours):
                continue  # we state their value of it as well, for another case
            yield Difference(KIND_NAMES[mine.kind], mine.words, nearest.words)


def _said(content: EntryContent) -> list[_Stated]:
    return list(_stated(_folded(content.answer)))


def _stated(text: str) -> Iterator[_Stated]:
    for clause in _CLAUSE.split(text):
        taken: list[tuple[int, int]] = []
        found: list[tuple[str, re.Match[str]]] = []
        for kind, pattern in _KINDS.items():
            for match in pattern.finditer(clause):
                if not any(start < match.end() and match.start() < end for start, end in taken):
                    taken.append(match.span())
                    found.append((kind, match))
        for kind, match in found:
            before, after = _words(clause[: match.start()])[-_BEFORE:], _words(clause[match.end() :])[:_AFTER]
            yield _Stated(kind, match.group().replace("-", ""), before + after, clause[:MOST_WORDS].strip())


def _words(text: str) -> str:
    """What a stretch of a clause is about: without values, limits in one word."""
    for pattern in _KINDS.values():
        text = pattern.sub("", text)
    for pattern, word in _LIMITS:
        text = pattern.sub(word, text)
    return _NOISE.sub("", re.sub(r"\d", "", text))


def _values(text: str) -> set[str]:
    return {stated.value for stated in _stated(_folded(text))}


def _likeness(one: str, other: str) -> float:
    """Share of the shorter text's letter pairs that the other has."""
    pairs = [{text[i : i + 2] for i in range(len(text) - 1)} for text in (one, other)]
    fewest = min(map(len, pairs))
    return len(pairs[0] & pairs[1]) / fewest if fewest else float(one == other and bool(one))


def _plain(text: str) -> str:
    return _PUNCTUATION.sub("", _folded(text))


def _folded(text: str) -> str:
    """Half width, without spaces, Chinese numerals before units as digits."""
    text = _THOUSANDS.sub("", "".join(unicodedata.normalize("NFKC", text).split(" ")))
    return _NUMERAL.sub(lambda match: str(_number(match.group())), text)


def _number(numeral: str) -> int:
    total, current = 0, 0
    for letter in numeral:
        if letter in "十百":
            total += (current or 1) * (10 if letter == "十" else 100)
            current = 0
        else:
            current = current * 10 + _DIGITS[letter]
    return total + current
