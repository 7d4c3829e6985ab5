"""Conditions computed: 符合 and 不符合 only when every meaning of what was told agrees."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from enterprises.conditions import Condition, parse_condition
from enterprises.dates import add_months
from enterprises.evaluation import assess, judge
from enterprises.values import Amount, Choice, Period, Place

TODAY = date(2026, 11, 23)


def condition(fact: str, operator: str, value, **more) -> Condition:
    return parse_condition({"fact": fact, "operator": operator, "value": value, "text": "条件", **more})


SMALL = [
    condition("年应纳税所得额", "<=", 300), condition("从业人数", "<=", 300), condition("资产总额", "<=", 0.5, unit="亿元"),
]  # fmt: skip


def test_all_conditions_met() -> None:
    facts = {"年应纳税所得额": Amount.exactly(120), "从业人数": Amount.exactly(300), "资产总额": Amount.exactly(5000)}
    assert assess(SMALL, facts, TODAY).conclusion == "符合"


def test_one_failed_condition_decides_at_once() -> None:
    assessment = assess(SMALL, {"从业人数": Amount.exactly(301)}, TODAY)
    assert assessment.conclusion == "不符合"
    assert assessment.next_fact(()) is None


def test_about_the_limit_is_left_open() -> None:
    assert judge(SMALL[1], {"从业人数": Amount(270, 330)}, TODAY).vague == ("从业人数",)
    assert judge(SMALL[1], {"从业人数": Amount(300, 400, True, True)}, TODAY).verdict == "failed"
    assert judge(SMALL[1], {"从业人数": Amount(0, 300, False, True)}, TODAY).verdict == "met"


def test_only_lacking_facts_are_asked_in_their_order() -> None:
    assessment = assess(SMALL, {"从业人数": Amount.exactly(50)}, TODAY)
    assert assessment.missing == ["年应纳税所得额", "资产总额"]
    assert assessment.next_fact(["年应纳税所得额"]) == "资产总额"


def test_alternatives_need_only_one() -> None:
    staff = parse_condition(
        {
            "text": "裁员率",
            "any_of": [
                {"fact": "裁员率", "operator": "<=", "value": 5.5, "text": "不高于5.5%"},
                {
                    "text": "30人以下不高于20%",
                    "all_of": [
                        {"fact": "裁员率", "operator": "<=", "value": 20, "text": "不高于20%"},
                        {"fact": "参保人数", "operator": "<=", "value": 30, "text": "30人以下"},
                    ],
                },
            ],
        }
    )
    assert judge(staff, {"裁员率": Amount.exactly(0)}, TODAY).verdict == "met"
    assert judge(staff, {"裁员率": Amount.exactly(30)}, TODAY).verdict == "failed"
    assert judge(staff, {"裁员率": Amount.exactly(10)}, TODAY).missing == ("参保人数",)
    assert judge(staff, {"裁员率": Amount.exactly(10), "参保人数": Amount.exactly(20)}, TODAY).verdict == "met"


def test_a_full_year_is_counted_to_the_day() -> None:
    year = condition("注册日期", "at_least_months", 12)
    on = lambda day: judge(year, {"注册日期": Period(day, day)}, TODAY).verdict  # noqa: E731
    assert (on(date(2025, 11, 23)), on(date(2025, 11, 24))) == ("met", "failed")
    assert judge(year, {"注册日期": Period(date(2025, 11, 1), date(2025, 11, 30))}, TODAY).verdict == "open"


def test_choices_and_places() -> None:
    small = condition("企业规模", "in", ["微型", "小型"])
    assert judge(small, {"企业规模": Choice.of("微型", "小型")}, TODAY).verdict == "met"
    assert judge(small, {"企业规模": Choice.of("中型", "小型")}, TODAY).verdict == "open"
    county = condition("所在地区", "in", ["示例区"])
    assert judge(county, {"所在地区": Place("示例市示例区")}, TODAY).verdict == "met"
    assert judge(county, {"所在地区": Place("样板县")}, TODAY).verdict == "failed"
    assert judge(county, {"所在地区": Place("示例市")}, TODAY).verdict == "open"


def test_an_entry_without_conditions_never_suits() -> None:
    assert assess([], {"从业人数": Amount.exactly(1)}, TODAY).conclusion == "待核实"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"fact": "员工星座", "operator": "=", "value": "是"}, "没有名为“员工星座”的情况"),
        ({"fact": "从业人数", "operator": "in", "value": [1]}, r"比较方式（operator）必须是"),
        ({"fact": "从业人数", "operator": "<=", "value": "三百"}, "必须是数字"),
        ({"fact": "从业人数", "operator": "between", "value": [5, 1]}, "由小到大"),
        ({"fact": "从业人数", "operator": "<=", "value": 3, "unit": "万元"}, "不能换算"),
        ({"fact": "企业规模", "operator": "in", "value": ["巨型"]}, "没有“巨型”这一类"),
        ({"fact": "注册日期", "operator": "before", "value": "去年"}, "必须是日期"),
        ({"fact": "严重失信", "operator": "=", "value": "也许"}, "必须是“是”或“否”"),
        ({}, "还没有选看哪种情况"),
        ({"fact": "从业人数", "operator": "<=", "value": None}, "必须是数字，还没有填"),
        (
            {
                "fact": "从业人数",
                "operator": "<=",
                "value": 3,
                "any_of": [{"fact": "从业人数", "operator": "<=", "value": 3, "text": "少"}],
            },
            "只能写一个",
        ),
    ],
)
def test_a_wrong_condition_is_explained(wrong: dict, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        parse_condition({**wrong, "text": "条件"})


LIMITS = st.integers(0, 50).map(float)
AMOUNTS = st.tuples(LIMITS, LIMITS, st.booleans(), st.booleans()).map(
    lambda t: Amount(min(t[:2]), max(t[:2]), *((t[2], t[3]) if t[0] != t[1] else (False, False)))
)
NUMBER_CONDITIONS = st.one_of(
    st.builds(lambda op, v: condition("从业人数", op, v), st.sampled_from(["<=", ">=", "<", ">", "="]), LIMITS),
    st.tuples(LIMITS, LIMITS).map(lambda t: condition("从业人数", "between", sorted(t))),
)


@given(NUMBER_CONDITIONS, AMOUNTS, st.integers(0, 100))
def test_bounds_are_sound(asked: Condition, told: Amount, half: int) -> None:
    """What is decided from bounds is what is decided for every number within them."""
    number = half / 2
    verdict = judge(asked, {"从业人数": told}, TODAY).verdict
    if verdict != "open" and told.holds(number):
        assert judge(asked, {"从业人数": Amount.exactly(number)}, TODAY).verdict == verdict


@given(
    st.sampled_from(["before", "after", "<=", ">=", "at_least_months", "at_most_months"]), st.integers(1, 40),
    st.dates(date(2020, 1, 1), TODAY), st.integers(0, 400), st.integers(0, 400),
)  # fmt: skip
def test_periods_are_sound(operator: str, months: int, first: date, length: int, into: int) -> None:
    value = months if operator.endswith("months") else add_months(date(2020, 1, 1), months * 2).isoformat()
    asked, period = condition("注册日期", operator, value), Period(first, date.fromordinal(first.toordinal() + length))
    day = date.fromordinal(first.toordinal() + min(into, length))
    verdict = judge(asked, {"注册日期": period}, TODAY).verdict
    if verdict != "open":
        assert judge(asked, {"注册日期": Period(day, day)}, TODAY).verdict == verdict


FACTS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(["年应纳税所得额", "从业人数", "资产总额"], AMOUNTS.map(lambda a: a.scaled(20)))
)


@given(FACTS, FACTS)
def test_more_facts_never_take_a_conclusion_back_to_open(known: dict, more: dict) -> None:
    before, after = assess(SMALL, known, TODAY), assess(SMALL, {**more, **known}, TODAY)
    if before.conclusion != "待核实":
        assert after.conclusion == before.conclusion
