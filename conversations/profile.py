"""What a sender told about their enterprise and region, kept in `Conversation.profile` until they change or erase it. Pure.

`profile["region"]` is a place in words (a channel may write it too); `profile["facts"]` holds the rest with the time it was told.
Facts about persons (age, education) never come here, see `personal` in enterprises/facts.yml.
"""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Literal

from enterprises.facts import registry
from enterprises.hearing import normalised
from enterprises.values import Choice, Facts, FactValue, Place, describe, from_json, to_json

REGION_FACT, TYPE_FACT = "所在地区", "企业类型"
MAX_PLACE = 40
Command = Literal["list", "forget"]

_MINE = r"(?:我们?|咱们?)?(?:这个|家|自己)?(?:公司|企业|单位|店|厂)?"
_THINGS = r"(?:信息|资料|情况|数据|档案|画像|记录|说过的话?|说的)"
_FORGET = re.compile(
    rf"(?:把|将){_MINE}的?(?:企业|公司|个人|所有)?(?P<what>.{{0,8}}?)(?:都|全|全部)?(?:忘|删|清|抹)(?:了|记|掉|除|空)"
    rf"|(?:忘记|忘掉|忘了|删除|删掉|清除|清空|抹掉){_MINE}的?(?:企业|公司|个人|所有)?(?P<what2>.{{0,8}}?)(?:吧|了)?$"
    r"|^(?:把)?(?P<all>都|全|全部|统统)(?:给我)?(?:忘|删|清)(?:掉|了|记|除|空)+(?:吧|啊)?$"
    r"|^(?:那个?|把)?(?P<what4>.{2,8}?)(?:给我)?(?:也|都)?(?:删|忘|清)(?:了|掉|除)(?:吧|啊)?$"
    rf"|(?:别|不要|不用)(?:再)?(?:记住|记|保存|存){_MINE}的?(?P<what3>.{{0,8}}?)(?:了|吧)?$"
)
_LIST = re.compile(
    rf"你(?:都|还)*(?:记得|记住|记着|记|知道|掌握|存|保存)(?:了|着|下)?{_MINE}的?(?:哪些|什么|啥|多少)(?:{_THINGS}|东西)?"
    r"|^(?:你|都|还)*(?:记|存)(?:了|住|得|下)*我?(?:些)?(?:什么|啥|哪些)"
    r"|^你(?:都|还)*(?:记得|记住|知道)(?:不)?我们?(?:公司|企业|店)?(?:是|干|做|说过|叫)"
    rf"|{_MINE}的?{_THINGS}你(?:都|还)?(?:记得|记住|知道)(?:了)?(?:哪些|什么|吗|多少)"
    rf"|(?:看看|查看|查一下|查查)(?:你)?(?:记得|记住|记)(?:的|了)?(?:我们?)?的?(?:企业|公司)?的?{_THINGS}"
)
_ALL = re.compile(rf"^(?:的)?(?:企业|公司|单位)?的?(?:所有|全部)?(?:{_THINGS}|事|什么)?(?:都|全)?$")
_CORRECTION = re.compile(
    r"^(?:那|刚才|刚刚|我|[，,\s])*(?:不对|错了|[说记打搞弄写]错了?|口误|不是(?=[，,、。\s]|应该|是)|不是[^，,、。\s是]{1,12}[，,\s]*而?(?=是)|等等|更正|纠正)[，,、。\s]*(?:一下|我)?[，,、]?(?:应该)?(?:是|改成|改为)?"
    r"|^(?P<lead>.{0,8}?)(?:改成|改为|改到|更新为|更新成|变成了?|应该是|增加到了?|减少到了?|涨到了?)"
)


def command_of(text: str) -> tuple[Command, str | None] | None:
    """A request about the memory itself: what to do, and for "forget" the one fact meant (None: everything)."""
    plain = re.sub(r"[\s。.!！~？?]+$", "", normalised(text))
    if _LIST.search(plain):
        return "list", None
    match = _FORGET.search(plain)
    if match is None or re.search(r"怎么|如何|哪", plain):
        return None
    if match["all"]:
        return "forget", None
    what = (match["what"] or match["what2"] or match["what3"] or match["what4"] or "").strip()
    if _ALL.match(what):
        return ("forget", None) if what or re.search(r"我|咱", plain) else None
    fact = fact_named(what)
    return ("forget", fact) if fact else None


def fact_named(words: str) -> str | None:
    """The remembered fact that these words name."""
    if re.search(r"地区|地址|所在地|哪里|区域", words):
        return REGION_FACT
    for name, fact in registry().items():
        if not fact.personal and (words == name or words in fact.hints):
            return name
    return None


def corrected(text: str) -> str | None:
    """What remains of a correction ("不对，是120人", "员工改成120人") to be read as a fact; None when it is none."""
    plain = normalised(text)
    match = _CORRECTION.match(plain)
    rest = plain[match.end() :].strip(" ，,。了") if match else ""
    return f"{match['lead'] or ''}{rest}" if match and rest else None


def known_facts(profile: Mapping[str, Any]) -> dict[str, FactValue]:
    """What is remembered, as values to compute with."""
    facts: dict[str, FactValue] = {}
    for name, data in (profile.get("facts") or {}).items():
        value = from_json(data) if name in registry() else None
        if value is not None:
            facts[name] = value
    if profile.get("region"):
        facts[REGION_FACT] = Place(str(profile["region"]))
    return facts


def known_words(profile: Mapping[str, Any]) -> dict[str, str]:
    """What decides between entries that fit alike: "region" and "enterprise_type", in words."""
    facts = known_facts(profile)
    kind = facts.get(TYPE_FACT)
    words = {"region": str(profile["region"])} if profile.get("region") else {}
    if isinstance(kind, Choice) and len(kind.possible) == 1:
        words["enterprise_type"] = next(iter(kind.possible))
    return words


def remembered(told: Facts) -> dict[str, FactValue]:
    """The facts that may be kept beyond the conversation."""
    return {name: value for name, value in told.items() if not registry()[name].personal}


def with_told(profile: Mapping[str, Any], told: Facts, moment: datetime) -> dict[str, Any]:
    """The profile with what was told now; a later word on a fact replaces the earlier one."""
    facts = dict(profile.get("facts") or {})
    changed = {**profile}
    for name, value in remembered(told).items():
        if isinstance(value, Place):
            changed["region"] = value.name[:MAX_PLACE]
        else:
            facts[name] = {**to_json(value), "told": moment.isoformat(timespec="seconds")}
    return {**changed, "facts": facts} if facts else changed


def without(profile: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """The profile without these facts."""
    facts = {name: data for name, data in (profile.get("facts") or {}).items() if name not in names}
    kept = {key: value for key, value in profile.items() if key != "facts" and not (key == "region" and REGION_FACT in names)}
    return {**kept, "facts": facts} if facts else kept


def lines(facts: Facts) -> list[str]:
    """One line a fact, as a citizen reads it."""
    return [f"{name}：{describe(value, registry()[name].unit)}" for name, value in facts.items()]
