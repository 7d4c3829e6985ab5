"""Whether an entry may be answered from on a day. Computed from its dates, never stored."""

from datetime import date, datetime, timedelta, timezone
from typing import Literal

from knowledge_base.content import EntryContent

Validity = Literal["valid", "not_yet", "expired"]


CHINA = timezone(timedelta(hours=8))  # the whole country keeps one time, without summer time


def today() -> date:
    """The day it is for the people who are answered, wherever the server stands."""
    return datetime.now(CHINA).date()


def validity_of(content: EntryContent, on: date) -> Validity:
    """Both dates belong to the period."""
    if content.effective_to is not None and on > content.effective_to:
        return "expired"
    if content.effective_from is not None and on < content.effective_from:
        return "not_yet"
    return "valid"
