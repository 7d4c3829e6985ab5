"""A citizen's rating of how a ticket was handled (好差评), from words or buttons. Pure."""

import re
from dataclasses import dataclass

from tickets.rules import without_number

_LEVELS: tuple[tuple[int, str], ...] = (
    (1, r"非常不满意|很不满意|极不满意|太不满意|十分不满意|一点也?不满意|1星|一星|1分|差评"),
    (5, r"非常满意|很满意|十分满意|特别满意|相当满意|太满意|5星|五星|5分|好评"),
    (3, r"基本满意|比较满意|还算满意|勉强满意|一般般?|还行|还可以|3星|三星|3分"),
    (2, r"不太满意|不满意|不是很满意|2星|二星|两星|2分"),
    (4, r"满意|4星|四星|4分"),
)
_BEFORE = r"(?:我|对|这次|办理|处理|结果|答复|办得|的|评价|打分?|给|个|是|为|[:： ，,])*"
_RATING = re.compile(
    rf"{_BEFORE}(?:{'|'.join(f'(?P<level{level}>{words})' for level, words in _LEVELS)})(?P<comment>.*)", re.DOTALL
)
_OF_AN_ANSWER = re.compile(r"回答|答案|机器人|问政|你答")  # about the assistant, not about a ticket
_FILLER = re.compile(r"^[的了吧啊哦，,。；;！!、~\s]+|[，,；;、\s]+$")


@dataclass(frozen=True)
class Rating:
    """5 (非常满意) to 1 (非常不满意), with what was said beside it."""

    level: int
    comment: str


def rating_in(text: str) -> Rating | None:
    """The rating that a message begins with; None when it is none."""
    said = without_number(text).strip()
    match = None if _OF_AN_ANSWER.search(said) else _RATING.match(said)
    if match is None or said.endswith(("?", "？", "吗")):
        return None
    level = next(level for level, _ in _LEVELS if match[f"level{level}"])
    return Rating(level, _FILLER.sub("", match["comment"]).strip())
