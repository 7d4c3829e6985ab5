"""The gate's report as one HTML page: figures before and after, charts, and examples to read. Nothing from outside; all escaped."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jinja2 import Environment

from bot import charts
from conversations.masking import mask_personal_data
from panel.times import shown
from panel.training_wording import DATA_SOURCES, METRICS, SETS
from retrieval.evaluation import Outcome, calibration_bins, summarise

if TYPE_CHECKING:
    from training.gate import Measured

EXAMPLES = 20
KS = (1, 2, 3, 5, 10, 20, 50)
OLD, NEW = "#9aa7b8", "#2f6fde"
MOST_GROUPS = 30
# of the project's questions; this instance's own go by where they come from
STYLES = {
    "paraphrase": "换个说法", "colloquial": "口语", "keyword": "关键词", "typo": "错别字", "story": "讲事情经过", "traditional": "繁体",
    "agent": "坐席记录", "unstated": "未注明", **DATA_SOURCES,
}  # fmt: skip


_PAGE = (
    f"""{charts.MACROS}<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>训练评测报告</title>{charts.STYLE}"""
    + """
<h1>训练评测报告</h1><p>训练 <code>{{ r.run }}</code> 对比现用 <code>{{ r.against or "程序自带的模型" }}</code>，{{ at }}。<span style="color:{{ old }}">■</span> 现用 <span style="color:{{ new }}">■</span> 新</p>
<p class="verdict {{ '' if r.passed else 'no' }}"><b>{{ "通过，可以上线。" if r.passed else "没有通过，不能上线。" }}</b>
{% for reason in r.reasons %}<br>{{ reason }}。{% endfor %}
{% if r.primary %}<br>首位命中率变化 {{ "%+.1f"|format(r.primary.mean * 100) }} 个百分点，95% 区间 {{ "%+.1f"|format(r.primary.low * 100) }} 至 {{ "%+.1f"|format(r.primary.high * 100) }}（{{ r.primary.questions }} 题配对自助法）。{% endif %}
{% if r.labels_worth %}<br>{{ r.labels_worth.text }}{% endif %}</p>
<h2>指标</h2><table><tr><th>指标</th><th>现用</th><th>新</th><th>变化</th></tr>
{% for key, label in names %}{% set a = r.current[key] %}{% set b = r.candidate[key] %}<tr><td>{{ label }}</td><td>{{ "—" if a is none else "%.3f"|format(a) }}</td><td>{{ "—" if b is none else "%.3f"|format(b) }}</td>
<td>{% if a is not none and b is not none %}<span class="{{ 'good' if b > a else 'bad' if b < a else 'dim' }}">{{ "%+.3f"|format(b - a) }}</span>{% endif %}</td></tr>{% endfor %}</table>
<h2>不许变差的指标</h2><table><tr><th>指标</th><th>现用</th><th>新</th><th>允许下降</th><th>结论</th></tr>
{% for g in r.guards %}<tr><td>{{ g.label }}</td><td>{{ "%.3f"|format(g.current|abs) }}</td><td>{{ "%.3f"|format(g.candidate|abs) }}</td><td>{{ "%.3f"|format([g.limit, g.least]|max) }}</td><td class="{{ 'good' if g.holds else 'bad' }}">{{ "符合" if g.holds else "超出" }}</td></tr>{% endfor %}</table>
<h2>测试题</h2><table><tr><th>名称</th><th>sha256</th><th>题数</th><th>本实例可用</th></tr>
{% for s in r.sets %}<tr><td>{{ set_names.get(s.name, s.name) }}</td><td><code>{{ s.sha256 }}</code></td><td>{{ s.rows }}</td><td>{{ s.used }}</td></tr>{% endfor %}</table>
<div class="row"><div><h2>前 k 条命中率</h2>{{ curves(recall, ks) }}</div>
<div><h2>把握程度是否可信</h2><p>横轴为给出的概率，纵轴为实际答对的比例。</p>{{ reliability(bins, total) }}</div></div>
{% if labels %}<h2>意图混淆（新模型）</h2>{{ confusion(labels, confused) }}{% endif %}
{% for title, rows in (("按部门", departments), ("按说法", styles)) %}<h2>{{ title }}</h2><table><tr><th>{{ title[1:] }}</th><th>题数</th><th>现用</th><th>新</th><th>变化</th></tr>
{% for g in rows %}<tr><td>{{ g.name }}</td><td>{{ g.questions }}</td><td>{{ "%.3f"|format(g.old) }}</td><td>{{ "%.3f"|format(g.new) }}</td><td class="{{ 'good' if g.new > g.old else 'bad' if g.new < g.old else 'dim' }}">{{ "%+.3f"|format(g.new - g.old) }}</td></tr>{% endfor %}</table>{% endfor %}
{% for title, rows in (("改善最多的二十题", better), ("变差最多的二十题", worse)) %}<h2>{{ title }}</h2>
{% if rows %}<table><tr><th>问题</th><th class="t">正确条目</th><th>名次：现用 → 新</th><th class="t">现用排首位的</th><th class="t">新模型排首位的</th></tr>
{% for e in rows %}<tr><td>{{ e.text }}</td><td class="t">{{ e.gold }}</td><td>{{ e.old or "未找到" }} → {{ e.new or "未找到" }}</td><td class="t">{{ e.old_first }}</td><td class="t">{{ e.new_first }}</td></tr>{% endfor %}</table>{% else %}<p class="dim">没有。</p>{% endif %}{% endfor %}
{% if refused %}<h2>应当拒答而结果有变的问题</h2><table><tr><th>问题</th><th>现用</th><th>新</th></tr>{% for e in refused %}<tr><td>{{ e.text }}</td><td>{{ e.old }}</td><td>{{ e.new }}</td></tr>{% endfor %}</table>{% endif %}
{% if golden is not none %}<h2>典型会话</h2>{% if golden %}<table><tr><th>会话</th><th class="t">现用</th><th class="t">新</th></tr>{% for g in golden %}<tr><td>{{ g.name }}</td><td class="t">{{ g.old or "通过" }}</td><td class="t">{{ g.new or "通过" }}</td></tr>{% endfor %}</table>{% else %}<p>全部通过。</p>{% endif %}{% endif %}</html>"""
)


def render(result: Mapping[str, Any], measured: "Measured") -> str:
    """The page. What citizens wrote is masked and escaped."""
    known = [(a, b) for a, b in zip(measured.current, measured.candidate, strict=True) if a.question.gold]
    unknown = [(a, b) for a, b in zip(measured.current, measured.candidate, strict=True) if not a.question.gold]
    changed = sorted((pair for pair in known if _gain(pair) != 0), key=_gain)
    labels, confused = confusion(measured.intents)
    return Environment(autoescape=True).from_string(_PAGE).render(
        r=result, at=shown(result["at"]), names=METRICS, set_names=SETS, old=OLD, new=NEW, ks=KS,
        recall=[{"colour": OLD, "points": recall_curve([a for a, _ in known])}, {"colour": NEW, "points": recall_curve([b for _, b in known])}],
        bins=[{"colour": OLD, "bins": calibration_bins([a for a, _ in known])}, {"colour": NEW, "bins": calibration_bins([b for _, b in known])}],
        total=max(len(known), 1), labels=labels, confused=confused,
        departments=_grouped(known, lambda o: measured.departments.get(o.question.gold[0], "未写明部门")),
        styles=_grouped(known, lambda o: STYLES.get(o.question.style, o.question.style)),
        better=[_example(pair, measured) for pair in reversed(changed[-EXAMPLES:]) if _gain(pair) > 0],
        worse=[_example(pair, measured) for pair in changed[:EXAMPLES] if _gain(pair) < 0],
        refused=[
            {"text": mask_personal_data(a.question.text), "old": _said(a), "new": _said(b)}
            for a, b in unknown if a.answered != b.answered
        ][:EXAMPLES],
        golden=_golden(measured.golden) if measured.golden else None,
    )  # fmt: skip


def recall_curve(outcomes: Sequence[Outcome]) -> list[float]:
    """Recall at each of KS; zeros for no questions."""
    return [sum(o.rank is not None and o.rank <= k for o in outcomes) / max(len(outcomes), 1) for k in KS]


def confusion(rows: Sequence[tuple[str, str, str, str]]) -> tuple[list[str], list[dict[str, Any]]]:
    """Labels, and for each wanted one how often the candidate named each."""
    labels = sorted({wanted for _, wanted, _, _ in rows} | {new for _, _, _, new in rows})
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for _, wanted, _, new in rows:
        counts[wanted, new] += 1
    table = [[counts[wanted, named] for named in labels] for wanted in labels]
    return labels, [{"counts": row, "total": sum(row)} for row in table]


def _gain(pair: tuple[Outcome, Outcome]) -> float:
    """How much nearer to the first place: difference of 1/rank."""
    old, new = (1 / one.rank if one.rank else 0.0 for one in pair)
    return new - old


def _example(pair: tuple[Outcome, Outcome], measured: "Measured") -> dict[str, Any]:
    old, new = pair
    return {
        "text": mask_personal_data(old.question.text), "gold": measured.titles.get(old.question.gold[0], old.question.gold[0]),
        "old": old.rank, "new": new.rank, "old_first": _first(old, measured), "new_first": _first(new, measured),
    }  # fmt: skip


def _first(outcome: Outcome, measured: "Measured") -> str:
    return measured.titles.get(outcome.found[0], outcome.found[0]) if outcome.found else "—"


def _said(outcome: Outcome) -> str:
    return f"作答（{outcome.probability:.2f}）" if outcome.answered else f"拒答（{outcome.probability:.2f}）"


def _grouped(known: Sequence[tuple[Outcome, Outcome]], name_of: Any) -> list[dict[str, Any]]:
    groups: dict[str, list[tuple[Outcome, Outcome]]] = defaultdict(list)
    for pair in known:
        groups[name_of(pair[0])].append(pair)
    largest = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))[:MOST_GROUPS]
    return [
        {"name": name, "questions": len(pairs), "old": summarise([a for a, _ in pairs]).recall_1 or 0.0,
         "new": summarise([b for _, b in pairs]).recall_1 or 0.0}
        for name, pairs in largest
    ]  # fmt: skip


def _golden(failed: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    old, new = failed
    return [{"name": name, "old": old.get(name), "new": new.get(name)} for name in sorted({*old, *new})]
