"""Everyday dates and durations: 「去年3月注册的」「刚满两年」「注册了一年半」「2023年5月」「不到一年」. Bounds that surely hold what was meant.

"两年" without more is at least nearly two years and less than three: people round downwards and leave off months.
"""

import re
from datetime import date, timedelta

from enterprises.numerals import read_numeral
from enterprises.values import Amount, Period

MONTHS_A_YEAR = 12
RECENT_MONTHS = 6  # "刚注册的"
MANY_YEARS = (3, 30)  # "好多年了"
_NUM = r"(?:\d+(?:\.\d+)?|[零一二两三四五六七八九十几]+)"
_DURATION = re.compile(
    rf"(?P<before>(?:不到|不足|未满|没到|不满|还没到|还没满|没满|刚好|刚|正好|已经|已|满|超过|超|至少|起码|快|将近|接近|近|大概|大约|约|差不多|可能|有)*)"
    rf"(?:(?P<years>{_NUM})(?P<years_more>多|来)?(?:个)?(?:周年|年)(?P<half>半)?(?P<more>多)?(?:零|又|加)?(?:(?P<months2>{_NUM})个?月)?"
    rf"|(?P<half_year>(?:大)?半个?年)(?P<half_more>多)?|(?P<months>{_NUM})(?P<months_more>多|来)?个(?P<half_month>半)?(?P<months_more3>多)?月(?P<months_more2>多)?"
    rf"|(?P<one_month>半个(?:多)?月)|(?P<days>{_NUM})(?:多|来)?天|(?P<weeks>{_NUM})个?(?:星期|周|礼拜))"
    r"(?P<after>(?:左右|上下|不到|以上|以内|多|出头|的样子|前|以前|之前)*)"
)
_YEARS_BACK = {"大前年": 3, "前年": 2, "去年": 1, "上年": 1, "今年": 0, "本年": 0, "当年": 0, "明年": -1}
_ABSOLUTE = re.compile(
    r"(?P<year>(?:19|20)\d{2}(?!\d)|[一二][零〇九][零〇一二三四五六七八九]{2}(?=年)|大前年|前年|去年|上年|今年|本年|明年|(?<!\d)\d{2}(?=年))(?:年|[-/.])?"
    r"(?:(?P<part>年初|初|年底|年末|底|上半年|下半年|春节|年中)|的?(?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])(?:月份?|[-/.](?=\d)|(?=$))"
    r"(?:(?:初|底|末|中旬|上旬|下旬)|(?P<day>3[01]|[12]\d|0?[1-9]|[一二三]?十[一二三四五六七八九]?|[一二三四五六七八九])[日号]?)?)?"
)
_MONTH_ONLY = re.compile(
    r"(?<![\d年个])(?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月(?:份|初|底)?(?:(?P<day>3[01]|[12]\d|0?[1-9])[日号])?"
)
_NOW = {"今天": 0, "刚刚": 0, "昨天": 1, "前天": 2}
_CHINESE_DIGITS = str.maketrans("零〇一二三四五六七八九", "00123456789")
_RECENTLY = re.compile(
    r"刚(?:刚)?(?:才)?(?:注册|成立|开业|开张|登记|办|拿到|起步|毕业)|新(?:注册|成立|办|开)(?!户)|才(?:注册|成立|开业|登记)(?!了)"
)
_MANY = re.compile(r"(?:好多|很多|许多|多|好些)年了?|老(?:企业|公司|厂|店)")


def add_months(day: date, months: int) -> date:
    """The same day so many months later; the month's last day when it has no such day."""
    index = day.year * MONTHS_A_YEAR + day.month - 1 + months
    year, month = divmod(index, MONTHS_A_YEAR)
    return date(year, month + 1, min(day.day, _last_day(year, month + 1).day))


_YEAR_OF_TWO_DIGITS = re.compile(r"(?<!\d)0\d年")  # "09年办的"


def read_months(text: str) -> Amount | None:
    """A duration in months; None when there is none in the text."""
    match = _DURATION.search(text)
    return _duration(match) if match and not _YEAR_OF_TWO_DIGITS.search(text) else None


def read_period(text: str, today: date, *, past: bool = True) -> Period | None:
    """When something was; None when the text does not tell.

    Args:
        text: normalised.
        today: what "去年" and "两年前" are counted from.
        past: the day cannot lie in the future (a registration); otherwise it may (a graduation).
    """
    found = _absolute(text, today) or _relative(text, today)
    if found is None or not past:
        return found
    if found.first is not None and found.first > today:
        return None
    last = min(found.last, today) if found.last else today
    return Period(found.first, last)


def _relative(text: str, today: date) -> Period | None:
    for word, days in _NOW.items():
        if word in text and not _DURATION.search(text):
            day = today - timedelta(days=days)
            return Period(day, day)
    if re.search(r"上个?月", text):
        first = add_months(today.replace(day=1), -1)
        return Period(first, _last_day(first.year, first.month))
    if re.search(r"(这个?|本|当)月", text):
        return Period(today.replace(day=1), today)
    if re.search(r"(上|这|本)个?(周|星期|礼拜)", text):
        return Period(today - timedelta(days=14), today)
    match = _DURATION.search(text)
    if match:
        months = _duration(match)
        if months is not None:
            most = months.high + 1 if months.exact and months.high is not None else months.high  # "14个月" may be 14 and a half
            earliest = None if most is None else _months_before(today, most)
            return Period(earliest, _months_before(today, months.low or 0, latest=True))
    month = _MONTH_ONLY.search(text)
    if month:
        number = _small(month["month"])
        year = today.year if (number, 1) <= (today.month, today.day) else today.year - 1
        return _month(year, number, month["day"])
    if _RECENTLY.search(text):
        return Period(add_months(today, -RECENT_MONTHS), today)
    if _MANY.search(text):
        return Period(add_months(today, -MANY_YEARS[1] * MONTHS_A_YEAR), add_months(today, -MANY_YEARS[0] * MONTHS_A_YEAR))
    return None


def _months_before(today: date, months: float, *, latest: bool = False) -> date:
    """Parts of a month are rounded outwards."""
    whole = int(months) if latest else -int(-months // 1)
    return add_months(today, -min(whole, 1200))


def _duration(match: re.Match[str]) -> Amount | None:
    before, after = match["before"] or "", match["after"] or ""
    bounds = _months_said(match)
    if bounds is None:
        return None
    low, high, exact = bounds  # exact: the number as it was said
    if re.search(r"不到|不足|未满|没到|不满|没满", before + after):
        return Amount(0.0, exact, False, True)
    if "刚" in before or "正好" in before:
        return Amount(exact, exact + 1)
    if "出头" in after:
        return Amount(exact, exact + max(2.0, exact / 10))
    if re.search(r"快|将近|接近|近", before):
        return Amount(max(0.0, exact - max(2.0, exact / 10)), exact, False, True)
    if re.search(r"满|超|至少|起码", before) or "以上" in after:
        return Amount(exact, None)
    if "以内" in after:
        return Amount(0.0, exact)
    if re.search(r"大概|大约|约|差不多|可能", before) or re.search(r"左右|上下|样子", after):
        slack = max(1.0, exact / 10)
        return Amount(max(0.0, exact - slack), exact + slack)
    if "多" in after:
        return Amount(exact, high, True, True)
    return Amount(low, high, False, low != high)


def _months_said(match: re.Match[str]) -> tuple[float, float, float] | None:
    """(least, most, as said) in months."""
    if match["half_year"]:
        return (6.0, 12.0, 6.0) if match["half_more"] or "大" in match["half_year"] else (5.0, 8.0, 6.0)
    if match["one_month"]:
        return 0.0, 1.0, 0.5
    if match["days"] or match["weeks"]:
        amount = read_numeral(match["days"] or match["weeks"])
        if amount is None or amount.high is None:
            return None
        months = amount.high * (1 if match["days"] else 7) / 30
        return max(0.0, months - 0.5), months + 0.5, months
    if match["months"]:
        amount = read_numeral(match["months"])
        if amount is None or amount.low is None or amount.high is None:
            return None
        more = match["months_more"] or match["months_more2"] or match["months_more3"] or match["half_month"]
        return amount.low, amount.high + (1.0 if more else 0.0), amount.low
    amount = read_numeral(match["years"])
    if amount is None or amount.low is None or amount.high is None or amount.high > 200:
        return None
    said = amount.low * MONTHS_A_YEAR
    if match["months2"]:
        extra = read_numeral(match["months2"])
        return None if extra is None or extra.low is None else ((said + extra.low), (said + extra.low + 1), said + extra.low)
    if match["half"]:
        return said + 5, said + 9, said + 6
    if not amount.exact:
        return said, amount.high * MONTHS_A_YEAR, said
    if match["years_more"] or match["more"]:
        return said, said + MONTHS_A_YEAR, said
    return said - 1, said + MONTHS_A_YEAR, said


def _absolute(text: str, today: date) -> Period | None:
    for match in _ABSOLUTE.finditer(text):
        year = _year(match["year"], text[: match.start()], text[match.end() :], today, bool(match["month"]))
        if year is None:
            continue
        if match["month"]:
            return _month(year, _small(match["month"]), match["day"])
        return _part_of_year(year, match["part"])
    return None


def _year(written: str, before: str, after: str, today: date, has_month: bool) -> int | None:
    if written in _YEARS_BACK:
        return today.year - _YEARS_BACK[written]
    number = int(written.translate(_CHINESE_DIGITS))
    if number >= 1900:
        return number if number <= today.year + 6 else None
    # "20年" may be twenty years
    named = has_month or re.match(
        r"的?(?:注册|成立|开|办|登记|毕业|入|底|初|买|购|拿|签|招|交|参保|认定|评|来的|退|搬|建|投产|考)", after
    )
    if not named or re.search(r"(?:了|有|已经|快|满|大概)$", before):
        return None
    return 2000 + number if number <= today.year % 100 + 1 else 1900 + number


def _part_of_year(year: int, part: str | None) -> Period:
    months = {"年初": (1, 3), "初": (1, 3), "春节": (1, 3), "年中": (5, 8), "上半年": (1, 6), "下半年": (7, 12)}
    first, last = months.get(part or "", (10, 12) if part else (1, 12))
    return Period(date(year, first, 1), _last_day(year, last))


def _month(year: int, month: int, day: str | None) -> Period:
    last = _last_day(year, month)
    if day and 1 <= (number := _small(day)) <= last.day:
        exact = date(year, month, number)
        return Period(exact, exact)
    return Period(date(year, month, 1), last)


def _small(text: str) -> int:
    amount = read_numeral(text)
    return int(amount.low) if amount and amount.low else 0


def _last_day(year: int, month: int) -> date:
    return date(year + month // MONTHS_A_YEAR, month % MONTHS_A_YEAR + 1, 1) - timedelta(days=1)
