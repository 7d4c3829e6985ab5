"""The entry format as one flat row of texts (CSV, XLSX): nested fields as dotted columns, lists as lines. Lossless both ways.

A list is one item a line. JSON is used where lines would be ambiguous: items with line breaks, one-item facet lists,
texts that look like JSON themselves.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from knowledge_base.content import EntryContent, Facets, Source

CONDITIONS = "eligibility"  # one cell of JSON
LISTS = ("similar_questions", "audience", "tags")
_FACETS = tuple(f"facets.{name}" for name in Facets.model_fields)
_SOURCE = tuple(f"source.{name}" for name in Source.model_fields)
COLUMNS: tuple[str, ...] = (
    "external_id", "kind", "title", "answer", "similar_questions", *_FACETS, *_SOURCE, "region_code", "authority", "audience",
    "tags", "effective_from", "effective_to", "replaced_by", "owner_department", "eligibility",
)  # fmt: skip
ATTRIBUTES = "attributes."
FORMULA_STARTS = ("=", "+", "-", "@", "'")  # a spreadsheet would run such a CSV cell as a formula


def flatten(content: EntryContent) -> dict[str, str]:
    """Column → text, only for what is stated."""
    row: dict[str, str] = {}
    for key, value in content.to_dict().items():
        if isinstance(value, dict):
            row.update((f"{key}.{name}", _cell(item, plain=key != "facets")) for name, item in value.items())
        else:
            row[key] = json.dumps(value, ensure_ascii=False) if key == CONDITIONS else _cell(value, plain=True)
    return row


def unflatten(row: Mapping[str, Any]) -> dict[str, Any]:
    """Entry data from dotted columns; nested values pass through. Empty cells are left out."""
    data: dict[str, Any] = {}
    for column, value in row.items():
        if value is None or value == "":
            continue
        head, _, name = column.partition(".")
        if not name:
            data[head] = _plain(head, value) if isinstance(value, str) else value
            continue
        group = data.setdefault(head, {})
        if isinstance(group, dict):
            group[name] = _facet(value) if head == "facets" and isinstance(value, str) else value
    return data


def _plain(column: str, text: str) -> Any:
    if column == CONDITIONS:
        parsed = _json(text)
        return text if parsed is None else parsed
    return _lines(text) if column in LISTS else text


def unknown_columns(columns: Iterable[str]) -> list[str]:
    """Columns that the entry format does not have."""
    return [name for name in columns if name not in COLUMNS and not (name.startswith(ATTRIBUTES) and name != ATTRIBUTES)]


def guard_formula(text: str) -> str:
    """Text for a CSV cell that no spreadsheet runs as a formula; `unguard_formula` takes the guard off."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def unguard_formula(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text


def _cell(value: str | list[str], *, plain: bool) -> str:
    """`plain`: the column's type is known from its name; otherwise (facets) text and list must be told apart."""
    if isinstance(value, str):
        return value if plain or not ("\n" in value or value.startswith(("[", '"'))) else json.dumps(value, ensure_ascii=False)
    joined = "\n".join(value)
    as_lines = not any("\n" in item for item in value) and not joined.startswith(("[", '"')) and (plain or len(value) > 1)
    return joined if as_lines else json.dumps(value, ensure_ascii=False)


def _lines(text: str) -> Any:
    parsed = _json(text) if text.startswith("[") else None
    return parsed if isinstance(parsed, list) else text.split("\n")


def _facet(text: str) -> Any:
    parsed = _json(text) if text.startswith(("[", '"')) else None
    if isinstance(parsed, list | str):
        return parsed
    return text.split("\n") if "\n" in text else text


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
