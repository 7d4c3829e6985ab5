"""Metrics as computed by hand, question files with mistakes, question–reply pairs."""

from pathlib import Path

import pytest

from retrieval.errors import EvaluationFileError
from retrieval.evaluation import Outcome, Question, by_style, calibration_bins, read_questions, run, summarise
from retrieval.pairs import PASSAGE_LENGTH, Pair, passages_of_reply, private_documents, questions_of, read_pairs
from retrieval.searcher import Searcher
from tests.unit.retrieval.conftest import ENCODER, document


def outcome(rank: int | None, probability: float, *, gold: tuple[str, ...] = ("A",), style: str = "短") -> Outcome:
    return Outcome(Question("问", gold, style), rank, probability, probability >= 0.5, (), probability >= 0.15)


OUTCOMES = [
    outcome(1, 0.9),
    outcome(1, 0.2),
    outcome(3, 0.8),
    outcome(None, 0.6, style="长"),
    outcome(11, 0.1, style="长"),
    outcome(None, 0.3, gold=()),
    outcome(None, 0.7, gold=()),
    outcome(None, 0.1, gold=()),
]


def test_metrics_of_eight_questions_by_hand() -> None:
    metrics = summarise(OUTCOMES)
    assert metrics.questions == 8
    assert (metrics.recall_1, metrics.recall_3, metrics.recall_10) == pytest.approx((2 / 5, 3 / 5, 3 / 5))
    assert metrics.mrr == pytest.approx((1 + 1 + 1 / 3 + 1 / 11) / 5)
    assert metrics.coverage == pytest.approx(3 / 5)
    assert metrics.accuracy == pytest.approx(1 / 3)
    assert metrics.declined == pytest.approx(2 / 3)
    assert metrics.offered == pytest.approx(4 / 5)
    assert metrics.refused == pytest.approx(1 / 3)
    assert metrics.row()["recall@1"] == 0.4


def test_metrics_by_style_and_of_nothing() -> None:
    styles = by_style(OUTCOMES)
    assert list(styles) == sorted(["短", "长"])
    assert styles["长"].recall_1 == 0
    assert styles["长"].declined is None
    assert summarise([]).recall_1 is None


def test_stated_and_real_shares_of_each_tenth() -> None:
    bins = calibration_bins([outcome(1, 0.92), outcome(2, 0.98), outcome(1, 1.0), outcome(None, 0.0)])
    assert bins == [
        {"from": 0.0, "to": 0.1, "questions": 1, "stated": 0.0, "right": 0.0},
        {"from": 0.9, "to": 1.0, "questions": 3, "stated": 0.9667, "right": 0.6667},
    ]


def test_a_question_is_right_when_any_of_its_gold_entries_is_found(searcher: Searcher) -> None:
    searcher.apply([document(1, "公积金提取"), document(2, "退税")], (), 1)
    done: list[int] = []
    outcomes = run(
        searcher,
        [Question("退税", ("T", "X")), Question("公积金提取", ("T",)), Question("退税", ("missing",))],
        lambda doc_ids: {i: {1: "G", 2: "T"}[i] for i in doc_ids},
        progress=lambda: done.append(1),
    )
    assert [o.rank for o in outcomes] == [1, 2, None]
    assert outcomes[0].found == ("T", "G")
    assert len(done) == 3


def write(folder: Path, text: str | bytes) -> Path:
    file = folder / "questions.jsonl"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_questions_are_read_with_one_or_several_gold_ids(tmp_path: Path) -> None:
    text = '\ufeff{"question": "退税", "gold": "A-1", "style": "口语"}\n\n{"question": "落户", "gold": ["B", 3]}\n{"question": "天气", "gold": []}\n'
    assert read_questions(write(tmp_path, text)) == [
        Question("退税", ("A-1",), "口语"), Question("落户", ("B", "3")), Question("天气", ()),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"question": "退税", "gold": []}\n{"gold": ["A"]}', "第 2 行缺少 question"),
        ('{"question": "  ", "gold": ["A"]}', "第 1 行缺少 question"),
        ('{"question": 3, "gold": ["A"]}', "第 1 行缺少 question"),
        ('\n\n{"question": "退税"}', "第 3 行的 gold"),
        ('{"question": "退税", "gold": {"id": 1}}', "第 1 行的 gold"),
        ('{"question": "退税",', "第 1 行不是合法的 JSON"),
        ('["退税"]', "第 1 行不是 JSON 对象"),
        ("\n \n", "没有内容"),
        (b"\xff\xfe\x00", "无法读取"),
    ],
)
def test_a_mistake_in_a_question_file_is_named_with_line_and_field(tmp_path: Path, text: str | bytes, problem: str) -> None:
    with pytest.raises(EvaluationFileError, match=r"questions\.jsonl") as caught:
        read_questions(write(tmp_path, text))
    assert problem in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationFileError, match=r"none\.jsonl"):
        read_questions(tmp_path / "none.jsonl")


LONG = "您好，关于您反映的公积金提取问题，经核实，租房职工每月可以提取一次住房公积金，请携带身份证到中心窗口办理。"
PAIRS = [
    Pair("公积金", "怎么取", LONG),
    Pair("谢谢", "感谢", "不客气。"),
    Pair("取钱", "", LONG.replace("，", " ,").upper()),
]


def test_short_replies_are_distractors_and_never_questions() -> None:
    assert [q.text for q in questions_of(PAIRS, "subject")] == ["公积金", "取钱"]
    assert [q.text for q in questions_of(PAIRS, "message")] == ["怎么取"]
    assert not Pair("问", "", "字" * 39 + "abc123，。").is_question
    assert Pair("问", "", "字" * 40).is_question


def test_replies_of_the_same_normalised_text_are_one_document_and_equally_right(searcher: Searcher) -> None:
    documents, keys = private_documents(PAIRS, ENCODER)
    assert sorted(d.doc_id for d in documents) == [0, 1]
    assert {p.role for d in documents for p in d.passages} == {"body"}
    searcher.apply(documents, (), 1)
    outcomes = run(searcher, questions_of(PAIRS, "subject"), lambda doc_ids: {i: keys[i] for i in doc_ids})
    assert outcomes[0].question.gold == outcomes[1].question.gold
    assert outcomes[0].rank == 1


def test_nothing_of_the_question_gets_into_the_private_index() -> None:
    documents, _ = private_documents([Pair("独角兽", "凤凰", LONG)], ENCODER)
    assert not any("独角兽" in p.text or "凤凰" in p.text for d in documents for p in d.passages)


def test_long_replies_are_cut_at_sentences() -> None:
    reply = "。".join("一二三四五六七八九十" * 5 for _ in range(40))
    passages = passages_of_reply(reply)
    assert len(passages) == 6
    assert all(len(p) <= PASSAGE_LENGTH for p in passages)
    assert passages[0].endswith("。")
    assert passages_of_reply("。") == ["。"]


def test_pairs_name_the_missing_field(tmp_path: Path) -> None:
    with pytest.raises(EvaluationFileError, match="第 1 行缺少 reply"):
        read_pairs(write(tmp_path, '{"subject": "问", "message": "", "reply": ""}'))
    with pytest.raises(EvaluationFileError, match="第 2 行缺少 subject"):
        read_pairs(write(tmp_path, '{"subject": "问", "reply": "答"}\n{"reply": "答"}'))
    assert read_pairs(write(tmp_path, '{"subject": "问", "reply": "答"}')) == [Pair("问", "", "答")]
