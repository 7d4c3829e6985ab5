"""Which of the entries found fit a question nearly equally. Pure."""

import re
from collections.abc import Sequence

from answering.deciding import Candidate, base_title
from answering.facets import MOST_LEFT_OVER, left_over
from answering.following import asked_by
from retrieval.text import normalise

SIBLING = 0.4  # of the best probability, for another entry of the same item
NAMED_SIBLING = 0.02  # when the question names the item and nothing else
CLOSE = 0.87  # of the best odds, for an entry of another item: probabilities near one are all alike, odds are not

LONGEST_VARIANT = 4  # characters by which titles of variants differ
LEAST_SHARED = 4  # characters that they share
LONGEST_OPEN = 16  # characters of a question too short to say which variant it means

LEAST_NAMED = 2  # different characters that a question names, to say that entries hold all of it
_EXPLAINS = frozenset({"interpretation", "notice", "case"})
_COMPARES = re.compile(r"区别|不一样|不同|哪个好")  # such an entry is about the matters, it is none of them
_NO_MATTER = re.compile(r"申领|核发|登记|领取|开具|取得|审批|许可(?!证)|补领|换领|换发|政策|有多少|多少|怎么|什么|几天|多久")

LEAST_OF_ANOTHER_KIND = 0.7  # probability of an answer to a question, to be meant beside a matter
LIKELY_ENOUGH = 0.55  # probability of the best entry, for a list of different matters
ALIKE = 0.4  # share of the shorter title's pairs of characters, for entries of one kind of matter
NEAREST = 5
LEAST_NEAR = 0.05  # below this probability an entry is not offered as near

Scored = tuple[Candidate, float]  # with its probability


def worth_asking(found: Sequence[Scored], threshold: float) -> bool:
    """Whether one of the nearest entries likely answers although none does surely, so that asking which one makes sense.

    Many unlikely entries of different matters add up to nothing: then the matter is not in the knowledge base. Chosen on
    bench/questions/scope_tune.jsonl and service_items_tune.jsonl, see docs/quality.md.
    """
    if not found:
        return False
    best, probability = found[0]
    base = _pairs(best.content.title)
    together = sum(p for c, p in found[:NEAREST] if p >= LEAST_NEAR and _alike(base, _pairs(c.content.title)))
    return sum(p for _, p in found[:3]) >= threshold and (probability >= LIKELY_ENOUGH or together >= threshold)


def _pairs(title: str) -> set[str]:
    base = base_title(title)
    return {base[i : i + 2] for i in range(len(base) - 1)}


def _alike(one: set[str], other: set[str]) -> bool:
    return len(one & other) >= ALIKE * max(1, min(len(one), len(other)))


def rivals_of(found: Sequence[Scored], text: str, threshold: float) -> list[Candidate]:
    """The best entry, and the others that may be meant as well, best first. Entries of other kinds are no rivals.

    Args:
        found: best first, at least one.
        text: of the question.
    """
    best, probability = found[0]
    plain, title, base = normalise(text), normalise(best.content.title), base_title(best.content.title)
    alike = [(c, p) for c, p in found if c.content.kind == best.content.kind]
    if title in plain and title != base:
        return [c for c, p in alike if normalise(c.content.title) == title and p >= SIBLING * probability]
    only_named = base in plain and len(left_over(plain.replace(base, " "))) <= MOST_LEFT_OVER
    least = NAMED_SIBLING if only_named else SIBLING * probability
    siblings = [c for c, p in alike if base_title(c.content.title) == base and p >= least]
    named = plain in {title, *map(normalise, best.content.similar_questions)}
    if len(siblings) > 1 or named:
        return siblings
    if variants := [c for c, p in alike if p >= LEAST_NEAR and _is_variant(best, c, plain)]:
        return [best, *variants]
    sure = [(c, p) for c, p in found if p >= threshold]
    meant = [c for c, p in sure if c.content.kind == best.content.kind or p >= LEAST_OF_ANOTHER_KIND]
    if (open_ones := _not_told_apart(best, [c for c in meant if not _COMPARES.search(c.content.title)], plain)) is not None:
        return open_ones
    return [c for c, p in sure if c.content.kind == best.content.kind and _odds(p) >= CLOSE * _odds(probability)] or [best]


def _is_variant(best: Candidate, other: Candidate, plain: str) -> bool:
    """Whether two titles differ in one short word ("企业简易注销登记", "企业一般注销登记") and the question says nothing of either."""
    one, two = base_title(best.content.title), base_title(other.content.title)
    if one == two or len(plain) > LONGEST_OPEN or best.content.authority != other.content.authority:
        return False
    before = _shared(one, two)
    after = min(_shared(one[::-1], two[::-1]), min(len(one), len(two)) - before)
    words = one[before : len(one) - after], two[before : len(two) - after]
    if before + after < LEAST_SHARED or not all(0 < len(word) <= LONGEST_VARIANT for word in words):
        return False
    return not any(_is_said(word, plain) for word in words) and not _says_more_of(best, other, plain)


def _is_said(word: str, plain: str) -> bool:
    """Whether a question has part of a word: of a short one a character tells, a long one has everyday characters ("企业")."""
    parts = word if len(word) < LONGEST_VARIANT else [word[i : i + 2] for i in range(len(word) - 1)]
    return any(part in plain for part in parts)


def _shared(one: str, two: str) -> int:
    """Characters with which both begin."""
    return next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


def _says_more_of(best: Candidate, other: Candidate, plain: str) -> bool:
    """Whether a character of what the question names stands in what the best entry is asked by, and not with the other."""
    return bool(set(left_over(_NO_MATTER.sub(" ", plain))) & (set(asked_by(best.content)) - set(asked_by(other.content))))


def _not_told_apart(best: Candidate, sure: Sequence[Candidate], plain: str) -> list[Candidate] | None:
    """Entries that a question means alike, because each holds all it names and none is named in full; None: it tells them apart.

    What decides is what the question says: of entries that each would answer, how probable they are says little. An entry that
    explains a document says the same as the entries on what it holds, so it stands beside none.
    """
    named = set(left_over(_NO_MATTER.sub(" ", plain)))
    if len(named) < LEAST_NAMED or _in_full(best, named):
        return None
    fitting = [c for c in sure if named <= set(asked_by(c.content)) and not _speaks_for(best, c, plain)]
    rivals = [c for c in fitting if c.content.kind not in _EXPLAINS and not _in_full(c, named)]
    return rivals if best in rivals and len(rivals) > 1 else None


def _speaks_for(best: Candidate, other: Candidate, plain: str) -> bool:
    """Whether two characters in a row of the question stand in the best one's title and nowhere in the other ("一般")."""
    title, said = normalise(best.content.title), asked_by(other.content)
    words = _NO_MATTER.sub(" ", plain)
    pairs = (words[i : i + 2] for i in range(len(words) - 1))
    return other is not best and any(pair in title and pair not in said for pair in pairs)


def _in_full(candidate: Candidate, named: set[str]) -> bool:
    """Whether everything that an entry's title is about is named."""
    return set(left_over(_NO_MATTER.sub(" ", base_title(candidate.content.title)))) <= named


def _odds(probability: float) -> float:
    return probability / max(1 - probability, 1e-9)
