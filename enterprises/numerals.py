"""Everyday numbers with what they leave open: 「五千万」「300来个」「三四十个」「不到300」「大概120万左右」「1.2亿」「三百多」.

A number is read as bounds that surely hold what was meant: about → a tenth on both sides, "三百多" → between 300 and 400,
"三四十" → from 30 to below 50. Magnitudes (万, 亿) are multiplied out.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from enterprises.values import Amount

ABOUT = Decimal("0.1")
_DIGITS = {
    "零": 0,
    "〇": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "俩": 2,
    "三": 3,
    "仨": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "w": 10_000, "亿": 100_000_000, "k": 1000}
_SMALL, _LARGE = "十百千k", "万w亿"
_CORE = r"(?:\d[\d,]*(?:\.\d+)?|[零〇一二两俩三仨四五六七八九十百千几半]|数(?=[十百千万亿])|(?<=[零〇一二两三四五六七八九十])点(?=[零〇一二三四五六七八九]))"
_NUMBER = rf"(?:百分之)?{_CORE}(?:{_CORE}|[万亿w]|k(?![a-z]))*(?:[多来余](?:[百千万亿]+)?)?"
_BEFORE = r"不到|不足|未满|没到|没有?超过|不超过|不超|不多于|不高于|少于|低于|小于|不满|还没到|最多|至多|顶多|超过|超|大于|多于|高于|不止|至少|不少于|不低于|起码|最少|将近|接近|快到|快|近|大概|大约|约莫|约|差不多|可能|估计|也就|上下|上"
_AFTER = r"以内|之内|以下|不到|以上|往上|开外|出头|左右|上下|的样子|多"
_MEASURE = r"(?:个(?!点|月|半月)|名|号|位|口)"
UNITS = r"万?美元|万?美金|亿?元|块钱?|人民币|%|个点|平方米|平方|平米|㎡|平|岁|个半月|个月|月|年|人|员工|职工|工人|人员|师傅|伙计"
_TOKEN = re.compile(
    rf"(?P<before>(?:{_BEFORE})*)(?P<number>{_NUMBER})(?P<after1>{_AFTER})?{_MEASURE}?(?P<measure_more>多|来)?"
    rf"(?P<unit>{UNITS})?(?P<after2>{_AFTER})?",
    re.IGNORECASE,
)
_RANGE = re.compile(
    rf"(?P<low>{_NUMBER})(?P<low_unit>{UNITS})?(?:到|至|~|-|—+|–)(?P<high>{_NUMBER}){_MEASURE}?(?P<unit>{UNITS})?", re.IGNORECASE
)
_UPPER_OPEN = re.compile(r"不到|不足|未满|没到|少于|低于|小于|不满|还没到")
_UPPER = re.compile(r"没有?超过|不超过|不超|不多于|不高于|最多|至多|顶多|以内|之内|以下")
_LOWER_OPEN = re.compile(r"(?<!不)(?<!没)(?<!没有)超|大于|(?<!不)多于|(?<!不)高于|不止|(?<!以)(?<!往)上(?!下)|开外")
_LOWER = re.compile(r"至少|不少于|不低于|起码|最少|以上|往上")
_NEARLY = re.compile(r"将近|接近|快|(?<!最)近")
_ABOUT = re.compile(r"大概|大约|约|差不多|可能|估计|也就|左右|上下|的样子")


@dataclass(frozen=True)
class Found:
    """A number in a text.

    Attributes: amount: multiplied out; unit: as written, "" when none; scaled: whether 万 or 亿 was said; start, end: the place.
    """

    amount: Amount
    unit: str
    scaled: bool
    start: int
    end: int


def find_numbers(text: str) -> list[Found]:
    """All numbers of a normalised text (half-width, lower case), in order."""
    found: list[Found] = []
    taken = 0
    for match in _RANGE.finditer(text):
        if match.start() < taken:
            continue
        both = _range(match)
        if both is not None:
            found.append(Found(both, match["unit"] or match["low_unit"] or "", _is_scaled(match["high"]), *match.span()))
            taken = match.end()
    spans = [(f.start, f.end) for f in found]
    for match in _TOKEN.finditer(text):
        if any(match.start() < end and start < match.end() for start, end in spans):
            continue
        if match["number"] == "一" and _NO_ONE.match(text, match.end("number")):
            continue
        amount = _token(match)
        if amount is not None:
            unit = "%" if match["number"].startswith("百分之") else match["unit"] or ""
            end = match.end() - (len(match["number"]) - len(_counted(match)))
            found.append(Found(amount, unit, _is_scaled(match["number"]), match.start(), end))
    return sorted(found, key=lambda f: f.start)


def read_numeral(text: str) -> Amount | None:
    """A numeral alone, without words around it; None when it is none."""
    text = text.removeprefix("百分之").replace(",", "")
    match = re.fullmatch(r"(.+?)([多来余])([百千万亿]*)", text)
    if match:
        head, more, tail = match.groups()
        bounds = _plain(head)
        if bounds is None or bounds[0] != bounds[1]:
            return None
        value, factor = bounds[0], _factor(tail)
        if more == "来":  # "三百二十来" leaves less open than "三百来"
            slack = min(value * ABOUT, _step(value)) * factor
            return _between(value * factor - slack, value * factor + slack)
        return _between(value * factor, (value + _step(value)) * factor, low_open=True, high_open=True)
    fuzzy = re.fullmatch(r"(.*?)([几数])([十百千万亿]*)", text)
    if fuzzy:
        head, _, tail = fuzzy.groups()
        factor = _factor(tail)
        if not head:
            return _between(2 * factor if not tail else factor, 10 * factor, low_open=bool(tail), high_open=True)
        base = _plain(head)
        if base is None or base[0] != base[1]:
            return None
        scale = factor if tail else _step(base[0]) / 10
        whole = base[0] * (factor if tail and not head.endswith(tuple("十百千万亿")) else 1)
        if tail and head.endswith("十"):  # 十几万
            whole, scale = base[0] * factor, factor
        return _between(whole, whole + 10 * scale, low_open=True, high_open=True)
    bounds = _plain(text)
    if bounds is None:
        return None
    low, high = bounds
    return Amount.exactly(float(low)) if low == high else _between(low, high, high_open=True)


def _range(match: re.Match[str]) -> Amount | None:
    low, high = read_numeral(match["low"]), read_numeral(match["high"])
    if low is None or high is None or low.low is None or high.high is None:
        return None
    first = low.low
    if not _is_scaled(match["low"]) and match["low_unit"] is None:  # 五到八万
        for scale in (100_000_000, 10_000):
            if high.high >= scale and first * scale <= high.high and _ends_with(match["high"], scale):
                first *= scale
                break
    return Amount(first, high.high, low.low_open, high.high_open) if first <= high.high else None


def _ends_with(numeral: str, scale: int) -> bool:
    return numeral.rstrip("多来余").lower().endswith(("亿",) if scale > 10_000 else ("万", "w"))


def _token(match: re.Match[str]) -> Amount | None:
    numeral, around = _counted(match), " ".join(match[name] or "" for name in ("before", "after1", "after2"))
    after = (match["after1"] or "", match["after2"] or "")
    if match["measure_more"] == "多" or "多" in after:
        numeral += "多" if numeral[-1] not in "多来余" else ""
    elif match["measure_more"] == "来":
        numeral += "来" if numeral[-1] not in "多来余" else ""
    amount = read_numeral(numeral)
    if amount is None or amount.low is None or amount.high is None:
        return None
    low, high = Decimal(str(amount.low)), Decimal(str(amount.high))
    if "不到" in after or _UPPER_OPEN.search(around):
        return Amount(0.0, float(high), False, True)
    if _UPPER.search(around):
        return Amount(0.0, float(high), False, amount.high_open)
    if "出头" in after:
        return _between(low, low * (1 + ABOUT))
    if _LOWER_OPEN.search(around):
        return Amount(float(low), None, True, False)
    if _LOWER.search(around):
        return Amount(float(low), None, amount.low_open, False)
    if _NEARLY.search(around) and not _ABOUT.search(around):
        return _between(low * (1 - ABOUT), high, high_open=True)
    if _ABOUT.search(around) and "多" not in numeral:
        return _between(low * (1 - ABOUT), high * (1 + ABOUT))
    return amount


_NO_ONE = re.compile(r"[共起直样般定旦切些边向律致]|回事|码事")  # "一共", "一回事" count nothing
_PIECES = re.compile(r"台|辆|套|件|项|间|亩|吨|次|平")


def _counted(match: re.Match[str]) -> str:
    """The number without a counted piece behind it: "600万一台" is 600万 for one, not 601万."""
    numeral, behind = match["number"], match.string[match.end("number") :]
    return numeral[:-1] if re.search(r"[万亿w]一$", numeral) and _PIECES.match(behind) else numeral


def _about(value: Decimal) -> Amount:
    return _between(value * (1 - ABOUT), value * (1 + ABOUT))


def _between(low: Decimal, high: Decimal, *, low_open: bool = False, high_open: bool = False) -> Amount:
    return Amount(float(low), float(high), low_open, high_open)


def _is_scaled(numeral: str) -> bool:
    return bool(re.search(r"[万亿w]", numeral, re.IGNORECASE))


def _factor(scales: str) -> Decimal:
    factor = Decimal(1)
    for scale in scales:
        factor *= _SCALES[scale]
    return factor


def _step(value: Decimal) -> Decimal:
    """The place of the last digit that is not zero: 300 → 100, 120 → 10, 1.2 → 0.1."""
    digits = value.normalize().as_tuple()
    return Decimal(1).scaleb(int(digits.exponent))


_PAIR = re.compile(r"([一二两三四五六七八九])([一二三四五六七八九])(?![零〇一二两三四五六七八九点])")


def _plain(text: str) -> tuple[Decimal, Decimal] | None:
    """Bounds of a numeral without 多, 来, 几: equal unless two neighbouring digits stand for "about" (三四十)."""
    pair = _PAIR.search(text)
    if pair and _DIGITS[pair[2]] == _DIGITS[pair[1]] + 1 and not re.search(r"\d", text):
        low, high = (_value(text[: pair.start()] + digit + text[pair.end() :]) for digit in pair.groups())
        return (low, high + _step_of_difference(low, high)) if low is not None and high is not None else None
    value = _value(text)
    return None if value is None else (value, value)


def _step_of_difference(low: Decimal, high: Decimal) -> Decimal:
    return high - low  # the digits differ by one, so this is the worth of their place


def _value(text: str) -> Decimal | None:
    """万 and 亿 split the numeral; what stands before each is read on its own. "三万五" → 35000."""
    text = text.lower()
    if not text or not re.search(r"[0-9零〇一二两俩三仨四五六七八九十百千]", text):
        return None
    total = Decimal(0)
    rest, last_scale = text, Decimal(0)
    for scale in ("亿", "万", "w"):
        head, mark, tail = rest.partition(scale)
        if mark:
            part = _below_ten_thousand(head)
            if part is None:
                return None
            total, last_scale, rest = total + part * _SCALES[scale], Decimal(_SCALES[scale]), tail
    if any(scale in rest for scale in _LARGE):
        return None
    if not rest:
        return total
    if last_scale and len(rest) == 1 and rest in "一二两三四五六七八九123456789":
        return total + Decimal(_DIGITS.get(rest) or int(rest)) * last_scale / 10
    part = _below_ten_thousand(rest)
    return None if part is None else total + part


def _below_ten_thousand(text: str) -> Decimal | None:
    arabic = re.fullmatch(r"(\d+(?:\.\d+)?)([十百千k]?)(\d?)", text)
    if arabic:
        scale = Decimal(_SCALES.get(arabic[2], 1))
        return Decimal(arabic[1]) * scale + (Decimal(arabic[3]) * scale / 10 if arabic[3] else 0)
    if "点" in text:
        whole, _, fraction = text.partition("点")
        base = _below_ten_thousand(whole)
        digits = "".join(str(_DIGITS.get(c, "x")) for c in fraction)
        return base + Decimal(f"0.{digits}") if base is not None and digits.isdigit() else None
    total, digit, last = Decimal(0), None, 0
    for i, character in enumerate(text):
        if character in _DIGITS:
            if digit not in (None, 0):
                return None
            digit = _DIGITS[character]
        elif character in _SMALL:
            if last and _SCALES[character] >= last:
                return None
            total += (1 if digit in (None, 0) else digit) * _SCALES[character]
            digit, last = None, _SCALES[character]
        else:
            return None
        if i == len(text) - 1 and digit is not None:
            colloquial = last >= 100 and len(text) > 1 and text[i - 1] in _SMALL
            total += Decimal(digit) * last / 10 if colloquial else digit
    return total
