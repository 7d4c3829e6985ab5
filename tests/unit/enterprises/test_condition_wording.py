"""Conditions read out in plain Chinese, as editors see them while writing."""

import pytest

from enterprises.condition_wording import reading
from knowledge_base.content import parse_content
from knowledge_base.errors import ContentError
from panel.knowledge.condition_tree import Node, read_value, walk

LAYOFFS = {
    "text": "裁员率不高于5.5%；30人以下的企业不高于20%", "clause": "第三条", "any_of": [
        {"fact": "裁员率", "operator": "<=", "value": 5.5, "text": "不高于5.5%"},
        {"text": "30人以下且不高于20%", "all_of": [
            {"fact": "裁员率", "operator": "<=", "value": 20, "text": "不高于20%"},
            {"fact": "参保人数", "operator": "<=", "value": 30, "text": "30人以下"},
        ]},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"fact": "从业人数", "operator": "<=", "value": 300, "unit": "人"}, "从业人数不超过 300 人"),
        ({"fact": "年营业收入", "operator": ">=", "value": 1.5, "unit": "亿元"}, "年营业收入不少于 1.5 亿元"),
        ({"fact": "从业人数", "operator": "between", "value": [20, 300]}, "从业人数在 20 到 300 人之间"),
        ({"fact": "从业人数", "operator": "between", "value": [20, None]}, "从业人数在 20 到 …… 人之间"),
        ({"fact": "注册日期", "operator": "at_least_months", "value": 12}, "注册日期至今已满 12 个月"),
        ({"fact": "注册日期", "operator": "before", "value": "2025-01-31"}, "注册日期早于2025年1月31日"),
        ({"fact": "注册日期", "operator": ">=", "value": "2025-01-31"}, "注册日期不早于2025年1月31日"),
        ({"fact": "企业规模", "operator": "in", "value": ["微型", "小型"]}, "企业规模是微型或小型"),
        ({"fact": "企业类型", "operator": "not_in", "value": ["个人"]}, "企业类型不是个人"),
        ({"fact": "严重失信", "operator": "=", "value": "否"}, "严重失信：否"),
        (LAYOFFS, "满足其中一项：（1）裁员率不超过 5.5%；（2）裁员率不超过 20%，并且参保人数不超过 30 人"),
        ({"any_of": [{"fact": "从业人数", "operator": "<"}, {}]}, "满足其中一项：（1）从业人数少于 …… 人；（2）……"),
        ({"fact": "没有这种情况"}, "……"),
    ],
)
def test_a_condition_is_read_out(condition: dict, said: str) -> None:
    assert reading(condition) == said


def test_a_condition_written_in_the_form_is_what_content_has() -> None:
    assert Node.of(LAYOFFS).data() == LAYOFFS
    node = Node()
    node.choose_fact("年营业收入")
    node.value, node.unit = read_value("4000", node), "万元"
    node.speak()
    assert node.data() == {
        "fact": "年营业收入", "operator": "<=", "value": 4000, "unit": "万元", "text": "年营业收入不超过 4000 万元",
    }  # fmt: skip
    node.choose_operator("between")
    assert node.value is None
    node.value = [read_value("1000", node), read_value("四千", node)]
    assert node.lacking() is None
    assert [place for place, _ in walk([Node.of(LAYOFFS)])][-1] == "eligibility.0.any_of.1.all_of.1"


def test_a_sentence_of_ones_own_is_kept() -> None:
    node = Node.of({"fact": "从业人数", "operator": "<=", "value": 300, "text": "员工 300 人以内"})
    node.value = 200
    node.speak()
    assert node.text == "员工 300 人以内"


@pytest.mark.parametrize(
    ("condition", "field"),
    [
        ({"fact": "从业人数", "operator": "<=", "value": "三百", "text": "条件"}, "eligibility.0.value"),
        ({"fact": "从业人数", "operator": "<=", "value": 3, "unit": "万元", "text": "条件"}, "eligibility.0.unit"),
        ({"fact": "从业人数", "operator": "in", "value": [3], "text": "条件"}, "eligibility.0.operator"),
        ({"text": "条件"}, "eligibility.0.fact"),
        ({"text": "条件", "any_of": [{"fact": "从业人数", "operator": "<=", "value": 3, "text": ""}]}, "eligibility.0.any_of.0.text"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_condition_is_told_at_its_field(condition: dict, field: str) -> None:
    with pytest.raises(ContentError) as raised:
        parse_content({"kind": "qa", "title": "问", "answer": "答。", "eligibility": [condition]})
    assert [problem.field for problem in raised.value.problems] == [field]
