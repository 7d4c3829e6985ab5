"""Whether a short message goes on with the entry under discussion although it names something that no list of details has. Pure.

"能提前还吗" after a loan was told is a question about that loan, even if an entry on early retirement is more like it.
"""

import re

from answering.facets import left_over
from answering.following import asked_by, sentences
from knowledge_base.content import EntryContent
from retrieval.text import normalise

LONGEST, LEAST_NAMED = 12, 2  # characters
SURELY_ANOTHER = 0.9  # probability of another entry, from which it is what is meant
_AROUND = re.compile(r"^(?:那么?|请问|还|也|就)*(?:能够?|可以|要|会|需要|是)?|[吗么呢啊呀嘛不没有?？。]+$")
_PUT_AS_A_DETAIL = re.compile(
    r"^.{0,4}?(?:能|可以|可不可以|要(?!求)|会(?!计|议)|是不是|需不需要|必须|允许|让|给|用(?!人|工))(?!办|怎|弄)"
)


def stays(text: str, discussed: EntryContent, other: EntryContent | None, probability: float) -> bool:
    """Args: other: what a search for the message alone finds as its answer, with its probability; None: nothing surely answers it."""
    plain = normalise(text)
    named = _AROUND.sub("", plain)
    if len(plain) > LONGEST or len(left_over(plain)) < LEAST_NAMED:
        return False
    if other is None:
        held = "".join([asked_by(discussed), *sentences(discussed)])
        return any(pair in held for pair in _pairs(left_over(plain)))
    if probability >= SURELY_ANOTHER or all(pair in asked_by(other) for pair in _pairs(named)):
        return False
    shared = set(named) & set(normalise(discussed.title)) - set(normalise(other.title))
    return bool(shared or _PUT_AS_A_DETAIL.match(plain))


def _pairs(text: str) -> list[str]:
    return [text[i : i + 2] for i in range(len(text) - 1)]
