"""The training questions: well-formed, and strangers to what is measured."""

from pathlib import Path

from retrieval.evaluation import read_questions
from training.full import SHIPPED_QUESTIONS

ROOT = Path(__file__).resolve().parents[2]


def test_no_item_and_no_question_is_both_trained_on_and_measured():
    trained = [q for file in sorted(ROOT.glob(SHIPPED_QUESTIONS)) for q in read_questions(file)]
    measured = [q for part in ("tune", "test") for q in read_questions(ROOT / f"bench/questions/service_items_{part}.jsonl")]
    assert len({q.text for q in trained}) == len(trained) > 4300
    assert not {g for q in trained for g in q.gold} & {g for q in measured for g in q.gold}
    assert not {q.text for q in trained} & {q.text for q in measured}


def test_no_question_that_nothing_answers_is_both_trained_on_and_measured():
    trained = read_questions(ROOT / "training/questions/unanswerable.jsonl")
    measured = read_questions(ROOT / "bench/questions/out_of_knowledge.jsonl")
    assert not any(q.gold for q in (*trained, *measured))
    assert not {q.text for q in trained} & {q.text for q in measured}
