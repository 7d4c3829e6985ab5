"""The time that a question asks about ("2022年买的设备", "明年还有吗"), relative to the day of the message. Pure.

Not every number is a date: document numbers (2022号文, 〔2022〕1号, 2023年第12号公告), sums and durations are none. Nor does every
date ask for the rules of its time: "2019年注册的公司" is a fact about the company, "2023年发布的通知" names a document.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from retrieval.text import normalise

EARLIEST_YEAR, LATEST_YEAR = 1950, 2099
_DIGITS = dict(zip("〇零一二三四五六七八九", (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_RELATIVE = {"大前年": -3, "前年": -2, "去年": -1, "今年": 0, "本年": 0, "明年": 1, "后年": 2, "大后年": 3}
_MONTHS_OFF = {"上个月": -1, "上月": -1, "这个月": 0, "本月": 0, "下个月": 1, "下月": 1}
_PARTS = {
    "上半年": (1, 6), "下半年": (7, 12), "年初": (1, 3), "初": (1, 3), "年中": (6, 6), "年底": (10, 12), "年末": (10, 12), "底": (10, 12), "末": (10, 12),
    "一季度": (1, 3), "二季度": (4, 6), "三季度": (7, 9), "四季度": (10, 12), "1季度": (1, 3), "2季度": (4, 6), "3季度": (7, 9), "4季度": (10, 12),
}  # fmt: skip
_MONTH = r"(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])"
_DAY = r"(?:3[01]|[12]\d|0?[1-9])"
_PART = "|".join(sorted(_PARTS, key=len, reverse=True))
_WITHIN = (
    rf"(?:的?(?P<month>{_MONTH})月(?:份|(?P<day>{_DAY})[日号])?|度?的?第?(?P<part>{_PART})|度)?"
    r"(?![0-9]*号|版|第\s*\d+\s*号|[来内以]内|制|限|检|审|报(?!销)|息|薪|费|级|龄|纪|货|会)"
)
_YEAR = r"(?P<year>(?:19|20)\d{2}|[二一][〇零一二三四五六七八九]{3})年"
_TWO_DIGITS = (
    r"(?<![\d满近约过了续计足交缴有超第干作龄前后.,:十百千万])(?P<short>[012]\d)年"
    r"(?=买|购|的时候|那会|那时|底|初|上半年|下半年|(?:1[0-2]|[1-9])月|的?(?:政策|标准|规定))"
)
_POINT = re.compile(
    rf"(?<![\d.第〔\[(])(?P<y>(?:19|20)\d{{2}})(?P<sep>[-/.])(?P<m>1[0-2]|0?[1-9])(?:(?P=sep)(?P<d>{_DAY}))(?!\d)"
    rf"|(?<!\d)(?:{_YEAR}|{_TWO_DIGITS}|(?<![以之目])(?P<relative>大前年|前年|去年|今年|本年|明年|大后年|(?<![今以之日天月年])后年)(?!后)){_WITHIN}"
    r"|(?P<bare>20[1-3]\d)(?=买|购|的?(?:政策|标准|规定))"
    r"|(?P<moon>上个月|上月|这个月|本月|下个月|下月)"
    r"|(?<![\d.第])(?P<ago>[1-9]|[一二两三四五六七八九])年前"
)
_BEFORE = re.compile(r"\s*(?:之|以)前|\s*前(?=[，,。的买购能可有是]|$)")
_AFTER = re.compile(r"\s*(?:之后|以后|以来|起|开始|往后)")
_TO = re.compile(r"\s*(?:到|至|-|—|~)\s*$")
# The date tells something about who asks or names a document; the rules asked for are those of today.
_FACT_AFTER = re.compile(
    r"[，,]?(?:我们?|咱们?|公司|企业|厂里?|单位|店里?|孩子|本人)?(?:才|刚刚?|就|已经?|新|在.{1,6}|从.{1,6})?"
    r"(?:注册|成立|设立|创办|创立|开业|开张|开的|开了|登记|办的|办了|办过|办理的|领的|领了|领过|拿的|拿到|取得|获得|毕业|入职|入学|上学|参加工作|就业"
    r"|结婚|结的婚|离婚|出生|生的|怀孕|退役|退伍|入伍|落户|搬|迁|来的?|到的|入住|租的|交的|交了|交过|缴|参保|申请的|申请了|申请过|申报的|申报过|提交的|报的|报过"
    r"|享受过|签的|签订|中标|投产|建的|建成|竣工|受伤|去世|失业|被|丢|到期|过期|营业额|营收|营业收入|收入|利润|产值|销售额?|亏损?|盈利|赚|纳税|缴税|交税|用电|用工|裁员|员工|人数|招了?|研发|投入|投资了?"
    r"|发布|出台|印发|下发|公布|发的|出的|修订|颁布|制定)"
)
# "1970年的女工人", "我是1968年的": a year of birth
_BORN = re.compile(r"出?生|的?(?:[男女]|工人|农民|生人)")
_OF_WHOM = re.compile(r"(?:我|本人|[爸妈父母爷奶公婆他她]|老人|出生[在于]|年龄)(?:是|就是)?$")
_NOTHING_MORE = re.compile(r"的?(?:[，,。]|$|退休|属)")
LEAST_AGE = 14
_FORMER = re.compile(
    r"(?:旧|老|原来|以前|过去|从前|之前|早先|原先|上一版)的?(?:政策|标准|规定|办法|文件|版本|条例|待遇|补贴标准)"
    r"|(?:政策|标准|规定|办法|补贴)(?:以前|过去|原来|之前)(?:是|有)"
)
_PRESENT = re.compile(r"现在|目前|如今|眼下|当前|现行|今年(?![0-9一二三四五六七八九十]+月)")


@dataclass(frozen=True)
class Period:
    """A stretch of days, both ends included; `words` as it was said.

    Attributes: first: date.min when open; last: date.max when open.
    """

    first: date
    last: date
    words: str

    def day(self, today: date) -> date:
        """The day of the period that is nearest to today."""
        return min(max(today, self.first), self.last)

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last


def asked_period(text: str, today: date) -> Period | None:
    """The time whose rules a question asks for; None when it is the present or none is named.

    Args:
        today: in China, see `conversations.clock`.
    """
    plain = normalise(text)
    found = [
        (match, period)
        for match in _POINT.finditer(plain)
        if (period := _period(match, plain, today)) and not _FACT_AFTER.match(plain, match.end())
        and not _tells_a_birth(match, period, plain, today)
    ]  # fmt: skip
    if not found:
        return None
    first, period = found[0]
    if len(found) > 1 and _TO.search(plain[first.end() : found[1][0].start()] or " "):
        last, until = found[1]
        if until.last >= period.first:
            period = Period(period.first, until.last, plain[first.start() : last.end()])
    return None if period.holds(today) else period


def _tells_a_birth(match: re.Match[str], period: Period, plain: str, today: date) -> bool:
    if period.last.year > today.year - LEAST_AGE:
        return False
    of_somebody = _OF_WHOM.search(plain, 0, match.start()) and _NOTHING_MORE.match(plain, match.end())
    return bool(of_somebody or _BORN.match(plain, match.end()))


def asks_former(text: str) -> bool:
    """Whether a question without a date asks for rules that no longer hold ("以前的标准是多少")."""
    return bool(_FORMER.search(normalise(text)))


def asks_present(text: str) -> bool:
    """Whether a question says that it means today ("那现在呢")."""
    return bool(_PRESENT.search(normalise(text)))


def without_dates(text: str) -> str:
    """The normalised text without the words that tell a time, its "以前" and "的政策" included."""
    plain = normalise(text)
    rest, end = [], 0
    for match in _POINT.finditer(plain):
        rest.append(plain[end : match.start()])
        tail = _BEFORE.match(plain, match.end()) or _AFTER.match(plain, match.end())
        end = tail.end() if tail else match.end()
    return _PRESENT.sub(" ", _FORMER.sub(" ", " ".join([*rest, plain[end:]]))).strip()


def _period(match: re.Match[str], text: str, today: date) -> Period | None:
    ends = _ends(match, today)
    if ends is None:
        return None
    first, last = ends
    words = match.group()
    before, after = _BEFORE.match(text, match.end()), _AFTER.match(text, match.end())
    if before and not match["ago"]:
        return Period(date.min, first - timedelta(days=1), words + before.group())
    if after:
        return Period(first, date.max, words + after.group())
    return Period(first, last, words)


def _ends(match: re.Match[str], today: date) -> tuple[date, date] | None:
    """First and last day; None for a date that does not exist or lies beyond what anybody asks about."""
    part = match.groupdict()
    if part["moon"]:
        months = today.year * 12 + today.month - 1 + _MONTHS_OFF[part["moon"]]
        return _months(months // 12, months % 12 + 1, months % 12 + 1)
    if part["ago"]:
        year = today.year - _number(part["ago"])
    elif part["relative"]:
        year = today.year + _RELATIVE[part["relative"]]
    elif part["short"]:
        year = 2000 + int(part["short"])
    else:
        year = _year(part["year"] or part["y"] or part["bare"])
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        return None
    month, day = part["month"] or part["m"], part["day"] or part["d"]
    if month and day:
        if not 1 <= int(day) <= monthrange(year, _number(month))[1]:
            return None
        exact = date(year, _number(month), int(day))
        return exact, exact
    if month:
        return _months(year, _number(month), _number(month))
    return _months(year, *_PARTS.get(part["part"] or "", (1, 12)))


def _months(year: int, first: int, last: int) -> tuple[date, date]:
    return date(year, first, 1), date(year, last, monthrange(year, last)[1])


def _year(words: str) -> int:
    return int(words) if words.isdigit() and words.isascii() else int("".join(str(_DIGITS[c]) for c in words))


def _number(words: str) -> int:
    """1..12 from digits or 一 … 十二."""
    if words.isascii():
        return int(words)
    if words.startswith("十"):
        return 10 + (_DIGITS[words[1]] if len(words) > 1 else 0)
    return 2 if words == "两" else _DIGITS[words]
