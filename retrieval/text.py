"""Text normalisation for matching: width, case, traditional characters, control characters."""

import re
import unicodedata
from functools import lru_cache

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060\ufeff]")
_SPACE = re.compile(r"\s+")
_NOT_WORD = re.compile(r"[^0-9a-z\u3400-\u4dbf\u4e00-\u9fff]+")
HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")


@lru_cache(maxsize=1)
def _to_simplified():  # type: ignore[no-untyped-def]
    from opencc import OpenCC

    return OpenCC("t2s").convert


def normalise(text: str) -> str:
    """One form for all spellings: NFKC, lower case, simplified characters, no control characters, single spaces."""
    text = unicodedata.normalize("NFKC", _CONTROL.sub("", text)).lower()
    if HAN.search(text):
        text = str(_to_simplified()(text))
    return _SPACE.sub(" ", text).strip()


def matchable(normalised: str) -> str:
    """What n-grams are taken of: letters, digits and Han characters, other runs as one space."""
    return _NOT_WORD.sub(" ", normalised).strip()
