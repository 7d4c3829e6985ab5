"""Writes the quality figures: `result.json` for machines, `report.html` for people, with what went wrong to read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment

_PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>质量测评</title>
<style>body{font:15px/1.6 system-ui,"Noto Sans CJK SC",sans-serif;margin:2rem auto;max-width:64rem;color:#1d2733;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0}td,th{border:1px solid #d5dbe3;padding:.3rem .6rem;text-align:left;vertical-align:top}
.ok{color:#137a3d}.no{color:#b3261e}</style>
<h1>质量测评</h1><p>{{ facts.date }}</p>
<table><tr><th>指标</th><th>数值</th><th>目标</th><th>怎么算</th></tr>
{% for f in figures %}<tr><td>{{ f.name }}</td><td class="{{ "" if f.met is none else "ok" if f.met else "no" }}">{{ f.shown }}</td><td>{{ f.aim_shown }}</td><td>{{ f.meaning }}</td></tr>{% endfor %}</table>
{% for section in sections %}<h2>{{ section.title }}</h2><table><tr>{% for c in section.columns %}<th>{{ c }}</th>{% endfor %}</tr>
{% for row in section.rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>{% endfor %}</html>"""


@dataclass(frozen=True)
class Figure:
    """One number and what is aimed at. Attributes: key: in the JSON result; meaning: what exactly is counted."""

    key: str
    name: str
    value: float | None
    aim: float | None
    meaning: str
    of: int

    @property
    def met(self) -> bool | None:
        return None if self.value is None or self.aim is None else self.value >= self.aim

    @property
    def shown(self) -> str:
        return "—" if self.value is None else f"{self.value:.3f}（{self.of}）"

    @property
    def aim_shown(self) -> str:
        return "" if self.aim is None else f"≥ {self.aim:.2f}"


@dataclass(frozen=True)
class Section:
    """A table of details."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Part:
    """What one measurement yields."""

    figures: Sequence[Figure]
    sections: Sequence[Section] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


def save(folder: Path, parts: Sequence[Part], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Write both files; returns the JSON result."""
    folder.mkdir(parents=True, exist_ok=True)
    figures = [figure for part in parts for figure in part.figures]
    result: dict[str, Any] = {**facts, "figures": {}}
    for figure in figures:
        value = None if figure.value is None else round(figure.value, 4)
        result["figures"][figure.key] = {"value": value, "aim": figure.aim, "of": figure.of, "meaning": figure.meaning}
    for part in parts:
        result |= part.details
    (folder / "result.json").write_text(json.dumps(result, ensure_ascii=False, indent=1), encoding="utf-8")
    sections = [section for part in parts for section in part.sections]
    page = Environment(autoescape=True).from_string(_PAGE).render(facts=facts, figures=figures, sections=sections)
    (folder / "report.html").write_text(page, encoding="utf-8")
    return result
