"""A question that names nothing to separate entries is asked back; one that does is answered."""

from typing import Literal

import pytest

from answering.deciding import Candidate
from answering.rivals import rivals_of
from knowledge_base.content import EntryContent

EntryKind = Literal["qa", "interpretation", "service_item"]
THRESHOLD = 0.6


def candidate(number: int, title: str, *similar: str, kind: EntryKind = "service_item") -> Candidate:
    return Candidate(number, EntryContent(kind=kind, title=title, answer="按规定办理。", similar_questions=list(similar)))


RENT = candidate(1, "租房提取住房公积金", "租房怎么提取公积金")
BUY = candidate(2, "购买自住住房提取住房公积金", "买房怎么提取公积金")
LEAVE = candidate(3, "离职了公积金能全部取出来吗？", "公积金不用了能销户提取吗", kind="qa")
READING = candidate(4, "《住房公积金提取规定》解读", kind="interpretation")


def asked(text: str, *found: tuple[Candidate, float]) -> list[int]:
    return [c.entry_id for c in rivals_of(found, text, THRESHOLD)]


class TestWhatTheQuestionNames:
    def test_everything_that_holds_what_is_named_is_meant_alike(self) -> None:
        assert asked("公积金怎么提取", (RENT, 0.98), (BUY, 0.75), (LEAVE, 0.7), (READING, 0.65)) == [1, 2, 3]

    def test_a_word_that_separates_them_decides(self) -> None:
        assert asked("租房的公积金怎么提取", (RENT, 0.98), (BUY, 0.75)) == [1]

    def test_what_would_not_answer_is_no_rival(self) -> None:
        assert asked("公积金怎么提取", (RENT, 0.98), (BUY, 0.4)) == [1]

    @pytest.mark.parametrize("question", ["居住证怎么办", "居住证要什么材料"])
    def test_an_entry_named_in_full_stands_alone(self, question: str) -> None:
        card, progress = candidate(5, "居住证申领"), candidate(6, "居住证办理进度查询")
        assert asked(question, (card, 0.98), (progress, 0.7)) == [5]

    def test_a_word_of_one_title_alone_decides_even_if_it_is_an_everyday_word(self) -> None:
        usual, short = candidate(7, "企业一般注销登记", "公司怎么注销"), candidate(8, "企业简易注销登记", "公司怎么快点注销")
        assert asked("一般注销的呢", (usual, 0.9), (short, 0.7)) == [7]
        assert asked("公司注销要多久", (short, 0.97), (usual, 0.7)) == [8, 7]


GENERAL = candidate(5, "企业一般注销登记", "公司一般注销流程", "公司清算要怎么弄")
SIMPLE = candidate(6, "企业简易注销登记", "没欠债的公司怎么注销", "公司注销最快多久")


class TestVariantsOfOneMatter:
    @pytest.mark.parametrize("text", ["注销公司需要什么材料", "公司怎么注销"])
    def test_a_question_that_names_neither_is_asked_which(self, text: str) -> None:
        assert asked(text, (GENERAL, 0.93), (SIMPLE, 0.2)) == [5, 6]

    def test_a_question_that_says_which_is_answered(self) -> None:
        assert asked("没欠债的公司怎么注销要什么材料", (SIMPLE, 0.93), (GENERAL, 0.2)) == [6]
        assert asked("公司简易注销要几天", (SIMPLE, 0.93), (GENERAL, 0.2)) == [6]

    def test_titles_that_differ_in_more_than_a_word_are_no_variants(self) -> None:
        assert asked("公积金提取要什么材料", (RENT, 0.93), (BUY, 0.2)) == [1]
