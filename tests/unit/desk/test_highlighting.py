"""What stands out of a passage."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from answering.highlighting import best_passage, spans_in
from knowledge_base.content import parse_content


def marked(passage: str, question: str) -> list[str]:
    return [passage[start:end] for start, end in spans_in(passage, question)]


def test_words_of_the_question_are_found_longest_first():
    assert marked("办理食品经营许可证延续的，应当提前申请。", "食品经营许可证怎么延续") == ["食品经营许可证", "延续"]


def test_question_words_alone_do_not_count():
    assert marked("申请人怎么办理由窗口告知。", "请问怎么申请") == ["申请"]


def test_letters_of_any_case():
    assert marked("登录APP办理", "app怎么登录") == ["登录", "APP"]


@given(st.text(max_size=60), st.text(max_size=30))
def test_spans_are_in_order_inside_and_apart(passage, question):
    spans = spans_in(passage, question)
    assert all(0 <= start < end <= len(passage) for start, end in spans)
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(spans))


def test_the_passage_that_shares_most_is_shown():
    content = parse_content(
        {
            "kind": "service_item",
            "title": "食品经营许可证核发",
            "answer": "到政务大厅办理。",
            "facets": {"materials": ["经营场所平面图", "营业执照复印件"], "conditions": ["具有与经营的食品相适应的场所"]},
        }
    )
    assert "平面图" in best_passage(content, "平面图要几份").text
    assert best_passage(content, "完全无关").text == "到政务大厅办理。"
