"""Which time a question asks about, and what only looks like one."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answering.dates import Period, asked_period, asks_former, without_dates

TODAY = date(2026, 11, 23)


def ends(text: str, today: date = TODAY) -> tuple[str, str] | None:
    period = asked_period(text, today)
    return (period.first.isoformat(), period.last.isoformat()) if period else None


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2022年买的设备能享受吗", "2022-01-01", "2022-12-31"), ("去年的政策", "2025-01-01", "2025-12-31"), ("明年还有吗", "2027-01-01", "2027-12-31"),
        ("2023年5月之前买的", "0001-01-01", "2023-04-30"), ("前年3月买的呢", "2024-03-01", "2024-03-31"), ("二〇二二年的标准", "2022-01-01", "2022-12-31"),
        ("二零二四年十二月的补贴", "2024-12-01", "2024-12-31"), ("２０２２年的奖励", "2022-01-01", "2022-12-31"), ("2024年2月29日买的车", "2024-02-29", "2024-02-29"),
        ("22年买的设备", "2022-01-01", "2022-12-31"), ("去年下半年的补贴标准", "2025-07-01", "2025-12-31"), ("2023年底的政策", "2023-10-01", "2023-12-31"),
        ("2022-05-01买的机器", "2022-05-01", "2022-05-01"), ("三年前买的设备还能扣吗", "2023-01-01", "2023-12-31"), ("2022买的设备", "2022-01-01", "2022-12-31"),
        ("2022年到2024年的补贴", "2022-01-01", "2024-12-31"), ("后年的高龄津贴", "2028-01-01", "2028-12-31"), ("2027年起的高龄津贴", "2027-01-01", "9999-12-31"),
        ("下个月还能申请稳岗返还吗", "2026-12-01", "2026-12-31"), ("2025年度的稳岗返还", "2025-01-01", "2025-12-31"), ("大前年的标准", "2023-01-01", "2023-12-31"),
        ("2024年一季度的奖励", "2024-01-01", "2024-03-31"), ("2022年的报销比例", "2022-01-01", "2022-12-31"), ("2023年5月1日前的规定", "0001-01-01", "2023-04-30"),
    ],
)  # fmt: skip
def test_a_time_is_read_relative_to_the_day_of_the_message(text: str, first: str, last: str) -> None:
    assert ends(text) == (first, last)


@pytest.mark.parametrize(
    "text",
    [
        "2022号文是什么", "示政发〔2022〕1号", "财政部公告2023年第12号怎么规定", "补贴300万元", "注册资本2000万", "工龄22年", "缴了15年社保能退休吗", "满3年可以吗",
        "公司2019年注册的能申请吗", "去年3月成立的公司", "2023年发布的那个通知还有效吗", "去年营业额三百万算小微吗", "今年的补贴", "2026年的稳岗返还", "现在的标准", "今后年检怎么办",
        "以前年度亏损怎么弥补", "三年后年审", "2022年版的申请表", "三年前注册的公司", "电话13822022022", "2000元的补贴标准", "目前年费多少", "2023年5月以后买的",
        "前年毕业的大学生", "2020年办的驾驶证到期了", "2024年制定的办法", "一年期贷款", "3年内能不能", "办证要几天", "",
    ],
)  # fmt: skip
def test_numbers_facts_and_the_present_ask_for_no_other_time(text: str) -> None:
    period = asked_period(text, TODAY)
    assert period is None, period


@pytest.mark.parametrize(
    ("text", "rest"),
    [("明年还有吗", "还有吗"), ("去年的政策", "的政策"), ("2023年5月之前呢", "呢"), ("公司注销要多久", "公司注销要多久")],
)
def test_what_is_left_without_the_time(text: str, rest: str) -> None:
    assert without_dates(text) == rest


def test_former_rules_are_asked_for_without_a_date() -> None:
    assert asks_former("高企奖励以前的标准是多少")
    assert asks_former("老政策怎么规定的")
    assert not asks_former("以前交过社保能领失业金吗")


days = st.dates(date(2000, 1, 1), date(2090, 12, 31))


@given(st.text(max_size=60), days)
def test_any_text_gives_a_sound_period_or_none(text: str, today: date) -> None:
    period = asked_period(text, today)
    assert period is None or (period.first <= period.last and not period.holds(today))


@given(days, days)
def test_a_full_date_is_that_day(day: date, today: date) -> None:
    period = asked_period(f"{day.year}年{day.month}月{day.day}日的规定", today)
    assert (period is None and day == today) or (period is not None and (period.first, period.last) == (day, day))


@given(st.integers(1, 12), st.sampled_from(["去年", "前年", "明年", "后年"]), days)
def test_relative_years_move_with_the_day_of_the_message(month: int, word: str, today: date) -> None:
    offset = {"去年": -1, "前年": -2, "明年": 1, "后年": 2}[word]
    period = asked_period(f"{word}{month}月的标准", today)
    assert period is not None
    assert (period.first.year, period.first.month, period.first.day) == (today.year + offset, month, 1)
    assert (period.last + timedelta(days=1)).day == 1


@given(days, days, days)
def test_the_day_answered_for_lies_in_the_period_and_is_the_nearest(first: date, last: date, today: date) -> None:
    first, last = sorted((first, last))
    period = Period(first, last, "")
    day = period.day(today)
    assert period.holds(day)
    assert abs(day - today) == min(abs(first - today), abs(last - today)) or day == today


@pytest.mark.parametrize("text", ["我是1970年的女工人", "我妈1965年生的什么时候退", "我爸是1963年", "1978年的女职工几岁退休"])
def test_a_year_of_birth_is_no_time_asked_about(text: str) -> None:
    assert asked_period(text, TODAY) is None


@pytest.mark.parametrize("text", ["2010年的退休政策是怎样的", "2008年我买的房能提取公积金吗", "2005年的标准是多少"])
def test_an_old_year_is_still_a_time(text: str) -> None:
    assert asked_period(text, TODAY) is not None
