"""Saves an evaluation: `result.json`, and `report.html` with charts and the failures to read, self-contained."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment

from bot import charts
from retrieval.evaluation import Metrics, Outcome, by_style, calibration_bins, summarise

METRIC_NAMES = (("recall@1", "首位命中"), ("recall@3", "前三命中"), ("recall@10", "前十命中"), ("mrr", "MRR"))
MOST_FAILURES = 100

_PAGE = (
    f"""{charts.MACROS}<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>检索评测</title>{charts.STYLE}"""
    + """
<h1>检索评测</h1><p>{{ title }}</p>
<table><tr><th>类型</th>{% for n in columns %}<th>{{ n }}</th>{% endfor %}</tr>
{% for name, row in rows.items() %}<tr><td>{{ name }}</td>{% for n in columns %}<td>{{ "—" if row[n] is none else row[n] }}</td>{% endfor %}</tr>{% endfor %}</table>
<h2>命中率</h2>{{ bars(bars_of) }}
<h2>把握程度是否可信</h2><p>横轴为系统给出的概率，纵轴为实际答对的比例；越接近对角线越可信。</p>
{{ reliability([{"bins": bins, "colour": "#2f6fde"}], total) }}
<h2>没有排在首位的问题</h2><table><tr><th>问题</th><th>类型</th><th>正确条目名次</th><th>概率</th></tr>
{% for o in failures %}<tr><td>{{ o.question.text }}</td><td>{{ o.question.style }}</td><td>{{ o.rank or "未找到" }}</td><td>{{ "%.2f"|format(o.probability) }}</td></tr>{% endfor %}</table></html>"""
)


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
        title=title, rows=result["metrics"], columns=list(first),
        bars_of=[{"name": label, "value": first[key] or 0.0} for key, label in METRIC_NAMES],
        bins=result["calibration"], total=max(len(everything), 1),
        failures=[o for o in everything if o.rank != 1 and o.question.gold][:MOST_FAILURES],
    )  # fmt: skip
    (folder / "report.html").write_text(page, encoding="utf-8")
    return result
