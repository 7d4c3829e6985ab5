"""What people answer, and what we may conclude from it: never more than they said."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enterprises.dates import add_months, read_months, read_period
from enterprises.facts import registry
from enterprises.hearing import hear, is_skip, read_answer, read_share, reading_of
from enterprises.numerals import find_numbers
from enterprises.values import Amount, Choice, Period, Place, describe, from_json, to_json

TODAY = date(2026, 11, 23)
DIGITS = "零一二三四五六七八九"


def amount(text: str) -> Amount:
    (found,) = find_numbers(text)
    return found.amount


def in_words(number: int) -> str:
    """A number below 100,000,000 as it is written in Chinese."""
    if number >= 10_000:
        high, low = divmod(number, 10_000)
        gap = "零" if 0 < low < 1000 else ""
        return f"{in_words(high)}万{gap}{in_words(low) if low else ''}"
    text, zero = "", False
    for scale, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, scale)
        if digit:
            text += ("零" if zero else "") + DIGITS[digit] + name
            zero = False
        elif text and number:
            zero = True
    return text


@pytest.mark.parametrize(
    ("said", "low", "high"),
    [
        ("五千万", 5e7, 5e7), ("1.2亿", 1.2e8, 1.2e8), ("3000w", 3e7, 3e7), ("三万五", 35_000, 35_000), ("两千三", 2300, 2300),
        ("300来个人", 270, 330), ("三四十个", 30, 50), ("大概120万左右", 1.08e6, 1.32e6), ("三百多", 300, 400),
        ("5000多万", 5e7, 6e7), ("不到300", 0, 300), ("300人以内", 0, 300), ("超过300人", 300, None), ("五百人以上", 500, None),
        ("近300人", 270, 300), ("30到50人", 30, 50), ("5到10万", 5e4, 1e5), ("十几万", 1e5, 2e5), ("百分之五点五", 5.5, 5.5),
    ],
)  # fmt: skip
def test_numbers_as_people_say_them(said: str, low: float, high: float | None) -> None:
    found = amount(said)
    assert (found.low, found.high) == (low, high)


@given(st.integers(1, 99_999_999))
def test_a_written_number_is_read_as_itself(number: int) -> None:
    words = in_words(number)
    found = amount(words)
    # two neighbouring digits mean "about" only without a scale between them, which written numbers always have
    assert found == Amount.exactly(number)
    assert amount(str(number)) == Amount.exactly(number)


@given(
    st.integers(2, 9_999),
    st.sampled_from(["大概{}人", "{}人左右", "不到{}人", "{}来人", "{}多人", "最多{}人", "至少{}人", "快{}人", "{}人"]),
)
def test_bounds_are_never_narrower_than_the_words(number: int, pattern: str) -> None:
    found = amount(pattern.format(number))
    if pattern in ("大概{}人", "{}人左右", "{}来人", "{}人"):
        assert found.holds(number)
    elif pattern in ("不到{}人", "快{}人"):
        assert found.holds(number * 0.95)
        assert not found.holds(number)
    elif pattern == "{}多人":
        assert found.holds(number + 0.5)
        assert not found.holds(number)
    else:
        assert found.holds(number)
        assert found.holds(number + 1) == (pattern == "至少{}人")


@given(st.text(max_size=30))
def test_any_text_can_be_read(text: str) -> None:
    hear(text, TODAY)
    find_numbers(text)
    for name in registry():
        reading_of(name, text, TODAY)


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        ("去年3月注册的", date(2025, 3, 1), date(2025, 3, 31)), ("2023年5月", date(2023, 5, 1), date(2023, 5, 31)),
        ("2023-05-17", date(2023, 5, 17), date(2023, 5, 17)), ("刚满两年", date(2024, 10, 23), date(2024, 11, 23)),
        ("不到一年", date(2025, 11, 23), TODAY), ("三年多", date(2022, 11, 23), date(2023, 11, 23)),
        ("23年5月", date(2023, 5, 1), date(2023, 5, 31)), ("上个月", date(2026, 10, 1), date(2026, 10, 31)),
        ("注册满一年了", None, date(2025, 11, 23)), ("十二月", date(2025, 12, 1), date(2025, 12, 31)),
    ],
)  # fmt: skip
def test_dates_as_people_say_them(said: str, first: date | None, last: date) -> None:
    assert read_period(said, TODAY) == Period(first, last)


def test_a_year_and_a_half_lies_within_its_bounds() -> None:
    period = read_period("注册了一年半", TODAY)
    assert period is not None
    assert period.first is not None
    assert period.last is not None
    assert period.first <= add_months(TODAY, -18) <= period.last


def test_a_registration_is_not_in_the_future_but_a_graduation_may_be() -> None:
    assert read_answer("注册日期", "明年6月", TODAY) is None
    assert read_answer("毕业日期", "明年6月", TODAY) == Period(date(2027, 6, 1), date(2027, 6, 30))


@given(st.dates(date(2000, 1, 1), TODAY))
def test_a_date_told_exactly_is_that_day(day: date) -> None:
    assert read_period(f"{day.year}年{day.month}月{day.day}日", TODAY) == Period(day, day)


@given(st.integers(1, 40))
def test_years_told_hold_the_day_they_were_counted_from(years: int) -> None:
    months = read_months(f"{years}年")
    period = read_period(f"开了{years}年了", TODAY)
    assert months is not None
    assert months.holds(years * 12)
    assert period is not None
    assert (period.first or date.min) <= add_months(TODAY, -years * 12) <= (period.last or date.max)


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(-240, 240))
def test_months_added_keep_the_order_of_days(day: date, months: int) -> None:
    assert add_months(day, months) <= add_months(day + timedelta(days=1), months)


class TestAnswers:
    @pytest.mark.parametrize("said", ["没有", "没", "没有的事", "不是", "从来没有过"])
    def test_no(self, said: str) -> None:
        assert read_answer("严重失信", said, TODAY) == Choice.of("否")

    def test_a_bare_number_of_money_counts_ten_thousands_a_large_one_needs_its_unit(self) -> None:
        assert read_answer("年应纳税所得额", "300", TODAY) == Amount.exactly(300)
        assert read_answer("年应纳税所得额", "5000000", TODAY) is None
        assert read_answer("年应纳税所得额", "500万元", TODAY) == Amount.exactly(500)

    def test_a_loss_has_no_lower_bound(self) -> None:
        assert read_answer("年应纳税所得额", "亏损", TODAY) == Amount(None, 0)
        assert read_answer("年应纳税所得额", "不到300万", TODAY) == Amount(None, 300, False, True)

    def test_people_do_not_answer_a_question_about_money(self) -> None:
        assert read_answer("资产总额", "50人", TODAY) is None

    @pytest.mark.parametrize("said", ["跳过", "不清楚", "不知道啊", "这个我不太清楚", "没算过"])
    def test_not_wanting_to_answer(self, said: str) -> None:
        assert is_skip(said)

    def test_a_question_in_between_is_no_answer(self) -> None:
        assert reading_of("从业人数", "劳务派遣的3个人算吗？", TODAY)[0] == "question"

    def test_not_a_company_leaves_the_other_kinds(self) -> None:
        value = read_answer("企业类型", "不是个体户", TODAY)
        assert isinstance(value, Choice)
        assert "个体工商户" not in value.possible
        assert "公司" in value.possible


class TestHeardByTheWay:
    def test_several_facts_in_one_sentence(self) -> None:
        heard = hear("我们公司50个人，去年注册的小微企业", TODAY)
        assert heard.about_self
        assert heard.told == {
            "企业类型": Choice.of("公司"), "从业人数": Amount.exactly(50), "企业规模": Choice.of("微型", "小型"),
            "注册日期": Period(date(2025, 1, 1), date(2025, 12, 31)),
        }  # fmt: skip

    @pytest.mark.parametrize(
        "said",
        [
            "30人以下的企业残保金免吗",
            "从业人数怎么算",
            "注册资本五百万",
            "租房提取公积金要什么材料",
            "没有店面能注册吗",
            "从业人数和参保人数是一回事吗",
        ],
    )
    def test_what_is_asked_tells_nothing(self, said: str) -> None:
        assert hear(said, TODAY).told == {}

    def test_new_staff_are_not_all_staff(self) -> None:
        assert "从业人数" not in hear("我们招了3个人", TODAY).told

    def test_others_and_hypotheses_are_not_the_sender(self) -> None:
        assert not hear("个体户能不能申请一次性创业补贴", TODAY).about_self
        assert not hear("如果我们有500人呢", TODAY).about_self

    def test_where_they_are(self) -> None:
        assert hear("我们搬到样板县了", TODAY).told["所在地区"] == Place("样板县")
        assert "所在地区" not in hear("示例区的租房补贴能领吗", TODAY).told


BOUND = st.one_of(st.none(), st.integers(0, 1000).map(float))
VALUES = st.one_of(
    st.builds(Amount, BOUND, BOUND, st.booleans(), st.booleans()),
    st.builds(Period, st.one_of(st.none(), st.dates()), st.one_of(st.none(), st.dates())),
    st.sets(st.sampled_from("甲乙丙"), min_size=1).map(lambda names: Choice(frozenset(names))),
    st.text(min_size=1).map(Place),
)


@given(VALUES)
def test_values_are_stored_without_loss_and_can_be_told(value) -> None:
    assert from_json(to_json(value)) == value
    assert describe(value)


@pytest.mark.parametrize(("said", "percent"), [("一成左右", (9, 11)), ("两成", (18, 22)), ("10%", (10, 10)), ("3个点", (3, 3))])
def test_shares_are_percentages(said, percent):
    value = read_answer("裁员率", said, TODAY)
    assert (value.low, value.high) == percent


@pytest.mark.parametrize("said", ["新招了3个", "30人", "走了5个人"])
def test_people_are_no_percentage(said):
    assert read_answer("裁员率", said, TODAY) is None


def test_people_newly_hired_are_a_share_of_those_known():
    told = "是小型企业，有12个人，新招了3个"
    assert read_share("新招重点群体比例", told, {"从业人数": Amount.exactly(12)}) == Amount.exactly(25)
    assert read_share("新招重点群体比例", told, {}) is None
    assert read_share("裁员率", "走了3个", {"从业人数": Amount.exactly(12)}) is None


def test_a_year_in_two_digits_is_no_duration():
    assert read_answer("失业保险缴费月数", "09年办的厂", TODAY) is None
    assert read_answer("失业保险缴费月数", "9年了", TODAY) is not None


def test_an_age_is_told_without_its_unit():
    assert hear("我妈今年八十一了能领啥补贴", TODAY).told["年龄"] == Amount.exactly(81)
