"""Joins retrieval and knowledge base: question and case in, cited answer, clarification or refusal out."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from answering import wording
from answering.asked import Asked, facets_of, joined, labels_for, timing_of, understood
from answering.dates import asks_former, asks_present, without_dates
from answering.deciding import Candidate, base_title, is_for, narrowed
from answering.facets import asked_facets, done_to_a_matter, left_over, names_no_matter
from answering.follow_ups import FollowUps, states
from answering.following import (
    asks_a_detail_of_nothing,
    asks_how_much_is_given,
    aspects_in,
    continues,
    correction,
    leans,
    place_alone,
    situation_alone,
)
from answering.knowledge_index import KnowledgeIndex
from answering.lookup import CANDIDATES, Finds, Lookup, Ranked
from answering.models import Answer, Button, CaseView, Citation, FoundEntries, Inquiry
from answering.models import Found as FoundRow
from answering.picking import Picking
from answering.regions import Jurisdiction, means_here
from answering.relevance import is_beside_the_point
from answering.replies import HUMAN, Found
from answering.rivals import LEAST_NEAR, rivals_of, worth_asking
from answering.staying import stays
from answering.telling import Teller
from answering.timeliness import Timing
from knowledge_base.entries import EntryRecord, EntryStore
from knowledge_base.validity import validity_of
from retrieval.text import normalise

__all__ = ["CANDIDATES", "Answer", "Answerer", "Button", "CaseView", "Citation", "FoundEntries", "Inquiry"]

NEAR_ENTRIES = 3
POLICY_ENTRIES = 5
SNIPPET = 160
_ELLIPTIC = re.compile(r"呢[?？。]*$")
_MORE = re.compile(r"再(?:说|讲)|详细|具体|介绍|展开|重复|说清楚|什么意思|是什么|(?:这|那)个?呢|怎么样|怎么说")


class Answerer:
    """Answers from published knowledge only. Thread-safe.

    Args:
        public_url: of the gateway, None when it has no public address.
        jurisdiction: called with the store's revision; by default questions about any place are looked up.
    """

    def __init__(
        self, index: KnowledgeIndex, store: EntryStore, public_url: str | None = None,
        jurisdiction: Callable[[int], Jurisdiction] = lambda _revision: Jurisdiction(),
    ) -> None:  # fmt: skip
        self._index, self._store, self._public_url, self._jurisdiction = index, store, public_url, jurisdiction
        self._lookup = Lookup(index, store)
        self._teller = Teller(index, self._lookup, public_url)
        self._picking = Picking(self._lookup, store, self._teller)
        self._follow_ups = FollowUps(self._lookup)

    def answer(self, inquiry: Inquiry) -> Answer:
        """Raises: IndexNotReadyError while the index is being loaded."""
        searcher = self._index.searcher
        ours = self._jurisdiction(searcher.revision)
        inquiry = _meant_here(inquiry, ours)
        picked = self._picking.taken(inquiry)
        if picked is not None:
            return picked
        corrected = correction(inquiry.text)
        asked = understood(inquiry, corrected or inquiry.text)
        elsewhere = ours.elsewhere(asked.text)
        if elsewhere:
            declined = replace(inquiry.case, elsewhere=ours.without_elsewhere(asked.text))
            said = wording.not_ours(elsewhere, ours.name)
            return self._teller.replies().plain("fallback", said, inquiry, asked.timing, declined, buttons=[HUMAN])
        follow_up = self._follow_up(asked)
        if follow_up is not None:
            return follow_up
        if corrected and (beside := self._corrected_to(asked)):
            return beside
        if corrected:  # what was discussed before is not what is meant
            asked = replace(
                asked,
                inquiry=replace(inquiry, case=replace(inquiry.case, entry_id=None, previous=inquiry.case.entry_id, options=[])),
            )
        if asked.timing.period:
            return self._at_another_time(asked)
        finds = self._lookup.search(asked.words, asked.timing)
        if inquiry.intent == "policy_match":
            return self._policies(asked, finds)
        outdated = self._lookup.out_of_date(asked.words, asked.timing, finds, asks_former(asked.text))
        if outdated is not None:
            return self._out_of_date(asked, outdated)
        record = self._under_discussion(asked)
        if record is not None and (_goes_on(asked, record, finds) or (not finds.sure and leans(asked.text))):
            text = self._follow_ups.loose(record, asked.words, self._teller.replies().page(record))
            return self._teller.replies().told(inquiry, asked.timing, record, text, resolved=joined(record, inquiry.text))
        return self._decided(asked, finds)

    def opens(self, entry_id: int, text: str) -> bool:
        """Whether the text is the title of this live entry: the message opens it rather than asks something about it."""
        record = self._lookup.live(entry_id)
        return record is not None and normalise(text) == normalise(record.content.title)

    def tell(self, inquiry: Inquiry, entry_id: int) -> Answer | None:
        """What is said of this entry to a question that it was picked for; None when it is not live."""
        record = self._lookup.live(entry_id)
        if record is None:
            return None
        asked = understood(inquiry, correction(inquiry.text) or inquiry.text)
        resolved = joined(record, inquiry.text)
        return self._teller.told(inquiry, asked.timing, record, facets_of(asked), resolved=resolved, question=asked.words)

    def search(self, query: str, k: int, as_of: date) -> FoundEntries:
        """Published, valid entries for a query, best first."""
        finds = self._lookup.search(query, Timing(as_of), k)
        rows = [
            FoundRow(
                r.record.entry_id, r.record.content.external_id, r.record.version, r.record.content.title, r.record.content.kind,
                r.hit.score, r.hit.probability, wording.cut(r.hit.passage, SNIPPET),
            )
            for r in finds.ranked
        ]  # fmt: skip
        return FoundEntries(query, finds.result.revision, finds.result.threshold, rows)

    def preview(self, record: EntryRecord, today: date) -> str:
        """What whoever opens the entry is told; the record need not be live."""
        said, _ = self._teller.note(record, Timing(today))
        page = f"{self._public_url}/e/{record.entry_id}" if self._public_url else None
        return wording.tell(record.content, [], page, said)

    def citation(self, record: EntryRecord) -> Citation:
        return self._teller.replies().citation(record)

    def _under_discussion(self, asked: Asked) -> EntryRecord | None:
        record = self._lookup.live(asked.inquiry.case.entry_id)
        return record if record is not None and asked.timing.fits(record.content) else None

    def _follow_up(self, asked: Asked) -> Answer | None:
        """The answer to a question that names no matter of its own; None when it is a question of its own."""
        inquiry = asked.inquiry
        if (beside := self._of_place(asked) or self._of_situation(asked)) is not None:
            return beside
        present = asks_present(asked.text) or (
            inquiry.case.as_of is not None and asked.timing.period is None and without_dates(asked.text) != normalise(asked.text)
        )  # "2026年呢" after another year, said in 2026
        timed = asked.timing.period is not None or present
        subject = self._index.searcher.understand(asked.words).subject
        subject = wording.DATED_PADDING.sub(" ", subject) if timed else subject
        more = inquiry.case.entry_id is not None and bool(_MORE.search(normalise(asked.text)))
        record = self._lookup.live(inquiry.case.entry_id)
        named = left_over(subject) if timed and record is not None else ""
        done = done_to_a_matter(normalise(asked.words))
        if done and record is None:
            return None  # "怎么注销" names what is to be done: the entries tell to what
        if done and record is not None and done not in record.content.title and not inquiry.case.options:
            return self._done_to(asked, record, done)
        bare = (names_no_matter(subject) or bool(named and record is not None and named in record.content.title)) and (
            bool(asked.facets) or timed or more
        )
        of_nothing = inquiry.intent != "policy_match" and asks_a_detail_of_nothing(asked.words)
        if record is None and not inquiry.case.options and inquiry.intent != "policy_match" and _ELLIPTIC.search(asked.words):
            bare = bare or names_no_matter(subject)  # "我自己的呢"
        if not bare and not (continues(asked.words) if inquiry.case.entry_id is not None else of_nothing):
            return None
        asks_which = inquiry.case.picks and (inquiry.case.picks.asked or record is None)  # not what was only offered as near
        if inquiry.case.options and inquiry.case.picks and asks_which and not timed:
            waiting = replace(inquiry.case.picks, question=f"{inquiry.case.picks.question} {asked.words}".strip())
            return self._picking.asked_again(replace(inquiry, case=replace(inquiry.case, picks=waiting)), waiting)
        timing = Timing(inquiry.as_of) if present else asked.timing if timed else timing_of(inquiry)
        if record is None or (timing.period is None and not timed and not timing.fits(record.content)):
            about = "、".join(wording.HEADINGS[f] for f in asked.facets) or "相关内容"
            return self._teller.replies().plain("clarify", wording.WHICH_MATTER.format(asked=about), inquiry, timing)
        switch = asked.words if asked.text == inquiry.text else f"换成{asked.words}"  # a correction always switches
        other = self._follow_ups.at(record, timing) if timed else None
        siblings = [] if other else self._follow_ups.siblings(record, switch, inquiry.case.question, timing)
        if len(siblings) > 1:
            return self._teller.ask(inquiry, timing, siblings, inquiry.case.question or asked.words, 0, Found())
        other = other or next(iter(siblings), None)
        record = other or record
        resolved = joined(record, inquiry.text)
        given = asks_how_much_is_given(asked.words, record.content.title)
        if other is not None or timed or given or not self._follow_ups.asks_details(asked.words, asked.facets):
            facets = asked.facets or asked_facets(inquiry.case.question)
            return self._teller.told(inquiry, timing, record, facets, resolved=resolved)
        return self._detailed(asked, record, timing, resolved=resolved)

    def _detailed(
        self,
        asked: Asked,
        record: EntryRecord,
        timing: Timing,
        *,
        resolved: str,
        found: Found = Found(),
        question: str | None = None,
    ) -> Answer:
        """Only what is asked for of an entry."""
        said, others = self._teller.note(record, timing)
        text = self._follow_ups.details(record, asked.words, asked.facets, self._teller.replies().page(record), said)
        return self._teller.replies().told(
            asked.inquiry, timing, record, text, others=others, found=found, resolved=resolved, question=question
        )

    def _done_to(self, asked: Asked, record: EntryRecord, done: str) -> Answer:
        """ "怎么延续" after the permit was told: what the entry says of it, else the entry that is about it, else that nothing is said."""
        inquiry, timing = asked.inquiry, timing_of(asked.inquiry)
        others = [] if states(record, done) else self._follow_ups.done_to(record, done, timing)
        if len(others) > 1:
            return self._teller.ask(inquiry, timing, others, asked.words, 0, Found())
        if others:
            resolved = joined(others[0], inquiry.text)
            return self._teller.told(inquiry, timing, others[0], asked.facets, resolved=resolved, question=asked.words)
        text = self._follow_ups.loose(record, done, self._teller.replies().page(record))
        return self._teller.replies().told(inquiry, timing, record, text, resolved=joined(record, inquiry.text))

    def _corrected_to(self, asked: Asked) -> Answer | None:
        """ "不对，我说的是租房的": an entry beside the one under discussion."""
        record, timing = self._under_discussion(asked), timing_of(asked.inquiry)
        other = self._follow_ups.meant_instead(record, asked.words, timing) if record else None
        if record is None or other is None:
            return None
        question = asked.inquiry.case.question
        resolved, title = joined(other, asked.text), base_title(other.content.title)
        return self._teller.told(asked.inquiry, timing, other, asked_facets(question), resolved=resolved, question=title)

    def _of_situation(self, asked: Asked) -> Answer | None:
        """ "租房的", "那买房的呢": the entry under discussion when it is about that, else the one beside it that is."""
        record, name = self._under_discussion(asked), situation_alone(asked.words)
        timing = timing_of(asked.inquiry)
        meant = (
            self._follow_ups.of_situation(record, name, timing) if record and name and not asked.inquiry.case.options else None
        )
        return (
            self._teller.told(
                asked.inquiry, timing, meant, asked_facets(asked.inquiry.case.question), resolved=joined(meant, asked.text)
            )
            if meant
            else None
        )

    def _of_place(self, asked: Asked) -> Answer | None:
        """ "那示例区呢", "市里的": the counterpart for the place, or that the entry says nothing of it."""
        record = self._under_discussion(asked)
        place = place_alone(asked.words, record.content.title if record else "")
        if place is None or record is None or asked.inquiry.case.options:
            return None
        inquiry, timing, resolved = asked.inquiry, timing_of(asked.inquiry), joined(record, asked.inquiry.text)
        other = self._follow_ups.of_place(record, place, inquiry.case.question, timing)
        if other is not None:
            return self._teller.told(inquiry, timing, other, asked_facets(inquiry.case.question), resolved=resolved)
        loose = self._follow_ups.loose(record, asked.words, self._teller.replies().page(record))
        return self._teller.replies().told(inquiry, timing, record, loose, resolved=resolved)

    def _at_another_time(self, asked: Asked) -> Answer:
        finds = self._lookup.best_at(asked.words, asked.timing)
        return self._decided(asked, finds)

    def _out_of_date(self, asked: Asked, outdated: Ranked) -> Answer:
        """A question of today about what holds no more, or not yet."""
        record, found = outdated.record, Found(None, outdated.hit)
        said, others = self._teller.note(record, asked.timing)
        if validity_of(record.content, asked.timing.today) == "expired" and not asks_former(asked.text):
            text = wording.tell_validity(record.content, said, self._teller.replies().page(record))
            if others:
                text = wording.tell(others[0].content, asked.facets, self._teller.replies().page(others[0]), said)
                record, others = others[0], [record]
        else:
            text = wording.tell(record.content, asked.facets, self._teller.replies().page(record), said)
        return self._teller.replies().told(
            asked.inquiry, asked.timing, record, text, others=others, found=found, resolved=asked.text, question=asked.words
        )

    def _decided(self, asked: Asked, finds: Finds) -> Answer:
        """Tell the entry found, ask which of several is meant, offer what is near, or decline."""
        finds, aside = self._to_the_point(asked, finds)
        near = [r for r in finds.ranked if r.probability >= LEAST_NEAR]
        if near and (finds.sure or (finds.result.offered and worth_asking(finds.scored(), finds.result.threshold))):
            facts = {**asked.inquiry.profile, **asked.inquiry.case.entities}
            mended = self._index.searcher.understand(asked.text).understood  # "公鸡金" names the fund, too
            rivals = rivals_of(finds.scored(), mended, finds.result.threshold)
            left = narrowed(rivals, mended, facts)
            if not finds.sure and len(rivals) == 1:
                left = [Candidate(r.record.entry_id, r.record.content) for r in near[:NEAR_ENTRIES]]
            by_id = {r.record.entry_id: r for r in finds.ranked}
            ranked = [by_id[c.entry_id] for c in left]
            found = Found(finds.result, ranked[0].hit)
            if len(ranked) > 1:
                records = [r.record for r in ranked]
                return self._teller.ask(asked.inquiry, asked.timing, records, asked.text, 0, found)
            resolved = asked.text if asked.text == asked.inquiry.text else joined(ranked[0].record, asked.text)
            record = self._for_the_sender(asked, ranked[0].record, [r.record for r in near])
            if self._follow_ups.states_details(record, asked.words, asked.facets):
                return self._detailed(asked, record, asked.timing, found=found, resolved=resolved, question=asked.words)
            return self._teller.told(
                asked.inquiry, asked.timing, record, facets_of(asked), found=found, resolved=resolved, question=asked.words
            )
        return self._declined(asked, finds, sorted([*near, *aside], key=lambda r: -r.probability)[:NEAR_ENTRIES])

    def _to_the_point(self, asked: Asked, finds: Finds) -> tuple[Finds, list[Ranked]]:
        """The finds without the entries that lead them beside the point; and those."""
        terms, ranked, aside = self._index.searcher.terms_in(asked.words), list(finds.ranked), []
        while finds.sure and ranked and ranked[0].probability >= finds.result.threshold:
            best, others = ranked[0], [r.record.content for r in ranked[1:]]
            if not is_beside_the_point(best.record.content, best.probability, asked.words, asked.facets, terms, others):
                break
            aside.append(ranked.pop(0))
        if not aside:
            return finds, []
        return replace(finds, ranked=ranked, sure=bool(ranked) and ranked[0].probability >= finds.result.threshold), aside

    def _for_the_sender(self, asked: Asked, record: EntryRecord, near: Sequence[EntryRecord]) -> EntryRecord:
        """The entry's counterpart for the kind of applicant that the sender told to be, where it is for others."""
        kind = asked.inquiry.profile.get("enterprise_type", "")
        if not kind or not record.content.audience or is_for(record.content, kind):
            return record
        if any(aspect.who for aspect in aspects_in(asked.words)):  # asked for somebody else
            return record
        beside = (r for r in near if r.content.kind == record.content.kind and is_for(r.content, kind))
        counterpart = next((r for r in beside if set(r.content.tags) & set(record.content.tags)), None)
        return counterpart or next(iter(self._follow_ups.siblings(record, f"那{kind}呢", asked.words, asked.timing)), record)

    def _policies(self, asked: Asked, finds: Finds) -> Answer:
        near = [r for r in finds.ranked if r.probability >= LEAST_NEAR][:POLICY_ENTRIES]
        if not near:
            return self._teller.replies().plain(
                "clarify", wording.TELL_ME_MORE, asked.inquiry, asked.timing, found=Found(finds.result)
            )
        records, found = [r.record for r in near], Found(finds.result, near[0].hit)
        return self._teller.replies().offered(
            "clarify", wording.POLICIES_FOR_YOU, asked.inquiry, asked.timing, records, labels_for(records), found
        )

    def _declined(self, asked: Asked, finds: Finds, near: Sequence[Ranked]) -> Answer:
        if near:
            lead = f"{wording.NOT_FOUND}{wording.NOT_FOUND_NEAR}"
            records, found = [r.record for r in near], Found(finds.result, near[0].hit)
            return self._teller.replies().offered(
                "fallback", lead, asked.inquiry, asked.timing, records, labels_for(records), found, HUMAN
            )
        found = Found(finds.result, finds.result.hits[0] if finds.result.hits else None)
        said = wording.NOT_FOUND + wording.NOT_FOUND_ALONE
        return self._teller.replies().plain("fallback", said, asked.inquiry, asked.timing, found=found, buttons=[HUMAN])


def _goes_on(asked: Asked, record: EntryRecord, finds: Finds) -> bool:
    """Whether a message with words of its own is still about the entry under discussion."""
    if asked.inquiry.case.options:
        return False
    best = finds.ranked[0] if finds.sure else None
    if best is not None and best.record.entry_id == record.entry_id:
        return False
    return stays(asked.words, record.content, best.record.content if best else None, best.probability if best else 0.0)


def _meant_here(inquiry: Inquiry, ours: Jurisdiction) -> Inquiry:
    """The question declined before, when this message says that our own place is meant; else the message, the other forgotten."""
    before = inquiry.case.elsewhere
    if not before:
        return inquiry
    text = correction(inquiry.text) or inquiry.text
    here = means_here(inquiry.text) or (place_alone(text) is not None and not ours.elsewhere(text))
    case = replace(inquiry.case, elsewhere="")
    return replace(inquiry, text=before, case=case) if here else replace(inquiry, case=case)
