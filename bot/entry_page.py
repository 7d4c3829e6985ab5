"""An entry prepared for its page: sections in reading order, numbers to dial, validity in words. Nothing here renders."""

import re
from dataclasses import dataclass
from datetime import date

from answering.wording import chinese_date
from knowledge_base.content import KIND_NAMES, EntryContent
from knowledge_base.entries import EntryStore
from knowledge_base.records import EntryRecord
from knowledge_base.validity import validity_of

_PHONE = re.compile(
    r"(?<!\d)(?:400[- ]?\d{3}[- ]?\d{4}|0\d{2,3}[- ]?\d{7,8}(?:-\d{1,6})?|[2-9]\d{6,7}(?:-\d{1,6})?|1[3-9]\d{9}|12\d{3}|0\d{2,3}-12\d{3})(?!\d)"
)
_URL = re.compile(r"https?://[^\s，。；、（）()<>\"'“”]+")
_NUMBERING = re.compile(r"^\s*(?:[（(]?\d{1,2}[)）、.．]|[①-⑳]|第[一二三四五六七八九十]+步[:：]?)\s*")
SHORT = 60  # characters
_LISTED = {"materials": "checklist", "steps": "steps", "conditions": "list"}


@dataclass(frozen=True)
class Piece:
    """A stretch of text, linked where `href` is given."""

    text: str
    href: str | None = None


@dataclass(frozen=True)
class Section:
    """One facet. `style`: text, list, checklist or steps."""

    heading: str
    style: str
    lines: list[list[Piece]]

    @property
    def is_short(self) -> bool:
        """Whether one row of a table holds it."""
        return self.style == "text" and len(self.lines) == 1 and sum(len(piece.text) for piece in self.lines[0]) <= SHORT


@dataclass(frozen=True)
class EntryView:
    """Everything the page shows."""

    entry_id: int
    version: int
    kind: str
    title: str
    answer: list[list[Piece]]
    sections: list[Section]
    facts: list[tuple[str, list[Piece]]]  # facets short enough for one row
    source_lines: list[tuple[str, list[Piece]]]
    quote: str | None
    validity: str  # valid | expired | not_yet
    validity_text: str
    replaced_by: tuple[int, str] | None
    document_replaced_by: str | None
    area: list[tuple[str, str]]
    updated_on: str


def entry_view(record: EntryRecord, store: EntryStore, today: date) -> EntryView:
    """The live version as its page shows it today."""
    content = record.content
    validity = validity_of(content, today)
    sections = _sections(content)
    facts = [section for section in sections if section.is_short]
    return EntryView(
        entry_id=record.entry_id,
        version=record.version,
        kind=KIND_NAMES[content.kind],
        title=content.title,
        answer=[linked(line) for line in content.answer.splitlines() if line.strip()],
        sections=[section for section in sections if not section.is_short],
        facts=[(section.heading, section.lines[0]) for section in facts],
        source_lines=_source(content),
        quote=content.source.quote,
        validity=validity,
        validity_text=_validity_text(content, validity),
        replaced_by=_replacement(content, store),
        document_replaced_by=content.source.replaced_by,
        area=_area(content),
        updated_on=chinese_date(record.updated_at.date()),
    )


def linked(text: str, *, phones: bool = False) -> list[Piece]:
    """Cut a text into plain and linked pieces: web addresses always, phone numbers where they are expected."""
    pieces: list[Piece] = []
    at = 0
    pattern = re.compile(f"{_URL.pattern}|{_PHONE.pattern}") if phones else _URL
    for match in pattern.finditer(text):
        if match.start() > at:
            pieces.append(Piece(text[at : match.start()]))
        found = match.group()
        pieces.append(Piece(found, found if found.startswith("http") else "tel:" + re.sub(r"[^\d]", "", found.split("-转")[0])))
        at = match.end()
    if at < len(text):
        pieces.append(Piece(text[at:]))
    return pieces


def _sections(content: EntryContent) -> list[Section]:
    facets = content.facets
    condition_word = "办理条件" if content.kind == "service_item" else "适用条件"
    ordered = (
        (condition_word, "conditions", facets.conditions),
        ("所需材料", "materials", facets.materials),
        ("办理流程", "steps", facets.steps),
        ("收费", "fee", facets.fee),
        ("承诺办结时限", "time", facets.time_limit_promised),
        ("法定办结时限", "time", facets.time_limit_statutory),
        ("办理地点", "place", facets.place),
        ("办公时间", "hours", facets.hours),
        ("咨询电话", "phone", facets.phone),
        ("监督投诉电话", "phone", facets.complaint_phone),
        ("网上办理", "online", facets.online_url),
    )
    return [_section(heading, name, value) for heading, name, value in ordered if value]


def _section(heading: str, name: str, value: str | list[str]) -> Section:
    lines = [line.strip() for line in (value if isinstance(value, list) else value.splitlines()) if line.strip()]
    style = _LISTED.get(name, "text") if len(lines) > 1 or (name == "materials" and isinstance(value, list)) else "text"
    if style in {"steps", "checklist"}:
        lines = [_NUMBERING.sub("", line) or line for line in lines]
    return Section(heading, style, [linked(line, phones=name == "phone") for line in lines])


def _source(content: EntryContent) -> list[tuple[str, list[Piece]]]:
    source = content.source
    rows = (
        ("文件", source.title),
        ("文号", source.document_number),
        ("条款", source.clause),
        ("发布机关", source.issuer),
        ("原文", source.url),
    )
    return [(name, linked(value)) for name, value in rows if value]


def _validity_text(content: EntryContent, validity: str) -> str:
    begins = chinese_date(content.effective_from) if content.effective_from else None
    ends = chinese_date(content.effective_to) if content.effective_to else None
    if validity == "expired":
        return f"已于{ends}失效，仅供查阅"
    if validity == "not_yet":
        return f"尚未生效，{begins}起施行"
    if begins and ends:
        return f"现行有效，{begins}至{ends}"
    if ends:
        return f"现行有效，有效期至{ends}"
    return f"现行有效，{begins}起施行" if begins else "现行有效"


def _replacement(content: EntryContent, store: EntryStore) -> tuple[int, str] | None:
    """The live entry that took this one's place, named by external id or entry id."""
    name = content.replaced_by
    if not name:
        return None
    record = store.by_external_id(name)
    entry_id = record.entry_id if record else int(name) if name.isdecimal() and len(name) < 16 else None
    live = store.published([entry_id]).get(entry_id) if entry_id is not None else None
    return (live.entry_id, live.content.title) if live else None


def _area(content: EntryContent) -> list[tuple[str, str]]:
    place = content.attributes.get("region_name") or content.attributes.get("地区")
    department = content.authority or content.owner_department
    rows = (
        ("适用地区", place) if place else ("行政区划代码", content.region_code),
        ("主管部门", department),
        ("面向对象", "、".join(content.audience)),
    )
    return [(name, value) for name, value in rows if value]
