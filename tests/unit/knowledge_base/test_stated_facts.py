"""What counts as a contradiction, and what does not."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base import review_clock
from knowledge_base.comparing import stretches
from knowledge_base.content import EntryContent, parse_content
from knowledge_base.errors import ReviewMonthsError
from knowledge_base.stated_facts import differences


def _entry(answer: str, **more: Any) -> EntryContent:
    return parse_content({"kind": "qa", "title": "租房补贴", "answer": answer, **more})


@pytest.mark.parametrize(
    ("ours", "theirs", "about"),
    [
        ("补贴标准为每人每月800元。", "每人每月补贴标准是1000元。", "金额或比例"),
        ("三个工作日内办结，审核时间不超过五天。", "审核时间不超过十天。", "时限"),
        ("申报截止日期为3月31日。", "申报截止日期为4月30日。", "日期"),
        ("咨询电话：0571-87654321。", "咨询电话：0571-11112222。", "电话"),
        ("申请人年龄不超过三十五周岁。", "申请人年龄最高40周岁。", "数量"),
        ("最高300万元，期限两年。", "小微企业最高可贷1,400万元，期限2年。", "金额或比例"),
        ("10个工作日出结果。", "15个工作日内出审核结果。", "时限"),
    ],
)
def test_another_figure_for_the_same_thing(ours: str, theirs: str, about: str) -> None:
    assert [d.about for d in differences(_entry(ours), _entry(theirs))] == [about]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("补贴标准为每人每月800元。", "每人每月补贴标准是八百元。"),
        ("补贴标准为800元。", "申请材料要2份。"),
        ("工伤认定60日内作出。", "公示时间不少于5天。"),
        ("本科补贴标准500元，硕士补贴标准800元。", "本科补贴标准500元。"),
        ("三个工作日内办结。", "3个工作日内办结！"),
        ("最高300万元，10个工作日出结果。", "最高300万元，最长2年。"),
        ("感谢您的支持！2019年1月15日", "感谢您的支持！2018年2月13日"),
    ],
)
def test_no_contradiction(ours: str, theirs: str) -> None:
    assert differences(_entry(ours), _entry(theirs)) == []


def test_facets_are_compared_by_what_they_state() -> None:
    ours = _entry(
        "答。", facets={"phone": "0571-87654321", "fee": "不收费", "time_limit_promised": "3个工作日", "place": "市民中心二楼"}
    )
    theirs = _entry(
        "答。", facets={"phone": "0571-87654322", "time_limit_promised": "三个工作日", "place": "市民中心二楼12号窗口"}
    )
    assert [(d.about, d.theirs) for d in differences(ours, theirs)] == [("咨询电话", "0571-87654322")]


def test_when_a_review_is_due() -> None:
    assert review_clock.due_on(date(2026, 8, 31), 6) == date(2027, 2, 28)
    assert review_clock.due_on(None, 6) is None
    assert review_clock.reviewed_by(date(2027, 1, 15), 12) == date(2026, 1, 15)
    months = review_clock.parse_months("notice=3, qa = 24")
    assert (months["notice"], months["qa"], months["case"]) == (3, 24, 24)
    for wrong in ("notice", "notice=0", "新闻=3", "qa=一年"):
        with pytest.raises(ReviewMonthsError, match="复核周期"):
            review_clock.parse_months(wrong)


@given(st.text("可以。小餐饮登记证一1 \n", max_size=40), st.text("可以。小餐饮登记证一1 \n", max_size=40))
def test_a_comparison_tells_both_texts(before: str, after: str) -> None:
    found = stretches(before, after)
    assert "".join(s.text for s in found if s.step != "added") == before
    assert "".join(s.text for s in found if s.step != "removed") == after


def test_a_comparison_is_read_in_phrases() -> None:
    found = stretches("每人每月800元，三个工作日办结。", "每人每月1000元，三个工作日办结。")
    assert [(s.step, s.text) for s in found] == [
        ("same", "每人每月"), ("removed", "800"), ("added", "1000"), ("same", "元，三个工作日办结。"),
    ]  # fmt: skip
