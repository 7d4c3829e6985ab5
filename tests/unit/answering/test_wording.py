"""At most 600 characters, whatever an entry contains; and which words ask for what."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answering.choosing import NONE_OF_THEM, chosen
from answering.facets import FACET_PATTERNS, asked_facets, names_no_matter
from answering.wording import MAX_ANSWER, cut, listed, quoted, source_line, tell
from tests.unit.answering.conftest import content_of

CHARACTERS = "公积金提取。；！\n，a1 "


def texts(most: int) -> st.SearchStrategy[str]:
    """Short and very long ones, with and without sentence ends."""
    return st.builds(lambda part, times: ("字" + part * times)[:most], st.text(CHARACTERS, max_size=12), st.integers(1, 600))


MAYBE = st.one_of(st.none(), texts(490))
FACET = st.one_of(st.none(), texts(3000), st.lists(texts(400), max_size=30))
CONTENTS = st.builds(
    content_of,
    kind=st.sampled_from(["qa", "service_item", "interpretation", "notice", "case"]),
    title=texts(300),
    answer=texts(6000),
    facets=st.fixed_dictionaries(
        dict.fromkeys(
            ["conditions", "materials", "steps", "fee", "place", "phone", "online_url", "hours", "time_limit_promised"], FACET
        )
    ),
    source=st.fixed_dictionaries(dict.fromkeys(["title", "document_number", "clause", "issuer"], MAYBE)),
    authority=MAYBE,
    effective_to=st.sampled_from([None, "2027-12-31"]),
)
FACETS = st.lists(st.sampled_from(sorted(FACET_PATTERNS)), unique=True, max_size=12)


@settings(deadline=None, max_examples=150)
@given(CONTENTS, FACETS, st.sampled_from([None, "https://zw.example.cn/e/123456"]))
def test_an_answer_has_at_most_600_characters_and_keeps_its_link(content, facets, page) -> None:  # type: ignore[no-untyped-def]
    text = tell(content, facets, page)
    assert 0 < len(text) <= MAX_ANSWER
    assert page is None or text.endswith(page)


@given(st.lists(texts(300).map(lambda title: title.replace("\n", " ")), min_size=1, max_size=5))
def test_a_list_of_entries_has_at_most_600_characters(titles: list[str]) -> None:
    text = listed("下面几条可能与您的问题有关，请点选：", titles)
    assert len(text) <= MAX_ANSWER
    assert all(f"\n{i}. {title[:20]}" in text for i, title in enumerate(titles, 1))


@given(st.text(max_size=80), st.integers(1, 90))
def test_a_cut_text_is_never_longer_than_its_limit(text: str, limit: int) -> None:
    assert len(cut(text, limit)) <= limit
    assert cut(text, 1000) == text


def test_a_text_is_cut_at_the_end_of_a_sentence() -> None:
    assert cut("第一句很长很长。第二句更长更长。", 12) == "第一句很长很长。"
    assert cut("没有任何标点的一长串文字", 6) == "没有任何标…"


def test_a_long_list_says_how_many_there_are() -> None:
    content = content_of(kind="service_item", facets={"materials": [f"第{i}份材料" for i in range(1, 21)]})
    text = tell(content, ["materials"], None)
    assert "8. 第8份材料" in text
    assert "第9份" not in text
    assert "共20项" in text


def test_how_to_go_about_it_is_answered_by_the_conclusion_when_no_steps_are_stated() -> None:
    told = tell(content_of(kind="service_item", answer="由市公安局办理，承诺3个工作日办结。"), ["steps"], None)
    assert told.startswith("由市公安局办理，承诺3个工作日办结。")
    assert "没有载明" not in told


def test_what_a_subsidy_pays_is_no_question_for_a_fee() -> None:
    assert "fee" not in asked_facets("高新技术企业奖励多少钱")
    assert "fee" in asked_facets("补办身份证要收费吗")
    assert "fee" in asked_facets("律师证补办要交钱吗，多少钱")
    assert "fee" in asked_facets("做个公证多少钱")


@pytest.mark.parametrize("facet", sorted(set(FACET_PATTERNS) - {"steps"}))
def test_every_facet_not_stated_is_told_as_such_for_a_service_item(facet: str) -> None:
    assert "没有载明" in tell(content_of(kind="service_item"), [facet], None)


def test_other_kinds_say_what_they_have_to_say_in_their_answer() -> None:
    assert tell(content_of(answer="全部免费。"), ["fee"], None) == "全部免费。"


def test_an_answer_ends_with_source_and_validity() -> None:
    content = content_of(
        source={"title": "提取办法", "document_number": "示公〔2025〕1号", "clause": "第三条"}, effective_to="2027-12-31"
    )
    assert "提取办法" in source_line(content)
    last = tell(content, [], None).splitlines()[-1]
    assert last.startswith("依据：")
    assert "示公〔2025〕1号" in last
    assert "第三条" in last
    assert "2027年12月31日" in last


@pytest.mark.parametrize(
    ("text", "facet"),
    [
        ("要带什么", "materials"), ("需要准备些啥", "materials"), ("要无犯罪证明吗", "materials"), ("怎么弄", "steps"),
        ("多少钱", "fee"), ("几天能好", "time"), ("去哪个窗口", "place"), ("归谁管", "department"), ("电话", "phone"),
        ("网上能办吗", "online"), ("周末上班吗", "hours"), ("依据哪条", "basis"), ("还有效吗", "validity"), ("能提取公积金吗", "conditions"),
    ],
)  # fmt: skip
def test_words_ask_for_facets(text: str, facet: str) -> None:
    assert facet in asked_facets(text)


@pytest.mark.parametrize(
    ("text", "facets"),
    [
        ("公司搬家了怎么变更地址", ["steps"]), ("公司地址搬了要变更吗", []), ("换了手机号医保怎么改", ["steps"]),
        ("地址变更在哪办", ["place"]), ("办理地址在哪", ["place"]), ("联系电话是多少", ["phone"]),
    ],
)  # fmt: skip
def test_a_word_of_the_matter_itself_asks_for_no_facet(text: str, facets: list[str]) -> None:
    assert asked_facets(text) == facets


@pytest.mark.parametrize(
    "text", ["几天能好", "需要准备些啥", "去哪个窗口", "多少钱", "那网上能办吗", "我能办吗", "到底要多久啊", ""]
)
def test_these_name_no_matter(text: str) -> None:
    assert names_no_matter(text)


@pytest.mark.parametrize(
    "text", ["能提取公积金吗", "可以贷款吗", "能退税吗", "要无犯罪证明吗", "公司注销要多久", "离婚去哪办", "落户条件"]
)
def test_these_name_their_matter(text: str) -> None:
    assert not names_no_matter(text)


def test_blank_text_chooses_nothing_even_when_a_title_is_gone() -> None:
    assert chosen("", ["", "企业设立登记"]) is None
    assert chosen("都不是", []) == NONE_OF_THEM
    assert chosen("1", []) is None


def test_quotation_marks_inside_others_are_single() -> None:
    assert quoted("开餐饮店“一件事”") == "“开餐饮店‘一件事’”"
