"""What users see: whole characters, whole links, whole sentences where possible, and nothing forged."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.wechat.inbound import is_nudge, picked_number
from bot.channels.wechat.rendering import MORE_HINT, MOST_BYTES, first_portion, joined, render

LINK = '<a href="weixin://bizmsgmenu?msgmenucontent=企业设立登记&msgmenuid=7">企业设立登记</a>'
PIECES = st.lists(st.sampled_from(["第一条规定了申报条件。", "，", "😀", "é", LINK, "a" * 50, "\n", "企业"]), max_size=400).map(
    "".join
)
LIMITS = st.integers(600, MOST_BYTES)


def portions(text: str, limit: int) -> list[str]:
    found: list[str] = []
    rest: str | None = text
    while rest:
        portion, rest = first_portion(rest, limit)
        found.append(portion)
        assert len(found) < 2000
    return found


@given(PIECES, LIMITS)
def test_portions_fit_and_together_are_the_text(text: str, limit: int) -> None:
    parts = portions(text, limit)
    assert all(len(part.encode()) <= limit for part in parts)
    together = "".join(part.removesuffix(MORE_HINT) for part in parts)
    assert together.replace("\n", "") == text.replace("\n", "")


@given(PIECES, LIMITS)
def test_links_stay_whole(text: str, limit: int) -> None:
    for part in portions(text, limit):
        assert part.count("<a ") == part.count("</a>") == part.count(LINK)


@given(PIECES)
def test_a_portion_ends_with_a_sentence_when_there_is_one_in_its_second_half(text: str) -> None:
    for part in portions(text.replace("\n", ""), 700)[:-1]:
        body = part.removesuffix(MORE_HINT)
        half = body[len(body) // 2 + 1 :]
        assert body.endswith("。") or "。" not in re.sub(r"<a [^>]*>[^<]*</a>", "", half)


def test_a_short_text_is_left_alone() -> None:
    assert first_portion("可以。") == ("可以。", None)
    assert first_portion("字" * 682 + "a") == ("字" * 682 + "a", None)


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=200))
def test_no_words_become_a_link(text: str) -> None:
    shown = render({"text": text, "buttons": [{"title": text, "payload": text}]}, "https://gov.example")
    plain = re.sub(r'<a href="(weixin://bizmsgmenu\?[^"<>]*|https://gov\.example[^"<>]*)">[^<>]*</a>', "", shown)
    assert "<" not in plain
    assert ">" not in plain


def test_offered_entries_become_links_in_their_lines_and_other_buttons_follow() -> None:
    shown = render(
        {
            "text": "您是想问下面哪一项？请点选，或回复数字。\n1. 企业设立登记\n2. 企业注销登记",
            "buttons": [{"title": t, "payload": t} for t in ("企业设立登记", "企业注销登记", "转人工")],
            "citations": [{"entry_id": 7}, {"entry_id": 9}],
        }
    )
    assert shown.split("\n")[1:] == [
        '1. <a href="weixin://bizmsgmenu?msgmenucontent=企业设立登记&msgmenuid=7">企业设立登记</a>',
        '2. <a href="weixin://bizmsgmenu?msgmenucontent=企业注销登记&msgmenuid=9">企业注销登记</a>',
        '3. <a href="weixin://bizmsgmenu?msgmenucontent=转人工&msgmenuid=0">转人工</a>',
    ]


def test_a_single_button_has_no_number() -> None:
    shown = render({"text": "已登记。", "buttons": [{"title": "查进度", "payload": "查进度"}]})
    assert shown == '已登记。\n<a href="weixin://bizmsgmenu?msgmenucontent=查进度&msgmenuid=0">查进度</a>'


def test_the_page_of_an_answer_becomes_a_link() -> None:
    text = "可以。\n依据：某办法\n详情：https://gov.example/e/12"
    assert render({"text": text}, "https://gov.example").endswith('<a href="https://gov.example/e/12">查看详情</a>')


def test_messages_are_joined_and_empty_ones_left_out() -> None:
    assert joined(["甲", "", "乙"]) == "甲\n————\n乙"


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), ("２", 2), ("第三个", 3), ("回复 2", 2), ("三", 3), ("10", None), ("1年", None), ("公积金", None)],
)
def test_choices_by_number(text: str, number: int | None) -> None:
    assert picked_number(text) == number


@pytest.mark.parametrize("text", ["1", "好", "好的", "嗯", "？", "ok", "在吗", "获取答案", "答案", "谢谢", "哦"])
def test_words_that_only_fetch_what_waits(text: str) -> None:
    assert is_nudge(text)


@pytest.mark.parametrize("text", ["公积金", "怎么办", "五险一金", "材料", "多少钱", "2022年买的设备", "12345电话", "转人工"])
def test_questions_are_not_taken_for_a_nudge(text: str) -> None:
    assert not is_nudge(text)
