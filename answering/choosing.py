"""Understands a choice among offered entries: a number, "第二个", a title, "都不是"."""

import re
from collections.abc import Sequence

from retrieval.text import normalise

_DIGITS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_NUMBER = re.compile(
    r"^(?:我?(?:选|要|看|问的是|是|想问)?)?\s*第?\s*([1-9一二两三四五六七八九])\s*(?:个|项|条|种|号)?\s*(?:吧|呢|啊|的)?[。.!！,，]*$"
)
_LAST = re.compile(r"^(?:我?(?:选|要|看|是))?(?:最后|后面|末尾)(?:一|那)?(?:个|项|条)(?:吧|的)?[。.!！]*$")
_NONE = re.compile(
    r"^(?:以上)?(?:都|全)(?:不是|不对|没有)(?:我(?:要|想)?(?:找|问|要|说)?的?(?:事|那个)?)?(?:哦|啊|吧|呢)?[。.!！,，~]*$|^没有我要的|^一个都不是"
)

NONE_OF_THEM = -1


def chosen(text: str, titles: Sequence[str]) -> int | None:
    """Index of the option that the text picks, NONE_OF_THEM when it rejects all, None when it is no choice."""
    plain = normalise(text)
    if _NONE.search(plain):
        return NONE_OF_THEM
    for i, title in enumerate(titles):
        if title and plain == normalise(title):
            return i
    match = _NUMBER.match(plain)
    if match:
        number = _DIGITS.get(match.group(1)) or int(match.group(1))
        return number - 1 if number <= len(titles) else None
    return len(titles) - 1 if titles and _LAST.match(plain) else None
