"""Which questions are proposed for labelling: open decisions, asked often, unlike each other; labelled ones not again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from answering.models import FoundEntries
from conversations.models import AnswerRow, Conversation, Turn
from database.engine import Database
from database.migrate import migrate
from insights.active_learning import ActiveLearning, Asked, choose
from insights.labels import QuestionLabels
from tests.fixtures.bigram_encoder import BigramHashEncoder

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
THRESHOLD = 0.4


@pytest.fixture
def database(tmp_path: Path):
    made = Database(f"sqlite:///{tmp_path / 'wenzheng.db'}")
    migrate(made)
    yield made
    made.dispose()


def asked(question: str, times: int = 1, probability: float = 0.4, confidence: float = 1.0) -> Asked:
    return Asked(question, times, probability, THRESHOLD, "filing_steps", confidence)


def record(database: Database, *rows: tuple[str, float, float], moment: datetime = NOW) -> None:
    with database.write() as session:
        for number, (question, probability, confidence) in enumerate(rows):
            name = f"{moment:%m%d}{number}{len(question)}"
            session.add(
                Conversation(
                    id=f"c{name}",
                    channel="web",
                    sender_id=name,
                    holder="bot",
                    case={},
                    profile={},
                    created_at=moment,
                    updated_at=moment,
                )
            )
            session.flush()
            session.add(
                Turn(
                    id=f"t{name}", conversation_id=f"c{name}", channel="web", state="done", received_at=moment, reserved_at=moment
                )
            )
            session.flush()
            session.add(
                AnswerRow(
                    conversation_id=f"c{name}",
                    turn_id=f"t{name}",
                    question=question,
                    resolved_question=question,
                    case_before={},
                    intent="filing_steps",
                    confidence=confidence,
                    text="",
                    citations=[],
                    probability=probability,
                    index_revision=1,
                    model_ids={},
                    as_of=moment.date(),
                    outcome="answer",
                    source="rasa",
                    latency_ms=1,
                    created_at=moment,
                )
            )


def learner(database: Database) -> ActiveLearning:
    return ActiveLearning(
        database, QuestionLabels(database), BigramHashEncoder().encode_queries,
        lambda query, _k, _day: FoundEntries(query, 1, THRESHOLD, []), lambda: THRESHOLD, lambda: NOW,
    )  # fmt: skip


def test_an_open_decision_is_worth_more_than_a_clear_one() -> None:
    assert asked("问", probability=0.4).uncertainty == pytest.approx(1.0)
    assert asked("问", probability=0.99).uncertainty < 0.2
    assert asked("问", probability=0.01).uncertainty < 0.2
    assert asked("问", probability=0.99, confidence=0.2).uncertainty > 0.5
    assert asked("问", times=20).worth > asked("问").worth


def test_the_next_one_is_unlike_those_before() -> None:
    pool = [asked("甲", 5), asked("甲之二", 5), asked("乙", 2)]
    alike = np.array([[1, 0], [0.999, 0.0447], [0, 1]], dtype=np.float32)
    assert [a.question for a in choose(pool, alike, 2)] == ["甲", "乙"]
    assert [a.question for a in choose(pool, alike, 50)] == ["甲", "乙"]


def test_proposed_are_frequent_open_questions_once_each(database: Database) -> None:
    record(
        database, ("装修噪声扰民找谁投诉呢", 0.41, 0.9), ("装修噪声扰民，找谁投诉呢？", 0.39, 0.9), ("如何办理食品经营许可证", 0.99, 0.99),
        ("好", 0.4, 0.4), ("小微企业能不能申请稳岗返还", 0.35, 0.5),
    )  # fmt: skip
    record(database, ("去年冬天的旧问题要不要管", 0.4, 0.4), moment=NOW - timedelta(days=120))
    proposals = learner(database).proposals()
    assert [p.asked.question for p in proposals] == [
        "装修噪声扰民，找谁投诉呢？", "小微企业能不能申请稳岗返还", "如何办理食品经营许可证",
    ]  # fmt: skip
    assert proposals[0].asked.times == 2


def test_labelled_questions_are_not_proposed_again_and_the_others_stay_in_order(database: Database) -> None:
    record(
        database, *[(f"第{word}类许可证怎么办理延期手续", 0.4, 0.9) for word in "一二三四五"], ("稳岗返还政策在哪里看", 0.3, 0.5)
    )
    learning = learner(database)
    before = [p.asked.question for p in learning.proposals()]
    QuestionLabels(database).add(before[0] + "？", "out_of_scope", "王", "active_learning")
    assert [p.asked.question for p in learning.proposals()] == before[1:]
    assert next(p.asked.question for p in learner(database).proposals()) != before[0]


def test_nothing_asked_nothing_proposed(database: Database) -> None:
    assert learner(database).proposals() == []
