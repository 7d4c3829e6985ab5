"""The asking of facts, turn by turn: eligibility of one entry, and the policy check-up. What it asks stands in `Case.form`.

`take_up` does the turns that belong to it (an answer to its question, a correction, the memory itself); every other turn is done
as usual, and `follow` afterwards turns an answer into the check that was asked for and comes back to an unanswered question.
"""

from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Protocol

from answering import eligibility_wording, matching_wording
from answering.dates import asked_period, asks_present
from answering.eligibility import Assessed
from answering.matching_wording import PERSON, TYPE
from answering.models import Answer, CaseView, Inquiry
from answering.timeliness import Timing
from answering.wording import MAX_ANSWER
from conversations import checkup_words as words
from conversations import phrases, profile, wording
from conversations.case import AWAITING_REASON, Case
from conversations.checkup_form import Form, as_json, facts_from_json
from conversations.doubt import looks_for_a_matter
from conversations.profile import REGION_FACT
from conversations.records import OpenTurn
from conversations.result import Result
from enterprises.facts import NUMERIC, registry
from enterprises.hearing import hear, is_question, normalised, place_alone, read_answer, read_share, reading_of
from enterprises.values import Choice, Facts, FactValue

ELIGIBILITY, POLICY_MATCH = "eligibility", "policy_match"
MOST_QUESTIONS = {ELIGIBILITY: 5, POLICY_MATCH: 3}
LEAST_MATTER = 4  # characters of a message that may name another matter instead of answering
MOST_ASIDES = 3  # questions in between, after which the asking is given up
FIRST_FACTS = ("企业类型", "行业", "从业人数")  # asked before a check-up when nothing is known
SURE = 0.7
SAY_LITTLE = frozenset({TYPE, "所在地区"})  # told of many things, so that no check is meant by it
LEAVING = frozenset(
    {"human_handoff", "complaint", "progress_query", "feedback_positive", "feedback_negative", "goodbye", "greet"}
)
QUESTIONS = frozenset({ELIGIBILITY, POLICY_MATCH, "filing_steps", "policy_lookup"})


class Advising(Protocol):
    """What is needed of `answering.eligibility.EligibilityAdviser`."""

    def assess(self, entry_id: int, facts: Facts, as_of: date) -> Assessed | None: ...

    def conclude(self, inquiry: Inquiry, found: Assessed, facts: Facts, note: str = "") -> Answer: ...

    def is_a_matter(self, text: str, as_of: date) -> bool: ...

    def ask(self, inquiry: Inquiry, found: Assessed, fact: str, *, heard: str = "", first: bool) -> Answer: ...


class Matching(Protocol):
    """What is needed of `answering.matching.PolicyMatcher`."""

    def match(self, inquiry: Inquiry, facts: Facts) -> Answer: ...


@dataclass(frozen=True)
class _Turn:
    """One turn with everything the asking needs of it."""

    turn: OpenTurn
    case: Case
    form: Form | None
    as_of: date
    told: dict[str, FactValue]  # in this message, of the sender or for this check
    lasting: dict[str, FactValue]  # of it, what is told of the sender

    @property
    def text(self) -> str:
        return self.turn.text

    @property
    def asks_of_another_time(self) -> bool:
        """Whether the rules of another time than the form's are asked for, which another entry may hold."""
        elsewhen = self.form is not None and self.form.as_of is not None and asks_present(self.text)
        return elsewhen or asked_period(self.text, self.as_of) is not None


class Checkups:
    """Asks, listens, concludes. Keeps nothing itself."""

    def __init__(self, adviser: Advising, matcher: Matching) -> None:
        self._adviser, self._matcher = adviser, matcher

    def take_up(
        self, turn: OpenTurn, case: Case, intent: str | None, confidence: float, as_of: date
    ) -> tuple[Result, str | None] | None:
        """The result and the task's name when this turn belongs to the asking or the memory; None: it is done as usual."""
        if case.awaiting not in {None, AWAITING_REASON} or case.ticket is not None:
            return None  # a complaint is being taken: what it tells is for the ticket alone
        now = self._hear(turn, case, as_of)
        command = profile.command_of(turn.text)
        if command is not None:
            return self._remember_or_forget(replace(now, case=replace(case, awaiting=None)), *command), "inform"
        if case.awaiting is not None and not (profile.corrected(turn.text) and now.lasting):
            return None
        if now.form is not None and now.form.asking is not None:
            step = self._step(now, now.form, now.form.asking, intent, confidence)
            if step is not None:
                return step, now.form.kind
        elif now.form is not None and not now.asks_of_another_time and self._changes_a_conclusion(now, now.form, intent):
            return self._again(now, now.form), now.form.kind
        if case.entry_id is not None and words.means_this(turn.text, bool(now.told), as_of):
            begun = self._begin_eligibility(now, case.entry_id, Timing.of_case(as_of, case.as_of).day)
            if begun is not None:
                return begun, ELIGIBILITY
        if (
            words.asks_for_all(turn.text)
            and case.entry_id is None
            and not case.options
            and self._facts(now, Form(POLICY_MATCH, turn.text))
        ):
            return self._begin_match(now), POLICY_MATCH
        if intent == POLICY_MATCH and confidence < SURE and now.lasting and not words.asks_for_policies(turn.text):
            return self._noted(now), "inform"
        if intent == POLICY_MATCH and words.names_one(turn.text) and self._adviser.is_a_matter(turn.text, as_of):
            return None
        if intent == POLICY_MATCH and (not case.options or words.asks_for_policies(turn.text)):
            match = self._begin_match(now)
            nothing = match.answer is not None and match.outcome == "clarify" and looks_for_a_matter(turn.text)
            return None if nothing else (match, POLICY_MATCH)  # what is near says more than that nothing suits
        if not now.lasting or not words.only_tells(turn.text, intent):
            return None
        begun = self._told_after(now)
        if begun is None and case.options and words.is_bare_statement(turn.text):
            return None  # "个人的" says which of those offered is meant
        return (begun, ELIGIBILITY) if begun else (self._noted(now), "inform" if intent in LEAVING else intent)

    def follow(self, result: Result, turn: OpenTurn, case: Case, intent: str | None, as_of: date) -> tuple[Result, str | None]:
        """After a turn done as usual: begin the check that was asked for, remember what was told, come back to our question.

        Args:
            intent: as reported: of the task that the turn belongs to.
        """
        now = self._hear(turn, case, as_of)
        if result.outcome in ("ticket", "handoff") or case.ticket is not None:
            return replace(result, case=replace(result.case, form=None)), intent
        kept, answer = self._keeping(result, now), result.answer
        if result.outcome == "answer" and answer is not None and answer.entry_id is not None:
            picked = answer.entry_id in case.options
            if words.asks_whether(turn.text, case.task_intent if picked else intent):
                begun = self._begin_eligibility(now, answer.entry_id, answer.as_of)
                if begun is not None:
                    text = _with_note(answer, begun.text)
                    return replace(begun, text=text, case=replace(begun.case, entities=kept.case.entities)), ELIGIBILITY
            if now.form is not None and now.form.asking is None and now.form.entry_id != answer.entry_id:
                return replace(kept, case=replace(kept.case, form=None)), intent
        if result.outcome == "fallback" and now.lasting and words.only_tells(turn.text, intent):
            return self._noted(now), intent
        return self._reminded(kept, now), intent

    def _told_after(self, now: _Turn) -> Result | None:
        """The check of what is discussed or offered, which a fact told by itself begins when a condition rests on it."""
        day = Timing.of_case(now.as_of, now.case.as_of).day
        for entry_id in now.case.options or filter(None, [now.case.entry_id]):
            found = self._adviser.assess(entry_id, {}, day)
            named = {name for condition in found.record.content.eligibility for name in condition.facts()} if found else set()
            if named & set(now.told) - SAY_LITTLE:
                return self._begin_eligibility(now, entry_id, day, heard=eligibility_wording.noted(now.told))
        return None

    def _begin_eligibility(self, now: _Turn, entry_id: int, day: date | None = None, heard: str = "") -> Result | None:
        """About the entry under discussion; None when it carries no conditions.

        Args:
            day: that the entry was told for; heard: of facts told by themselves, said first.
        """
        hypothetical = {name: value for name, value in now.told.items() if name not in now.lasting}
        other = day.isoformat() if day is not None and day != now.as_of else None
        form = Form(ELIGIBILITY, now.text, entry_id, facts=as_json(hypothetical), as_of=other)
        found = self._adviser.assess(entry_id, self._facts(now, form), form.day(now.as_of))
        return self._go_on(self._keeping(Result("clarify", "", now.case), now), now, form, found, heard) if found else None

    # --- the running form

    def _step(self, now: _Turn, form: Form, fact: str, intent: str | None, confidence: float) -> Result | None:
        """The answer to our question; None when the message is something else."""
        plain = normalised(now.text)
        if (
            words.wants_to_stop(now.text)
            or phrases.is_refusal(plain)
            or (intent == "stop" and confidence >= SURE and words.leaves(intent, now.text))
        ):
            return Result("smalltalk", wording.CHECK_STOPPED, replace(now.case, form=None))
        if phrases.button_intent(plain) or phrases.rule_intent(plain) in LEAVING:
            return None
        plainly = words.yes_or_no(now.text) if registry()[fact].type == "yes_no" and now.told and fact not in now.told else None
        if plainly is not None and (value := read_answer(fact, plainly, now.as_of)) is not None:  # "是，我们有50个人"
            told = {**now.told, fact: value}
            return self._continue(
                replace(now, told=told, lasting=told), replace(form, unclear=0), eligibility_wording.noted(told)
            )
        corrected = profile.corrected(now.text)
        if corrected and now.told and fact not in now.told:
            return self._continue(now, replace(form, unclear=0), eligibility_wording.noted(now.told))
        reading, value = reading_of(fact, now.text, now.as_of)
        if reading == "unclear" and (share := read_share(fact, now.text, self._facts(now, form))) is not None:
            reading, value = "value", share
        if reading == "value" and fact not in now.told and _names_another(fact, now):
            reading = "unclear"  # "资产三千来万" is no answer to how much the profit is
        if reading == "value" and value is not None:
            now = replace(now, told={**now.told, fact: value}, lasting={**now.lasting, fact: value})
            return self._continue(now, replace(form, unclear=0), eligibility_wording.understood(fact, value))
        tells_others = bool(now.told) and fact not in now.told
        if tells_others and reading == "unclear":  # our question stands; it comes again
            form = replace(form, unclear=0, asked=[name for name in form.asked if name != fact])
            return self._continue(now, form, eligibility_wording.noted(now.told))
        if reading == "skip":
            return self._continue(now, replace(form, unclear=0), eligibility_wording.noted(now.told))
        stated = words.is_statement(now.text)
        if reading == "question" or (intent in QUESTIONS and confidence >= SURE and not stated):
            return None
        if intent in LEAVING and confidence >= SURE and words.leaves(intent, now.text):
            return None
        if len(plain) >= LEAST_MATTER and not stated and self._adviser.is_a_matter(now.text, now.as_of):
            return None
        if form.unclear:  # twice not understood: the question is left open rather than asked for ever
            return self._continue(now, replace(form, unclear=0), eligibility_wording.NOT_UNDERSTOOD)
        asked = replace(form, unclear=form.unclear + 1)
        text = eligibility_wording.asked_again(fact)
        return self._keeping(Result("clarify", text, replace(now.case, form=asdict(asked)), _buttons(fact)), now)

    def _continue(self, now: _Turn, form: Form, heard: str) -> Result:
        """Ask what is still lacking, or conclude."""
        base = self._keeping(Result("clarify", "", replace(now.case, form=asdict(form))), now)
        if form.kind == POLICY_MATCH:
            return self._match_or_ask(base, now, form, heard)
        found = self._adviser.assess(form.entry_id or 0, self._facts(now, form), form.day(now.as_of))
        if found is None:  # withdrawn meanwhile
            return replace(base, outcome="fallback", text=wording.CHECK_GONE, case=replace(base.case, form=None))
        return self._go_on(base, now, form, found, heard)

    def _go_on(self, base: Result, now: _Turn, form: Form, found: Assessed, heard: str = "") -> Result:
        facts = self._facts(now, form)
        inquiry = _inquiry(now, form)
        fact = found.next_fact(form.asked) if len(form.asked) < MOST_QUESTIONS[ELIGIBILITY] else None
        if fact is None:
            form = replace(form, asking=None)
            note = eligibility_wording.as_of(found.record.content, form.day(now.as_of), now.as_of)
            concluded = self._adviser.conclude(inquiry, found, facts, note)
            return _with(base, _prefaced(concluded, heard if form.again else ""), now, form)
        answer = self._adviser.ask(inquiry, found, fact, heard=heard, first=not form.asked)
        form = replace(form, asking=fact, asked=[*form.asked, fact])
        return _with(base, answer, now, form, fact)

    def _changes_a_conclusion(self, now: _Turn, form: Form, intent: str | None) -> bool:
        """Whether a message after a conclusion tells a fact that it rested on."""
        about_it = phrases.is_elliptic(now.text) or profile.corrected(now.text) or intent in (None, "inform", "affirm", "deny")
        about_it = about_it or (intent == form.kind and not is_question(now.text))
        if not about_it or not now.told:
            return False
        if form.kind == POLICY_MATCH:
            return True
        found = self._adviser.assess(form.entry_id, {}, form.day(now.as_of)) if form.entry_id is not None else None
        named = {name for condition in found.record.content.eligibility for name in condition.facts()} if found else set()
        return bool(set(now.told) & (named | {TYPE})) and found is not None

    def _again(self, now: _Turn, form: Form) -> Result:
        hypothetical = {name: value for name, value in now.told.items() if name not in now.lasting}
        form = replace(form, asked=[], again=True, facts={**form.facts, **as_json(hypothetical)})
        return self._continue(now, form, eligibility_wording.noted(now.told))

    # --- the policy check-up

    def _begin_match(self, now: _Turn) -> Result:
        hypothetical = {name: value for name, value in now.told.items() if name not in now.lasting}
        if TYPE not in hypothetical and words.is_about_a_person(now.text):
            hypothetical[TYPE] = Choice.of(PERSON)
        form = Form(POLICY_MATCH, now.text, facts=as_json(hypothetical))
        base = self._keeping(Result("clarify", "", now.case), now)
        return self._match_or_ask(base, now, form, matching_wording.START)

    def _match_or_ask(self, base: Result, now: _Turn, form: Form, heard: str) -> Result:
        facts = self._facts(now, form)
        enough = form.asking is None and _tells_enough(facts)
        lacking = [name for name in FIRST_FACTS if name not in facts and name not in form.asked]
        if facts.get(TYPE) == Choice.of(PERSON):
            lacking = []  # nobody is asked for the trade of his mother
        inquiry = _inquiry(now, form)
        if enough or not lacking or len(form.asked) >= MOST_QUESTIONS[POLICY_MATCH]:
            answer = _prefaced(self._matcher.match(inquiry, facts), heard if form.again else "")
            return _with(base, answer, now, replace(form, asking=None))
        fact = lacking[0]
        form = replace(form, asking=fact, asked=[*form.asked, fact])
        text = f"{heard}\n{registry()[fact].ask}".strip()
        return replace(base, text=text, case=_case(base, form), buttons=_buttons(fact))

    # --- the memory

    def _remember_or_forget(self, now: _Turn, command: profile.Command, fact: str | None) -> Result:
        known = {**profile.known_facts(now.turn.profile), **facts_from_json(now.case.facts)}
        if command == "list":
            text = wording.REMEMBERED.format(facts="\n".join(profile.lines(known))) if known else wording.NOTHING_REMEMBERED
            return Result("smalltalk", text, now.case)
        text = wording.FORGOTTEN_ONE.format(fact=fact) if fact else wording.FORGOTTEN
        kept = {name: data for name, data in now.case.facts.items() if fact and name != fact}
        case = replace(now.case, facts=kept, form=None, entities={})
        return Result("smalltalk", text, case, forgets=frozenset({fact}) if fact else frozenset(registry()))

    def _noted(self, now: _Turn) -> Result:
        text = wording.NOTED.format(facts=eligibility_wording.noted(now.told))
        return self._keeping(Result("smalltalk", text, now.case, [wording.CHECK_UP_BUTTON]), now)

    def _hear(self, turn: OpenTurn, case: Case, as_of: date) -> _Turn:
        form = Form.from_json(case.form)
        corrected = profile.corrected(turn.text)
        heard = hear(corrected or turn.text, as_of)
        told, about_self = dict(heard.told), heard.about_self or corrected is not None
        if corrected and not told and form is not None and form.asked:
            last = form.asked[-2] if form.asking and len(form.asked) > 1 else form.asked[-1]
            value = read_answer(last, corrected, as_of)
            told = {last: value} if value is not None else {}
        supposed = words.supposed(turn.text) if not told and form is not None and form.asked and form.asking is None else None
        if supposed and form is not None and (value := read_answer(form.asked[-1], supposed, as_of)) is not None:
            told = {form.asked[-1]: value}
        if not told and form is not None and form.kind == POLICY_MATCH and (place := place_alone(turn.text)) is not None:
            told, about_self = {REGION_FACT: place}, True
        about_self = about_self or words.is_bare_statement(turn.text)
        answers_us = form is not None and form.asking is not None and not is_question(turn.text)
        return _Turn(turn, case, form, as_of, told, told if about_self or answers_us else {})

    def _facts(self, now: _Turn, form: Form) -> dict[str, FactValue]:
        """Everything known, the latest word on each fact."""
        remembered = profile.known_facts(now.turn.profile)
        return {**remembered, **facts_from_json(now.case.facts), **facts_from_json(form.facts), **now.told}

    def _keeping(self, result: Result, now: _Turn) -> Result:
        """With what was told of the sender: in the case when it is about a person, beyond it otherwise."""
        personal = {name: value for name, value in now.lasting.items() if registry()[name].personal}
        case = replace(result.case, facts={**result.case.facts, **as_json(personal)})
        return replace(result, case=case, told={**result.told, **profile.remembered(now.lasting)})

    def _reminded(self, result: Result, now: _Turn) -> Result:
        form = now.form
        if form is None or form.asking is None or result.outcome == "smalltalk":
            return result
        if form.asides >= MOST_ASIDES:
            return replace(result, case=replace(result.case, form=None))
        form = replace(form, asides=form.asides + 1)
        text = f"{result.text}\n{eligibility_wording.reminder(form.asking or '')}"
        return replace(result, text=text, case=replace(result.case, form=asdict(form)))


def _names_another(fact: str, now: _Turn) -> bool:
    """Whether a message that tells a number says by its words that it is of another fact."""
    told = [registry()[name] for name in now.told if registry()[name].type in NUMERIC]
    plain = normalised(now.text)
    return registry()[fact].type in NUMERIC and any(hint in plain for other in told for hint in other.hints)


def _with_note(answer: Answer, text: str) -> str:
    """The check's words after what was said of an entry that holds no more and of the one that took its place."""
    note = answer.text.split("\n", 1)[0]
    return f"{note}\n{text}" if len(answer.citations) > 1 and len(note) + len(text) < MAX_ANSWER else text


def _tells_enough(facts: Facts) -> bool:
    """Whether more is known than that it is a company somewhere."""
    return any(
        not (name == "企业类型" and getattr(value, "possible", None) == {"公司"}) and name != "所在地区"
        for name, value in facts.items()
    )


def _inquiry(now: _Turn, form: Form) -> Inquiry:
    view: CaseView = now.case.view()
    return Inquiry(form.text, form.kind, view, form.day(now.as_of))


def _case(base: Result, form: Form) -> Case:
    return replace(base.case, form=asdict(form), task_intent=form.kind, awaiting=None, offer=None, misses=0)


def _with(base: Result, answer: Answer, now: _Turn, form: Form, asked: str | None = None) -> Result:
    time = f"{form.as_of}/{form.as_of}" if form.as_of else None
    case = replace(_case(base, form).after(answer.case), as_of=time)
    buttons = _buttons(asked) if asked else [asdict(button) for button in answer.buttons]
    citations = [asdict(citation) for citation in answer.citations]
    return replace(
        base, outcome=answer.outcome, text=answer.text, case=case, buttons=buttons, citations=citations, answer=answer,
        as_of=form.day(now.as_of), unanswered=None,
    )  # fmt: skip


def _prefaced(answer: Answer, heard: str) -> Answer:
    """What was understood is said after the conclusion, so that it can be corrected."""
    fits = heard and len(answer.text) + len(heard) < MAX_ANSWER
    return replace(answer, text=f"{answer.text}\n{heard}") if fits else answer


def _buttons(fact: str) -> list[dict[str, str]]:
    """Only where a number in reply cannot be meant as the answer itself."""
    if registry()[fact].type not in ("yes_no", "choice"):
        return []
    return [{"title": word, "payload": word} for word in (*registry()[fact].examples, wording.SKIP)]
