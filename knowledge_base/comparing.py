"""What differs between two versions, field by field, and word by word within a text. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from enterprises.condition_wording import reading
from knowledge_base.content import KIND_NAMES, EntryContent
from knowledge_base.passages import FACET_NAMES

FIELD_NAMES = {
    "kind": "类型", "title": "标题", "answer": "答案", "similar_questions": "相似问", "region_code": "区划代码", "authority": "主管部门",
    "audience": "面向对象", "tags": "标签", "effective_from": "生效日期", "effective_to": "失效日期", "replaced_by": "被替代为",
    "owner_department": "责任部门", "eligibility": "适用条件（可判定）", "external_id": "外部编号",
}  # fmt: skip
SOURCE_NAMES = {
    "document_number": "文号", "title": "文件名称", "issuer": "发文机关", "clause": "条款", "url": "来源链接", "quote": "原文摘录",
    "replaced_by": "代替它的文件",
}  # fmt: skip
_WORDS = re.compile(r"[A-Za-z0-9.%]+|\s+|.", re.DOTALL)
MAX_WORDS = 6000  # beyond it, comparing word by word takes too long to be waited for
SHORTEST_SAME = 4  # characters between two changes; fewer are read as part of them
Step = Literal["same", "removed", "added"]


@dataclass(frozen=True)
class Stretch:
    """A piece of text that both have, or only one of them."""

    step: Step
    text: str


@dataclass(frozen=True)
class FieldChange:
    """One field that differs; `stretches` tell how, in reading order."""

    field: str
    label: str
    before: str
    after: str
    stretches: tuple[Stretch, ...]


def field_label(field: str) -> str:
    """What staff call a field (dotted path)."""
    group, _, name = field.partition(".")
    if group == "facets" and name:
        return FACET_NAMES.get(name, name)
    if group == "source" and name:
        return SOURCE_NAMES.get(name, name)
    return name if group == "attributes" and name else FIELD_NAMES.get(group, field)


def changes_between(before: EntryContent | None, after: EntryContent) -> list[FieldChange]:
    """The fields that differ, in the order of the format; None: nothing was there."""
    old = dict(_fields(before)) if before else {}
    new = dict(_fields(after))
    names = list(dict.fromkeys([*old, *new]))
    return [
        FieldChange(
            name, field_label(name), old.get(name, ""), new.get(name, ""), stretches(old.get(name, ""), new.get(name, ""))
        )
        for name in sorted(names, key=_place)
        if old.get(name, "") != new.get(name, "")
    ]


def stretches(before: str, after: str) -> tuple[Stretch, ...]:
    """How one text becomes the other: characters of Chinese, whole words and numbers otherwise."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if len(old) + len(new) > MAX_WORDS:
        old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    parts = [
        ("".join(old[a:b]), "".join(new[c:d])) for _, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    ]
    return tuple(_readable(parts))


def _readable(parts: Sequence[tuple[str, str]]) -> Iterator[Stretch]:
    """Whole phrases rather than single letters that happen to recur between two changes."""
    removed = added = ""
    for number, (before, after) in enumerate(parts):
        last = number == len(parts) - 1
        if before == after and not (len(before) < SHORTEST_SAME and (removed or added) and not last):
            yield from _changed(removed, added)
            removed = added = ""
            yield Stretch("same", before)
        else:
            removed, added = removed + before, added + after
    yield from _changed(removed, added)


def _changed(removed: str, added: str) -> Iterator[Stretch]:
    if removed:
        yield Stretch("removed", removed)
    if added:
        yield Stretch("added", added)


def _fields(content: EntryContent) -> Iterator[tuple[str, str]]:
    for name, value in {**content.to_dict(), "kind": KIND_NAMES[content.kind]}.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{part}", _text(item)) for part, item in value.items())
        else:
            yield name, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(_condition(item) if isinstance(item, dict) else str(item) for item in value)
    return str(value)


def _condition(condition: dict[str, Any]) -> str:
    told = "，".join(part for part in (reading(condition), condition.get("clause")) if part)
    return f"{condition['text']}（{told}）"


def _place(field: str) -> tuple[int, int]:
    group, _, name = field.partition(".")
    fields = list(EntryContent.model_fields)
    inner = {"facets": list(FACET_NAMES), "source": list(SOURCE_NAMES)}.get(group, [])
    return fields.index(group), inner.index(name) if name in inner else len(inner)
