"""Answers to questions that follow one on the same entry: details it states or does not, its counterpart for others or at another time."""

import re
from collections.abc import Sequence

from answering import wording
from answering.deciding import base_title, level_of
from answering.facets import left_over
from answering.following import Aspect, asked_by, aspects_in, put_for, sentences, stated, stated_facet
from answering.lookup import Lookup
from answering.rivals import rivals_of
from answering.timeliness import Timing
from knowledge_base.content import EntryContent
from knowledge_base.entries import EntryRecord
from retrieval.text import normalise

LONGEST_REPEATED = 12
MOST_SENTENCES = 3
NEAREST = 5  # entries looked at for the same matter at another time
_SWITCHES = re.compile(r"换成|那.{1,14}呢|^.{2,10}呢[?？]*$")
GENERAL = frozenset({"conditions", "materials", "steps"})  # facets that many other questions seem to ask for
LONGEST_LEVEL = 2  # characters of "市里", "省级"
LEAST_NAME, LONGEST_NAME = 2, 6  # characters by which a correction names another entry
CLEARLY_MORE = 2  # characters by which one description fits better than another
COMMON = 3  # characters in a row that titles of one kind of matter share


class FollowUps:
    """Thread-safe."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    def asks_details(self, words: str, facets: Sequence[str]) -> bool:
        """Whether more is asked than the entry as a whole."""
        return bool(facets or aspects_in(words))

    def states_details(self, record: EntryRecord, words: str, facets: Sequence[str]) -> bool:
        """Whether a first question asks for a detail beside facts, and the entry tells it: its facts alone would not answer."""
        aspects = [aspect for aspect in _asked_of(words, facets) if not aspect.who]
        facts = bool(facets) and "steps" not in facets and record.content.kind == "service_item"
        return facts and bool(aspects) and all(stated(record.content, aspect) for aspect in aspects)

    def details(self, record: EntryRecord, words: str, facets: list[str], page: str | None, note: str) -> str:
        """What the entry states of the facts and details asked for, and what it does not state."""
        content = record.content
        aspects = _asked_of(words, facets)
        if aspects:  # "可以代办吗" is put like a question for the conditions, but asks for something else
            kept = {name for aspect in aspects for name in aspect.keeps}
            facets = [f for f in facets if f not in GENERAL or f in kept]
        told = [
            (wording.HEADINGS[facet], stated_facet(content, facet)[:MOST_SENTENCES])
            for facet in facets
            if not wording.facet_value(content, facet)
        ]
        told += [(aspect.name, stated(content, aspect)[:MOST_SENTENCES]) for aspect in aspects]
        return wording.tell_details(content, facets, _once(told), page, note)

    def loose(self, record: EntryRecord, words: str, page: str | None) -> str:
        """The reply to a question that leans on the entry but asks for something nobody listed."""
        rest = left_over(normalise(words))
        pieces = {rest[i : i + 2] for i in range(len(rest) - 1)}
        found = [s for s in sentences(record.content) if pieces and sum(p in s for p in pieces) * 2 >= len(pieces)]
        asked = words.strip(" ?？。.!！")
        name = f"“{asked}”这一点" if 2 <= len(asked) <= LONGEST_REPEATED else "这一点"
        return wording.tell_details(record.content, [], [(name, found[:MOST_SENTENCES])], page)

    def siblings(self, record: EntryRecord, words: str, question: str, timing: Timing) -> list[EntryRecord]:
        """The counterparts of an entry for the kind of applicant that a follow-up names ("那个体工商户呢"); several: it leaves open which."""
        who = next((aspect for aspect in aspects_in(words) if aspect.who), None)
        if who is None or not _SWITCHES.search(normalise(words)) or who.stated.search(record.content.title):
            return []
        match = who.asked.search(normalise(words))
        named = match.group() if match else ""
        title = base_title(record.content.title)
        for query in dict.fromkeys((put_for(question, named), f"{named}{question}", put_for(title, named), f"{named}{title}")):
            finds = self._lookup.search(query, timing)
            sure = [r.record for r in finds.ranked[:NEAREST] if r.probability >= finds.result.threshold]
            if other := next((r for r in sure if self._is_counterpart(record.content, r.content, who)), None):
                if other.entry_id != finds.ranked[0].record.entry_id:
                    return [other]
                open_ones = {c.entry_id for c in rivals_of(finds.scored(), query, finds.result.threshold)}
                return [r.record for r in finds.ranked if r.record.entry_id in open_ones]
        return []

    def of_place(self, record: EntryRecord, place: str, question: str, timing: Timing) -> EntryRecord | None:
        """The counterpart of an entry for a place or level ("那示例区呢", "市里的"), the entry itself included; None: there is none."""
        level = place[:1] if len(place) <= LONGEST_LEVEL else None
        for query in dict.fromkeys((f"{place}{question}", f"{place}{base_title(record.content.title)}", question)):
            finds = self._lookup.search(query, timing)
            for found in finds.ranked[:NEAREST]:
                if found.probability >= finds.result.threshold and _is_of(found.record.content, place, level):
                    return found.record
        return record if _is_of(record.content, place, level) else None

    def meant_instead(self, record: EntryRecord, words: str, timing: Timing) -> EntryRecord | None:
        """The entry beside this one that a short correction names ("不对，我说的是租房的"); None: it names another matter."""
        name = left_over(normalise(words))
        if not LEAST_NAME <= len(name) <= LONGEST_NAME or name in record.content.title:
            return None
        finds = self._lookup.search(base_title(record.content.title), timing)
        beside = (r.record for r in finds.ranked if r.record.entry_id != record.entry_id)
        alike = [other for other in beside if _shares_words(other, record)]
        return next((other for other in alike if name in other.content.title), None)

    def of_situation(self, record: EntryRecord, name: str, timing: Timing) -> EntryRecord | None:
        """The entry that is about this situation ("租房"): the one under discussion, else the one beside it; None: there is none."""
        if name in record.content.title:
            return record
        finds = self._lookup.search(base_title(record.content.title), timing)
        beside = [r.record for r in finds.ranked if r.record.entry_id != record.entry_id]
        alike = [other for other in beside if _shares_words(other, record)]
        return named_among(sorted(alike, key=lambda other: other.content.kind != record.content.kind), name)

    def done_to(self, record: EntryRecord, done: str, timing: Timing) -> list[EntryRecord]:
        """The entries on what is to be done to the matter under discussion ("怎么续期"), or to others of the same authority."""
        finds = self._lookup.search(f"{base_title(record.content.title)}{done}", timing)
        for ranked in finds.ranked[:NEAREST]:
            sure = ranked.probability >= finds.result.threshold and done in ranked.record.content.title
            if sure and _shares_words(ranked.record, record):
                return [ranked.record]
        finds = self._lookup.search(f"怎么{done}", timing)
        if not finds.sure or finds.ranked[0].record.content.authority != record.content.authority:
            return []
        meant = {c.entry_id for c in rivals_of(finds.scored(), f"怎么{done}", finds.result.threshold)}
        return [r.record for r in finds.ranked if r.record.entry_id in meant and done in r.record.content.title]

    def at(self, record: EntryRecord, timing: Timing) -> EntryRecord | None:
        """The entry on the same matter that holds for the time asked about, else the one of today; None: the entry itself."""
        if timing.fits(record.content):
            return None
        for when in (timing, Timing(timing.today)):
            finds = self._lookup.search(base_title(record.content.title), when)
            for ranked in finds.ranked[:NEAREST]:
                if self._lookup.related(ranked.record, record):
                    return ranked.record if ranked.record.entry_id != record.entry_id else None
        return None

    @staticmethod
    def _is_counterpart(content: EntryContent, other: EntryContent, who: Aspect) -> bool:
        if content.kind != other.kind or not who.stated.search(other.title):
            return False
        one, two = who.stated.sub("|", base_title(content.title)), who.stated.sub("|", base_title(other.title))
        return any(one[i : i + COMMON] in two for i in range(len(one) - COMMON + 1))


def named_among(records: Sequence[EntryRecord], name: str) -> EntryRecord | None:
    """The entry that a few words name: by its title, else the one whose usual questions say them oftenest; None in doubt."""
    for said in (name, name.removesuffix("子")):
        if titled := [record for record in records if said in record.content.title]:
            return titled[0]
    asked = re.compile(rf"(?<![没不无未非]){re.escape(name)}")
    counts = [sum(bool(asked.search(q)) for q in record.content.similar_questions) for record in records]
    most = max(counts, default=0)
    return records[counts.index(most)] if most and counts.count(most) == 1 else None


def states(record: EntryRecord, done: str) -> bool:
    """Whether an entry says something of what is to be done."""
    return any(done in sentence for sentence in sentences(record.content))


def described_by(records: Sequence[EntryRecord], text: str) -> EntryRecord | None:
    """The entry whose usual questions hold most of a description ("没有债务，想快点的那种"); None in doubt."""
    named = set(left_over(normalise(text)))
    counts = [len(named & set(asked_by(record.content))) for record in records]
    first, second, *_ = [*sorted(counts, reverse=True), 0, 0]
    return records[counts.index(first)] if first >= second + CLEARLY_MORE and first * 2 >= len(named) else None


def _is_of(content: EntryContent, place: str, level: str | None) -> bool:
    if level:
        return level_of(content.region_code) == {"区": "县"}.get(level, level)
    return place in content.title or any(place in question for question in content.similar_questions)


def _shares_words(one: EntryRecord, other: EntryRecord) -> bool:
    a, b = base_title(one.content.title), base_title(other.content.title)
    return any(a[i : i + COMMON] in b for i in range(len(a) - COMMON + 1))


def _asked_of(words: str, facets: Sequence[str]) -> list[Aspect]:
    """The details asked for. What merely says who asks ("企业需要什么材料") is none when facts are asked for as well."""
    aspects = aspects_in(words)
    return [a for a in aspects if not (a.who and set(facets) - {"conditions"})] if facets else aspects


def _once(details: Sequence[wording.Detail]) -> list[wording.Detail]:
    """Each sentence under the first heading that has it; a heading whose sentences were all told before goes."""
    seen: set[str] = set()
    kept: list[wording.Detail] = []
    for name, lines in details:
        new = [line for line in lines if line not in seen]
        seen.update(new)
        if new or not lines:
            kept.append((name, new))
    return kept
