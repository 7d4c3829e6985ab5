"""Whose policies are ours, and which other places a question asks about.

Region codes are those of GB/T 2260: two digits each for province, prefecture and county; a division's code begins with that of
the one above it. Codes outside the standard work the same way. `regions.csv` holds all divisions down to the prefecture and some
well-known smaller ones; a short name that is also an everyday word or a homonym ("白银") is left out there, so only "白银市" counts,
and `not_this_place` lists words that merely contain a name ("幸福建设"). Districts outside the standard ("雄安新区") have a code
of their own below the division they lie in.
"""

import csv
import re
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from retrieval.text import normalise

FILE = Path(__file__).with_name("regions.csv")
NATIONWIDE = frozenset({"000000", "100000"})
FIRST_FICTITIOUS = "90"  # GB/T 2260 ends with 82; the sample knowledge is of 99
NEVER_FOREIGN = ("71", "81", "82")  # Taiwan, Hong Kong, Macao: many matters of any place are about people from there
LOCAL = "本地"

# The mention tells where somebody or something is from, or is part of another name.
_ORIGIN_AFTER = re.compile(
    r"(?:本地|当地|那边|那里|的)?(?:户口|户籍|籍|车?牌(?![坊楼匾])|(?:颁|签|核)?发的|[出开]具的|身份证|驾照|驾驶证|学历|老家|过来|回来|来的|来[粤穗沪京浙苏]|搬来|调来|调回)"
    r"|人(?![才社口力民均员大防事工])"
    r"|(?:[\u4e00-\u9fff]{0,4}大学(?!生)|[\u4e00-\u9fff]{0,3}学院|话|方言|菜|小吃|拉面|烤鸭|火锅|啤酒|银行|时间|证券交易所)"
    r"|[东西南北中一二三四五六]{0,2}(?:路|街|大道|大街|巷|公路|高速)|[镇村乡]"
    r"|(?:一样|那样|相比|差不多)"
    r"|(?:的|一家|某|这家|某家|那边的)?(?:总|分|母|子)?(?:公司|企业|总部|厂家|工厂|集团|律所|律师事务所|客户|供应商|商家|律师|老板|个体户|商人|专家|团队)[^，。？！,?!]{0,12}"
    r"(?:来|进|迁|搬|投资|投标|参加|设立|承接|入驻|开分)"
)
_ORIGIN_BEFORE = re.compile(
    r"(?:从|自|老家是?在?|老家|祖籍是?|籍贯是?|原籍是?|(?:户口|户籍|学籍|档案|人)还?在|(?:户口|户籍|学籍|老家|籍贯)(?:还|都|就)?(?:是|落在|迁自)|生在|出生于|毕业于|出生地是?|像|不如|比|好比|发往|寄到|寄往|运到|运往|卖到|销往)$"
)
_TRIP_BEFORE = re.compile(r"(?:去|到|赴|往|飞|在)$")
_TRIP_AFTER = re.compile(
    r"[^，。？！,?!]{0,6}?(?:看病|就医|就诊|住院|治病|手术|分娩|生孩子|生小孩|出差|开会|参展|参赛|比赛|探亲|培训|养老|长住|常住|上访)"
)
_THERE_BEFORE = re.compile(r"在$")
_DONE_THERE = re.compile(
    r"(?:那边|那里|当地)?(?:已经)?(?:买|购|交|缴|领|考|拿|开|上牌|登记|注册|结婚|离婚|出生|签发|毕业|读|参保|参加|取得|办)[^，。？！,?!]{0,6}(?:的|过|了)"
)
# Between places: a matter of ours in which another place is the other end.
_BETWEEN = re.compile(
    r"异地|跨省|跨市|跨区域|转移|转入|转出|转到|转回|转过|转来|转接|接续|迁入|迁出|迁到|迁回|迁过|迁来|迁往|落回"
)
_HERE = re.compile(
    r"本地|本市|本省|本县|本区|本州|我们?[市省县区州](?!长)|咱们?(?:这|[市省县区])|我们这|你们这|贵[市省县区]|(?:来|回|到)(?:这边|这里|这儿)"
)


@dataclass(frozen=True)
class _Gazetteer:
    names: dict[str, str]  # code → official name
    places: dict[str, str | None]  # what may stand in a text → code, None: no place
    pattern: re.Pattern[str]


@lru_cache(maxsize=1)
def _gazetteer() -> _Gazetteer:
    names: dict[str, str] = {}
    places: dict[str, str | None] = {}
    with FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            names[row["code"]] = row["name"]
            places.update(dict.fromkeys([row["name"], *filter(None, row["short_names"].split("|"))], row["code"]))
            places.update(dict.fromkeys(filter(None, row["not_this_place"].split("|")), None))
    longest_first = sorted(places, key=len, reverse=True)
    return _Gazetteer(names, places, re.compile("|".join(map(re.escape, longest_first))))


def place_names() -> dict[str, str]:
    """What may stand in a text for a place → its code."""
    return {name: code for name, code in _gazetteer().places.items() if code is not None}


def home_region(setting: str | None, published_codes: Collection[str]) -> str | None:
    """The division whose policies are ours: as configured, else the smallest one that holds all published entries.

    Places that do not exist, such as that of the sample knowledge, count only while no real one has entries. None when that is the whole country or nothing is known.
    """
    if setting:
        return None if setting in NATIONWIDE else setting
    prefixes = [prefix(code) for code in published_codes if code and code not in NATIONWIDE]
    real = [digits for digits in prefixes if digits[:2] < FIRST_FICTITIOUS]
    prefixes = real or prefixes
    if not prefixes:
        return None
    common = ""
    for end in (2, 4, 6):
        starts = {prefix[:end] for prefix in prefixes}
        if len(starts) > 1 or len(min(starts)) < end:
            break
        common = starts.pop()
    return common.ljust(6, "0") if common else None


def region_name(code: str | None) -> str | None:
    """The official name, None when the gazetteer lacks it."""
    return _gazetteer().names.get(code or "")


def place_named(text: str) -> str | None:
    """The smallest division that an address names, with those it lies in ("广东省深圳市南山区"); None when we know none of it."""
    smallest = code_named(text)
    if smallest is None:
        return None
    gazetteer = _gazetteer()
    above = dict.fromkeys([smallest[:2] + "0000", smallest[:4] + "00", smallest])
    return "".join(gazetteer.names.get(code, "") for code in above)


def code_named(text: str) -> str | None:
    """Code of the smallest division that a text names; None when we know none of it."""
    gazetteer = _gazetteer()
    codes = [code for m in gazetteer.pattern.finditer(normalise(text)) if (code := gazetteer.places[m.group()])]
    return max(codes, key=lambda code: len(prefix(code)), default=None)


def foreign_places(text: str, home: str) -> list[str]:
    """Official names of the places that a question is about and that are not ours; see `foreign_codes`."""
    return [_gazetteer().names[code] for code in foreign_codes(text, home)]


def foreign_codes(text: str, home: str) -> list[str]:
    """Codes of the mainland places that a question is about, none of them home, above it or below it, in order.

    Empty as soon as a place of ours is named too, or when the mention tells only origin or direction. Of "成都天府新区" only the
    smaller one is returned.
    """
    plain = normalise(text)
    gazetteer = _gazetteer()
    found = [(m, code) for m in gazetteer.pattern.finditer(plain) if (code := gazetteer.places[m.group()])]
    if any(within(code, home) for _, code in found) or _BETWEEN.search(plain) or _HERE.search(plain):
        return []
    codes = [
        code
        for mention, code in found
        if not code.startswith(NEVER_FOREIGN) and not within(home, code) and not _only_aside(plain, mention)
    ]
    unique = list(dict.fromkeys(codes))
    return [code for code in unique if not any(other != code and within(other, code) for other in unique)]


def _only_aside(text: str, mention: re.Match[str]) -> bool:
    before, after = text[: mention.start()], text[mention.end() :]
    return bool(
        _ORIGIN_AFTER.match(after)
        or _ORIGIN_BEFORE.search(before)
        or (_TRIP_BEFORE.search(before) and _TRIP_AFTER.match(after))
        or (_THERE_BEFORE.search(before) and _DONE_THERE.match(after))
    )


_HERE_ALONE = re.compile(
    r"^(?:不是|不对|不不|那么?|我?(?:是)?(?:想|要)?(?:问|说|查|了解|咨询|讲)(?:的|一下)?(?:其实)?(?:就)?是?|就|在|[,，。\s])*(?:我们?|咱们?|你们)?"
    r"(?:这里|这儿|这边|本地|当地|这个?[省市县区]|本[省市县区])(?:的|呢|啊|呀|吧|政策|规定|情况|怎么[办弄说])*[?？。.!！]*$"
)


def means_here(text: str) -> bool:
    """Whether a message says that the place where it is answered is meant, and nothing else ("我问的是我们这里")."""
    return bool(_HERE_ALONE.match(normalise(text)))


def without_foreign(text: str, home: str) -> str:
    """The text without the places that are not ours ("成都的公积金怎么提取" → "公积金怎么提取")."""
    gazetteer = _gazetteer()

    def ours(mention: re.Match[str]) -> str:
        code = gazetteer.places[mention.group()]
        return mention.group() if code is None or within(code, home) or within(home, code) else "\n"

    plain = gazetteer.pattern.sub(ours, normalise(text))
    return re.sub(r"(?:那么?|在)?(?:\n+[省市区县州]?)+(?:那边|那里|这边|的)*", "", plain).strip(" ,，")


def prefix(code: str) -> str:
    """The digit pairs that say something."""
    while code.endswith("00"):
        code = code[:-2]
    return code


def within(code: str, region: str) -> bool:
    """Whether a division is the region or lies in it."""
    return code.startswith(prefix(region))


@dataclass(frozen=True)
class Jurisdiction:
    """What one state of the knowledge base answers for.

    Args:
        home: None: nothing is kept apart.
        published: region codes of the published entries.
    """

    home: str | None = None
    published: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return region_name(self.home) or LOCAL

    def elsewhere(self, text: str) -> list[str]:
        """Names of the other places that a question is about; empty when an entry of one of them is published."""
        if self.home is None:
            return []
        codes = foreign_codes(text, self.home)
        theirs = [c for c in self.published if c and c not in NATIONWIDE and not within(self.home, c)]
        if any(within(their, code) or within(code, their) for their in theirs for code in codes):
            return []
        return [_gazetteer().names[code] for code in codes]

    def without_elsewhere(self, text: str) -> str:
        """A question about another place as it would be about ours."""
        return without_foreign(text, self.home) if self.home else text


class JurisdictionFinder:
    """Called with a revision of the store; asks the store once for each.

    Args:
        setting: the configured region.
        published_regions: of the store.
    """

    def __init__(self, setting: str | None, published_regions: Callable[[], Collection[str]]) -> None:
        self._setting, self._published_regions = setting, published_regions
        self._known: tuple[int, Jurisdiction] | None = None
        self._lock = threading.Lock()

    def __call__(self, revision: int) -> Jurisdiction:
        with self._lock:
            if self._known is None or self._known[0] != revision:
                published = frozenset(self._published_regions())
                self._known = revision, Jurisdiction(home_region(self._setting, published), published)
            return self._known[1]
