"""A message as answering understands it: what is asked, of which time, which facts of it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from answering.dates import asked_period, asks_former, asks_present, without_dates
from answering.deciding import Candidate, labels_of
from answering.facets import asked_facets
from answering.models import Inquiry
from answering.timeliness import Timing
from knowledge_base.entries import EntryRecord

FACETS_OF_INTENT = {"eligibility": "conditions"}


@dataclass(frozen=True)
class Asked:
    """A message as it is understood.

    Attributes: text: without what only corrects; words: without the time as well; facets: asked for.
    """

    inquiry: Inquiry
    text: str
    words: str
    timing: Timing
    facets: list[str]


def understood(inquiry: Inquiry, text: str) -> Asked:
    """Args: text: of the inquiry, or what a correction says is meant."""
    period = asked_period(text, inquiry.as_of)
    words = without_dates(text) if period or asks_former(text) or asks_present(text) else text
    return Asked(inquiry, text, words, Timing(inquiry.as_of, period), asked_facets(words))


def facets_of(asked: Asked) -> list[str]:
    """What is told of an entry besides its conclusion."""
    if asked.facets or asked.inquiry.intent not in FACETS_OF_INTENT:
        return asked.facets
    return [FACETS_OF_INTENT[asked.inquiry.intent]]


def timing_of(inquiry: Inquiry) -> Timing:
    """The time that the conversation is about."""
    return Timing.of_case(inquiry.as_of, inquiry.case.as_of)


def joined(record: EntryRecord, text: str) -> str:
    """A question that leans on the case, as it stands on its own."""
    return f"{record.content.title}：{text}"


def labels_for(records: Sequence[EntryRecord]) -> list[str]:
    """Titles, different from one another."""
    return labels_of([Candidate(r.entry_id, r.content) for r in records])
