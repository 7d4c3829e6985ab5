"""Saves an evaluation: `result.json`, and `report.html` with charts and the failures to read, self-contained."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment

from retrieval.evaluation import Metrics, Outcome, by_style, calibration_bins, summarise

METRIC_NAMES = (("recall@1", "首位命中"), ("recall@3", "前三命中"), ("recall@10", "前十命中"), ("mrr", "MRR"))
MOST_FAILURES = 100
BAR_HEIGHT = 160

_PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>检索评测</title>
<style>body{font:15px/1.6 system-ui,"Noto Sans CJK SC",sans-serif;margin:2rem auto;max-width:60rem;color:#1d2733;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0}td,th{border:1px solid #d5dbe3;padding:.3rem .6rem;text-align:right}
td:first-child,th:first-child{text-align:left}svg text{font:12px system-ui,"Noto Sans CJK SC",sans-serif;fill:#415063}</style>
<h1>检索评测</h1><p>{{ title }}</p>
<table><tr><th>类型</th>{% for n in columns %}<th>{{ n }}</th>{% endfor %}</tr>
{% for name, row in rows.items() %}<tr><td>{{ name }}</td>{% for n in columns %}<td>{{ "—" if row[n] is none else row[n] }}</td>{% endfor %}</tr>{% endfor %}</table>
<h2>命中率</h2><svg width="{{ bars|length * 70 + 40 }}" height="{{ height + 60 }}" role="img">
{% for bar in bars %}<g transform="translate({{ loop.index0 * 70 + 20 }},0)">
<rect x="8" y="{{ height - bar.value * height + 20 }}" width="44" height="{{ bar.value * height }}" fill="#2f6fde" rx="3"/>
<text x="30" y="{{ height - bar.value * height + 14 }}" text-anchor="middle">{{ "%.3f"|format(bar.value) }}</text>
<text x="30" y="{{ height + 40 }}" text-anchor="middle">{{ bar.name }}</text></g>{% endfor %}</svg>
<h2>把握程度是否可信</h2><p>横轴为系统给出的概率，纵轴为实际答对的比例；越接近对角线越可信。</p>
<svg width="300" height="300" role="img"><rect x="30" y="10" width="250" height="250" fill="none" stroke="#d5dbe3"/>
<line x1="30" y1="260" x2="280" y2="10" stroke="#9fb0c3" stroke-dasharray="4"/>
{% for b in bins %}<circle cx="{{ 30 + b.stated * 250 }}" cy="{{ 260 - b.right * 250 }}" r="{{ [3 + b.questions / total * 40, 14]|min }}" fill="#2f6fde" fill-opacity=".6"/>{% endfor %}
<text x="30" y="280">0</text><text x="272" y="280">1</text></svg>
<h2>没有排在首位的问题</h2><table><tr><th>问题</th><th>类型</th><th>正确条目名次</th><th>概率</th></tr>
{% for o in failures %}<tr><td>{{ o.question.text }}</td><td>{{ o.question.style }}</td><td>{{ o.rank or "未找到" }}</td><td>{{ "%.2f"|format(o.probability) }}</td></tr>{% endfor %}</table></html>"""


def save(folder: Path, title: str, parts: Mapping[str, Sequence[Outcome]], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Write both files into `folder`. Args: parts: name → outcomes; facts: what was measured (files, models, times).

    Returns: the JSON result.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, Metrics] = {}
    for name, outcomes in parts.items():
        rows[name] = summarise(outcomes)
        if len({o.question.style for o in outcomes}) > 1:
            rows.update({f"{name}：{style}" if len(parts) > 1 else style: m for style, m in by_style(outcomes).items()})
    everything = [o for outcomes in parts.values() for o in outcomes]
    result = {
        **facts,
        "metrics": {name: metrics.row() for name, metrics in rows.items()},
        "calibration": calibration_bins([o for o in everything if o.question.gold]),
    }
    (folder / "result.json").write_text(json.dumps(result, ensure_ascii=False, indent=1), encoding="utf-8")
    first = next(iter(rows.values())).row()
    page = Environment(autoescape=True).from_string(_PAGE).render(
        title=title, rows=result["metrics"], columns=list(first), height=BAR_HEIGHT,
        bars=[{"name": label, "value": first[key] or 0.0} for key, label in METRIC_NAMES],
        bins=result["calibration"], total=max(len(everything), 1),
        failures=[o for o in everything if o.rank != 1 and o.question.gold][:MOST_FAILURES],
    )  # fmt: skip
    (folder / "report.html").write_text(page, encoding="utf-8")
    return result
