"""The citizen's side of a hand-off: asking for a human, needing one, and not wanting one any more."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from conversations import handoff, handoff_queue, wording
from conversations.case import OFFER_HANDOFF, OFFER_TICKET, Case
from conversations.feelings import HandoffWords
from conversations.office_hours import OfficeHours
from conversations.records import OpenTurn
from conversations.result import Result

_LEAVES = re.compile(
    r"(?:算了|那|我|就|还是|[，,\s])*(?:先)?(?:不(?:用|想|要|必)?(?:再)?(?:转|等|排队?|找)(?:人工|客服|了|啦|吧)*|取消(?:转)?(?:人工|排队)|不(?:用|要|需要)(?:人工|客服)|退出(?:排队|队列))"
    r"(?:了|啦|吧|呢)*[，,。!！~\s]*(?:谢谢(?:你|您|了)?)?[。!！]*"
)
_CALLS_OFF = re.compile(
    r"(?:那|我|就|[，,\s])*(?:(?:取消|算了|不用|不需要|不要|不必|不麻烦)(?:吧|了|啦|你们|您)*[，,\s]*)+[，,。!！\s]*(?:谢谢(?:你|您|了)?|我?自己(?:查|看|弄|来|想办法)(?:吧)?)?[。!！]*"
)

_ASKS_PLACE = re.compile(
    r"(?:我|都|已经|那|现在|请问|喂|大概|大约|估计|[，,？?\s])*(?:(?:还)?(?:要|得)(?:再)?等(?:多久|多长时间|很久)|(?:都|已经)?等(?:了)?(?:好|很|半天|这么|那么|太)?(?:久|长时间)?了?|排(?:队)?(?:到)?(?:第)?几(?:个|位|号)?|"
    r"前面(?:还)?有(?:几|多少)(?:个)?(?:人)?|(?:轮|排)?到我了(?:吗|没)?|怎么还没(?:有)?(?:人|接|接入|回)|(?:人工|客服|人)(?:呢|在吗|在不在)|还(?:没|有没)(?:有)?人(?:接|吗)?|(?:还)?有(?:没有)?人(?:吗|在|没)|(?:现在|怎么|是不是)*没人(?:吗|吧|是吧|是吗|在)?|"
    r"(?:大概|要|得)?(?:多久|多长时间|什么时候|几时|啥时候|好久)(?:才)?(?:能)?(?:轮|排)?(?:到我|有人|接通|接入|来人)|(?:还)?在(?:吗|不在?))(?:了|呢|啊|吗|吧|来|接|理我|是吧)*[。!！?？~]*"
)


class HandoffDialogue:
    """Says what is said to the citizen; the queue is written with the turn's result."""

    def __init__(self, hours: OfficeHours, words: HandoffWords, now: Callable[[], datetime]) -> None:
        self._hours, self._words, self._now = hours, words, now

    def reason_in(self, text: str) -> str | None:
        """Why a human is needed although nobody asked for one."""
        return self._words.reason_in(text)

    def leaves(self, turn: OpenTurn, case: Case) -> bool:
        """Whether a waiting citizen does not want to wait any more; a bare "取消" means what was asked last."""
        text, nothing_else = turn.text.strip(), case.awaiting is None and not case.options and case.ticket is None
        return turn.holder == handoff.HOLDER[handoff.WAITING] and bool(
            _LEAVES.fullmatch(text) or (nothing_else and _CALLS_OFF.fullmatch(text))
        )

    def asks_place(self, turn: OpenTurn) -> bool:
        """Whether a waiting citizen asks how long it will take, or complains that it takes long."""
        return turn.holder == handoff.HOLDER[handoff.WAITING] and bool(_ASKS_PLACE.fullmatch(turn.text.strip()))

    def declines(self, text: str) -> bool:
        """Whether a message says that no human is wanted, whoever is waiting for whom."""
        return bool(_LEAVES.fullmatch(text.strip()))

    def queue(self, turn: OpenTurn, case: Case, reason: str = handoff.ASKED) -> Result:
        """Put the conversation in the queue and say its place and the hours; out of hours a word can be left."""
        open_now = self._hours.is_open(self._now())
        because = wording.HANDOFF_BECAUSE.get(reason, "")

        def finish(session: Session, moment: datetime) -> str:
            place = wording.queue(handoff_queue.join(session, turn.conversation_id, reason, moment))
            template = wording.HANDOFF_QUEUED if open_now else wording.HANDOFF_CLOSED
            opening = self._hours.next_opening(moment)
            said = template.format(queue=place, hours=self._hours, opening=f"{opening:%m-%d} {opening.hour}:{opening:%M}")
            return f"{because}\n{said}" if because else said

        buttons = [wording.LEAVE_QUEUE_BUTTON] if open_now else [wording.LEAVE_WORDS_BUTTON, wording.LEAVE_QUEUE_BUTTON]
        return Result("handoff", "", replace(case, offer=None if open_now else OFFER_TICKET), buttons, finish=finish)

    def leave(self, turn: OpenTurn, case: Case) -> Result:
        """Take the conversation out of the queue."""

        def finish(session: Session, moment: datetime) -> str:
            request = handoff_queue.open_request(session, turn.conversation_id)
            if request is not None and request.state == handoff.WAITING:
                handoff_queue.step(session, request, handoff.LEAVE, moment)
            return wording.LEFT_QUEUE

        return Result("smalltalk", "", case, finish=finish)


def with_offer(result: Result) -> Result:
    """A result with a human offered beside it."""
    if wording.HUMAN_BUTTON in result.buttons or not result.text:
        return result
    return replace(
        result,
        text=f"{result.text}\n{wording.HANDOFF_BESIDES}",
        buttons=[*result.buttons, wording.HUMAN_BUTTON],
        case=result.case if result.case.ticket else replace(result.case, offer=OFFER_HANDOFF),
    )
