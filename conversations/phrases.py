"""The few phrases understood without a classifier: our own buttons always, plain courtesies while Rasa is down."""

import re

from conversations.feedback import rating_in

# What our buttons send. They mean this whatever a classifier makes of two characters.
BUTTON_WORDS = {
    "转人工": "human_handoff",
    "有用": "feedback_positive",
    "没用": "feedback_negative",
    "查进度": "progress_query",
    "取消": "stop",
    "留言": "complaint",
    "政策体检": "policy_match",
}

_ENDINGS = r"[呀啊哦吧了的呢哈啦，,。.!！~～\s]*"
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (intent, re.compile(pattern + _ENDINGS, re.IGNORECASE))
    for intent, pattern in (
        ("human_handoff", r"(请|帮我|给我|我要|我想|要|麻烦)*(转|找|接|叫|换)?(个|一下)?(人工|真人)(客服|服务|坐席)?"),
        ("complaint", r"(我要|我想|要)(投诉|举报|反映)(?!.*(电话|怎么|如何|哪里|哪儿|流程|[?？])).{0,1900}"),
        ("complaint", r"(投诉|举报)"),
        ("greet", r"(你好|您好|在吗|在不在|早上好|上午好|中午好|下午好|晚上好|嗨|哈喽|hi|hello)(您好|你好|在吗)?"),
        ("thanks", r"(好的|行)?[，,]?(谢谢|多谢|感谢|谢了|辛苦)(你|您|了)?"),
        ("goodbye", r"(再见|拜拜|回见|bye)"),
        ("affirm", r"(好的?|是的?|对的?|可以|行|嗯+|要|需要|确定|没错)"),
        ("deny", r"(不用|不要|不是|不需要|不对|算了不用|都不(是|对))"),
        ("stop", r"(算了|不问了|不办了|结束|停止)"),
        ("pick_option", r"(我?(选|要))?第?[一二三四五六1-9]个?"),
        ("progress_query", r"(查|查询|看看?)(一下)?(投诉|诉求|工单)?(的)?(进度|进展)"),
    )
)


_LEAVES_A_WORD = re.compile(
    r"(?:那|好的?|行|我|就|先|想|要|给(?:你们|他们|工作人员)|帮我|吧|[，,\s])*留(?:个|一个|下)?(?:话|言|口信)(?:吧|啊|好了|给.{1,6})*[。!！]*"
)


def button_intent(text: str) -> str | None:
    """What one of our own buttons or a plain rating ("👎 电话是空号") means; None for anything else."""
    button = BUTTON_WORDS.get(text.strip().rstrip("。.！!"))
    if button is None and _LEAVES_A_WORD.fullmatch(text.strip()):
        return "complaint"
    rated = None if button else rating_in(text)
    return rated[0] if rated else button


def rule_intent(text: str) -> str | None:
    """What a plain courtesy or request means; None for everything that needs the knowledge base."""
    for intent, pattern in _RULES:
        if pattern.fullmatch(text.strip()):
            return intent
    return None


_COMPLAINT_WORDS = re.compile(
    r"我|你们?|您|想|要|请|帮|给|来|一[下次]|个|投诉|举报|反映|反馈|情况|问题|单位|件|有|点|事|吧|啊|呀|了|的|那|再|又|还是|直接|就|可以|行|不|吗|刚才|等下"
)


def has_complaint_detail(text: str) -> bool:
    """Whether a complaint says more than that one wants to complain."""
    return len(re.sub(r"\W", "", _COMPLAINT_WORDS.sub("", text))) >= 4


_ELLIPTIC = re.compile(
    r"(那么?|如果是?|要是|换成|还有).{0,14}呢?\s*[?？]?|(?!.*(怎|什么|哪|多少|几|能|可以|如何)).{1,8}呢\s*[?？]?"
)


def is_elliptic(text: str) -> bool:
    """Whether a message is a question only together with the one before ("那个体工商户呢？")."""
    return bool(_ELLIPTIC.fullmatch(text.strip()))


_REFUSAL = re.compile(r"(不用|不要|不需要|不必|不了|算了)" + r"(了|啦|吧)?" + _ENDINGS)


def is_refusal(text: str) -> bool:
    """Whether a message declines an offer as such ("不用了"), rather than a choice from a list ("都不是")."""
    return bool(_REFUSAL.match(text.strip()))
