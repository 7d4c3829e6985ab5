"""How one field of an entry is made from a row: the steps of a rule, in this order.

`value` a constant · `from` the first stated of some columns · `split` into a list · `replace` patterns · `keep_if` else not
stated · `map` by table, `otherwise` for the rest · `shorten` at a sentence end · `append_unless_contained` another field in
brackets behind it. Instead of all that: `sentences` composed from fields that are already there.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from knowledge_base.passages import chunk
from knowledge_base.text import stated

_PLACE = re.compile(r"\{([^{}]+)\}")
LONGEST_LIST = 120  # characters of a list inside a composed sentence

Value = str | list[str] | None


class Rule(BaseModel):
    """One field's rule as it stands in the mapping file."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    columns: list[str] = Field(default_factory=list, alias="from")
    value: str | None = None
    split: str | None = None
    replace: list[tuple[str, str]] = Field(default_factory=list)
    keep_if: str | None = None
    map: dict[str, str | None] = Field(default_factory=dict)
    otherwise: str | None = None
    shorten: int | None = None
    sentences: list[list[str]] = Field(default_factory=list)
    append_unless_contained: str | None = None

    @field_validator("columns", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("sentences", mode="before")
    @classmethod
    def _alternatives(cls, value: Any) -> Any:
        return [[item] if isinstance(item, str) else item for item in value]

    @field_validator("split", "keep_if")
    @classmethod
    def _is_pattern(cls, value: str | None) -> str | None:
        if value is not None:
            re.compile(value)
        return value

    @field_validator("replace")
    @classmethod
    def _are_patterns(cls, value: list[tuple[str, str]]) -> list[tuple[str, str]]:
        for pattern, _ in value:
            re.compile(pattern)
        return value


def apply_rule(rule: Rule, row: Mapping[str, Any], fields: Mapping[str, Value]) -> Value:
    """The field's value; None when nothing is stated."""
    if rule.sentences:
        return "".join(_sentence(alternatives, fields) for alternatives in rule.sentences) or None
    if rule.value is not None:
        return rule.value
    value = next((found for found in (_read(row.get(column), rule.split) for column in rule.columns) if found), None)
    if value is None:
        return None
    if isinstance(value, list):
        return [item for item in (_change(rule, item) for item in value) if item] or None
    changed = _change(rule, value)
    more = fields.get(rule.append_unless_contained or "")
    return f"{changed}（{more}）" if changed and isinstance(more, str) and more not in changed else changed


def _read(raw: Any, split: str | None) -> Value:
    if isinstance(raw, list):
        items = [text for text in (stated(str(item)) for item in raw if item is not None) if text]
        return items or None
    text = stated(raw if isinstance(raw, str) else None if raw is None else str(raw))
    if text is None or split is None:
        return text
    if text.startswith("["):
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = None
        if isinstance(parsed, list):
            return _read(parsed, None)
    return [item for item in (stated(part) for part in re.split(split, text)) if item] or None


def _change(rule: Rule, text: str) -> str | None:
    for pattern, replacement in rule.replace:
        text = re.sub(pattern, replacement, text)
    if rule.keep_if is not None and not re.search(rule.keep_if, text):
        return None
    if rule.map:
        return rule.map.get(text.strip(), rule.otherwise)
    if rule.shorten is not None:
        text = (chunk(text, rule.shorten) or [""])[0]
    return stated(text)


def _sentence(alternatives: list[str], fields: Mapping[str, Value]) -> str:
    """The first alternative of which everything is stated."""
    for template in alternatives:
        if all(fields.get(name) for name in _PLACE.findall(template)):
            return _PLACE.sub(lambda match: _spoken(fields[match.group(1)]), template)
    return ""


def _spoken(value: Value) -> str:
    if not isinstance(value, list):
        return (value or "").strip().rstrip("。；;")
    said: list[str] = []
    for item in value:
        if said and len("、".join([*said, item])) > LONGEST_LIST:
            return "、".join(said) + f"等共 {len(value)} 项"
        said.append(item)
    return "、".join(said)
