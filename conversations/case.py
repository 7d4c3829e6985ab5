"""The case: what this conversation is about just now. It lives in the database, so that it survives the death of any process."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import timedelta
from typing import Any

from answering.models import CaseView, PickList

IDLE_LIMIT = timedelta(hours=2)  # after that a "那个呢" no longer means the entry of this morning

AWAITING_COMPLAINT = "complaint_detail"
AWAITING_TICKET_NUMBER = "ticket_number"
AWAITING_LAST_DIGITS = "last_digits"  # of a ticket's contact phone
AWAITING_RATING_COMMENT = "rating_comment"
AWAITING_AMENDMENT = "amendment"  # to a ticket that was filed
AWAITING_REASON = "feedback_reason"
OFFER_HANDOFF = "handoff"
OFFER_TICKET = "ticket"  # a word left for the staff


@dataclass(frozen=True)
class Case:
    """Entry under discussion, options offered, facts told; and what the assistant waits for. See `CaseView` for its part."""

    entry_id: int | None = None
    options: list[int] = field(default_factory=list)
    entities: dict[str, str] = field(default_factory=dict)
    misses: int = 0
    task_intent: str | None = None  # of the policy question a follow-up continues
    awaiting: str | None = None
    offer: str | None = None  # what a plain "好的" would accept
    last_answer_id: int | None = None
    picks: PickList | None = None
    previous: int | None = None
    question: str = ""
    as_of: str | None = None
    elsewhere: str = ""
    later: str = ""  # the other question of a message that asked two
    facts: dict[str, Any] = field(default_factory=dict)  # about a person: for this conversation only, never remembered
    form: dict[str, Any] | None = None  # the asking of facts, see `checkup.Form`
    ticket: dict[str, Any] | None = None  # a complaint being taken, see `complaint_form.Draft`
    dropped: dict[str, Any] | None = None  # the complaint that was called off last, without its contact
    ticket_no: str | None = None  # of the ticket that is looked up, rated or amended
    amendment: dict[str, str] | None = None  # waits to be confirmed, see `ticket_amending.Wish`

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> "Case":
        """Read a stored case; keys of other versions of this program are ignored."""
        known = {f.name for f in fields(cls)}
        values = {key: value for key, value in (data or {}).items() if key in known}
        if values.get("picks"):
            values["picks"] = PickList(**values["picks"])
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def view(self, entities: Mapping[str, str] | None = None) -> CaseView:
        """The part that answering needs, with the facts of this message added."""
        return CaseView(
            entry_id=self.entry_id,
            options=list(self.options),
            entities={**self.entities, **(entities or {})},
            misses=self.misses,
            picks=self.picks,
            previous=self.previous,
            question=self.question,
            as_of=self.as_of,
            elsewhere=self.elsewhere,
        )

    def after(self, view: CaseView, **changes: Any) -> "Case":
        """This case with what answering made of it."""
        taken = {
            "entry_id": view.entry_id, "options": list(view.options), "entities": dict(view.entities), "picks": view.picks,
            "previous": view.previous, "question": view.question, "as_of": view.as_of, "elsewhere": view.elsewhere,
        }  # fmt: skip
        return replace(self, **{**taken, **changes})
