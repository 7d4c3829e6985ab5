"""Whether an entry that was found is about what the question asks, as far as its words tell. Pure.

How probable an entry is says how alike texts are. These rules say what likeness cannot: that an enquiry into progress does not
tell how a thing is got, that the entry lacks the very term of the question, that it shares everyday words with it and no others.
"""

import re
from collections.abc import Collection, Sequence

from answering.facets import pieces_left
from answering.following import asked_by, sentences
from knowledge_base.content import EntryContent
from retrieval.text import normalise

CERTAIN = 0.9  # probability from which words no longer speak against an entry
LONGEST_WORDED = 24  # characters of a question whose words are few enough to be looked for one by one
# titles of one side of a matter, a service about it above all: word of a title → words of a question that mean this side
_BESIDE_THE_MATTER = {
    word: re.compile(meant)
    for word, meant in {
        "查询": r"查|进度|哪一?步|到哪|看(?!病|孩)|[想怎]么?找|找想|名单|名录|信息|介绍|资料|目录|清单|动态|原文|文件|年报|没消息|没动静|怎样了|收哪些",
        "公证": r"公证",
        "公示": r"公示|公布|公开|名单|查",
        "公告": r"公告|公示|通告|公布|查",
        "指引": r"公证|指引|指南|说明|流程",
        "下载": r"下载|模板|表格|样本|电子版",
        "鉴定": r"鉴定|真伪|真假|辨|验",
        "验证": r"验|真伪|真假|核实",
        "预约": r"约|挂号",
        "减半": r"减|免|优惠|少[交缴]",
    }.items()
}
# what is done to a thing that one has: how a question says it, what an entry about that says
_DONE = tuple(
    (
        re.compile(
            rf"(?:要|想|怎么|如何|办理?|申请|咋|得|去|来|能)[^，。,？?]{{0,2}}(?:{said})(?!了|过)"
            rf"|(?:{said})(?:登记|申请|备案|手续|怎么|咋|要|需|流程|材料|费|证明|$|[?？，,。])"
        ),
        re.compile(told),
    )
    for said, told in (
        ("注销", r"注销|销户|终止|解散|撤销|歇业|清算"),
        ("变更", r"变更|更改|修改|更名|更换|换|调整|转移|过户|迁移|变动|更正"),
        ("延续|续期|续展|展期", r"续|换|有效期|展期|延期|到期"),
        ("补办|补发|补领|挂失", r"补|遗失|丢失|损毁|挂失|换领|换发"),
        ("年检|年审", r"年检|年审|检验|年度|年报|审验"),
        ("转让", r"转让|过户|转移|变更|让与"),
        ("备案", r"备案|登记|报告"),
        ("公证", r"公证"),
        ("抵押|解押", r"押"),
        ("复议", r"复议|异议|申诉"),
        ("仲裁", r"仲裁"),
        ("转学", r"转学|转入|插班"),
    )
)
_DOCUMENT = r"[\u4e00-\u9fff]{2}(?:执业|职业|从业|上岗)?(?:资格)?(?:证书|[证卡本簿照])"
_LOST_DOCUMENT = re.compile(rf"({_DOCUMENT})(?:件|都|也)?(?:丢|没了|不见|坏|烂|损|掉|过期|到期|快到期|遗失)")
_ENQUIRY = re.compile(r"查询|进度")  # tells how a thing done stands, whatever was done
_DOES = frozenset({"steps", "materials", "fee", "time"})
_NEEDS = re.compile(r"要.{0,8}(?:证|许可|审批|备案|执照|手续)[吗不么没]|(?:要|想|得|需要?)(?:改|变更?|换|注销|转让?|停|撤)")
_EVERYDAY = re.compile(
    r"补贴|补助|津贴|奖励|优惠|政策|社区|公司|企业|单位|个人|员工|人员|有没有|多少|怎么|什么|一个|一下|[个请给为]"
)
_GIVEN = re.compile(r"补贴|补助|津贴|奖励|优惠")


def is_beside_the_point(
    content: EntryContent,
    probability: float,
    question: str,
    facets: Collection[str],
    terms: Sequence[str],
    others: Sequence[EntryContent],
) -> bool:
    """Whether an entry does not answer a question although it is like it.

    Args:
        facets: asked for; terms: official terms that the question names; others: entries found besides.
    """
    plain = normalise(question)
    if normalise(content.title) in plain:
        return False
    if _is_another_service(content.title, plain, facets) or _does_another_thing(content, plain):
        return True
    if probability >= CERTAIN or len(plain) > LONGEST_WORDED:
        return False
    return _lacks_a_term(content, terms, others) or _shares_everyday_words_only(content, plain)


def _is_another_service(title: str, plain: str, facets: Collection[str]) -> bool:
    if not (_DOES & set(facets) or _NEEDS.search(plain)):
        return False
    return any(word in title and not meant.search(plain) for word, meant in _BESIDE_THE_MATTER.items())


def _does_another_thing(content: EntryContent, plain: str) -> bool:
    """Whether the question wants done what the entry says nothing of ("注销登记" of "设立登记"), or has lost another document."""
    if len(plain) > LONGEST_WORDED or _ENQUIRY.search(content.title):
        return False
    held = _words_of(content)
    if any(wanted.search(plain) and not told.search(held) for wanted, told in _DONE):
        return True
    lost, named = _LOST_DOCUMENT.search(plain), re.search(_DOCUMENT, content.title)
    return lost is not None and named is not None and lost[1][:2] not in held


def _lacks_a_term(content: EntryContent, terms: Sequence[str], others: Sequence[EntryContent]) -> bool:
    """Whether a term of the question stands nowhere in the entry but is what another one found is about."""
    missing = [term for term in terms if term not in _words_of(content)]
    return any(term in asked_by(other) for term in missing for other in others)


def _shares_everyday_words_only(content: EntryContent, plain: str) -> bool:
    if not _GIVEN.search(plain):
        return False
    specific = [part for piece in pieces_left(_GIVEN.sub(" ", plain)) for part in _EVERYDAY.sub(" ", piece).split()]
    pairs = {part[i : i + 2] for part in specific for i in range(len(part) - 1)}
    held = _words_of(content)
    return bool(pairs) and not any(pair in held for pair in pairs)


def _words_of(content: EntryContent) -> str:
    return normalise("\n".join([asked_by(content), *sentences(content), *content.tags, *content.audience]))
