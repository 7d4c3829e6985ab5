"""What a turn is to do: from the classified intent, the words and the case. Pure; the doing is in `consultation`."""

from answering.choosing import goes_back, pick_of
from answering.following import continues, correction
from conversations import phrases
from conversations.case import AWAITING_COMPLAINT, AWAITING_REASON, AWAITING_TICKET_NUMBER, OFFER_HANDOFF, Case
from conversations.feedback import is_reason, rating_in

POLICY_INTENTS = frozenset({"eligibility", "filing_steps", "policy_lookup", "policy_match"})
DIALOGUE_ACTS = frozenset({"affirm", "deny", "stop", "pick_option", "inform"})
NOTHING_CLASSIFIED = frozenset({None, "nlu_fallback"})

ANSWER = "answer"
OUT_OF_SCOPE = "out_of_scope"
COMPLAINT_ASK, COMPLAINT_FILE = "complaint_ask", "complaint_file"
PROGRESS = "progress_query"
HANDOFF = "human_handoff"
FEEDBACK_POSITIVE, FEEDBACK_NEGATIVE, FEEDBACK_REASON = "feedback_positive", "feedback_negative", "feedback_reason"
GREET, GOODBYE, THANKS = "greet", "goodbye", "thanks"
STOP, DECLINE, ACKNOWLEDGE, NOTHING_TO_PICK = "stop", "decline", "acknowledge", "nothing_to_pick"

_OF_THEIR_OWN = frozenset({PROGRESS, HANDOFF, FEEDBACK_POSITIVE, FEEDBACK_NEGATIVE, GREET, GOODBYE, THANKS, STOP, OUT_OF_SCOPE})
_STEP_OUT_OF_A_COMPLAINT = frozenset({HANDOFF, STOP, PROGRESS, GREET, GOODBYE, THANKS, FEEDBACK_POSITIVE, FEEDBACK_NEGATIVE})
_WHAT_A_REASON_IS_TAKEN_FOR = NOTHING_CLASSIFIED | {"inform", "complaint", "out_of_scope", FEEDBACK_NEGATIVE}
SHORT = 8  # characters of a message that is a word or two
LEAST_TO_FILE = 0.5  # of a complaint that does not call itself one: a doubtful question is answered instead
SURE = 0.7  # below that a message during a complaint is taken for the complaint's story, not for a new question


def effective_intent(intent: str | None, text: str) -> str | None:
    """The intent to act on: our own buttons' words mean what they say; plain courtesies are known without a classifier."""
    if button := phrases.button_intent(text):
        return button
    return phrases.rule_intent(text) if intent in NOTHING_CLASSIFIED else intent


def belongs_to_the_answer(text: str, case: Case) -> bool:
    """Whether a message can only mean what was just answered or offered, whatever a classifier makes of it.

    It picks from a list, corrects what was understood, or asks for a detail of the entry under discussion. While a form waits
    for its own answer, nothing does.
    """
    if case.awaiting not in {None, AWAITING_REASON} or phrases.button_intent(text):
        return False
    if case.picks and pick_of(text, case.picks, bool(case.options)) is not None:
        return True
    if case.entry_id is None:
        return False
    if phrases.rule_intent(text):
        return goes_back(text)
    return goes_back(text) or correction(text) is not None or continues(text)


def task_of(intent: str | None, confidence: float, text: str, case: Case) -> str:
    """The one task of this turn.

    Args:
        intent: from `effective_intent`.
    """
    number = phrases.ticket_number(text)
    if number and (intent in NOTHING_CLASSIFIED | DIALOGUE_ACTS | {PROGRESS} or case.awaiting == AWAITING_TICKET_NUMBER):
        return PROGRESS
    if case.awaiting == AWAITING_COMPLAINT and not _leaves_the_complaint(intent, confidence, text):
        if intent == "deny":
            return STOP
        return COMPLAINT_FILE if phrases.has_complaint_detail(text) else COMPLAINT_ASK
    if case.awaiting == AWAITING_REASON and _tells_why(intent, text):
        return FEEDBACK_REASON
    if intent == "complaint":
        if confidence < LEAST_TO_FILE and phrases.rule_intent(text) != "complaint":
            return ANSWER  # nobody's doubtful question becomes a ticket
        return COMPLAINT_FILE if phrases.has_complaint_detail(text) else COMPLAINT_ASK
    if intent == "affirm" and not case.options:
        return HANDOFF if case.offer == OFFER_HANDOFF else ACKNOWLEDGE
    if intent == "deny" and not (case.options and not phrases.is_refusal(text)):
        return DECLINE  # "都不是" to a list is for answering, "不用了" is for nobody
    if intent == "pick_option" and not case.options and len(text) <= SHORT:
        return NOTHING_TO_PICK
    return intent if intent in _OF_THEIR_OWN else ANSWER


def _tells_why(intent: str | None, text: str) -> bool:
    """Whether a message after a bad rating is the reason for it; what asks for something is not."""
    if phrases.rule_intent(text) or rating_in(text):
        return False
    return intent in _WHAT_A_REASON_IS_TAKEN_FOR and is_reason(text)


def _leaves_the_complaint(intent: str | None, confidence: float, text: str) -> bool:
    """Whether a message during a complaint is something else: a long story is often taken for something else by mistake."""
    if intent in POLICY_INTENTS:
        return confidence >= SURE
    return intent in _STEP_OUT_OF_A_COMPLAINT and (confidence >= SURE or len(text) <= SHORT)


_REPORTED = {COMPLAINT_ASK: "complaint", COMPLAINT_FILE: "complaint"}


def reported_intent(task: str, classified: str | None, text: str, case: Case) -> str | None:
    """The name for `intent.name`: of the task the turn belongs to, null when nothing classified it."""
    if task in _REPORTED:
        return _REPORTED[task] if classified or case.awaiting == AWAITING_COMPLAINT else None
    if task == FEEDBACK_REASON:
        return FEEDBACK_NEGATIVE
    if classified in NOTHING_CLASSIFIED:
        return None
    if task in {PROGRESS, HANDOFF, FEEDBACK_POSITIVE, FEEDBACK_NEGATIVE}:
        return task
    if task in {ANSWER, NOTHING_TO_PICK} and case.task_intent:
        other = classified in DIALOGUE_ACTS or classified not in POLICY_INTENTS
        if (other and belongs_to_the_answer(text, case)) or classified in DIALOGUE_ACTS or phrases.is_elliptic(text):
            return case.task_intent
    return classified
