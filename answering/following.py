"""Messages that only make sense after another one: questions about details of the entry under discussion, and corrections. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import yaml

from answering.dates import without_dates
from answering.facets import asked_facets, left_over
from answering.wording import DATED_PADDING
from knowledge_base.content import EntryContent
from retrieval.text import normalise

FILE = Path(__file__).with_name("aspects.yml")
MOST_LEFT_OVER = 1
LONGEST_FOLLOW_UP = 24  # characters of a message that leans on the one before
_SENTENCES = re.compile(r"[^。！？!?；;\n]+[。！？!?；;]?")
_CORRECTIONS = tuple(
    re.compile(pattern)
    for pattern in (
        r"^(?:不是|不对|错了|不不不?|你?(?:搞|弄|理解|听|看)错了|不是(?:这个|这样))(?:[的啊呀吧哦了,，。!！;；、\s]+我?(?:其实)?(?:是|就是)?|我(?:是|想|要|其实))(?:想|要)?(?:问|说|咨询|了解|查|指)(?:一下)?(?:的)?(?:其实)?(?:是)?[:：,，\s]*(?P<rest>.+)$",
        r"^我(?:想|要)?(?:问|说|查|要)的(?:可)?不是.{0,14}?[,，。;；\s]+(?:我?(?:问|说|要)?的?)?(?:而)?是?(?P<rest>.+)$",
        r"^(?:我)?(?:又)?(?:不是|没(?:有)?)(?:想|要)?(?:问|说).{0,14}?[,，。;；\s]+(?:我)?(?:是)?(?:想|要)?(?:问|说)?(?:的)?(?:而)?是?(?P<rest>.+)$",
        r"^不是.{1,12}?[,，\s]+(?:我(?:问|说)的)?(?:而)?是(?P<rest>.+)$",
        r"^我(?:是)?(?:想|要)?(?:问|说)的(?:其实)?是(?P<rest>.+)$",
        r"^(?:不是|不对|错了|说错了)[,，、。\s]+(?:我们?|咱们?)?(?:应该)?是(?P<rest>(?:公司|企业|个体工?商?户?|合作社|个人)(?:的|啊|呀)?)$",
    )
)
_LEANS = re.compile(
    r"^(?:那(?!么?多)|这个|这种|这项|它|该|如果|要是|假如|万一|换成|还有(?!什么政策|哪些政策)|还(?!款|贷)|另外|顺便|而且)"
    r"|(?:呢|算不算|算吗|行不行|行吗|可以吗|能不能|能吗|可不可以|要不要|用不用|有没有|适用吗|也行|也可以|也能|也算)[吗么呢啊呀?？。]*$"
)


@dataclass(frozen=True)
class Aspect:
    """A detail that people ask about.

    Attributes: who: it is a kind of applicant; keeps: general facets that are told with it; values: meaning of the attribute's.
    """

    asked: re.Pattern[str]
    stated: re.Pattern[str]
    name: str
    who: bool = False
    keeps: tuple[str, ...] = ()
    attribute: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)


def correction(text: str) -> str | None:
    """What is meant instead ("不是，我是问居住证"); None when the message corrects nothing."""
    plain = text.strip()
    for pattern in _CORRECTIONS:
        match = pattern.match(plain)
        if match and (rest := match["rest"].strip(" ,，。.!！")):
            return rest
    return None


def aspects_in(text: str) -> list[Aspect]:
    """Details that a text asks about, in the order of the list; of kinds of applicants only the first."""
    found: list[Aspect] = []
    rest = normalise(text)
    for aspect in _aspects():
        if aspect.asked.search(rest) and not (aspect.who and any(a.who for a in found)):
            found.append(aspect)
            rest = aspect.asked.sub(" ", rest)
    return found


def put_for(text: str, who: str) -> str:
    """The text with each kind of applicant that it names replaced ("个体户注册要多久" → "公司注册要多久")."""
    for aspect in _aspects():
        if aspect.who:
            text = aspect.asked.sub("\n", text)
    return re.sub(r"\n+", who, text)


_PLACE_ALONE = re.compile(
    r"^(?:那么?|如果是?|要是|换成|换|还有|在|我是?(?:要|想)?问的?是?|我?说的是)*(?:我们?)?(?:在|是)?"
    r"(?P<place>(?:国家|全国|省|市|区|县)(?:里|级|局|厅)?|[\u4e00-\u9fff]{1,5}?(?:省|市|区|县|镇|乡|街道))(?:里|级|这边|那边|的|这里|那里)*(?P<matter>(?!呢|有|也|怎|一样|是多)[\u4e00-\u9fff]{2,6}?)?"
    r"(?:呢|有吗|有没有|也有吗|怎么样|怎么说|怎么算|一样吗|是多少)*[?？。!！]*$"
)


def place_alone(text: str, title: str = "") -> str | None:
    """The place or level that a message names and nothing besides ("那示例区呢", "市里的"); None: it is no such message.

    Args: title: of the entry under discussion, which may be named along with the place ("那示例区的摊贩呢").
    """
    match = _PLACE_ALONE.match(normalise(text))
    return match["place"] if match and (match["matter"] or "") in title else None


def continues(text: str) -> bool:
    """Whether a message asks for a fact, a detail or another time and names no matter: with an entry under discussion it means that."""
    plain = normalise(text)
    timeless = without_dates(plain)
    if timeless != plain:
        return len(left_over(DATED_PADDING.sub(" ", timeless))) <= MOST_LEFT_OVER  # "那现在呢", "明年还有吗"
    return bool(asked_facets(plain) or aspects_in(plain)) and asks_only_details(plain)


def asks_a_detail_of_nothing(text: str) -> bool:
    """Whether a message asks for a detail alone ("我在外地能办吗"); who asks is no detail, it may be the matter itself."""
    plain = normalise(text)
    return any(not aspect.who for aspect in aspects_in(plain)) and asks_only_details(plain)


_SITUATION_ALONE = re.compile(
    r"^(?:那么?|如果是?|要是|换成|我?(?:说|问)?的?是|我是?)?(?P<name>[\u4e00-\u9fff]{2,6}?)的(?:话|那种|情况)?(?:呢|怎么办|怎么说)?[?？。.!！]*$"
)


_NO_SITUATION = re.compile(r"[你您我不没骗坑假错谢]|真是|人工|工作人员")


def situation_alone(text: str) -> str | None:
    """The situation that a message names and nothing besides ("租房的", "那买房的呢"); None: it is no such message."""
    plain = normalise(text)
    match = _SITUATION_ALONE.match(plain)
    name = match["name"] if match else ""
    return (
        name
        if name and not asked_facets(name) and len(left_over(name)) > MOST_LEFT_OVER and not _NO_SITUATION.search(name)
        else None
    )


_MONEY_GIVEN = re.compile(r"补贴|补助|奖励|津贴|返还|贷款|服务券|消费券|扣除|提取|退税|养老金|失业金|保险金|抚恤金|补偿")
_HOW_MUCH = re.compile(r"多少钱|多少元|是多少|有多少|(?:能|可以)?(?:给|拿|领|补)多少")


def asks_how_much_is_given(text: str, title: str) -> bool:
    """Whether "多少钱" about an entry of this title means what one gets, not what one pays."""
    plain = normalise(text)
    return bool(_MONEY_GIVEN.search(title) and _HOW_MUCH.search(plain)) and not re.search(r"收费|费用|要钱|花钱|交", plain)


def asks_only_details(subject: str) -> bool:
    """Whether nothing but facts and details of the matter under discussion are named ("个体工商户算不算", "可以代办吗")."""
    rest = subject
    for aspect in _aspects():
        rest = aspect.asked.sub(" ", rest)
    return len(left_over(rest)) <= MOST_LEFT_OVER


def leans(text: str) -> bool:
    """Whether a short message is put like the continuation of another ("那异地的呢")."""
    plain = normalise(text)
    return len(plain) <= LONGEST_FOLLOW_UP and bool(_LEANS.search(plain))


def stated(content: EntryContent, aspect: Aspect) -> list[str]:
    """Sentences of the entry that tell about a detail; empty when it says nothing of it."""
    found: list[str] = []
    if aspect.attribute and (value := aspect.values.get(content.attributes.get(aspect.attribute, ""))):
        found.append(f"{value}。")
    if aspect.who and any(aspect.stated.search(who) for who in content.audience):
        found.append(f"适用对象：{'、'.join(content.audience)}。")
    return found + [s for s in sentences(content) if aspect.stated.search(s)]


def stated_facet(content: EntryContent, facet: str) -> list[str]:
    """Sentences of an entry's answer that tell a fact it has no field for."""
    return [s for s in sentences(content) if _FACET_IN_TEXT[facet].search(s)] if facet in _FACET_IN_TEXT else []


def asked_by(content: EntryContent) -> str:
    """Title and usual questions of an entry, normalised: the words by which people ask for it."""
    return normalise("\n".join([content.title, *content.similar_questions]))


def sentences(content: EntryContent) -> list[str]:
    """Everything the entry says, sentence by sentence: its answer first, then its facts."""
    told: list[str] = [content.answer]
    for value in (content.facets.conditions, content.facets.materials, content.facets.steps):
        told += [value] if isinstance(value, str) else value or []
    parts = [match.group().strip() for text in told for match in _SENTENCES.finditer(text)]
    return list(dict.fromkeys(part for part in parts if part))


_FACET_IN_TEXT: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "materials": r"材料|证件|身份证|申请表|证明|携带|带上|提交|户口本",
        "conditions": r"条件|符合|满足|应当|须|不低于|不高于|以上|以下|以内|可以|不能|不得",
        "steps": r"申请|登录|提交|办理|申报|登记|填写|受理|先.*再",
        "fee": r"收费|费用|免费|不收|工本费",
        "time": r"工作日|自然日|[0-9一二三四五六七八九十]+\s*(?:天|日内|个月内)|当场|当天|即时",
        "place": r"窗口|大厅|地址|号楼|[路街道]\S{0,6}号|中心[^。]{0,6}楼|社区",
        "phone": r"\d{3,4}-\d{6,8}|(?<!\d)1\d{4}(?!\d)|1\d{10}|电话",
        "online": r"https?://|网上|网站|小程序|APP|app|政务服务网|支付宝|微信",
        "hours": r"工作日\d|\d{1,2}[:：]\d{2}|周[一二三四五六日]|上班",
    }.items()
}


@lru_cache(maxsize=1)
def _aspects() -> Sequence[Aspect]:
    rows = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return tuple(
        Aspect(
            re.compile(row["asked"]), re.compile(row["stated"]), row["name"], bool(row.get("who")),
            tuple(row.get("keeps", ["conditions"] if row.get("who") else [])), row.get("attribute"),
            row.get("values", {}),
        )
        for row in rows
    )  # fmt: skip
