"""Misspellings as people type them: another character of the same sound or look, neighbours exchanged, one left out or doubled.

Questions are misspelt anew in each epoch, so that the encoder sees the word behind the characters and not one wrong way of writing it.
"""

import random
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from retrieval.pinyin import syllable
from retrieval.spelling import LOOKALIKES
from retrieval.text import HAN

CHARACTERS_AN_ERROR = 18  # one error, and one more for so many characters
SOUND, LOOK, SWAP, DROP = 0.6, 0.15, 0.1, 0.1  # shares of the kinds; what is left is a character typed twice


class Misspeller:
    """Knows which characters sound or look alike. Args: texts: whose characters may stand in for others."""

    def __init__(self, texts: Iterable[str], lookalikes: Path = LOOKALIKES) -> None:
        known = sorted({c for text in texts for c in text if HAN.match(c)})
        self._sounds: dict[str, list[str]] = defaultdict(list)
        for character in known:
            self._sounds[syllable(character)].append(character)
        groups = [line for line in lookalikes.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        self._looks = {character: group for group in groups for character in group}

    def misspell(self, text: str, chance: random.Random) -> str:
        """The text with one error or, when it is long, a few; unchanged when it has no Chinese character."""
        characters = list(text)
        places = [i for i, c in enumerate(characters) if HAN.match(c)]
        for place in chance.sample(places, min(len(places), 1 + len(places) // CHARACTERS_AN_ERROR)):
            self._spoil(characters, place, chance)
        return "".join(characters)

    def _spoil(self, characters: list[str], place: int, chance: random.Random) -> None:
        character, kind = characters[place], chance.random()
        if not character:
            return
        if kind < SOUND + LOOK:
            alike = self._looks.get(character, "") if kind >= SOUND else ""
            others = [c for c in alike or self._sounds[syllable(character)] if c != character]
            characters[place] = chance.choice(others) if others else character
        elif kind < SOUND + LOOK + SWAP:
            if place + 1 < len(characters):
                characters[place], characters[place + 1] = characters[place + 1], characters[place]
        elif kind < SOUND + LOOK + SWAP + DROP:
            characters[place] = ""
        else:
            characters[place] = character * 2
