"""Tickets as a conversation: a complaint is taken step by step, filed, looked up and rated. The citizen's side."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from answering.regions import place_named
from conversations import complaint_form as form
from conversations import ticket_wording as wording
from conversations.case import (
    AWAITING_COMPLAINT,
    AWAITING_LAST_DIGITS,
    AWAITING_RATING_COMMENT,
    AWAITING_TICKET_NUMBER,
    Case,
)
from conversations.clock import CHINA
from conversations.complaint_facts import shown_contact
from conversations.complaint_form import Draft
from conversations.complaint_words import resumes
from conversations.masking import mask_json, mask_personal_data
from conversations.records import OpenTurn
from conversations.result import Result
from conversations.tasks import has_no_number
from conversations.ticket_rating import Rating, rating_in
from database.engine import Database
from tickets import draft_contacts, rules, store
from tickets.departments import Departments
from tickets.models import Ticket
from tickets.store import Filing

_LAST_DIGITS = re.compile(r"(?<!\d)(\d{4})(?!\d)")


class TicketDialogue:
    """Says what each step of a ticket says; what must be written is written with the turn's result."""

    def __init__(self, database: Database, departments: Departments, now: Callable[[], datetime]) -> None:
        self._database, self._departments, self._now = database, departments, now

    def step(self, turn: OpenTurn, case: Case, kind: str | None = None) -> Result:
        """Begin the form with this message, or take it as the next answer.

        Args:
            kind: of a form that begins, where the caller knows it.
        """
        before = Draft.from_json(case.ticket) if case.ticket else None
        again = Draft.from_json(case.dropped) if before is None and case.dropped and resumes(turn.text) else None
        draft = again or (form.advance(before, turn.text) if before else form.begin(turn.text, kind))
        if draft.asked == form.DONE:
            filing = self._filing(draft)
            return Result("ticket", "", without_draft(case), [wording.PROGRESS_BUTTON], finish=_file(turn, filing), private=True)
        text, buttons = wording.prompt(draft, before)
        kept = replace(case, ticket=_without_contact(draft), dropped=None, awaiting=AWAITING_COMPLAINT)
        finish = _keep(turn, draft, before, text)
        return Result("ticket", text, kept, buttons, private=True, finish=finish)

    def drop(self, turn: OpenTurn, case: Case) -> Result:
        """The citizen does not want to go on."""

        def finish(session: Session, _moment: datetime) -> str:
            draft_contacts.take(session, turn.conversation_id)
            return wording.DROPPED

        kept = form.called_off(Draft.from_json(case.ticket)).to_json() if case.ticket else None
        return Result("smalltalk", wording.DROPPED, replace(without_draft(case), dropped=kept), finish=finish)

    def progress(self, turn: OpenTurn, case: Case, awaited: Case, number: str | None) -> Result:
        """How far the sender's tickets are, or the one with this number.

        Args:
            case: with nothing awaited any more; awaited: as the message found it.
        """
        with self._database.read() as session:
            own = [t for t in store.tickets_of(session, turn.conversation_id, 50) if number in {None, t.number}][:3]
            if own:
                unrated = any(t.state == rules.ANSWERED for t in own)
                text = "\n".join(self._progress_line(ticket) for ticket in own)
                return Result(
                    "ticket",
                    f"{text}\n{wording.RATING_ASK}" if unrated else text,
                    case,
                    wording.RATING_BUTTONS if unrated else (),
                )
        digits = _LAST_DIGITS.search(rules.without_number(turn.text))
        number = number or (awaited.ticket_no if awaited.awaiting == AWAITING_LAST_DIGITS else None)
        if number is None and awaited.awaiting == AWAITING_TICKET_NUMBER and has_no_number(turn.text):
            return Result("ticket", wording.PROGRESS_WITHOUT_NUMBER, case)
        if number is None:
            return Result("ticket", wording.PROGRESS_ASK, replace(case, awaiting=AWAITING_TICKET_NUMBER))
        asked_for = replace(case, ticket_no=number, awaiting=AWAITING_LAST_DIGITS)
        if digits is None:
            return Result("ticket", wording.PROGRESS_ASK_DIGITS.format(number=number), asked_for)

        def finish(session: Session, moment: datetime) -> str:
            found = store.look_up(session, turn.conversation_id, number, digits[1], moment)
            return self._progress_line(found) if found else wording.PROGRESS_UNKNOWN.format(number=number)

        return Result("ticket", "", asked_for, finish=finish)  # wrong digits may be corrected; how often, the store limits

    def rates(self, turn: OpenTurn) -> bool:
        """Whether a message rates one of the sender's tickets."""
        return self._rating(turn) is not None

    def _rating(self, turn: OpenTurn) -> tuple[str, Rating] | None:
        rating = rating_in(turn.text)
        if rating is None:
            return None
        named = rules.number_in(turn.text)
        with self._database.read() as session:
            open_ones = [t.number for t in store.unrated_of(session, turn.conversation_id) if named in {None, t.number}]
            rated = any(t.state == rules.RATED and t.number == named for t in store.tickets_of(session, turn.conversation_id, 50))
        number = open_ones[0] if open_ones else (named if rated else None)
        return (number, rating) if number else None

    def rate(self, turn: OpenTurn, case: Case) -> Result:
        """Record the rating that `rates` found; a second one of the same ticket is declined."""
        found = self._rating(turn)
        if found is None:  # another message rated it in this moment
            return Result("ticket", wording.RATED_BEFORE.format(number=""), case)
        number, rating = found
        wants_reason = rating.level <= 2 and not rating.comment
        noted = replace(case, ticket_no=number, awaiting=AWAITING_RATING_COMMENT)

        def finish(session: Session, moment: datetime) -> str:
            if store.ticket(session, number, for_change=True).state != rules.ANSWERED:
                return wording.RATED_BEFORE.format(number=number)
            store.rate(session, number, rating.level, mask_personal_data(rating.comment), moment, china_day(moment))
            said = wording.RATED.format(level=rules.LEVELS[rating.level])
            more = wording.RATED_LOW if wants_reason else wording.RATED_COMMENT if rating.comment else ""
            return f"{said}{more}"

        return Result("ticket", "", noted if wants_reason else case, finish=finish)

    def comment(self, turn: OpenTurn, case: Case) -> Result:
        """The reason for a bad rating, given afterwards."""
        number, comment = case.ticket_no or "", mask_personal_data(turn.text)

        def finish(session: Session, _moment: datetime) -> str:
            store.add_comment(session, number, comment)
            return wording.COMMENTED

        return Result("ticket", "", case, finish=finish)

    def _filing(self, draft: Draft) -> Filing:
        facts = {"what": draft.what or "", "where": draft.where or form.UNSTATED, "when": draft.when or form.UNSTATED}
        story = (
            facts["what"]
            if draft.kind == rules.CONSULTATION
            else f"{facts['what']}（地点：{facts['where']}；时间：{facts['when']}）"
        )
        place = "" if facts["where"] == form.UNSTATED else facts["where"]
        return Filing(
            draft.kind, mask_personal_data(story), facts,
            self._departments.department_for(f"{facts['what']} {place}", place), place_named(place) if place else None,
        )  # fmt: skip

    def _progress_line(self, ticket: Ticket) -> str:
        today = china_day(self._now())
        overdue = rules.is_overdue(ticket.state, ticket.due_on, today)
        return wording.progress(ticket, overdue=overdue, filed_on=f"{china_day(ticket.created_at):%Y-%m-%d}")


def without_draft(case: Case) -> Case:
    """The case with the form gone and nothing of it awaited."""
    return replace(case, ticket=None, awaiting=None)


def resumed(result: Result, case: Case) -> Result:
    """A result that interrupted the form, with a reminder of what the form waits for."""
    if case.ticket is None or result.case.ticket is None or result.case.awaiting not in {None, AWAITING_COMPLAINT}:
        return result
    text = f"{result.text}\n\n{wording.reminder(Draft.from_json(case.ticket))}" if result.text else result.text
    return replace(result, text=text, case=replace(result.case, awaiting=AWAITING_COMPLAINT))


def china_day(moment: datetime) -> date:
    """The day in China of a moment."""
    return moment.astimezone(CHINA).date()


def _without_contact(draft: Draft) -> dict[str, Any]:
    """The form as the conversation remembers it: of the contact only as much as is shown."""
    shown = draft.contact if draft.contact in {None, form.DECLINED_CONTACT} else shown_contact(str(draft.contact))
    kept: dict[str, Any] = mask_json(draft.to_json())
    return {**kept, "contact": shown}


def _keep(turn: OpenTurn, draft: Draft, before: Draft | None, text: str) -> Callable[[Session, datetime], str] | None:
    """Puts a contact that this message told where it belongs; None when it told none.

    What an earlier form left behind goes when a new one begins.
    """
    told = draft.contact if draft.contact != (before.contact if before else None) else None
    if told is None and before is not None:
        return None

    def finish(session: Session, moment: datetime) -> str:
        if told is None or told == form.DECLINED_CONTACT:
            draft_contacts.take(session, turn.conversation_id)
        else:
            draft_contacts.keep(session, turn.conversation_id, told, moment)
        return text

    return finish


def _file(turn: OpenTurn, filing: Filing) -> Callable[[Session, datetime], str]:
    def finish(session: Session, moment: datetime) -> str:
        contact = draft_contacts.take(session, turn.conversation_id)
        whole = replace(filing, details={**filing.details, "contact": contact}) if contact else filing
        return wording.filed(store.file_ticket(session, turn.conversation_id, whole, moment, china_day(moment)))

    return finish
