"""What a query means: mended spelling, official words, its subject; and what staff may write wrong in the files."""

from pathlib import Path

import pytest

from retrieval.errors import LexiconError
from retrieval.lexicon import BUILTIN_FOLDER, Lexicon, QueryRewriter
from retrieval.text import normalise
from retrieval.tokenizer import WordSegmenter
from tests.unit.retrieval.conftest import fresh_searcher


@pytest.fixture(scope="module")
def rewriter(builtin_lexicon: Lexicon) -> QueryRewriter:
    return QueryRewriter(builtin_lexicon, WordSegmenter(builtin_lexicon.terms))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("高新记术企业", "高新技术企业"),
        ("高新计术企业认定条件", "高新技术企业认定条件"),
        ("公鸡金", "公积金"),
        ("公鸡金怎么提取", "公积金怎么提取"),
        ("我的住房公鸡金能取吗", "我的住房公积金能取吗"),
    ],
)
def test_homophones_are_mended(rewriter: QueryRewriter, written: str, meant: str) -> None:
    assert rewriter.mend(normalise(written)) == meant


@pytest.mark.parametrize(
    "ordinary",
    [
        "高新技术企业", "住房公积金", "人力资源服务中心在哪", "国家职业资格证书", "单位职工住房补贴", "户口不能迁入怎么办",
        "贷款额度计算公式", "学区范围怎么划分", "保洁公司其实没有营业执照", "公鸡养殖补贴", "今天天气怎么样", "abc", "",
    ],
)  # fmt: skip
def test_ordinary_words_that_sound_like_terms_stay(rewriter: QueryRewriter, ordinary: str) -> None:
    assert rewriter.mend(ordinary) == ordinary


def test_a_word_wholly_written_otherwise_is_no_typing_error() -> None:
    lexicon = Lexicon(terms=frozenset({"公积金"}))
    rewriter = QueryRewriter(lexicon, WordSegmenter())
    assert rewriter.mend("工记金") == "公积金"
    assert rewriter.mend("工记今") == "工记今"


def test_everyday_words_bring_the_official_ones(rewriter: QueryRewriter) -> None:
    assert "企业设立登记" in rewriter.official_words("我想开公司")
    assert "企业设立登记" not in rewriter.official_words("开公司就是企业设立登记吗")
    assert rewriter.official_words("") == []


def test_phrases_without_a_subject_are_left_out(rewriter: QueryRewriter) -> None:
    assert rewriter.subject("请问食品经营许可证怎么办理").strip() == "食品经营许可证"
    assert rewriter.subject("请问怎么办理") == ""


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / {"synonyms": "synonyms.yml", "terms": "policy_terms.txt", "stops": "stopphrases.txt"}[name]).write_text(text)
    return folder


def test_staff_add_words_to_those_of_the_project(tmp_path: Path, builtin_lexicon: Lexicon) -> None:
    own = write(
        tmp_path / "lexicon",
        synonyms="- say: [开公司, 码上办]\n  means: [示例市一码通办]\n",
        terms="# 本市\n示例市一码通\n\n",
        stops="俺想问\n",
    )
    lexicon = Lexicon.load([BUILTIN_FOLDER, own])
    assert lexicon.synonyms["码上办"] == ("示例市一码通办",)
    assert lexicon.synonyms["开公司"] == (*builtin_lexicon.synonyms["开公司"], "示例市一码通办")
    assert {"示例市一码通", "示例市一码通办", "高新技术企业"} <= lexicon.terms
    assert "# 本市" not in lexicon.terms
    assert lexicon.hash != builtin_lexicon.hash
    rewriter = QueryRewriter(lexicon, WordSegmenter())
    assert rewriter.subject("俺想问退税") == "退税"
    assert rewriter.mend("示例市一玛通") == "示例市一码通"


def test_a_folder_that_is_not_there_adds_nothing(tmp_path: Path, builtin_lexicon: Lexicon) -> None:
    assert Lexicon.load([BUILTIN_FOLDER, tmp_path / "none"]) == builtin_lexicon
    assert Lexicon.load([tmp_path]).synonyms == {}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("- say: [开店]\n", "第 1 组"),
        ("- say: [开店]\n  means: [登记]\n- means: [登记]\n", "第 2 组"),
        ("- 开店\n", "第 1 组"),
        ("- say: 开店\n  means: [登记]\n", "第 1 组"),
        ("- say: []\n  means: [登记]\n", "第 1 组"),
        ("say: [开店]\nmeans: [登记]\n", "列表"),
        ("只有一句话", "列表"),
        ("- say: [开店\n", "line"),
        ('- say: [""]\n  means: [登记]\n', "第 1 组有空白"),
        ("- say: [开店]\n  means: [登记, ]\n- say: [开店, null]\n  means: [登记]\n", "第 2 组有空白"),
    ],
)
def test_a_malformed_synonym_table_is_named_with_the_place(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(LexiconError, match=r"synonyms\.yml") as caught:
        Lexicon.load([write(tmp_path, synonyms=text)])
    assert place in str(caught.value)


@pytest.mark.parametrize("name", ["synonyms.yml", "policy_terms.txt", "stopphrases.txt"])
def test_a_file_in_another_encoding_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes("企业设立登记".encode("gbk"))
    with pytest.raises(LexiconError, match=name):
        Lexicon.load([tmp_path])


def test_a_file_saved_by_windows_notepad_is_read(tmp_path: Path) -> None:
    (tmp_path / "policy_terms.txt").write_bytes("\ufeff# 本市\r\n一码通办\r\n".encode())
    assert Lexicon.load([tmp_path]).terms == {"一码通办"}


def test_a_searcher_mends_terms_and_leaves_the_writing_of_the_rest(builtin_lexicon: Lexicon) -> None:
    searcher = fresh_searcher(builtin_lexicon)
    assert searcher.mended("公鸡金怎么取？") == "公积金怎么取?"
    assert searcher.mended("ＶＩＰ卡怎么办？") == "ＶＩＰ卡怎么办？"
