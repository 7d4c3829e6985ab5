"""SVG charts of the evaluation pages, as Jinja macros: no script, nothing from outside, escaped like the page around them."""

STYLE = """<style>body{font:15px/1.6 system-ui,"Noto Sans CJK SC",sans-serif;margin:2rem auto;max-width:68rem;color:#1d2733;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0}td,th{border:1px solid #d5dbe3;padding:.3rem .6rem;text-align:right}
td:first-child,th:first-child,td.t,th.t{text-align:left}svg text{font:12px system-ui,"Noto Sans CJK SC",sans-serif;fill:#415063}
.good{color:#1a7f4b}.bad{color:#b3261e}.dim{color:#66758a}.verdict{padding:.8rem 1rem;border-radius:6px;background:#eef6f0}
.verdict.no{background:#fbeeed}.row{display:flex;flex-wrap:wrap;gap:2rem}code{font-size:13px}</style>"""

MACROS = """{% macro bars(items, height=160) %}<svg width="{{ items|length * 70 + 40 }}" height="{{ height + 60 }}" role="img">
{% for bar in items %}<g transform="translate({{ loop.index0 * 70 + 20 }},0)">
<rect x="8" y="{{ height - bar.value * height + 20 }}" width="44" height="{{ bar.value * height }}" fill="#2f6fde" rx="3"/>
<text x="30" y="{{ height - bar.value * height + 14 }}" text-anchor="middle">{{ "%.3f"|format(bar.value) }}</text>
<text x="30" y="{{ height + 40 }}" text-anchor="middle">{{ bar.name }}</text></g>{% endfor %}</svg>{% endmacro %}
{% macro reliability(series, total) %}<svg width="300" height="300" role="img"><rect x="30" y="10" width="250" height="250" fill="none" stroke="#d5dbe3"/>
<line x1="30" y1="260" x2="280" y2="10" stroke="#9fb0c3" stroke-dasharray="4"/>
{% for one in series %}{% for b in one.bins %}<circle cx="{{ 30 + b.stated * 250 }}" cy="{{ 260 - b.right * 250 }}" r="{{ [3 + b.questions / total * 40, 14]|min }}" fill="{{ one.colour }}" fill-opacity=".6"/>{% endfor %}{% endfor %}
<text x="30" y="280">0</text><text x="272" y="280">1</text></svg>{% endmacro %}
{% macro curves(series, ks) %}<svg width="360" height="300" role="img"><rect x="40" y="10" width="300" height="250" fill="none" stroke="#d5dbe3"/>
{% for share in (0, 0.25, 0.5, 0.75, 1) %}<text x="4" y="{{ 264 - share * 250 }}">{{ "%.2f"|format(share) }}</text>{% endfor %}
{% for k in ks %}<text x="{{ 40 + loop.index0 * 300 / (ks|length - 1) }}" y="280" text-anchor="middle">{{ k }}</text>{% endfor %}
{% for one in series %}<polyline fill="none" stroke="{{ one.colour }}" stroke-width="2" points="{% for v in one.points %}{{ 40 + loop.index0 * 300 / (ks|length - 1) }},{{ 260 - v * 250 }} {% endfor %}"/>{% endfor %}</svg>{% endmacro %}
{% macro confusion(labels, rows) %}<table><tr><th class="t">应为 ＼ 认作</th>{% for l in labels %}<th>{{ l }}</th>{% endfor %}</tr>
{% for row in rows %}{% set own = loop.index0 %}<tr><td>{{ labels[own] }}</td>{% for n in row.counts %}
<td style="background:rgba({{ '47,111,222' if loop.index0 == own else '179,38,30' }},{{ '%.2f'|format(n / row.total * 0.7 if row.total else 0) }})">{{ n or "" }}</td>{% endfor %}</tr>{% endfor %}</table>{% endmacro %}"""
