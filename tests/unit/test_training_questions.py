"""The training questions: well-formed, and strangers to what is measured."""

import re
from collections import defaultdict
from pathlib import Path

import yaml

from retrieval.evaluation import read_jsonl, read_questions
from retrieval.text import normalise
from training.nlu import NLU_FOLDER, project_examples
from training.shipped import TRAINING_QUESTIONS

ROOT = Path(__file__).resolve().parents[2]


def test_no_item_and_no_question_is_both_trained_on_and_measured():
    trained = [q for file in sorted(ROOT.glob(TRAINING_QUESTIONS)) for q in read_questions(file)]
    measured = [q for part in ("tune", "test") for q in read_questions(ROOT / f"bench/questions/service_items_{part}.jsonl")]
    assert len({q.text for q in trained}) == len(trained) > 7900
    assert not {g for q in trained for g in q.gold} & {g for q in measured for g in q.gold}
    assert not {q.text for q in trained} & {q.text for q in measured}


def test_the_fresh_questions_share_items_with_the_trained_ones_but_no_sentence():
    trained = [q for file in ROOT.glob(TRAINING_QUESTIONS) for q in read_questions(file)]
    fresh = read_questions(ROOT / "bench/questions/service_items_fresh.jsonl")
    assert len({bare(q.text) for q in fresh}) == len(fresh) == 300
    assert not {bare(q.text) for q in trained} & {bare(q.text) for q in fresh}
    shared = {g for q in trained for g in q.gold} & {g for q in fresh for g in q.gold}
    assert shared, "the split by item of docs/retrieval.md needs both kinds"


def test_no_fresh_message_is_an_example_of_the_dialogue():
    messages = [row for _, row in read_jsonl(ROOT / "bench/questions/intents_fresh.jsonl")]
    trained = {bare(text) for text in project_examples()}
    assert len({bare(row["text"]) for row in messages}) == len(messages) == 200
    assert len({row["intent"] for row in messages}) == 13
    assert len(trained) > 1000
    assert not trained & {bare(row["text"]) for row in messages}


def example(line: str) -> str:
    return re.sub(r"\[([^\]]+)\]\s*[({][^)}]*[)}]", r"\1", line)


def test_no_message_is_an_example_of_two_intents():
    intents = defaultdict(set)
    for file in sorted(NLU_FOLDER.glob("*.yml")):
        for block in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
            for line in block["examples"].splitlines() if "intent" in block else ():
                intents[bare(example(line)) or line].add(block["intent"])
    assert len(intents) > 10_000
    assert not {text: names for text, names in intents.items() if len(names) > 1}


def bare(text: str) -> str:
    return "".join(char for char in normalise(text) if char.isalnum())


def test_no_question_that_nothing_answers_is_both_trained_on_and_measured():
    trained = read_questions(ROOT / "training/questions/unanswerable.jsonl")
    measured = read_questions(ROOT / "bench/questions/out_of_knowledge.jsonl")
    assert not any(q.gold for q in (*trained, *measured))
    assert not {q.text for q in trained} & {q.text for q in measured}
