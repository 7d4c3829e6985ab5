"""What a search promises: days, filters, strange input, the same answer twice."""

from dataclasses import replace
from datetime import date

import pytest

from retrieval.lexicon import Lexicon
from retrieval.recent import MOST_KEPT
from retrieval.searcher import Searcher
from tests.unit.retrieval.conftest import document, fresh_searcher, ids

DAY = date(2026, 3, 31)


def test_the_matching_document_is_first_and_names_its_best_passage(searcher: Searcher) -> None:
    searcher.apply(
        [document(1, "企业设立登记", "怎么开公司"), document(2, "公积金提取", "租房取公积金", "每月可取一次。")], (), 4
    )
    result = searcher.search("租房取公积金")
    assert ids(result) == [2, 1]
    assert (result.hits[0].passage, result.hits[0].role) == ("租房取公积金", "question")
    assert result.probability == result.hits[0].probability
    assert result.revision == 4
    assert result.model_ids == {
        "encoder": "bigram-64", "adapter": "identity", "fusion": searcher.model_ids["fusion"], "lexicon": "empty",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("day", "found"),
    [(date(2026, 2, 28), False), (date(2026, 3, 1), True), (DAY, True), (date(2026, 4, 1), False), (None, True)],
)
def test_first_and_last_day_of_validity_belong_to_it(searcher: Searcher, day: date | None, found: bool) -> None:
    searcher.apply([document(1, "春季退税", valid_from=date(2026, 3, 1), valid_to=DAY)], (), 1)
    assert (ids(searcher.search("春季退税", as_of=day)) == [1]) is found


def test_open_periods_are_always_valid(searcher: Searcher) -> None:
    searcher.apply([document(1, "退税", valid_from=DAY), document(2, "退税", valid_to=DAY), document(3, "退税")], (), 1)
    assert sorted(ids(searcher.search("退税", as_of=date(1990, 1, 1)))) == [2, 3]
    assert sorted(ids(searcher.search("退税", as_of=date(2999, 1, 1)))) == [1, 3]
    assert sorted(ids(searcher.search("退税", as_of=DAY))) == [1, 2, 3]


def test_what_has_expired_does_not_make_the_rest_less_likely_to_be_found(searcher: Searcher) -> None:
    expired = [document(i, "公积金提取办法", valid_to=date(2020, 1, 1)) for i in range(60)]
    searcher.apply([*expired, document(99, "公积金提取办法")], (), 1)
    assert ids(searcher.search("公积金提取办法", as_of=DAY)) == [99]


def test_only_accepted_documents_are_found(searcher: Searcher) -> None:
    searcher.apply([document(i, "退税", f"第{i}条") for i in range(20)], (), 1)
    assert ids(searcher.search("退税", 50, accept=lambda i: i % 5 == 0)) == [0, 5, 10, 15]
    assert ids(searcher.search("退税", accept=lambda _i: False)) == []


def test_k_limits_the_hits(searcher: Searcher) -> None:
    searcher.apply([document(i, f"第{i}号退税通知") for i in range(20)], (), 1)
    assert len(searcher.search("退税", 3).hits) == 3
    assert ids(searcher.search("退税", 3)) == ids(searcher.search("退税", 20))[:3]


@pytest.mark.parametrize("query", ["", "   ", "\x00\u200b\n\t", "公积金"])
def test_an_empty_index_finds_nothing_and_is_not_sure_of_anything(query: str) -> None:
    result = fresh_searcher().search(query)
    assert (result.hits, result.probability, result.answered, result.revision) == ((), 0.0, False, 0)


@pytest.mark.parametrize("query", ["", "   ", "\x00\u200b\n\t"])
def test_a_blank_query_finds_nothing(searcher: Searcher, query: str) -> None:
    searcher.apply([document(1, "退税")], (), 1)
    result = searcher.search(query)
    assert (result.hits, result.answered, result.query) == ((), False, query)


@pytest.mark.parametrize("query", ["😀😀", "？？？", "退" * 20_000, "a" * 20_000, "\ud7ff\uffff", "<script>", "１２３"])
def test_strange_queries_are_searched_without_complaint(searcher: Searcher, query: str) -> None:
    searcher.apply([document(1, "退税"), document(2, "落户")], (), 1)
    result = searcher.search(query)
    assert all(0 <= hit.probability <= 1 for hit in result.hits)


def test_documents_of_signs_only_are_indexed_and_removed_like_others(searcher: Searcher) -> None:
    searcher.apply([document(1, "😀"), document(2, "……")], (), 1)
    searcher.search("😀")
    searcher.apply((), [1, 2], 2)
    assert searcher.search("😀").hits == ()


def test_the_same_question_gets_the_same_result_from_any_searcher(searcher: Searcher) -> None:
    documents = [document(i, f"第{i}号通知", "公积金提取" if i % 3 else "退税", f"说明{i * 7 % 11}") for i in range(60)]
    other = fresh_searcher()
    searcher.apply(documents, (), 1)
    other.apply(documents[::-1], (), 1)
    first = searcher.search("公积金怎么退税", 20)
    for number in range(MOST_KEPT):
        searcher.search(f"退税{number}")  # so that what is compared is searched anew
    again = searcher.search("公积金怎么退税", 20)
    assert again == first
    assert again is not first
    assert ids(other.search("公积金怎么退税", 20)) == ids(first)


def test_what_is_looked_up_again_is_kept_until_entries_or_ranking_change(searcher: Searcher) -> None:
    searcher.apply([document(1, "退税"), document(2, "退税", valid_to=date(2020, 1, 1))], (), 1)
    first = searcher.search("退税")
    assert searcher.search("退税") is first
    assert ids(searcher.search("退税", as_of=DAY)) == [1]
    assert ids(searcher.search("退税", accept=lambda i: i == 2)) == [2]
    searcher.use(replace(searcher.ranking))
    assert searcher.search("退税") is not first
    searcher.apply((), [1], 2)
    assert ids(searcher.search("退税")) == [2]


def test_traditional_full_width_and_misspelt_queries_find_the_same_entry(builtin_lexicon: Lexicon) -> None:
    searcher = fresh_searcher(builtin_lexicon)
    searcher.apply(
        [
            document(1, "高新技术企业认定"),
            document(2, "住房公积金提取"),
            document(3, "ISO9001认证补贴"),
            document(4, "企业设立登记"),
        ],
        (),
        1,
    )
    for query, found in (
        ("高新记术企业", 1), ("高新技術企業認定", 1), ("公鸡金", 2), ("ＩＳＯ９００１", 3),
    ):  # fmt: skip
        assert ids(searcher.search(query, 1)) == [found], query


def test_words_that_an_entry_lacks_are_told_however_it_is_cut(searcher: Searcher) -> None:
    searcher.apply([document(1, "律师执业证补办"), document(2, "居民身份证补办"), document(3, "新律师执业证")], (), 1)
    text = searcher.understand("补办律师执业证")
    found = searcher.candidates(searcher.current(), text, searcher.encode(text))
    assert found is not None
    missing = dict(zip(found.doc_ids.tolist(), found.missing.tolist(), strict=True))
    assert missing[1] == 0
    assert 0 < missing[2] < 1
    assert 0 < missing[3] < 1
    blank = searcher.candidates(searcher.current(), searcher.understand("???"), searcher.encode(text))
    assert blank is not None
    assert blank.missing.tolist() == [1, 1, 1]
