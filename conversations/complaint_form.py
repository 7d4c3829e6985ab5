"""The conversation that takes a complaint: one question at a time, only for what has not been told, then a summary to confirm. Pure."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from conversations import complaint_facts as facts
from conversations import complaint_words as words
from conversations.phrases import has_complaint_detail
from tickets.rules import CONSULTATION

WHAT, WHERE, WHEN, CONTACT = "what", "where", "when", "contact"
FIELDS = (WHAT, WHERE, WHEN, CONTACT)
CONFIRM, CHANGE, DONE = "confirm", "change", "done"
UNSTATED = "未说明"
DECLINED_CONTACT = "未留"
MOST_TRIES = 2  # a question not answered twice is let go
LONGEST_PLACE, LONGEST_TIME = 40, 24  # characters of an answer taken as it stands
LONGEST_STORY = 1500
ADDS_TO_STORY = 8  # characters beyond the asked fact that are worth keeping


@dataclass(frozen=True)
class Draft:
    """What has been told so far, and what was asked last; None: not told yet.

    Attributes:
        broken: the last answer held a number that is no whole phone number.
        why: the last message asked what the contact is for.
    """

    kind: str = "complaint"
    what: str | None = None
    where: str | None = None
    when: str | None = None
    contact: str | None = None
    asked: str = WHAT
    tries: int = 0
    broken: bool = False
    why: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Draft":
        known = {field.name for field in fields(cls)}
        return cls(**{key: value for key, value in data.items() if key in known})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def missing(self) -> str | None:
        """The first fact that is needed and not there; a question left for the staff needs no place and time."""
        needed = (WHAT, CONTACT) if self.kind == CONSULTATION else FIELDS
        return next((name for name in needed if getattr(self, name) is None), None)


_END = r"[呀啊哦吧了的呢哈啦，,。.!！~～\s]*"
_REGION = re.compile(r"[\u4e00-\u9fff]{2,4}[省市区县]|[那这]个")
_GOES_ON = re.compile(r"(?:嗯|哦|好的?|那|行|来|咱们?|我们)*(?:接着|继续)(?:说|登记|投诉|来|填|弄)?(?:吧|呗|啊)?" + _END)
_YES = re.compile(
    r"(?:(?:好|对|是|嗯|行|可以|确认|确定|没错|没毛病|没问题|提交|登记|就这样|就这么[办着]|这样|正确|无误|ok|谢谢|麻烦|中|要得|妥|成|报上去|交上去)(?:的|了|吧|啊|呀|嘞|呗|哈|你|您)*[，,。.!！~\s]*)+",
    re.IGNORECASE,
)
_SKIP = re.compile(
    r"(?:那)?(?:我)?(?:就)?(?:先)?(?:都|全都|全部)?(?:跳过|不方便|不太方便|不想|不愿意?|不留|不填|不提供|不说|不用|不要|不需要|不必|没有|无|匿名|保密|算了)"
    r"(?:说|留|透露|提供|给|填|联系|我|电话|手机|号码|联系方式|的|就|行)*" + _END
)
_UNKNOWN = re.compile(
    r"(?:我)?(?:也)?(?:不清楚|不知道|不记得|记不清|记不得|记不住|忘|说不好|说不清楚?|没注意|没有|跳过|不详|不确定|不好说)(?:了|具体|时间|地点|地址|在哪里?)*"
    + _END
)
_CANCEL = re.compile(
    r"(?:那|我|还是)*(?:取消|算了|不(?:想|要)?(?:投诉|登记|反映|举报|提交|办|弄|搞|填|说)了?|不用(?:登记|投诉)了?|撤销)(?:登记|投诉|吧|了|不(?:投诉|登记|说|弄)了)*"
    + _END
)
_FILLERS = re.compile(
    r"[，,。.!！、\s]|开始|的时候|左右|以后|之后|以前|旁边|附近|门口|对面|是|在|就|那边|那里|这边|的|了|吧|大概|应该"
)
MOST_BESIDES = 1  # characters besides a place or time, in a message that tells nothing else
MOST_OF_A_TIME = 0.45  # of a message that says when ("昨晚上一点多到四点")
_FIELD_WORDS: Mapping[str, str] = {
    CONTACT: r"联系电话|联系方式|电话号码?|手机号?码?|号码|联系人?",
    WHEN: r"发生时间|时间|日期|日子",
    WHERE: r"发生地点|地点|地址|位置|地方|小区名",
    WHAT: r"内容|情况|事情|事由|问题|经过|描述",
}
_VERB = r"(?:改一?下?(?:成|为)?|更正|修改|换(?:一?下|成)?|[写填](?:成|为)?|写错了?|错了?|不对|有误|不是|应该是|应是|是|为|变更)"
_FIELD = {
    name: re.compile(rf"(?:{_VERB}.{{0,4}}(?:{words})|(?:{words})(?:也|都)?(?:要|想)?{_VERB})")
    for name, words in _FIELD_WORDS.items()
}
_VALUE = re.compile(
    r".*(?:改一?下?(?:成|为)|换成|[写填](?:成|为)?|应该是|应是|更正为|其实是|(?<!不)是|为|[:：])[\s“\"]*(?P<value>[^“”\"]{2,})$",
    re.DOTALL,
)
_WRONG = re.compile(r"(?:不对|不是|不正确|错了|有误|有问题|改一?下|我?要?(?:修改|改))(?:的|了|吧|一下)*" + _END)
_DENIES = re.compile(r"^(?:不对|不是|错了|写错了)")
_ASKS = re.compile(
    r"[?？]|怎么(?!办事的)|如何|什么(?!人|时候开始)|哪些|多少|能不能|可不可以|是不是|有没有|要不要|几点|几天(?!前|以来|了)|多久(?!了)|找谁|需要.{0,6}(?:材料|条件|手续)|(?:吗|呢)$|(?:可以|行|能|要|用|给)(?:.{0,6}(?<!还))不$|行不行"
)


def begin(text: str, kind: str | None = None) -> Draft:
    """The form after its first message, with everything that the message tells."""
    detailed = has_complaint_detail(text)
    draft = Draft(kind=kind or facts.kind_of(text), what=facts.without_contact(text)[:LONGEST_STORY] if detailed else None)
    return _asking(_gather(draft, text))


def called_off(draft: Draft) -> Draft:
    """The form as it may be taken up again: the contact is asked for anew."""
    return _asking(replace(draft, contact=None, broken=False, why=False))


def is_cancel(text: str) -> bool:
    """Whether the message calls the complaint off."""
    return bool(_CANCEL.fullmatch(text.strip()))


def asks_something(text: str) -> bool:
    """Whether the message looks like a question rather than an answer."""
    return bool(_ASKS.search(text.strip()))


def claims(draft: Draft, text: str) -> bool:
    """Whether the message is plainly an answer to what the form asked, whatever a classifier takes it for."""
    text = text.strip()
    if is_cancel(text) and not _SKIP.fullmatch(text):
        return False
    if facts.contact_in(text) and not asks_something(text):
        return True
    if draft.asked in {CONFIRM, CHANGE}:
        return bool(
            _YES.fullmatch(text)
            or words.declines_contact(text)
            or _WRONG.fullmatch(text)
            or (_named_fields(text) and not asks_something(text))
            or _DENIES.match(text)
        )
    if draft.asked == CONTACT and (words.asks_why_contact(text) or words.declines_contact(text)):
        return True
    if asks_something(text):
        return False
    if _GOES_ON.fullmatch(text) or words.slip_in(text):
        return True
    if draft.asked == WHAT:
        return bool(_UNKNOWN.fullmatch(text))
    if draft.asked == CONTACT:
        told = facts.place_in(text) or facts.time_in(text)
        return bool(_SKIP.fullmatch(text) or _YES.fullmatch(text) or told) or facts.has_broken_number(text)
    if draft.asked in {WHERE, WHEN}:  # either may be told first
        place = facts.some_place_in(text) if draft.asked == WHERE else facts.place_in(text)
        return bool(_UNKNOWN.fullmatch(text) or _SKIP.fullmatch(text) or place or facts.time_in(text))
    return False


def advance(draft: Draft, text: str) -> Draft:
    """The form after one more message. `asked` says what to ask now; DONE: confirmed as it stands."""
    text, draft = text.strip(), replace(draft, broken=False, why=False)
    if draft.asked == CONFIRM:
        return _confirm(draft, text)
    if draft.asked == CHANGE:
        return _change(draft, text)
    if _GOES_ON.fullmatch(text):
        return replace(draft, tries=0)  # after an interruption: the question comes again
    if draft.asked == CONTACT and words.asks_why_contact(text):
        return replace(draft, why=True)
    if draft.asked in {WHEN, CONTACT} and (righted := _righted(draft, text)) is not None:
        return righted
    taken = _answer(draft, text)
    if getattr(taken, draft.asked) is None:
        if (taken.where, taken.when) != (draft.where, draft.when) or (draft.asked == CONTACT and taken.what != draft.what):
            return taken  # told something else that is wanted: no failed try
        tries = draft.tries + 1
        if tries >= MOST_TRIES and draft.asked != WHAT:
            return _asking(_with(taken, {draft.asked: DECLINED_CONTACT if draft.asked == CONTACT else UNSTATED}))
        return replace(taken, tries=tries)
    return _asking(taken)


def _answer(draft: Draft, text: str) -> Draft:
    asked = draft.asked
    if asked == WHAT:
        told = replace(draft, what=_longer(draft.what, text)) if has_complaint_detail(text) else draft
        return _gather(told, text)
    if asked == CONTACT and facts.contact_in(text) is None:
        if _SKIP.fullmatch(text) or _YES.fullmatch(text) or words.declines_contact(text):  # "提交": as it stands
            return replace(draft, contact=DECLINED_CONTACT)
        if facts.has_broken_number(text):
            return replace(draft, broken=True)
    if asked in {WHERE, WHEN} and (_UNKNOWN.fullmatch(text) or _SKIP.fullmatch(text)):
        return _with(draft, {asked: UNSTATED})
    gathered = _gather(draft, text)
    rest = facts.without_contact(text)
    if asked == CONTACT and (nearer := _nearer(draft, rest)) is not None:
        return nearer
    if asked == WHERE and rest and len(rest) <= LONGEST_PLACE and (named := facts.place_in(rest)) and not facts.time_in(rest):
        # "示例区阳光花园" is the place as it was said, not only the name in it
        whole = re.sub(r"^(?:在|是|就|那个|这个|嘛|地址是?|地点是?|发生在|位于)+", "", rest).strip("，,。 ")
        lead, _, tail = whole.partition(named)
        if len(_FILLERS.sub("", tail)) > MOST_BESIDES:  # "3号窗口态度差": what happened there is no place
            gathered = replace(gathered, what=_longer(draft.what, rest))
            whole = f"{lead}{named}"
        gathered = replace(
            gathered,
            where=whole if named in whole and not has_complaint_detail(_REGION.sub("", whole.replace(named, ""))) else named,
        )
    if asked == WHERE and gathered.where is None:
        short = rest and len(rest) <= LONGEST_PLACE and facts.time_in(rest) is None and _is_value(rest)
        gathered = replace(gathered, where=facts.some_place_in(rest) or (rest if short and len(rest) >= 2 else None))
    nearer_place = draft.where is not None and (facts.place_in(rest) or draft.where in rest)
    if asked == WHEN and gathered.when is None and nearer_place and len(rest) <= LONGEST_PLACE:
        named = re.sub(rf"^(?:{_FIELD_WORDS[WHERE]})(?:是|在|就是)?", "", rest)
        return replace(gathered, where=named.strip("，,。 "))  # "惠民路从菜场到医院那一段" says where once more
    if asked == WHEN and gathered.when is None and rest and len(rest) <= LONGEST_TIME and _is_value(rest):
        gathered = replace(gathered, when=rest)
    beyond = len(rest) - len(getattr(gathered, asked) or "") if asked != CONTACT else len(rest)
    tells = asked != CONTACT or not asks_something(rest)
    if (beyond >= ADDS_TO_STORY or (asked == CONTACT and facts.time_in(rest))) and tells and has_complaint_detail(rest):
        gathered = replace(gathered, what=_longer(draft.what, rest))
    return gathered


def _is_value(text: str) -> bool:
    """Whether a message may be taken as it stands for what was asked: no question and no bare yes."""
    return not (asks_something(text) or _YES.fullmatch(text) or is_cancel(text))


def _confirm(draft: Draft, text: str) -> Draft:
    if _YES.fullmatch(text):
        return replace(draft, asked=DONE)
    changed = _corrected(draft, text)
    if changed is not None:
        return changed
    if _WRONG.fullmatch(text):
        return replace(draft, asked=CHANGE, tries=0)
    if _SKIP.fullmatch(text) or words.declines_contact(text):
        return replace(draft, contact=DECLINED_CONTACT)
    if (righted := _righted(draft, text)) is not None:
        return righted
    if (nearer := _nearer(draft, text)) is not None:
        return nearer
    if has_complaint_detail(text) and not words.asks_why_contact(text):
        return replace(draft, what=_longer(draft.what, facts.without_contact(text)))
    return draft


def _righted(draft: Draft, text: str) -> Draft | None:
    """The form with one word put right in the place, time or story that holds it ("等一下 不是周三是周四"), or with a field named anew."""
    if slip := words.slip_in(text):
        wrong, right = slip
        held = {name: value for name in (WHEN, WHERE, WHAT) if wrong in (value := getattr(draft, name) or "")}
        if held:
            righted: dict[str, Any] = {name: value.replace(wrong, right) for name, value in held.items()}
            return replace(draft, **righted)
    if not words.corrects(text):
        return None
    changed = _corrected(draft, text)
    if changed is None or any(getattr(changed, name) is None and getattr(draft, name) is not None for name in FIELDS):
        return None
    return _asking(changed)


def _nearer(draft: Draft, text: str) -> Draft | None:
    """The form with a place or time said more exactly than before, in a message that tells nothing else ("建设路88号旁边")."""
    if not text or len(text) > LONGEST_PLACE or asks_something(text):
        return None
    when, where = facts.time_in(text), facts.place_in(text)
    besides = len(_FILLERS.sub("", text.replace(when or "", "")))
    if when and not where and besides <= max(MOST_BESIDES, round(len(text) * MOST_OF_A_TIME)):
        return replace(draft, when=text.strip("，,。 ")[:LONGEST_TIME])
    if where and not when and len(_FILLERS.sub("", text.replace(where, ""))) <= MOST_BESIDES:
        return replace(draft, where=text.strip("，,。 ")[:LONGEST_PLACE])
    return None


def _change(draft: Draft, text: str) -> Draft:
    if _YES.fullmatch(text):
        return replace(draft, asked=CONFIRM)
    named = next((name for name, words in _FIELD_WORDS.items() if re.fullmatch(rf"(?:改)?(?:{words})" + _END, text)), None)
    changed = _with(draft, {named: None, "asked": named}) if named else _corrected(draft, text)
    if changed is not None:
        return changed
    return (
        replace(draft, what=facts.without_contact(text)[:LONGEST_STORY], asked=CONFIRM) if has_complaint_detail(text) else draft
    )


def _corrected(draft: Draft, text: str) -> Draft | None:
    """The form with what a correction names or plainly is; None when it says nothing of the kind."""
    changes: dict[str, str] = {}
    named: list[str] = []
    for part in filter(None, re.split(r"[，,；;。\n]+", text)):
        fields_here = _named_fields(part) or named[-1:]
        named += [name for name in fields_here if name not in named]
        for name in fields_here:
            if value := _value(name, part, bare=not _named_fields(part)):
                changes[name] = value
    if not named:
        loose = {CONTACT: facts.contact_in(text), WHEN: facts.time_in(text), WHERE: facts.place_in(text)}
        told = {name: value for name, value in loose.items() if value}
        if told and (CONTACT in told or _DENIES.match(text) or draft.asked == CHANGE) and len(text) <= LONGEST_PLACE:
            return _with(draft, {**told, "asked": CONFIRM})
        return None
    if open_fields := [name for name in named if name not in changes]:
        emptied = dict.fromkeys(open_fields)
        return _with(draft, {**changes, **emptied, "asked": open_fields[0]})
    return _with(draft, {**changes, "asked": CONFIRM})


def _named_fields(text: str) -> list[str]:
    return [name for name, pattern in _FIELD.items() if pattern.search(text)]


def _value(name: str, text: str, *, bare: bool) -> str | None:
    if name == CONTACT:
        return facts.contact_in(text) or (DECLINED_CONTACT if re.search(r"不留|删|去掉|匿名", text) else None)
    match = _VALUE.match(text)
    said = match["value"].strip() if match else (text.strip() if bare else "")
    said = re.sub(r"^(?:改|成|为|是|在)+", "", said)
    if not said or re.fullmatch("|".join(_FIELD_WORDS.values()), said) or _WRONG.fullmatch(said):
        return None
    return said[:LONGEST_STORY] if name == WHAT else said[:60]


def _gather(draft: Draft, text: str) -> Draft:
    """Fill what is still open from what the message tells in passing."""
    return replace(
        draft,
        where=draft.where or facts.place_in(text),
        when=draft.when or facts.time_in(text),
        contact=draft.contact or facts.contact_in(text),
    )


def _with(draft: Draft, changes: Mapping[str, Any]) -> Draft:
    return replace(draft, **{"tries": 0, **changes})


def _asking(draft: Draft) -> Draft:
    return replace(draft, asked=draft.missing() or CONFIRM, tries=0)


def _longer(story: str | None, more: str) -> str:
    return (f"{story}；{more}" if story else more)[:LONGEST_STORY]
