"""What an agent wrote down or a citizen said, taken apart into the fields of a ticket. Pure; the agent corrects it."""

from collections.abc import Sequence
from dataclasses import dataclass

from conversations.complaint_facts import contact_in, kind_of, place_in, time_in
from desk.matter import names_a_matter

LONGEST_STORY = 2000


@dataclass(frozen=True)
class TicketDraft:
    """Empty where nothing was told."""

    kind: str
    what: str
    where: str
    when: str
    contact: str


def ticket_draft(said: Sequence[str]) -> TicketDraft:
    """Args: said: message by message, note by note; what only asks for a human or thanks is left out."""
    story = "\n".join(text for line in said if names_a_matter(text := line.strip()))
    return TicketDraft(
        kind_of(story), story[:LONGEST_STORY], place_in(story) or "", time_in(story) or "", contact_in(story) or "",
    )  # fmt: skip
