"""What is remembered of a sender, changed and forgotten."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import profile
from conversations.checkup_words import asks_for_all, asks_whether, is_about_a_person, is_bare_statement, is_statement, yes_or_no
from enterprises.hearing import hear
from enterprises.values import Amount, Choice, Place

TODAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)


@pytest.mark.parametrize("said", ["你记得我什么", "你都记得我哪些信息", "你还记得我们公司的哪些情况？", "我的信息你记得哪些"])
def test_asking_what_is_remembered(said: str) -> None:
    assert profile.command_of(said) == ("list", None)


@pytest.mark.parametrize(
    "said", ["忘记我的企业信息", "把我的信息忘掉", "把我们公司的资料都删了", "不要记住我的信息", "忘掉我", "清空我的数据"]
)
def test_asking_to_forget_everything(said: str) -> None:
    assert profile.command_of(said) == ("forget", None)


def test_asking_to_forget_one_thing() -> None:
    assert profile.command_of("把我的地区删掉") == ("forget", "所在地区")


@pytest.mark.parametrize(
    "said", ["忘记密码怎么办", "营业执照忘记年报了", "食品许可证忘了续期怎么办", "怎么删除经营范围", "你好", "忘带身份证能办吗"]
)
def test_other_matters_are_not_the_memory(said: str) -> None:
    assert profile.command_of(said) is None


@pytest.mark.parametrize(
    ("said", "rest"),
    [("改成120人", "120人"), ("不对，是120人", "120人"), ("员工改成120人", "员工120人"), ("不是", None), ("你好", None)],
)
def test_corrections(said: str, rest: str | None) -> None:
    assert profile.corrected(said) == rest


def test_told_changed_and_forgotten() -> None:
    stored = profile.with_told({"region": "示例区"}, hear("我们公司50个人，搬到样板县了", TODAY).told, NOON)
    assert profile.known_facts(stored) == {
        "企业类型": Choice.of("公司"), "从业人数": Amount.exactly(50), "所在地区": Place("样板县"),
    }  # fmt: skip
    assert stored["facts"]["从业人数"]["told"].startswith("2026-11-23")
    changed = profile.with_told(stored, {"从业人数": Amount.exactly(120)}, NOON)
    assert profile.known_facts(changed)["从业人数"] == Amount.exactly(120)
    assert profile.without(changed, frozenset(profile.known_facts(changed))) == {}


def test_what_a_person_tells_of_themselves_is_not_kept() -> None:
    told = hear("我今年82岁，本科毕业", TODAY).told
    assert "年龄" in told
    assert profile.with_told({}, told, NOON) == {}


@given(st.text(max_size=40))
def test_any_message_can_be_looked_at(text: str) -> None:
    profile.command_of(text)
    profile.corrected(text)


@pytest.mark.parametrize(
    "text", ["纳税就在示例区", "资产两千多万", "社保都交着呢从来没断过", "我们公司有50个人", "已经备案了", "有营业执照"]
)
def test_a_bare_statement_asks_for_nothing(text):
    assert is_bare_statement(text)


@pytest.mark.parametrize(
    "text",
    ["租房的", "我想申请补贴", "那个体户呢", "要钱不", "怎么注销", "不对，我说的是租房的", "道路运输证年审", "餐饮营业执照变更"],
)
def test_what_asks_or_names_a_situation_is_no_statement(text):
    assert not is_bare_statement(text)


def test_a_yes_or_no_before_a_fact_is_told_apart_from_a_correction():
    assert yes_or_no("不是，我们有50个人") == "不是"
    assert yes_or_no("是的，员工12个") == "是的"
    assert yes_or_no("不是，应该是120人") is None
    assert yes_or_no("不对，是120人") is None


def test_benefits_for_a_person_are_told_from_those_of_an_enterprise():
    assert is_about_a_person("我妈今年八十一了能领啥补贴")
    assert not is_about_a_person("我们公司招了两个残疾人有什么补贴")


def test_a_lost_document_is_a_matter_and_no_statement():
    assert is_statement("名下有套老家的房子")
    assert not is_statement("营业执照丢了")


def test_the_other_case_alone_asks_what_was_asked_before():
    assert not asks_whether("企业的呢", "eligibility")
    assert asks_whether("企业能申请吗", "eligibility")
    assert asks_whether("那今年买的呢", "eligibility"), "another time is another check"


def test_a_long_repetition_is_looked_at_as_quickly_as_anything():
    assert asks_for_all("有什么政策")
    assert not asks_for_all("有没有" * 200 + "x")
