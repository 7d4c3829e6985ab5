"""The one place where a turn's task is done. Called by Rasa's actions, and by the turn itself when Rasa is down or silent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Protocol

from answering.models import Answer, Inquiry
from answering.wording import MAX_ANSWER, NOT_FOUND
from conversations import clock, doubt, tasks, wording
from conversations.case import AWAITING_REASON, IDLE_LIMIT, OFFER_HANDOFF, Case
from conversations.checkup import Checkups
from conversations.clock import CHINA, Clock
from conversations.feedback import rating_in
from conversations.feelings import HandoffWords
from conversations.handoff import ASKED
from conversations.handoff_dialogue import HandoffDialogue, with_offer
from conversations.manners import Manner, manner_of
from conversations.mixed import asks_other, taken_apart, two_questions
from conversations.office_hours import OfficeHours
from conversations.profile import known_words
from conversations.records import ConversationRecords, OpenTurn
from conversations.result import Result, TurnClosedError, write_result
from conversations.ticket_amending import TicketAmending
from conversations.ticket_dialogue import TicketDialogue, resumed
from database.engine import Database
from tickets import rules
from tickets.departments import Departments
from tickets.rules import CONSULTATION

MISSES_BEFORE_A_HUMAN = 2
MOST_REPEATED = 40  # characters of a second question that are said again
CERTAIN_ANSWER = 0.95  # an answer this probable is given whatever the classifier says
_NO_QUESTIONS = frozenset({
    tasks.COMPLAINT, tasks.PROGRESS, tasks.HANDOFF, tasks.GREET, tasks.GOODBYE, tasks.THANKS, tasks.FEEDBACK_POSITIVE,
    tasks.FEEDBACK_NEGATIVE,
})  # fmt: skip
PRIVATE_ENTITIES = frozenset({"phone", "ticket_no"})


class Answering(Protocol):
    """What is needed of `answering.answerer.Answerer`."""

    def answer(self, inquiry: Inquiry) -> Answer: ...

    def opens(self, entry_id: int, text: str) -> bool: ...


class Consultation:
    """Does what a turn asks for and commits result, case and records in one transaction, once.

    Args:
        checkups: asks for facts and computes; None: every turn is answered from the entries' words alone.
        starters: gives up to three questions that the knowledge base can answer, for the greeting.
        departments: who takes which ticket; words: by which a human is needed; the built-in lists unless given.
        hours: when humans are there.
        on_message: told the conversation id after something was said in it; called in the worker thread.
    """

    def __init__(
        self,
        database: Database,
        answerer: Answering,
        *,
        checkups: Checkups | None = None,
        starters: Callable[[], Sequence[str]] = tuple,
        departments: Departments | None = None,
        words: HandoffWords | None = None,
        hours: OfficeHours | None = None,
        on_message: Callable[[str], None] = lambda _conversation_id: None,
        now: Clock = clock.now,
    ) -> None:
        self._database, self._answerer, self._now = database, answerer, now
        self._records = ConversationRecords(database, now)
        self._starters, self._on_message, self._checkups = starters, on_message, checkups
        self._tickets = TicketDialogue(database, departments or Departments.load(), now)
        self._amending = TicketAmending(database)
        self._handoff = HandoffDialogue(hours or OfficeHours.parse(), words or HandoffWords.load(), now)

    def perform(
        self, turn_id: str, *, intent: str | None, confidence: float, entities: Mapping[str, str], source: str = "rasa",
        guesses: Sequence[str] = (),
    ) -> dict[str, Any]:  # fmt: skip
        """Do the turn's task; returns the wire result. Blocks: call it in a worker thread.

        A closed turn commits nothing: the reply that was committed for it is returned.

        Args:
            intent: of what is asked, see `mixed.question_in`; guesses: all intents, the likeliest first.

        Raises:
            UnknownTurnError: no such turn was reserved.
        """
        written = self._records.load_turn(turn_id)
        if written.reply is not None:
            return dict(written.reply)
        case = self._case_of(written)
        if manner := manner_of(written.text):
            named = {"name": manner.intent or intent, "confidence": round(float(confidence), 4)}
            return self._commit(written, case, _by_fixed_words(manner, case), named, source)
        apart = taken_apart(written.text)
        turn = replace(written, text=apart.rest) if apart else written
        both = two_questions(turn.text) if case.ticket is None and case.awaiting is None else None
        if both:
            turn = replace(turn, text=both[0])
        elif case.later and asks_other(turn.text):
            turn, intent = replace(turn, text=case.later), doubt.likeliest_question(guesses) or tasks.QUESTION
        result, name = self._done(turn, case, intent, confidence, entities, guesses, source)
        if apart and apart.rating is not None and result.rating is None and case.last_answer_id is not None:
            result = _rated_besides(result, apart.rating)
        if apart and apart.complaint and case.ticket is None:
            result = self._complained_besides(result, replace(written, text=apart.complaint))
        result = _other_question_left(result, both[1] if both else "")
        return self._commit(written, case, result, {"name": name, "confidence": round(float(confidence), 4)}, source)

    def _done(
        self, turn: OpenTurn, case: Case, intent: str | None, confidence: float, entities: Mapping[str, str],
        guesses: Sequence[str], source: str,
    ) -> tuple[Result, str | None]:  # fmt: skip
        """What the turn asks for, and the name of its task."""
        acted_on = tasks.effective_intent(intent, turn.text)
        opens = turn.entry_id is not None and self._answerer.opens(turn.entry_id, turn.text)
        task = tasks.ANSWER if opens else self._task(acted_on, confidence, turn, case)
        found = None if opens else self._found_instead(task, acted_on, confidence, turn, case, entities)
        if found or (task == tasks.ANSWER and acted_on in _NO_QUESTIONS):
            task, acted_on = tasks.ANSWER, doubt.likeliest_question(guesses) or acted_on
        as_of = self._now().astimezone(CHINA).date()
        if self._checkups and not opens and not tasks.asks_another(turn.text, case) and not tasks.is_ticket_step(task, case):
            taken = self._checkups.take_up(turn, case, acted_on, confidence, as_of)
            if taken is not None:
                return resumed(taken[0], case) if taken[0].outcome == "answer" else taken[0], taken[1]
        result = found or self._do(task, acted_on, confidence, turn, case, entities, turn.entry_id if opens else None)
        if task == tasks.ANSWER and self._handoff.reason_in(turn.text):
            result = with_offer(result)
        if task != tasks.COMPLAINT:
            result = resumed(result, case)
        name = tasks.reported_intent(task, acted_on if intent not in tasks.NOTHING_CLASSIFIED else None, turn.text, case)
        if name is None and source == "rasa" and _continues(result, turn.text):
            name = case.task_intent
        if task == tasks.ANSWER:
            result = replace(result, case=replace(result.case, task_intent=name or result.case.task_intent))
        if self._checkups and not opens:
            result, name = self._checkups.follow(result, turn, case, name, as_of)
        return result, name

    def _complained_besides(self, result: Result, complaint: OpenTurn) -> Result:
        """A result whose message also complains: after an answer the complaint is begun, after a question of ours it is offered."""
        if result.outcome not in {"answer", "clarify", "fallback"}:
            return result
        if result.outcome == "clarify":
            buttons = [*result.buttons, wording.COMPLAINT_BUTTON]
            return replace(result, text=f"{result.text}\n\n{wording.COMPLAINT_LATER}", buttons=buttons)
        if result.citations and result.outcome == "fallback":  # a list could not be picked from beside the form
            result = replace(result, text=NOT_FOUND, citations=[])
        begun = self._tickets.step(complaint, replace(result.case, awaiting=None, offer=None, options=[], form=None))
        before, finish = f"{result.text}\n\n{wording.COMPLAINT_BESIDES}", begun.finish
        whole = None if finish is None else lambda session, moment: f"{before}\n{finish(session, moment)}"
        return replace(
            result, text=f"{before}\n{begun.text}", case=begun.case, buttons=begun.buttons, finish=whole, private=begun.private
        )

    def _found_instead(
        self, task: str, intent: str | None, confidence: float, turn: OpenTurn, case: Case, entities: Mapping[str, str]
    ) -> Result | None:
        """What the knowledge base says to a message that is doubtful as anything else; None: it is what it was taken for."""
        certain = self._handoff.asks_place(turn) or self._handoff.reason_in(turn.text)
        if certain or not doubt.is_doubtful(task, intent, confidence, turn.text, case):
            return None
        calm = replace(case, awaiting=None, offer=None)
        found = self._answer(tasks.ANSWER, None, confidence, turn, calm, entities, None)
        probability = found.answer.probability if found.answer else None
        return found if doubt.gives_way(task, intent, confidence, found.outcome, probability, turn.text) else None

    def _case_of(self, turn: OpenTurn) -> Case:
        case = Case.from_json(turn.case)
        if self._now() - turn.case_updated_at > IDLE_LIMIT:
            case = Case(last_answer_id=case.last_answer_id)
        return replace(case, entry_id=turn.entry_id, options=[]) if turn.entry_id else case

    def _task(self, intent: str | None, confidence: float, turn: OpenTurn, case: Case) -> str:
        if self._handoff.leaves(turn, case):
            return tasks.LEAVE_QUEUE
        if self._handoff.asks_place(turn):
            return tasks.HANDOFF
        if not case.ticket and self._tickets.rates(turn):
            return tasks.RATE_TICKET
        if not case.ticket and self._amending.amends(turn):
            return tasks.AMEND_TICKET
        if case.ticket is None and tasks.belongs_to_the_answer(turn.text, case):
            return tasks.ANSWER
        task = tasks.task_of(intent, confidence, turn.text, case)
        if task == tasks.HANDOFF and self._handoff.declines(turn.text):
            return tasks.DECLINE
        need = self._handoff.reason_in(turn.text)
        return tasks.HANDOFF if need and tasks.yields_to_a_human(task, need, intent, confidence, turn.text, case) else task

    def _do(
        self, task: str, intent: str | None, confidence: float, turn: OpenTurn, case: Case, entities: Mapping[str, str],
        opened: int | None,
    ) -> Result:  # fmt: skip
        calm = replace(case, awaiting=None, offer=None)  # whatever comes now, an earlier offer is over
        if task in {tasks.ANSWER, tasks.OUT_OF_SCOPE}:
            return self._answer(task, intent, confidence, turn, calm, entities, opened)
        if task == tasks.COMPLAINT:
            return self._tickets.step(turn, calm, CONSULTATION if tasks.leaves_word(turn.text, case) else None)
        if task == tasks.COMPLAINT_DROP:
            return self._tickets.drop(turn, calm)
        if task == tasks.AMEND_TICKET:
            return self._amending.step(turn, calm, case)
        if task == tasks.RATE_TICKET:
            return self._tickets.rate(turn, calm)
        if task == tasks.RATING_COMMENT:
            return self._tickets.comment(turn, calm)
        if task == tasks.PROGRESS:
            number = rules.number_in(turn.text) or rules.number_in(entities.get("ticket_no", ""))
            return self._tickets.progress(turn, calm, case, number)
        if task == tasks.HANDOFF:
            queued = self._handoff.queue(turn, calm, self._handoff.reason_in(turn.text) or ASKED)
            return replace(queued, rating=-1) if intent == tasks.FEEDBACK_NEGATIVE else queued
        if task == tasks.LEAVE_QUEUE:
            return self._handoff.leave(turn, calm)
        if task == tasks.FEEDBACK_POSITIVE:
            return Result("smalltalk", wording.FEEDBACK_THANKS, calm, rating=1)
        if task == tasks.FEEDBACK_NEGATIVE:
            offered = replace(calm, offer=OFFER_HANDOFF)
            said = rating_in(turn.text)
            if said and said[1]:
                return Result("smalltalk", wording.FEEDBACK_REASON_KEPT, offered, [wording.HUMAN_BUTTON], rating=-1)
            awaiting = replace(offered, awaiting=AWAITING_REASON)
            return Result("smalltalk", wording.FEEDBACK_SORRY, awaiting, [wording.HUMAN_BUTTON], rating=-1)
        if task == tasks.FEEDBACK_REASON:
            offered = replace(calm, offer=OFFER_HANDOFF)
            return Result("smalltalk", wording.FEEDBACK_REASON_KEPT, offered, [wording.HUMAN_BUTTON], adds_reason=True)
        if task == tasks.NOTHING_TO_PICK:
            return Result("clarify", wording.NOTHING_TO_PICK, calm)
        return self._smalltalk(task, case, calm)

    def _smalltalk(self, task: str, case: Case, calm: Case) -> Result:
        if task == tasks.GREET:
            buttons = [{"title": question, "payload": question} for question in self._starters()]
            return Result("smalltalk", wording.GREETING, replace(calm, awaiting=case.awaiting), buttons)
        if task == tasks.STOP:
            return Result("smalltalk", wording.STOPPED, replace(calm, options=[], entry_id=None, task_intent=None, form=None))
        if task == tasks.DECLINE:
            return Result("smalltalk", wording.DECLINED, replace(calm, options=[]))
        said = {tasks.GOODBYE: wording.GOODBYE, tasks.THANKS: wording.THANKS}.get(task, wording.ACKNOWLEDGED)
        return Result("smalltalk", said, replace(calm, awaiting=case.awaiting))

    def _answer(
        self, task: str, intent: str | None, confidence: float, turn: OpenTurn, case: Case, entities: Mapping[str, str],
        opened: int | None,
    ) -> Result:  # fmt: skip
        facts = {name: value for name, value in entities.items() if name not in PRIVATE_ENTITIES}
        as_of = self._now().astimezone(CHINA).date()
        asked = None if task == tasks.OUT_OF_SCOPE or intent == "nlu_fallback" else intent
        # said to be no government matter: looked up all the same, but not as a follow-up to what was discussed
        context = replace(case, entry_id=None, options=[]) if task == tasks.OUT_OF_SCOPE else case
        answer = self._answerer.answer(Inquiry(turn.text, asked, context.view(facts), as_of, opened, known_words(turn.profile)))
        if task == tasks.OUT_OF_SCOPE and not _outweighs(answer, confidence):
            declined = replace(
                answer, outcome="fallback", text=wording.OUT_OF_SCOPE, citations=[], buttons=[], entry_id=None, version=None
            )
            return Result("fallback", declined.text, case, answer=declined, as_of=as_of, unanswered="out_of_scope")
        misses = {"answer": 0, "fallback": case.misses + 1}.get(answer.outcome, case.misses)
        text, buttons = answer.text, [asdict(button) for button in answer.buttons]
        if answer.outcome == "fallback" and misses >= MISSES_BEFORE_A_HUMAN and wording.HUMAN_BUTTON not in buttons:
            text, buttons = f"{text}\n{wording.OFFER_HUMAN}", [*buttons, wording.HUMAN_BUTTON]
        if answer.outcome == "answer" and not buttons and answer.entry_id != case.entry_id:
            buttons = [dict(button) for button in wording.USEFUL_BUTTONS]  # once an entry, not under every detail of it
        offer = OFFER_HANDOFF if wording.HUMAN_BUTTON in buttons else None
        return Result(
            answer.outcome, text, case.after(answer.case, misses=misses, offer=offer), buttons,
            [asdict(citation) for citation in answer.citations], answer, answer.as_of or as_of,
            "not_found" if answer.outcome == "fallback" else None,
        )  # fmt: skip

    def _commit(self, turn: OpenTurn, before: Case, result: Result, intent: dict[str, Any], source: str) -> dict[str, Any]:
        try:
            with self._database.write() as session:
                reply = write_result(session, turn, before, result, intent, source, self._now())
        except TurnClosedError:
            closed = self._records.closed(turn.turn_id)
            return dict(closed.reply) if closed else {}
        self._on_message(turn.conversation_id)
        return reply


def _by_fixed_words(manner: Manner, case: Case) -> Result:
    """A fixed reply. It leaves the case as it is: a form goes on where it stood."""
    return Result(manner.outcome, manner.say, case, [wording.HUMAN_BUTTON] if manner.human else ())


def _other_question_left(result: Result, second: str) -> Result:
    """A result of the first of two questions, with an offer to answer the other next."""
    result = replace(result, case=replace(result.case, later=second))
    if not second or result.outcome not in {"answer", "clarify", "fallback"}:
        return result
    said = wording.OTHER_QUESTION.format(question=second if len(second) <= MOST_REPEATED else f"{second[:MOST_REPEATED]}…")
    fits = result.text and len(result.text) + len(said) < MAX_ANSWER
    button = {"title": wording.OTHER_ONE, "payload": second}
    return replace(result, text=f"{result.text}\n\n{said}" if fits else result.text, buttons=[*result.buttons, button])


def _rated_besides(result: Result, rating: int) -> Result:
    """A result whose message also rates the answer before."""
    fits = rating < 0 and result.text and len(result.text) + len(wording.RATED_BESIDES) < MAX_ANSWER
    return replace(result, rating=rating, text=f"{wording.RATED_BESIDES}\n{result.text}" if fits else result.text)


def _outweighs(answer: Answer, confidence: float) -> bool:
    """Whether an answer was found with more certainty than the classifier has that the question is no government matter."""
    return answer.outcome == "answer" and (answer.probability or 0.0) >= min(confidence, CERTAIN_ANSWER)


def _continues(result: Result, text: str) -> bool:
    """Whether an unclassified message was understood only with the case's help."""
    return result.answer is not None and result.outcome != "fallback" and result.answer.resolved_question != text
