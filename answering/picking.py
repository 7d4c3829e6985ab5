"""Choices: an entry opened by a code or a tap, one picked from what was offered, a fact that narrows it, the way back."""

from collections.abc import Sequence
from dataclasses import replace

from answering import wording
from answering.asked import joined, timing_of
from answering.choosing import NONE_OF_THEM, agrees, goes_back, is_beyond, pick_of
from answering.deciding import Candidate, narrowed
from answering.facets import asked_facets
from answering.follow_ups import described_by, named_among
from answering.following import situation_alone
from answering.lookup import Lookup
from answering.models import Answer, Button, Inquiry, PickList
from answering.replies import HUMAN, Found, list_of
from answering.telling import Teller
from knowledge_base.entries import EntryRecord, EntryStore

LONGEST_DESCRIPTION = 24  # characters of a message that says which one by describing it
SHORT_REPLY = 12  # characters of a message that answers the deciding question by a fact ("我在广州")


class Picking:
    """Thread-safe."""

    def __init__(self, lookup: Lookup, store: EntryStore, teller: Teller) -> None:
        self._lookup, self._store, self._teller = lookup, store, teller

    def taken(self, inquiry: Inquiry) -> Answer | None:
        """The answer to a message that opens or picks an entry; None when it does neither."""
        return self._opened(inquiry) or self._picked(inquiry)

    def _opened(self, inquiry: Inquiry) -> Answer | None:
        record = self._lookup.live(inquiry.opened)
        if record is None:
            return None
        waiting = inquiry.case.picks if record.entry_id in inquiry.case.options else None
        if waiting is None:
            return self._teller.told(inquiry, timing_of(inquiry), record, [], resolved=record.content.title)
        choice = next(i for i, entries in enumerate(waiting.entries) if record.entry_id in entries)
        return self._taken(inquiry, waiting, choice, [record])

    def _picked(self, inquiry: Inquiry) -> Answer | None:
        case = inquiry.case
        picks = case.picks or list_of(case.options, self._store.published(case.options))
        choice = pick_of(inquiry.text, picks, bool(case.options)) if picks else None
        if picks and case.options and choice is None and is_beyond(inquiry.text, picks.labels):
            return self.asked_again(inquiry, picks)
        if picks and case.options and agrees(inquiry.text):
            if len(picks.labels) > 1:
                return self.asked_again(inquiry, picks)
            choice = 0
        if picks is None or choice is None:
            return self._narrowed_by_reply(inquiry, picks) or self._gone_back(inquiry)
        if choice == NONE_OF_THEM:
            after = replace(case, options=[])
            return self._teller.replies().plain(
                "fallback", wording.NONE_OF_THEM, inquiry, timing_of(inquiry), after, resolved=picks.question or None,
                buttons=[HUMAN],
            )  # fmt: skip
        live = self._store.published(picks.entries[choice])
        timing = timing_of(inquiry)
        records = [live[i] for i in picks.entries[choice] if i in live and timing.fits(live[i].content)]
        if not records:
            return self._teller.replies().plain(
                "fallback", wording.STOPPED + wording.NOT_FOUND_ALONE, inquiry, timing, buttons=[HUMAN]
            )
        return self._taken(inquiry, picks, choice, records)

    def _taken(self, inquiry: Inquiry, picks: PickList, choice: int, records: Sequence[EntryRecord]) -> Answer:
        """A choice was made: the entry answers the question that it decides, or the next question is asked."""
        inquiry = replace(inquiry, case=replace(inquiry.case, picks=replace(picks, picked=choice)))
        return self._told_or_asked(inquiry, records, picks.question, picks.asked)

    def _told_or_asked(self, inquiry: Inquiry, records: Sequence[EntryRecord], question: str, asked: int) -> Answer:
        timing = timing_of(inquiry)
        if len(records) > 1:
            return self._teller.ask(inquiry, timing, records, question, asked, Found())
        record, facets = records[0], asked_facets(question)
        resolved = joined(record, question) if question else record.content.title
        return self._teller.told(inquiry, timing, record, facets, resolved=resolved, question=question)

    def asked_again(self, inquiry: Inquiry, picks: PickList) -> Answer:
        """Yes, but to which of them?"""
        live = self._store.published([entries[0] for entries in picks.entries])
        single = all(len(entries) == 1 and entries[0] in live for entries in picks.entries)
        cited = [live[entries[0]] for entries in picks.entries] if single else []
        buttons = [Button(label, payload) for label, payload in zip(picks.labels, picks.payloads, strict=True)]
        return self._teller.replies().plain(
            "clarify", wording.listed(wording.WHICH_ONE, picks.labels), inquiry, timing_of(inquiry), cited=cited,
            resolved=picks.question or None, buttons=buttons,
        )  # fmt: skip

    def _narrowed_by_reply(self, inquiry: Inquiry, picks: PickList | None) -> Answer | None:
        """A waiting question may be answered by a fact that is no option ("我在广州", "个体户")."""
        case = inquiry.case
        if picks is None or not case.options or len(inquiry.text) > LONGEST_DESCRIPTION or asked_facets(inquiry.text):
            return None
        live = self._store.published(case.options)
        records = [live[i] for i in case.options if i in live and timing_of(inquiry).fits(live[i].content)]
        if picks.asked and (described := described_by(records, inquiry.text)) is not None:
            return self._told_or_asked(inquiry, [described], picks.question, picks.asked)
        if len(inquiry.text) > SHORT_REPLY:
            return None
        name = situation_alone(inquiry.text)
        if name and (meant := named_among(records, name)) is not None:  # "买房的"
            return self._told_or_asked(inquiry, [meant], picks.question, picks.asked)
        left = narrowed([Candidate(r.entry_id, r.content) for r in records], inquiry.text, {})
        if not left or len(left) == len(records):
            return None
        kept = {c.entry_id for c in left}
        return self._told_or_asked(inquiry, [r for r in records if r.entry_id in kept], picks.question, picks.asked)

    def _gone_back(self, inquiry: Inquiry) -> Answer | None:
        """ "刚才那个", "上一个": the entry discussed before, or the one before the list was shown."""
        if not goes_back(inquiry.text):
            return None
        record = self._lookup.live(inquiry.case.entry_id if inquiry.case.options else inquiry.case.previous)
        if record is None or not timing_of(inquiry).fits(record.content):
            return None
        return self._teller.told(inquiry, timing_of(inquiry), record, [], resolved=joined(record, inquiry.text))
