"""Questions that the project brings along for training, as far as the entries of this instance answer them."""

from collections.abc import Collection
from hashlib import sha256

from retrieval.evaluation import Question, read_questions
from retrieval.text import matchable, normalise
from settings import PROJECT_ROOT

TRAINING_QUESTIONS = "training/questions/service_items*.jsonl"
MOST_SHIPPED = 800


def shipped_questions(pattern: str, known: Collection[str], held: Collection[str]) -> list[Question]:
    """At most 800, in an order that does not change.

    Args:
        pattern: of files, from the project's root; known: external ids of entries; held: texts, matchable, that are kept from training.
    """
    ids = frozenset(known)
    found = [
        question
        for file in sorted(PROJECT_ROOT.glob(pattern))
        for question in read_questions(file)
        if ids & set(question.gold) and matchable(normalise(question.text)) not in held
    ]
    return sorted(found, key=lambda question: sha256(question.text.encode()).hexdigest())[:MOST_SHIPPED]
