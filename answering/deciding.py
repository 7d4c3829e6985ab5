"""The one question that separates entries which fit equally well. Knows contents only; pure.

Options are drawn from the entries themselves: level of region, competent authority (two departments of one region may each
serve their own zone), situation of one item (一事项多情景), kind of applicant, else the titles.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from answering import regions
from knowledge_base.content import EntryContent
from retrieval.text import normalise

MOST_OPTIONS = 8
MOST_QUESTIONS = 2  # deciding questions in a row; after that the entries themselves are offered
_YEARS = re.compile(r"(?:19|20)\d{2}年?(?:度|版)?(?:[—~-](?:19|20)?\d{2,4}年?)?(?:旧标准|标准|额度|起)?")
_OPEN, _CLOSE = "（(", "）)"
_LEVELS = {"省": "省级", "市": "市级", "县": "区县级", "国": "国家"}
LEVEL_WORDS = {
    "国": re.compile(r"国家级|全国|国家的|中央"),
    "省": re.compile(r"省级|省里|省厅|省的|省局|全省|省一级"),
    "市": re.compile(r"市级|市里|市局|市的|全市|市一级|(?<!城)市属"),
    "县": re.compile(r"区级|县级|区县级?|区里|县里|区局|县局|区的|县的"),
}
_ASKED = {
    "period": "您说的这段时间里规定改过，您问的是哪一段？",
    "region": "这件事由不同层级分别办理，您要办的归哪一级？",
    "authority": "这件事由不同部门分片受理，您归哪个部门管？",
    "situation": "这件事分几种情形，您是哪一种？",
    "audience": "各类申请人的规定不同，您是哪一类？",
    "title": "您是想问下面哪一项？",
}
HOW_TO_CHOOSE = "请点选，或回复数字；都不是请回复“都不是”。"


@dataclass(frozen=True)
class Candidate:
    """An entry that may be meant."""

    entry_id: int
    content: EntryContent


@dataclass(frozen=True)
class Option:
    """One possible reply. Attributes: label: shown, different from all other labels; entries: that are left when it is chosen."""

    label: str
    entries: tuple[int, ...]


@dataclass(frozen=True)
class Question:
    """Attributes: about: region | authority | situation | audience | title."""

    about: str
    text: str
    options: tuple[Option, ...]


def base_title(title: str) -> str:
    """What entries of one item share: the title without brackets at its end, and without years."""
    base = normalise(_split(title)[0])
    return _YEARS.sub("", base).strip() or base


def situation_of(title: str) -> str:
    """What distinguishes an entry from others of its item: the words in the brackets at the end."""
    return "，".join(_split(title)[1])


def _split(title: str) -> tuple[str, list[str]]:
    """The title without the brackets at its end, and what is in them, outer brackets in brackets gone."""
    base = title.strip()
    inside: list[str] = []
    while (start := _last_bracket(base)) > 0:
        words = base[start:]
        base = base[:start].rstrip()
        while len(words) > 2 and words[-1:] in _CLOSE and _last_bracket(words) == 0:
            words = words[1:-1].strip()
        inside.insert(0, words)
    return base, inside


def _last_bracket(text: str) -> int:
    """Where the bracket that ends the text begins; -1 when none does."""
    depth = 0
    for position in range(len(text) - 1, -1, -1):
        depth += (text[position] in _CLOSE) - (text[position] in _OPEN)
        if depth == 0:
            return position if text[position] in _OPEN else -1
    return -1


def level_of(code: str | None) -> str | None:
    """国, 省, 市 or 县; None without a region."""
    if not code:
        return None
    if code in regions.NATIONWIDE:
        return "国"
    return "省" if code.endswith("0000") else "市" if code.endswith("00") else "县"


def narrowed(candidates: Sequence[Candidate], text: str, facts: Mapping[str, str]) -> list[Candidate]:
    """The candidates that agree with the words of the question and with what is known; all of them when none would be left.

    Args:
        facts: "region", "enterprise_type" as told earlier.
    """
    left = _of_level(list(candidates), text)
    for place in filter(None, (text, facts.get("region"))):
        closer = _of_place(left, place)
        if len(closer) < len(left):
            left = closer
            break
    kind = facts.get("enterprise_type")
    return _for_applicant(left, kind) if kind else left


def question_for(candidates: Sequence[Candidate], asked: int = 0, *, dated: bool = False) -> Question | None:
    """The question that leaves the fewest candidates, in doubt the first of region, authority, situation and applicant.

    Args:
        asked: deciding questions asked so far; from MOST_QUESTIONS on the entries themselves are offered.
        dated: another time than today is asked about, so that entries may follow one another in it.

    Returns: None for fewer than two candidates.
    """
    if len(candidates) < 2:
        return None
    groupings = []
    if asked < MOST_QUESTIONS and len({base_title(c.content.title) for c in candidates}) == 1:
        values = {"period": _validity_label, **_VALUES} if dated else _VALUES
        for about, value_of in values.items():
            groups: dict[str, list[Candidate]] = {}
            for candidate in candidates:
                groups.setdefault(value_of(candidate.content), []).append(candidate)
            if 2 <= len(groups) <= MOST_OPTIONS and "" not in groups:
                groupings.append((sum(len(g) ** 2 for g in groups.values()), about, groups))
    if not groupings:
        return _by_title(candidates)
    _, about, groups = min(groupings, key=lambda grouping: grouping[0])
    options = tuple(Option(label, tuple(c.entry_id for c in group)) for label, group in groups.items())
    return Question(about, f"{_ASKED[about]}{HOW_TO_CHOOSE}", options)


def labels_of(candidates: Sequence[Candidate]) -> list[str]:
    """Titles; those of one title with what sets them apart."""
    titles = [c.content.title for c in candidates]
    labels = []
    for candidate in candidates:
        same = [c for c in candidates if normalise(c.content.title) == normalise(candidate.content.title)]
        apart = next((_VALUES[v](candidate.content) for v in _VALUES if len({_VALUES[v](c.content) for c in same}) > 1), "")
        labels.append(f"{candidate.content.title}（{apart}）" if apart else candidate.content.title)
    return [
        label if labels.count(label) == 1 else f"{title}（{candidate.entry_id}号条目）"
        for label, title, candidate in zip(labels, titles, candidates, strict=True)
    ]


def _by_title(candidates: Sequence[Candidate]) -> Question:
    shown = list(candidates[:MOST_OPTIONS])
    options = tuple(Option(label, (c.entry_id,)) for label, c in zip(labels_of(shown), shown, strict=True))
    return Question("title", f"{_ASKED['title']}{HOW_TO_CHOOSE}", options)


def _region_label(content: EntryContent) -> str:
    level = level_of(content.region_code)
    if level is None:
        return ""
    name = regions.region_name(content.region_code)
    who = name or content.authority or ""
    return f"{_LEVELS[level]}（{who}）" if who and level != "国" else _LEVELS[level]


def _validity_label(content: EntryContent) -> str:
    ends = [f"{day.year}年{day.month}月{day.day}日" if day else "" for day in (content.effective_from, content.effective_to)]
    if all(ends):
        return "至".join(ends)
    return f"{ends[0]}以后" if ends[0] else f"{ends[1]}以前" if ends[1] else ""


_VALUES: dict[str, Callable[[EntryContent], str]] = {
    "region": _region_label,
    "authority": lambda content: content.authority or content.owner_department or "",
    "situation": lambda content: situation_of(content.title),
    "audience": lambda content: "、".join(content.audience[:3]),
}


def _of_level(candidates: list[Candidate], text: str) -> list[Candidate]:
    """Those of the level that the words name ("市里的")."""
    named = {level for level, pattern in LEVEL_WORDS.items() if pattern.search(text)}
    fitting = [c for c in candidates if level_of(c.content.region_code) in named]
    return fitting or candidates


def _of_place(candidates: list[Candidate], place: str) -> list[Candidate]:
    """Those whose authority serves the place, else the ones of the smallest divisions that hold it."""
    zones = [c for c in candidates if (zone := _zone_of(c.content)) and zone in normalise(place)]
    if zones:
        return zones
    code = regions.code_named(place)
    if code is None:
        return candidates
    depths = {c.entry_id: depth for c in candidates if (depth := _depth(c.content.region_code, code)) is not None}
    closest = max(depths.values(), default=None)
    return [c for c in candidates if depths.get(c.entry_id, -1) == closest] or candidates


def _depth(region: str | None, place: str) -> int | None:
    """How small a region is that holds the place (0: the country); None when it does not hold it."""
    if region in regions.NATIONWIDE:
        return 0
    return len(regions.prefix(region)) if region and regions.within(place, region) else None


_ZONE = re.compile(
    r"((?:[\u4e00-\u9fff]{0,4}?)(?:高新|经济|技术|产业|开发|保税|空港|临空|自贸|综合|旅游|度假|试验)+(?:新?区|片区|园区?))"
)


def _zone_of(content: EntryContent) -> str | None:
    """Name of the special zone that an authority serves ("空港经济区"), without the region's."""
    match = _ZONE.search(content.authority or "")
    return normalise(re.split(r"[省市州]", match[1])[-1]) if match else None


def _for_applicant(candidates: list[Candidate], kind: str) -> list[Candidate]:
    """Those that name the kind of applicant among whom they are for, or in the title."""
    fitting = [c for c in candidates if is_for(c.content, kind) or kind in c.content.title]
    return fitting or candidates


def is_for(content: EntryContent, kind: str) -> bool:
    """Whether an entry says that it is for this kind of applicant."""
    return any(kind in who or who in kind for who in content.audience)
