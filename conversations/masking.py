"""Hides personal numbers in what is kept for staff. Unified social credit codes (统一社会信用代码) are public and stay."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

_GAP = r"[ \t\-—－]?"  # people group digits: 138-0013-8000, 6222 0212 …

# 18 letters or digits standing alone: an identity number, a social credit code or a card number
_EIGHTEEN = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{17}[0-9A-Za-z](?![0-9A-Za-z])")
_DIGIT_RUN = re.compile(rf"(?<![0-9A-Za-z])(?:[0-9]{_GAP}){{14,18}}[0-9](?![0-9A-Za-z])")
_MOBILE = re.compile(rf"(?<![0-9A-Za-z])(?:(?:\+|00)?86{_GAP})?1[3-9][0-9](?:{_GAP}[0-9]){{8}}(?![0-9A-Za-z])")
_LANDLINE = re.compile(r"(?<![0-9A-Za-z])0[0-9]{2,3}[ \-—－]?[2-9][0-9]{6,7}(?![0-9A-Za-z])")
_LANDLINE_BRACKETS = re.compile(r"[(（]0[0-9]{2,3}[)）][ \-—－]?[2-9][0-9]{6,7}(?![0-9A-Za-z])")

_FULL_WIDTH = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: no I, O, S, V, Z
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)

ID_NUMBER, BANK_CARD, PHONE = "[身份证号]", "[银行卡号]", "[电话号码]"
_LABELS = re.compile("|".join(re.escape(label) for label in (ID_NUMBER, BANK_CARD, PHONE)))


def mask_personal_data(text: str) -> str:
    """Replace identity numbers, phone numbers and bank cards by what they were. Applying it twice changes nothing more."""
    while (masked := _mask_once(text)) != text:  # what stood beside a number may now stand alone; each round removes digits
        text = masked
    return text


def without_personal_data(text: str) -> str:
    """The text with a gap where such a number was: what a search is asked, which may be kept in memory and in logs."""
    return _LABELS.sub(" ", mask_personal_data(text)).strip()


def mask_json(value: Any) -> Any:
    """A JSON value with the personal data in its texts masked."""
    if isinstance(value, str):
        return mask_personal_data(value)
    if isinstance(value, Mapping):
        return {key: mask_json(item) for key, item in value.items()}
    return [mask_json(item) for item in value] if isinstance(value, list) else value


def _mask_once(text: str) -> str:
    narrow = text.translate(_FULL_WIDTH)  # one character for one: positions stay
    found: list[tuple[int, int, str]] = []
    kept: list[tuple[int, int]] = []
    for match in _EIGHTEEN.finditer(narrow):
        label = _label_of_eighteen(match.group().upper())
        if label:
            found.append((*match.span(), label))
        else:
            kept.append(match.span())
    for pattern, label in ((_DIGIT_RUN, None), (_MOBILE, PHONE), (_LANDLINE_BRACKETS, PHONE), (_LANDLINE, PHONE)):
        for match in pattern.finditer(narrow):
            if _is_free(match.span(), found) and _is_free(match.span(), kept):
                found.append((*match.span(), label or _label_of_digits(match.group())))
    for start, end, label in sorted(found, reverse=True):
        text = text[:start] + label + text[end:]
    return text


def _is_free(span: tuple[int, int], taken: list[tuple[int, int]] | list[tuple[int, int, str]]) -> bool:
    return all(span[1] <= other[0] or span[0] >= other[1] for other in taken)


def _label_of_eighteen(token: str) -> str | None:
    """What an 18-character token is, None when it may stay (a social credit code, or an ordinary word)."""
    if not token[:17].isdigit() or not (token[17].isdigit() or token[17] == "X"):
        return None  # letters inside: a credit code or no number at all
    if _has_birth_date(token[6:14]):
        return ID_NUMBER
    if is_credit_code(token):
        return None
    return ID_NUMBER if token[17] == "X" else BANK_CARD


def _label_of_digits(token: str) -> str:
    digits = "".join(filter(str.isdigit, token))
    is_old_id = len(digits) == 15 and _has_birth_date("19" + digits[6:12])
    is_id = len(digits) == 18 and _has_birth_date(digits[6:14])
    return ID_NUMBER if is_old_id or is_id else BANK_CARD


def _has_birth_date(digits: str) -> bool:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return born.year >= 1900


def is_credit_code(token: str) -> bool:
    """Whether this is a unified social credit code, by its check character (GB 32100-2015)."""
    if len(token) != 18 or any(char not in _USCC_ALPHABET for char in token):
        return False
    total = sum(_USCC_ALPHABET.index(char) * weight for char, weight in zip(token[:17], _USCC_WEIGHTS, strict=True))
    return _USCC_ALPHABET[(31 - total % 31) % 31] == token[17]
