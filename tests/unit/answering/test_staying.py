"""A short message after an answer: a detail of what was told, or a matter of its own."""

import pytest

from answering.staying import stays
from knowledge_base.content import EntryContent

LOAN = EntryContent(
    kind="service_item",
    title="个人创业担保贷款",
    answer="最高可贷30万元，由经办银行放款。",
    similar_questions=["创业贷款怎么申请"],
)
RETIRING = EntryContent(
    kind="interpretation", title="延迟退休政策解读", answer="可以弹性提前。", similar_questions=["还能提前退休吗"]
)
PERMIT = EntryContent(kind="qa", title="居住证怎么办？", answer="到派出所申领。", similar_questions=["要办居住证去哪"])


@pytest.mark.parametrize("text", ["能提前还吗", "要提前还一部分", "外地人能贷吗"])
def test_a_detail_stays_although_another_entry_is_more_like_it(text: str) -> None:
    assert stays(text, LOAN, RETIRING, 0.7)


@pytest.mark.parametrize("text", ["居住证呢", "要办居住证", "还能提前退休吗"])
def test_a_matter_that_the_other_entry_is_about_is_a_change_of_subject(text: str) -> None:
    other = RETIRING if "退休" in text else PERMIT
    assert not stays(text, LOAN, other, 0.7)


def test_who_is_surely_understood_is_answered_by_the_other_entry() -> None:
    assert not stays("能提前还吗", LOAN, RETIRING, 0.95)


def test_when_nothing_answers_the_entry_must_know_a_word_of_it() -> None:
    assert stays("找哪个银行", LOAN, None, 0.0)
    assert not stays("网约车怎么开", LOAN, None, 0.0)


def test_a_long_message_is_a_question_of_its_own() -> None:
    assert not stays("我想问问外地户口的孩子能不能在这里上小学", LOAN, RETIRING, 0.7)
