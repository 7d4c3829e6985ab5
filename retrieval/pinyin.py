"""Toneless syllables, blurred where speakers and input methods confuse sounds (zh/z, ch/c, sh/s, ang/an, eng/en, ing/in)."""

from functools import lru_cache

_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"))
_FINALS = (("ang", "an"), ("eng", "en"), ("ing", "in"))


def blur(syllable: str) -> str:
    """The syllable as it is compared, e.g. "zhang" and "zan" → "zan"."""
    for confused, plain in _INITIALS:
        if syllable.startswith(confused):
            syllable = plain + syllable[2:]
            break
    for confused, plain in _FINALS:
        if syllable.endswith(confused):
            return syllable[: -len(confused)] + plain
    return syllable


@lru_cache(maxsize=32_768)
def syllable(character: str) -> str:
    """Blurred pinyin of one character; the character itself when it has none.

    The most frequent reading is taken: comparing words by single characters keeps both sides consistent.
    """
    from pypinyin import Style, pinyin

    readings = pinyin(character, style=Style.NORMAL, errors="default")
    return blur(readings[0][0])


def syllables(text: str) -> list[str]:
    """One blurred syllable a character, so positions stay aligned with the text."""
    return [syllable(character) for character in text]
