"""Which places a text names, so that a question about one county is not answered from another's letter.

Names come from outside (the region table); besides, letters that were published have their places written as codes (A3区, K市).
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping

_CODE = r"(?P<code>[a-z]\d{0,2})(?=[市区县州])"


def place_finder(names: Mapping[str, str]) -> Callable[[str], Counter[str]]:
    """Args: names: what may stand in a text → what it means. Returns: normalised text → places, as often as named."""
    longest_first = sorted((name.lower() for name in names), key=lambda name: (-len(name), name))
    known = {name.lower(): place for name, place in names.items()}
    pattern = re.compile("|".join([_CODE, *map(re.escape, longest_first)]))

    def places_in(normalised: str) -> Counter[str]:
        return Counter(m.group("code") or known[m.group()] for m in pattern.finditer(normalised))

    return places_in
