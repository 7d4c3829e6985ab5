"""Understands a choice among what was offered: a number, "第二个", a title, "市里的", "开发区那个", "都不是", "上一个"."""

import re
from collections.abc import Sequence

from answering.models import PickList
from retrieval.text import normalise

_DIGITS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_NUMBER = re.compile(
    r"^(?:(?:不是|不要|不对)(?:这个|那个)?[，,、\s]*)?(?:我?(?:选|要看|想看|要|看|问的是|是|想问)?)?\s*第?\s*([1-9一二两三四五六七八九])\s*(?:个|项|条|种|号)?\s*(?:吧|呢|啊|的)?[。.!！,，]*$"
)
_NUMBER_TOLD = re.compile(
    r"^(?:把|那|我?想[听看])?第([1-9一二两三四五六七八九])(?:个|项|条|种)(?:是|的|再|给我|帮我)?"
    r"(?:详细|具体|仔细|说|讲|介绍|看|展开|啥意思|什么意思|怎么说)[\u4e00-\u9fff]{0,6}[?？。.!！]*$"
)
_LAST = re.compile(r"^(?:我?(?:选|要|看|是))?(?:最后|后面|末尾)(?:一|那)?(?:个|项|条)(?:吧|的)?[。.!！]*$")
_NONE = re.compile(
    r"^(?:以上)?(?:都|全)(?:不是|不对|没有)(?:我(?:要|想)?(?:找|问|要|说)?的?(?:事|那个)?)?(?:哦|啊|吧|呢)?[。.!！,，~]*$|^没有我要的|^一个都不是"
)

_YES = re.compile(r"^(?:是的?|对的?|好的?|嗯+|没错|就是(?:这个|它)?|可以|行)[啊呀吧呢,，。.!！~]*$")

NONE_OF_THEM = -1
_ORDINAL = re.compile(r"第|个|项|条|最后|后面|末尾")
_ONE_UP = re.compile(r"^(?:我?(?:要|选|看|说的?是|问的?是))?(?:上|前)(?:面)?(?:一|那)?(?:个|项|条)(?:吧|呢|的)?[。.!！?？]*$")
_ONE_DOWN = re.compile(r"^(?:我?(?:要|选|看))?(?:下|后)(?:面)?(?:一|那)?(?:个|项|条)(?:吧|呢|的)?[。.!！?？]*$")
_FORMER = re.compile(
    r"^(?:还是|就|我?(?:要|选|看|说的?是|问的?是|回到))?(?:刚才|刚刚|之前|先前|原来)(?:说|问|讲)?的?(?:那|这)?(?:一)?(?:个|项|条|件事?)(?:吧|呢|的)?[。.!！?？]*$"
)
_AROUND_A_NAME = re.compile(
    r"^(?:那|就|是|我)*(?:要|选|看|办|归|属于|说的?是|问的?是|想问|在|问)?(?:的)?|(?:那个|这个|那边|这边|一个|的话|管|办|的|那|吧|呢|啊|哦|吗|里面?|这种|那种|情况|[,，。.!！?？~])+$"
)
_LEVEL_NAMES = {"国家": "国家", "全国": "国家", "中央": "国家", "省": "省级", "市": "市级", "区": "区县级", "县": "区县级"}
_THEN = re.compile(r"^(?:那|换|还是|改).{2,14}$")
LONGEST_NAME = 14  # characters in which an option is named
LEAST_NAME = 2


def pick_of(text: str, picks: PickList, is_open: bool) -> int | None:
    """Index of the choice that the text picks from a list, NONE_OF_THEM, or None when it is no choice.

    Args:
        is_open: the list waits for a choice; else only what can mean nothing but the list picks from it ("第二个").
    """
    for i, payload in enumerate(picks.payloads):
        if payload and normalise(text) == normalise(payload):
            return i
    if is_open:
        return chosen(text, picks.labels)
    plain = normalise(text)
    last = len(picks.labels) - 1
    if picks.picked is not None and (_ONE_UP.match(plain) or _ONE_DOWN.match(plain)):
        beside = picks.picked + (-1 if _ONE_UP.match(plain) else 1)
        return beside if 0 <= beside <= last else None
    choice = chosen(text, picks.labels) if _ORDINAL.search(plain) or _THEN.match(plain) else None
    return None if choice == NONE_OF_THEM else choice


def agrees(text: str) -> bool:
    """Whether a message says yes to what was offered, without saying to which of it."""
    return bool(_YES.match(normalise(text)))


def goes_back(text: str) -> bool:
    """Whether the text means the entry discussed before ("刚才那个", "上一个")."""
    plain = normalise(text)
    return bool(_FORMER.match(plain) or _ONE_UP.match(plain))


def chosen(text: str, titles: Sequence[str]) -> int | None:
    """Index of the option that the text picks, NONE_OF_THEM when it rejects all, None when it is no choice."""
    plain = normalise(text)
    if _NONE.search(plain):
        return NONE_OF_THEM
    for i, title in enumerate(titles):
        if title and plain == normalise(title):
            return i
    number = _number_in(plain)
    if number is not None:
        return number - 1 if number <= len(titles) else None
    if titles and _LAST.match(plain):
        return len(titles) - 1
    return _named(plain, [normalise(title) for title in titles])


def is_beyond(text: str, titles: Sequence[str]) -> bool:
    """Whether the text picks a number that the list does not have."""
    number = _number_in(normalise(text))
    return number is not None and number > len(titles)


def _number_in(plain: str) -> int | None:
    match = _NUMBER.match(plain) or _NUMBER_TOLD.match(plain)
    return (_DIGITS.get(match.group(1)) or int(match.group(1))) if match else None


def _named(plain: str, titles: Sequence[str]) -> int | None:
    """The one option that a few words name ("开发区那个", "市里的")."""
    name = _AROUND_A_NAME.sub("", plain)
    name = _LEVEL_NAMES.get(name.removesuffix("级"), name)
    if not LEAST_NAME <= len(name) <= LONGEST_NAME:
        return None
    named = [i for i, title in enumerate(titles) if name in title]
    if not named and name != plain and len(name) > LEAST_NAME:  # "住建局那个" for 住房和城乡建设局
        named = [i for i, title in enumerate(titles) if _shortens(name, title)]
    return named[0] if len(named) == 1 else None


def _shortens(name: str, title: str) -> bool:
    """Whether all characters of the name stand in the title, in this order."""
    characters = iter(title)
    return all(character in characters for character in name)
