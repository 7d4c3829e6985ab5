"""A citizen adds to a filed ticket or withdraws it: said once more, confirmed, then written with its history and the audit log."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from conversations import ticket_wording as wording
from conversations.case import AWAITING_AMENDMENT, Case
from conversations.complaint_facts import contact_in, without_contact
from conversations.masking import mask_personal_data
from conversations.records import OpenTurn
from conversations.result import Result
from database.engine import Database
from staff import audit
from staff.members import Member
from tickets import draft_contacts, rules, store
from tickets.models import Ticket

ADDS, WITHDRAWS = "supplement", "withdraw"
CITIZEN = Member(store.CITIZEN, store.CITIZEN, "citizen")
LONGEST_ADDED = 800
LEAST_ADDED = 2  # characters
_ADDS = re.compile(
    r"^(?:对了|还有|那个|哦|嗯|[，,。\s])*(?:刚才|之前)?(?:的)?(?:投诉|举报|诉求|工单)?(?:我|你)?(?:还|再|要|想|需要|得|来|帮我|给我)*"
    r"(?:补充(?!养老|医疗|保险|公积金|材料|申报|缴)|补(?:一)?[点句条]|加上?一?[点句条])(?:一?[点下句条些个])?(?:情况|内容|说明|信息)?(?:到?(?:刚才|之前)的?(?:投诉|诉求|工单)里?)?(?:吧|啊|呗)?"
    r"[，,：:。、\s]*(?P<more>.*)$",
    re.DOTALL,
)
_WITHDRAWS = re.compile(
    r"(?:撤回|撤销|撤诉|撤掉|撤单|取消).{0,6}(?:投诉|举报|诉求|工单|WZ\d+)|(?:投诉|举报|诉求|工单|WZ\d+).{0,8}(?:撤|取消)|^(?:我|那|算了|帮我|请|要|想|[，,\s])*撤(?:[回销诉]?(?:了|吧|掉|一下)*[。！!]*$|[回销诉]?(?:了|吧|掉)+[，,。；\s])"
    r"|(?:不想?|别|不用)(?:再)?(?:投诉|举报|反映|追究)(?:他们?|了|你们)+"
)
_ASKS = re.compile(r"[?？]|怎么|如何|能不能|可不可以|(?:吗|呢)$|材料|许可|登记证")
_YES = re.compile(
    r"(?:(?:好|对|是|嗯|行|可以|确认|确定|没错|没问题|补充|撤回?|就这样|同意|ok)(?:的|了|吧|啊|呀|掉)*[，,。.!！\s]*)+",
    re.IGNORECASE,
)
_NO = re.compile(r"^(?:不|算了|取消|先不|别|再想想|等等|没有)")


@dataclass(frozen=True)
class Wish:
    """What is to be done to a filed ticket. `text`: to add, may be empty as yet."""

    kind: str
    text: str = ""


def wish_in(text: str) -> Wish | None:
    """Whether a message adds to what was filed before, or takes it back."""
    plain = text.strip()
    if _ASKS.search(plain):
        return None
    if _WITHDRAWS.search(plain):
        return Wish(WITHDRAWS)
    match = _ADDS.match(plain)
    return Wish(ADDS, match["more"].strip()) if match else None


class TicketAmending:
    """What must be written is written with the turn's result."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def amends(self, turn: OpenTurn) -> bool:
        """Whether a message means a ticket of the sender's that was filed before."""
        return wish_in(turn.text) is not None and self._newest(turn.conversation_id, rules.number_in(turn.text)) is not None

    def step(self, turn: OpenTurn, case: Case, awaited: Case) -> Result:
        """Ask what is missing, ask to confirm, or do it.

        Args:
            case: with nothing awaited any more; awaited: as the message found it.
        """
        wish = wish_in(turn.text)
        if awaited.awaiting == AWAITING_AMENDMENT and awaited.amendment and awaited.ticket_no:
            kept = Wish(**awaited.amendment)
            confirms = kept.kind == WITHDRAWS or kept.text
            if confirms and _YES.fullmatch(turn.text.strip()):
                return self._done(turn, replace(case, amendment=None), kept, awaited.ticket_no)
            if wish is None and _NO.match(turn.text.strip()):
                return self._dropped(turn, replace(case, amendment=None), awaited.ticket_no)
            if wish is None:
                added = turn.text.strip() if kept.kind == ADDS else ""
                if not added:
                    return self._asked(turn, case, kept, awaited.ticket_no)
                wish = Wish(ADDS, f"{kept.text}；{added}" if kept.text else added)
            return self._asked(turn, case, wish, awaited.ticket_no)
        number = rules.number_in(turn.text)
        ticket = self._newest(turn.conversation_id, number)
        if wish is None or ticket is None:  # gone in this moment
            return Result("ticket", wording.PROGRESS_ASK, case)
        if ticket.state not in rules.OPEN_STATES:
            said = wording.AMENDMENT_TOO_LATE.format(
                number=ticket.number, state=rules.STATE_NAMES.get(ticket.state, ticket.state)
            )
            return Result("ticket", said, case, [wording.PROGRESS_BUTTON])
        return self._asked(turn, case, wish, ticket.number)

    def _asked(self, turn: OpenTurn, case: Case, wish: Wish, number: str) -> Result:
        """The question whether it is meant so, or what is to be added."""
        contact = contact_in(wish.text)
        shown = mask_personal_data(wish.text if contact is None else without_contact(wish.text))[:LONGEST_ADDED]
        lacks = wish.kind == ADDS and len(shown) < LEAST_ADDED and contact is None
        waiting = replace(
            case,
            ticket_no=number,
            awaiting=AWAITING_AMENDMENT,
            amendment={"kind": wish.kind, "text": "" if lacks else shown or "联系电话"},
        )
        if lacks:
            return Result("ticket", wording.AMENDMENT_ASK.format(number=number), waiting, [wording.CANCEL_BUTTON])
        text = wording.amendment(wish.kind == WITHDRAWS, number, shown, contact)

        def finish(session: Session, moment: datetime) -> str:
            if contact is not None:
                draft_contacts.keep(session, turn.conversation_id, contact, moment)
            return text

        return Result("ticket", text, waiting, wording.AMENDMENT_BUTTONS, finish=finish, private=True)

    def _dropped(self, turn: OpenTurn, case: Case, number: str) -> Result:
        text = wording.AMENDMENT_DROPPED.format(number=number)

        def finish(session: Session, _moment: datetime) -> str:
            draft_contacts.take(session, turn.conversation_id)
            return text

        return Result("smalltalk", text, case, finish=finish)

    def _done(self, turn: OpenTurn, case: Case, wish: Wish, number: str) -> Result:
        def finish(session: Session, moment: datetime) -> str:
            ticket = store.ticket(session, number, for_change=True)
            contact = draft_contacts.take(session, turn.conversation_id)
            if ticket.state not in rules.OPEN_STATES:
                return wording.AMENDMENT_TOO_LATE.format(number=number, state=rules.STATE_NAMES.get(ticket.state, ticket.state))
            if wish.kind == WITHDRAWS:
                store.take_step(session, number, rules.WITHDRAW, store.CITIZEN, moment)
            else:
                store.supplement(session, number, wish.text, contact, moment)
            audit.record(session, CITIZEN, f"ticket.{wish.kind}", "ticket", number, {"state": ticket.state}, moment)
            return (wording.WITHDRAWN if wish.kind == WITHDRAWS else wording.SUPPLEMENTED).format(
                number=number, department=ticket.department
            )

        return Result("ticket", "", case, [wording.PROGRESS_BUTTON], finish=finish)

    def _newest(self, conversation_id: str, number: str | None) -> Ticket | None:
        """The ticket meant: the one named, else the newest that still owes an answer, else the newest."""
        with self._database.read() as session:
            own = [t for t in store.tickets_of(session, conversation_id, 50) if number in {None, t.number}]
        return next((t for t in own if t.state in rules.OPEN_STATES), own[0] if own else None)
