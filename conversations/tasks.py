"""What a turn is to do: from the classified intent, the words and the case. Pure; the doing is in `consultation`."""

import re

from answering.choosing import goes_back, pick_of
from answering.following import asks_only_details, aspects_in, continues, correction, situation_alone
from conversations import complaint_form as form
from conversations import complaint_words, phrases
from conversations.case import (
    AWAITING_AMENDMENT,
    AWAITING_COMPLAINT,
    AWAITING_LAST_DIGITS,
    AWAITING_RATING_COMMENT,
    AWAITING_REASON,
    AWAITING_TICKET_NUMBER,
    OFFER_HANDOFF,
    OFFER_TICKET,
    Case,
)
from conversations.complaint_facts import place_in
from conversations.complaint_form import Draft
from conversations.feedback import is_reason, rating_in
from conversations.handoff import ANGER, DISTRESS, TOPIC
from conversations.ticket_rating import rating_in as ticket_rating_in
from tickets.rules import CONSULTATION, number_in

POLICY_INTENTS = frozenset({"eligibility", "filing_steps", "policy_lookup", "policy_match"})
QUESTION = "filing_steps"  # what a question is taken for when nothing tells
DIALOGUE_ACTS = frozenset({"affirm", "deny", "stop", "pick_option", "inform"})
NOTHING_CLASSIFIED = frozenset({None, "nlu_fallback"})

ANSWER = "answer"
OUT_OF_SCOPE = "out_of_scope"
COMPLAINT, COMPLAINT_DROP = "complaint", "complaint_drop"
AMEND_TICKET = "amend_ticket"
RATE_TICKET, RATING_COMMENT = "rate_ticket", "rating_comment"
PROGRESS = "progress_query"
HANDOFF, LEAVE_QUEUE = "human_handoff", "leave_queue"
FEEDBACK_POSITIVE, FEEDBACK_NEGATIVE, FEEDBACK_REASON = "feedback_positive", "feedback_negative", "feedback_reason"
GREET, GOODBYE, THANKS = "greet", "goodbye", "thanks"
POLICY_MATCH = "policy_match"
STOP, DECLINE, ACKNOWLEDGE, NOTHING_TO_PICK = "stop", "decline", "acknowledge", "nothing_to_pick"

_OF_THEIR_OWN = frozenset({PROGRESS, HANDOFF, FEEDBACK_POSITIVE, FEEDBACK_NEGATIVE, GREET, GOODBYE, THANKS, STOP, OUT_OF_SCOPE})
_STEP_OUT_OF_A_FORM = frozenset({HANDOFF, STOP, PROGRESS, GREET, GOODBYE, THANKS, FEEDBACK_POSITIVE, FEEDBACK_NEGATIVE})
_ABOUT_A_NUMBER = frozenset({AWAITING_TICKET_NUMBER, AWAITING_LAST_DIGITS})
_FOUR_DIGITS = re.compile(r"(?<!\d)\d{4}(?!\d)")
_LOOKS_LIKE_A_NUMBER = re.compile(r"[A-Za-z]{0,4}[-\s]?\d[\d\s-]{3,24}(?:号)?")
_NO_NUMBER = re.compile(
    r"(?:没有?|忘|丢|找不到|不记得|记不得|不知道).{0,6}(?:编号|单号|号码|号)|(?:编号|单号|号码?).{0,4}(?:没有?了?$|忘|丢|找不到|不记得|不知道)|^(?:没有|忘了|不记得了?|不知道|找不到了?)[。.]?$"
)
_TELLS_OR_RATES = frozenset({"inform", FEEDBACK_NEGATIVE})
_OH = re.compile(r"[哦噢喔啊]+[。.!！~]*")
_BARE_AMOUNT = re.compile(
    r"[\d一二三四五六七八九十百千万两几.,，]+\s*(?:个)?(?:月|年|人|万|元|块|岁|天|%|平|平方|平米)?(?:左右|多|的|了)?[。.]?"
)
_BARE_REPLY = re.compile(
    r"(?:没有?|有|是的?|对的?|嗯+|不是|[哦噢喔]+|妥|中|要得|好[嘞咧]|晓得|懂|明白|收到|成)[的了啊哦呀。.!！~～]*"
)
_NO_REPLY = re.compile(r"没有?[了啊哦呀。.!！~～]*")
LONGEST_DIGITS = 20  # characters of "尾号是 8000" and the like
_WHAT_A_REASON_IS_TAKEN_FOR = NOTHING_CLASSIFIED | {"inform", "complaint", "out_of_scope", "greet", FEEDBACK_NEGATIVE}
CRY = 20  # characters of a call for help that tells no facts
_AT_US = re.compile(r"你们|上访|管不管|有没有人管")
RAGE = 30  # characters of an outburst that tells no facts
SHORT = 8  # characters of a message that is a word or two
LEAST_TO_FILE = 0.5  # of a complaint that does not call itself one: a doubtful question is answered instead
SURE = 0.7  # below that a message during a complaint is taken for the complaint's story, not for a new question
VERY_SURE = 0.9  # from there on even if it does not look like a question


def effective_intent(intent: str | None, text: str) -> str | None:
    """The intent to act on: our own buttons' words mean what they say; plain courtesies are known without a classifier."""
    if button := phrases.button_intent(text):
        return button
    if intent in _TELLS_OR_RATES and complaint_words.is_grievance(text) and not form.asks_something(text):
        return "complaint"  # a rating of the assistant names nobody else
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
    if case.ticket is not None:
        return False
    if situation_alone(text) and (case.options or case.entry_id is not None or case.picks):
        return not phrases.rule_intent(text)
    if case.entry_id is None:  # "几天能好" of nothing: which matter is asked back
        return not phrases.rule_intent(text) and continues(text)
    if phrases.rule_intent(text):
        return goes_back(text)
    return goes_back(text) or correction(text) is not None or continues(text)


def asks_another(text: str, case: Case) -> bool:
    """Whether a message sets right which question is meant, rather than a fact ("不对，我说的是120人").

    "不是，是公司" tells a fact while facts are being asked for, and else which of two matters is meant.
    """
    meant = correction(text)
    if meant is None or any(character.isdigit() for character in meant):
        return False
    return not (case.form is not None and any(aspect.who for aspect in aspects_in(meant)) and asks_only_details(meant))


def task_of(intent: str | None, confidence: float, text: str, case: Case) -> str:
    """The one task of this turn.

    Args:
        intent: from `effective_intent`.
    """
    if case.ticket is not None and (step := _complaint_step(intent, confidence, text, case)):
        return step
    if case.dropped is not None and case.ticket is None and complaint_words.resumes(text):
        return COMPLAINT
    number = number_in(text)
    if number and (intent in NOTHING_CLASSIFIED | DIALOGUE_ACTS | {PROGRESS} or case.awaiting in _ABOUT_A_NUMBER):
        return PROGRESS
    if case.awaiting == AWAITING_TICKET_NUMBER and has_no_number(text):
        return PROGRESS
    if case.awaiting == AWAITING_TICKET_NUMBER and _LOOKS_LIKE_A_NUMBER.fullmatch(text.strip()):
        return PROGRESS
    if case.awaiting == AWAITING_LAST_DIGITS and _FOUR_DIGITS.search(text) and len(text) <= LONGEST_DIGITS:
        return PROGRESS
    if case.awaiting == AWAITING_AMENDMENT and not (intent in POLICY_INTENTS and _leaves_the_form(intent, confidence, text)):
        return AMEND_TICKET
    if case.awaiting == AWAITING_RATING_COMMENT and not _leaves_the_form(intent, confidence, text):
        return RATING_COMMENT
    if case.awaiting == AWAITING_REASON and _tells_why(intent, text):
        return FEEDBACK_REASON
    if intent == "complaint":
        if confidence < LEAST_TO_FILE and "complaint" not in {phrases.rule_intent(text), phrases.button_intent(text)}:
            return ANSWER  # nobody's doubtful question becomes a ticket
        return COMPLAINT
    waits = case.options and case.picks is not None and (case.picks.asked or not _NO_REPLY.fullmatch(text.strip()))
    if _BARE_REPLY.fullmatch(text.strip()) and not waits and case.offer is None:
        return ACKNOWLEDGE  # to nothing that was asked
    if _OH.fullmatch(text.strip()) and not case.options:
        return ACKNOWLEDGE
    if intent == "affirm" and not case.options:
        return {OFFER_HANDOFF: HANDOFF, OFFER_TICKET: COMPLAINT}.get(case.offer or "", ACKNOWLEDGE)
    if intent == "deny" and not (case.options and not phrases.is_refusal(text)):
        return DECLINE  # "都不是" to a list is for answering, "不用了" is for nobody
    if not case.options and len(text) <= SHORT and (intent == "pick_option" or _BARE_AMOUNT.fullmatch(text.strip())):
        return NOTHING_TO_PICK  # "8个月" answers nothing that was asked
    short = phrases.is_elliptic(text) or len(text.strip()) <= SHORT
    if intent == OUT_OF_SCOPE and case.entry_id is not None and confidence < SURE and short:
        return ANSWER  # "换发呢", "利息谁出" go on with what is discussed, however little they sound like a matter of government
    return intent if intent in _OF_THEIR_OWN else ANSWER


def has_no_number(text: str) -> bool:
    """Whether a message says that there is no number to tell."""
    return bool(_NO_NUMBER.search(text)) and len(text) <= LONGEST_DIGITS


def is_ticket_step(task: str, case: Case) -> bool:
    """Whether a task belongs to something begun before, which no other form may take up."""
    return task in {AMEND_TICKET, RATE_TICKET, RATING_COMMENT, LEAVE_QUEUE} or (
        case.ticket is not None and task in {COMPLAINT, COMPLAINT_DROP}
    )


def leaves_word(text: str, case: Case) -> bool:
    """Whether a ticket that begins is a question left for the staff, rather than a complaint."""
    return phrases.button_intent(text) == "complaint" or case.offer == OFFER_TICKET


def yields_to_a_human(task: str, need: str, intent: str | None, confidence: float, text: str, case: Case) -> bool:
    """Whether an angry or desperate message, or one on a topic for humans only, is for a human rather than for its own task.

    A ticket is not given up for it, and a clear question is answered first.
    """
    if case.ticket is not None or task not in {ANSWER, OUT_OF_SCOPE, COMPLAINT, FEEDBACK_NEGATIVE, FEEDBACK_REASON}:
        return False
    if need == TOPIC:
        return True
    if task == COMPLAINT:  # a cry for help is no story yet, nor is anger that names no place
        cries = need == DISTRESS and len(text) <= CRY
        rages = need == ANGER and len(text) <= RAGE and bool(_AT_US.search(text)) and place_in(text) is None
        return (cries or rages) and phrases.rule_intent(text) != "complaint"
    return not (intent in POLICY_INTENTS and confidence >= SURE)


def _tells_why(intent: str | None, text: str) -> bool:
    """Whether a message after a bad rating is the reason for it; what asks for something is not."""
    if phrases.rule_intent(text) or rating_in(text):
        return False
    return intent in _WHAT_A_REASON_IS_TAKEN_FOR and is_reason(text)


def _complaint_step(intent: str | None, confidence: float, text: str, case: Case) -> str | None:
    """What a message is to the complaint being taken; None: something else, after which the form goes on."""
    draft = Draft.from_json(case.ticket or {})
    if case.awaiting not in {None, AWAITING_COMPLAINT}:
        return None  # another question was asked since
    if form.claims(draft, text):
        return COMPLAINT
    if form.is_cancel(text) or (intent == "deny" and phrases.is_refusal(text)):
        return COMPLAINT_DROP
    if draft.kind == CONSULTATION and draft.asked == form.WHAT and not (intent in _STEP_OUT_OF_A_FORM and len(text) <= SHORT):
        return COMPLAINT  # the question that is left for the staff
    if draft.asked == form.WHAT and intent in NOTHING_CLASSIFIED:
        return COMPLAINT  # "……没人管吗？" is the story
    if number_in(text) or (case.options and intent in {"pick_option", "deny"}):
        return None
    if _leaves_the_form(intent, confidence, text):
        return COMPLAINT_DROP if intent == STOP else None
    return COMPLAINT


def _leaves_the_form(intent: str | None, confidence: float, text: str) -> bool:
    """Whether a message during a form is something else: a long story is often taken for something else by mistake."""
    if intent in POLICY_INTENTS or intent == OUT_OF_SCOPE:
        return confidence >= (SURE if form.asks_something(text) else VERY_SURE)
    if intent in NOTHING_CLASSIFIED:
        return form.asks_something(text)
    likely = confidence >= SURE or len(text) <= SHORT
    return intent in _STEP_OUT_OF_A_FORM and likely and complaint_words.steps_out(intent, text)


_REPORTED = {
    COMPLAINT: "complaint",
    AMEND_TICKET: "complaint",
    COMPLAINT_DROP: "complaint",
    RATING_COMMENT: FEEDBACK_NEGATIVE,
    LEAVE_QUEUE: HANDOFF,
}


def reported_intent(task: str, classified: str | None, text: str, case: Case) -> str | None:
    """The name for `intent.name`: of the task the turn belongs to, null when nothing classified it."""
    if task == RATE_TICKET and classified:
        rating = ticket_rating_in(text)
        return FEEDBACK_NEGATIVE if rating and rating.level < 3 else FEEDBACK_POSITIVE
    if task in _REPORTED:
        return _REPORTED[task] if classified or case.awaiting or case.offer else None
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
