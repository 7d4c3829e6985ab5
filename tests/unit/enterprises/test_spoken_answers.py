"""Answers as people speak: slips in one breath, verbs that echo the question or another one, denials, questions without a question word."""

from datetime import date

import pytest

from enterprises.hearing import hear, is_question, is_skip, place_alone, read_answer
from enterprises.values import NO, YES, Amount, Choice, Period

TODAY = date(2026, 11, 28)


@pytest.mark.parametrize(
    ("fact", "text", "meant"),
    [
        ("社保缴满3个月", "交了的", YES),
        ("已办营业执照", "办好了", YES),
        ("享受加计扣除", "享受了", YES),
        ("首次创业", "头一回", YES),
        ("首次升规", "我们头一次入规", YES),
        ("与本市企业签1年合同", "合同签了三年", YES),
        ("重点群体", "交了公积金", None),
        ("有研发活动", "做服装批发的", None),
        ("严重失信", "租的门面", None),
        ("高新技术企业", "不是高新的", NO),
        ("本市户籍", "不是本地人", NO),
    ],
)
def test_a_verb_is_a_yes_only_to_the_question_that_has_it(fact, text, meant):
    assert read_answer(fact, text, TODAY) == (Choice.of(meant) if meant else None)


@pytest.mark.parametrize(
    ("fact", "text", "amount"),
    [
        ("裁员率", "3% 啊不对 是6%", Amount.exactly(6)),
        ("从业人数", "40个人，说错了，是45个人", Amount.exactly(45)),
        ("从业人数", "120来人", Amount(110, 130)),
        ("资产总额", "大概两千多万", Amount(2000, 3000, True, True)),
        ("设备单价", "800万一台", Amount.exactly(800)),
    ],
)
def test_numbers_as_they_are_spoken(fact, text, amount):
    assert read_answer(fact, text, TODAY) == amount


def test_a_slip_in_one_breath_counts_for_what_is_told_by_the_way():
    assert hear("我们公司50人，不对，是55人", TODAY).told["从业人数"] == Amount.exactly(55)


@pytest.mark.parametrize(
    ("text", "age"), [("我妈八十二了能领吗", 82), ("老爷子的老伴81了", 81), ("我今年六十六了", 66), ("我爷爷快九十了", None)]
)
def test_ages_without_the_word(text, age):
    told = hear(text, TODAY).told.get("年龄")
    assert told == (Amount.exactly(age) if age else told)
    assert told is not None


@pytest.mark.parametrize("text", ["我妈有两个孩子", "我今年三万了", "老人3个"])
def test_what_is_no_age(text):
    assert "年龄" not in hear(text, TODAY).told


def test_the_year_of_a_purchase():
    assert read_answer("设备购进日期", "23年买的", TODAY) == Period(date(2023, 1, 1), date(2023, 12, 31))


@pytest.mark.parametrize("text", ["这个要钱不", "我这样能领不", "租的房行不行", "有补贴没", "给报销没得", "够不够"])
def test_questions_without_a_question_word(text):
    assert is_question(text)


@pytest.mark.parametrize("text", ["还没", "都没有", "有两个没签", "一个也没有", "没得", "我们不是"])
def test_answers_that_are_none(text):
    assert not is_question(text)


@pytest.mark.parametrize("text", ["账是外包的，不清楚有没有单列", "不太知道具体多少", "不确定算不算"])
def test_indirect_questions_decline_to_answer(text):
    assert is_skip(text)


@pytest.mark.parametrize(
    ("text", "place"), [("样板县", "样板县"), ("在示例区这边", "示例区"), ("样板县有补贴吗", None), ("制造业", None)]
)
def test_a_place_alone(text, place):
    found = place_alone(text)
    assert (found.name if found else None) == place


def test_a_waste_heap_is_no_trade_and_a_school_no_degree():
    assert "行业" not in hear("有人倒建筑垃圾", TODAY).told
    assert "学历" not in hear("实验小学门口", TODAY).told
    assert hear("我只读了初中文化", TODAY).told["学历"] == Choice.of("高中及以下")


@pytest.mark.parametrize(
    ("text", "people"),
    [("那要是两百个人呢", Amount.exactly(200)), ("人数改成六个", Amount.exactly(6)), ("换成80人", Amount.exactly(80))],
)
def test_people_that_are_supposed_or_corrected(text, people):
    assert hear(text, TODAY).told["从业人数"] == people


@pytest.mark.parametrize(("text", "months"), [("没房", None), ("没贷款", None), ("没交过", 0), ("没有缴公积金", 0), ("还没", 0)])
def test_what_somebody_lacks_is_no_number_of_months(text, months):
    assert read_answer("公积金缴存月数", text, TODAY) == (None if months is None else Amount.exactly(months))


def test_all_together_counts_nothing():
    assert read_answer("裁员率", "走了三个，年初一共六十人", TODAY) is None
    assert hear("我们一共80人", TODAY).told["从业人数"] == Amount.exactly(80)
