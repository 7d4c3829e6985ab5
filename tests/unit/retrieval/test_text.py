"""One form for all spellings, and terms that forgive homophones."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.pinyin import blur, syllables
from retrieval.text import matchable, normalise
from retrieval.tokenizer import WordSegmenter, character_terms, merge


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("ＩＳＯ９００１　认证", "iso9001 认证"),
        ("企業設立登記", "企业设立登记"),
        ("ISO\u200b 9001\x00", "iso 9001"),
        ("  公积金 \t\n 提取 ", "公积金 提取"),
        ("\ufeff退税\u202e", "退税"),
        ("①㎡", "1m2"),
        ("", ""),
        ("\x00\x1f", ""),
    ],
)
def test_spellings_become_one_form(written: str, meant: str) -> None:
    assert normalise(written) == meant


@settings(deadline=None)
@given(st.text(max_size=60))
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert once == once.strip()


def test_signs_become_one_space() -> None:
    assert matchable("（示市规〔2024〕3号），第十条！") == "示市规 2024 3号 第十条"


@pytest.mark.parametrize(
    ("confused", "plain"), [("zhang", "zan"), ("chi", "ci"), ("sheng", "sen"), ("ming", "min"), ("gong", "gong"), ("a", "a")]
)
def test_sounds_that_speakers_confuse_are_one(confused: str, plain: str) -> None:
    assert blur(confused) == plain


def test_every_character_keeps_its_place() -> None:
    text = "公鸡金a1，😀税"
    assert len(syllables(text)) == len(text)
    assert syllables("公鸡金") == syllables("公积金")


def test_characters_and_pairs_are_counted_and_latin_words_stay_whole() -> None:
    assert character_terms("退税iso9001退税") == {"退": 2, "税": 2, "退税": 2, "iso9001": 1}


def test_a_term_keeps_its_highest_weight() -> None:
    assert merge([({"税": 3}, 0.7), ({"税": 1, "证": 1}, 1.0), ({"证": 1}, 0.7)]) == {"税": 1.0, "证": 1.0}


@pytest.fixture(scope="module")
def segmenter() -> WordSegmenter:
    return WordSegmenter(["专精特新小巨人"])


def test_long_words_are_found_with_the_words_inside_them(segmenter: WordSegmenter) -> None:
    words = segmenter.words("申报专精特新小巨人。")
    assert {"申报", "专精特新小巨人"} <= set(words)


def test_words_of_one_searcher_are_unknown_to_another() -> None:
    assert "专精特新小巨人" not in WordSegmenter().words("申报专精特新小巨人")


@settings(deadline=None)
@given(text=st.text(max_size=40))
def test_cut_words_joined_are_the_text(text: str) -> None:
    normalised = normalise(text)
    assert "".join(_SHARED.cut(normalised)) == normalised


_SHARED = WordSegmenter()
