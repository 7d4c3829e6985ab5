"""Where a question's words stand in a passage, and which passage of an entry holds most of them. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge_base.content import EntryContent
from knowledge_base.passages import passages_of

SHORTEST = 2  # characters that count as the same word
LONGEST_PASSAGE = 160
_WORD = re.compile(r"[0-9a-z\u3400-\u4dbf\u4e00-\u9fff]+")
_EMPTY = re.compile(
    r"怎么|怎样|什么|如何|请问|需要|可以|哪些|哪里|多少|多久|是否|有没|没有|能不|不能|一下|我的|我们|你们"
    r"|这个|那个|的吗|要什|么办|我要|我想|想问|是什|有什|几天|问一|办理|要求|时候|是不|不是|可不|不可|想要|要怎|么样"
)


@dataclass(frozen=True)
class Highlighted:
    """A passage and the spans (start, end) of it that the question names."""

    text: str
    spans: tuple[tuple[int, int], ...]


def spans_in(passage: str, question: str) -> tuple[tuple[int, int], ...]:
    """Runs of at least two characters that the question has as well, longest first come, without overlap, in order."""
    wanted, low = _WORD.findall(question.lower()), passage.lower()
    if len(low) != len(passage):  # a letter that is two in lower case; positions would be off
        low = passage
    spans: list[tuple[int, int]] = []
    start = 0
    while start < len(low) - 1:
        end = start
        while end < len(low) and any(low[start : end + 1] in run for run in wanted):
            end += 1
        if end - start >= SHORTEST and not _EMPTY.fullmatch(low, start, end):
            spans.append((start, end))
            start = end
        else:
            start += 1
    return tuple(spans)


def best_passage(content: EntryContent, question: str) -> Highlighted:
    """The passage below the title that shares most with the question; the answer's beginning when none shares anything."""
    texts = [content.answer, *(text for role, text in passages_of(content) if role == "body")]
    cut = [text if len(text) <= LONGEST_PASSAGE else f"{text[: LONGEST_PASSAGE - 1]}…" for text in texts]
    shown = [Highlighted(text, spans_in(text, question)) for text in cut]
    return max(shown, key=_shared)


def _shared(passage: Highlighted) -> int:
    """How many characters of the question stand in it, each word once."""
    words: Sequence[str] = sorted({passage.text[start:end].lower() for start, end in passage.spans})
    return sum(len(word) for word in words)
