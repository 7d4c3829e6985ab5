"""Personal numbers never reach a record; credit codes and everything else stay."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.masking import BANK_CARD, ID_NUMBER, PHONE, is_credit_code, mask_personal_data

mobiles = st.builds(
    lambda head, tail, gap: f"1{head}{tail[:1]}{gap}{tail[1:5]}{gap}{tail[5:]}",
    st.sampled_from("3456789"), st.text("0123456789", min_size=9, max_size=9), st.sampled_from(["", " ", "-"]),
)  # fmt: skip
id_numbers = st.builds(
    lambda region, born, serial, check: f"{region}{born:%Y%m%d}{serial:03d}{check}",
    st.integers(110000, 659999), st.dates(date(1930, 1, 1), date(2020, 12, 31)), st.integers(0, 999),
    st.sampled_from("0123456789Xx"),
)  # fmt: skip
cards = st.text("0123456789", min_size=16, max_size=17).map(lambda tail: "62" + tail)
landlines = st.builds(
    lambda area, gap, head, tail: f"0{area}{gap}{head}{tail}",
    st.sampled_from(["10", "571", "755", "570"]), st.sampled_from(["-", "", " "]), st.sampled_from("2345678"),
    st.text("0123456789", min_size=7, max_size=7),
)  # fmt: skip
words = st.text(st.sampled_from("我的电话是号码请回复办理公司，。 ：\n"), max_size=8)
harmless = st.text(st.characters(codec="utf-8", exclude_characters="0123456789０１２３４５６７８９"), max_size=80)


def with_credit_check(body: str) -> str:
    return next(body + char for char in "0123456789ABCDEFGHJKLMNPQRTUWXY" if is_credit_code(body + char))


@given(words, mobiles, words)
def test_mobile_numbers_are_hidden(before, number, after):
    assert mask_personal_data(f"{before}{number}{after}") == f"{before}{PHONE}{after}"


@given(words, id_numbers, words)
def test_identity_numbers_are_hidden(before, number, after):
    assert mask_personal_data(f"{before}{number}{after}") == f"{before}{ID_NUMBER}{after}"


@given(words, landlines, words)
def test_landlines_are_hidden(before, number, after):
    assert mask_personal_data(f"{before}{number}{after}") == f"{before}{PHONE}{after}"


@given(words, cards, words)
def test_no_long_digit_run_survives(before, number, after):
    masked = mask_personal_data(f"{before}{number}{after}")
    assert is_credit_code(number) or number not in masked


@given(harmless)
def test_text_without_digits_is_untouched(text):
    assert mask_personal_data(text) == text


@given(st.text(max_size=120) | st.builds("".join, st.lists(words | mobiles | id_numbers | cards | landlines, max_size=6)))
def test_masking_twice_changes_nothing_more(text):
    once = mask_personal_data(text)
    assert mask_personal_data(once) == once


@given(st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=15, max_size=15))
def test_credit_codes_with_letters_stay(body):
    code = with_credit_check("91" + body)
    if re.search("[A-WY-Z]", code[:17]):
        assert mask_personal_data(f"信用代码{code}，请查") == f"信用代码{code}，请查"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("统一社会信用代码91330108MA2AXXXX1X", "统一社会信用代码91330108MA2AXXXX1X"),
        ("卡号6222 0212 3456 7890 123", f"卡号{BANK_CARD}"),
        ("电话１３８００１３８０００", f"电话{PHONE}"),
        ("+86 13800138000", PHONE),
        ("（0571）87654321转801", f"{PHONE}转801"),
        ("老身份证110105491231002", f"老身份证{ID_NUMBER}"),
        ("浙政发〔2023〕12号，注册资本10000000000元", "浙政发〔2023〕12号，注册资本10000000000元"),
        ("编号WZ202603020001，12345热线", "编号WZ202603020001，12345热线"),
        ("400-800-1234", "400-800-1234"),
    ],
)
def test_examples(text, masked):
    assert mask_personal_data(text) == masked
