"""Messages that do two things: thanks, a greeting or a word on the last answer, and a question after it. Pure.

"没用，那去哪办" is a rating and a question; a classifier sees one of them. What is asked is answered, what is rated is recorded.
"""

import re
from dataclasses import dataclass

from answering.following import continues, correction
from conversations.feedback import rating_in

_END = re.compile(r"[，,。.!！?？;；~～、\s]+")
_COURTESY = re.compile(
    r"(?:你好|您好|大家好|hi|hello|嗨|哈喽|在吗|在不在|早上好|上午好|中午好|下午好|晚上好)[啊呀哦]?$"
    r"|(?:好的?|嗯+|哦+|行|ok|可以|明白|知道|懂|清楚|了解|收到|原来如此|这样啊?|不好意思|打扰)(?:了|啦|吧|啊|呀|的)*$"
    r"|(?:哦|噢|嗯|那|唉)*(?:算了|不用了|没事)?(?:你|您)?(?:接着|继续)(?:说|讲|答|回答|来)?(?:吧|啊)*$"
    r"|(?:好的|嗯|哦|行|那|非常|太|十分|多|真是)*(?:谢谢|感谢|谢了|辛苦|麻烦)(?:你|您|了|啦|啊|哈|们)*$",
    re.IGNORECASE,
)
_BAD = re.compile(
    r"(?:你|您)?(?:这)?(?:说|答|回答|讲)(?:得|的)?(?:不对|不准确?|错了|有问题)|答非所问|没(?:有)?(?:回答|答)(?:到|上)?我的?问题|不是我要的(?:答案)?|没解决(?:我的)?问题?"
)
_GOOD = re.compile(
    r"(?:你|您)?(?:这)?(?:说|答|回答|讲)(?:得|的)?(?:很|挺|真|太)?(?:好|清楚|明白|详细)|(?:已经|都)?解决了|(?:很|挺|真|太)(?:好|棒|清楚|详细)"
)
_FADES = re.compile(r"(?:了|啦|啊|呀|的|哦|吧)*$")
_SEEKS = re.compile(
    r"[?？]|怎么|如何|怎样|什么|啥|哪|谁|多少|多久|几|能不能|可不可以|是不是|有没有|要不要|用不用|算不算|(?:吗|呢|不)$|请问|^(?:那|另外|顺便|还有|再|我(?:想|要)?问)"
)
_ABOUT_US = re.compile(r"(?:你们?|您)(?!说)")
_BESIDES = re.compile(
    r"[，,。；;！!？?\s]+(?:(?:但是?|不过)?先(?=(?:想|请)?(?:问|咨询|了解))|顺便|顺带|另外|还有|对了|同时|再就是)[，,]?(?:再|也)?"
)
_COMPLAINS = re.compile(
    r"(?:你好|您好)?[，,\s]*我?(?:还|也)?(?:想|要|得)?再?(?:投诉|举报)(?!.{0,8}(?:电话|怎么|如何|哪|流程|渠道))"
)
_ASKING = re.compile(r"^我?(?:想|要)?(?:请)?(?:问|咨询|了解)(?:一?下)?[，,：:\s]*")
MOST_LEADS = 3
LEAST_REST = 2  # characters


@dataclass(frozen=True)
class Mixed:
    """A message taken apart.

    Attributes: rating: +1 or -1 of the answer before, None: none; rest: what is asked; complaint: made besides, None: none.
    """

    rating: int | None
    rest: str
    complaint: str | None = None


def taken_apart(text: str) -> Mixed | None:
    """None for a message that does one thing."""
    if (both := _complaint_and_question(text)) is not None:
        return both
    rest, rating = text.strip(), None
    for _ in range(MOST_LEADS):
        match = _END.search(rest)
        if match is None or match.start() == 0:
            break
        lead = rest[: match.start()]
        rated = _rating_of(lead)
        if rated is None and not _COURTESY.match(lead):
            break
        rating, rest = rated or rating, rest[match.end() :].strip()
    if rest == text.strip() or len(rest) < LEAST_REST:
        return None
    if rating == -1 and _ABOUT_US.match(rest):  # "没用，你们就不能说人话吗" asks for nothing
        return None
    asks = _SEEKS.search(rest) or continues(rest) or correction(rest)
    return Mixed(rating, rest) if asks else None


_TWO = re.compile(
    r"[，,。；;！!？?\s]*(?:还有(?:就是)?|另外|以及|顺便|再就是)[，,\s]*(?:再|也)?(?:想|请)?(?:问一?下?|请问)?[，,\s]*"
)
_NO_SECOND = re.compile(r"^(?:什么|啥|哪些|多[久少]|几|没|其他|别的|效|优惠|政策|补贴|要|需要|呢|吗|用)")
LEAST_QUESTION = 5  # characters


def two_questions(text: str) -> tuple[str, str] | None:
    """Two questions of different matters in one message ("个税怎么退，还有生育津贴怎么申请"); None: it is no such message."""
    for joint in _TWO.finditer(text.strip()):
        first, second = text.strip()[: joint.start()], text.strip()[joint.end() :]
        if min(len(first), len(second)) < LEAST_QUESTION or _NO_SECOND.match(second):
            continue
        if _SEEKS.search(first) and _SEEKS.search(second) and not (continues(first) or continues(second)):
            return first, second
    return None


_OTHER_ONE = re.compile(
    r"^(?:那|好的?|再|请|说说|看看|接着|[，,\s])*(?:(?:另外?|第二|下|后面?)(?:那)?(?:一)?(?:件|个问题)(?:事)?|另一个)(?:呢|吧|怎么办)*[?？。]*$"
)


def asks_other(text: str) -> bool:
    """Whether a message asks for the second of two questions that were put at once."""
    return bool(_OTHER_ONE.match(text.strip()))


def question_in(text: str) -> str:
    """What a classifier is to see of a message."""
    apart = taken_apart(text)
    rest = apart.rest if apart else text
    both = two_questions(rest)
    return both[0] if both else rest


def _complaint_and_question(text: str) -> Mixed | None:
    """ "我想投诉，顺便问下居住证怎么办", in either order."""
    parts = _BESIDES.split(text.strip(), maxsplit=1)
    if len(parts) < 2:
        return None
    first, second = parts[0].strip(), parts[1].strip()
    for complaint, question in ((first, second), (second, first)):
        asked = _ASKING.sub("", question)
        if _COMPLAINS.match(complaint) and not _COMPLAINS.match(asked) and _SEEKS.search(question) and len(asked) >= LEAST_REST:
            return Mixed(None, asked, complaint)
    return None


def _rating_of(lead: str) -> int | None:
    if rated := rating_in(lead):
        return 1 if rated[0] == "feedback_positive" else -1
    plain = _FADES.sub("", lead)
    return -1 if _BAD.fullmatch(plain) else 1 if _GOOD.fullmatch(plain) else None
