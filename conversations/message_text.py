"""What arrives from a channel, made safe to store, compare and show."""

import unicodedata

MAX_CHARACTERS = 2000

_KEPT_CONTROLS = {"\n", "\t"}
_DROPPED_CATEGORIES = {"Cc", "Cf", "Cs"}  # controls, invisible format marks (bidi overrides, zero width), lone surrogates
_JOINERS = {"\u200d"}  # holds composed emoji together


def clean(text: str) -> str:
    """Drop control and invisible characters, unify line ends, trim."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = [
        char
        for char in text
        if char in _KEPT_CONTROLS or char in _JOINERS or unicodedata.category(char) not in _DROPPED_CATEGORIES
    ]
    return "".join(kept).strip()
