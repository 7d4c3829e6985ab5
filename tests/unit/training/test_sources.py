"""From a day at the hotline to rows to learn from."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from conversations.models import AnswerRow, Conversation, Feedback, Turn
from database.engine import Database
from database.migrate import migrate
from desk.tables import SuggestionMark
from insights.models import QuestionLabel
from knowledge_base.content import EntryContent
from settings import load_settings
from tests.fixtures.bigram_encoder import BigramHashEncoder
from tests.unit.conversations.conftest import NOON
from training.data_report import report, show
from training.nlu import bank_nlu, project_examples
from training.rows import ENTRY, INTENT, NOT_ENTRY, OUT_OF_SCOPE, assemble
from training.sources import Entries, read_rows

FUND = EntryContent(kind="qa", title="住房公积金提取", answer="可以", external_id="GJJ", similar_questions=["怎么取公积金"])
RENT = EntryContent(kind="qa", title="公租房申请", answer="可以")
ENTRIES = Entries({1: FUND, 2: RENT})


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'wenzheng.db'}")
    migrate(database)
    yield database
    database.dispose()


@pytest.fixture
def answered(database: Database) -> Callable[..., int]:
    """Record an answer of the conversation `c1`; returns its id."""
    numbers = iter(range(1, 99))

    def record(question: str, entry_id: int | None, outcome: str = "answer", offered: tuple[int, ...] = ()) -> int:
        number = next(numbers)
        with database.write() as session:
            if session.get(Conversation, "c1") is None:
                session.add(
                    Conversation(id="c1", channel="web", sender_id="s", holder="bot", case={}, created_at=NOON, updated_at=NOON)
                )
                session.flush()
            session.add(
                Turn(id=f"t{number}", conversation_id="c1", channel="web", state="done", received_at=NOON, reserved_at=NOON)
            )
            session.flush()
            row = AnswerRow(
                conversation_id="c1", turn_id=f"t{number}", question=question, resolved_question=question, case_before={}, intent=None,
                confidence=1.0, entry_id=entry_id, entry_version=1, text="…", citations=[{"entry_id": i} for i in offered], index_revision=1,
                model_ids={}, as_of=date(2026, 3, 2), outcome=outcome, source="rasa", latency_ms=1, created_at=NOON,
            )  # fmt: skip
            session.add(row)
            session.flush()
            return row.id

    return record


def rows(database: Database) -> set[tuple[str, str, str, str]]:
    return {(r.text, r.kind, r.label, r.source) for r in read_rows(database, ENTRIES)} - {
        ("怎么取公积金", ENTRY, "GJJ", "similar_question")
    }


def add(database: Database, *things: Any) -> None:
    with database.write() as session:
        session.add_all(things)


def test_similar_questions_come_from_the_entries(database: Database) -> None:
    assert [(r.text, r.label, r.origin) for r in read_rows(database, ENTRIES)] == [("怎么取公积金", "GJJ", "kb_entries:1.0")]


def test_a_rating_tells_whether_the_entry_answers_and_the_newest_counts(database: Database, answered: Callable[..., int]) -> None:
    good, bad = answered("公积金能取多少", 1), answered("租房补贴", 2)
    for answer, rating in ((good, -1), (good, 1), (bad, -1)):
        add(database, Feedback(conversation_id="c1", answer_id=answer, rating=rating, text="", created_at=NOON))
    assert rows(database) == {("公积金能取多少", ENTRY, "GJJ", "rating_up"), ("租房补贴", NOT_ENTRY, "2", "rating_down")}


def test_what_is_picked_when_asked_back_answers_the_first_question(database: Database, answered: Callable[..., int]) -> None:
    answered("公房怎么弄", None, "clarify", offered=(1, 2))
    answered("公租房申请", 2)
    assert rows(database) == {("公房怎么弄", ENTRY, "2", "clarification")}


def test_a_correction_tells_what_was_meant(database: Database, answered: Callable[..., int]) -> None:
    answered("公积金", 1)
    answered("不是，我是问公租房", 2)
    assert rows(database) == {("公租房", ENTRY, "2", "correction")}


def test_an_answer_that_was_refused_teaches_no_correction(database: Database, answered: Callable[..., int]) -> None:
    answered("公积金", 1)
    refused = answered("不是，我是问公租房", 2)
    add(database, Feedback(conversation_id="c1", answer_id=refused, rating=-1, text="", created_at=NOON))
    assert {source for *_, source in rows(database)} == {"rating_down"}


def test_agents_and_labellers_are_heard_but_not_what_was_taken_back(database: Database) -> None:
    mark = {"entry_version": 1, "agent": "a", "created_at": NOON, "conversation_id": "c9"}
    label = {"source": "gap", "labelled_by": "e", "created_at": NOON}
    add(
        database,
        SuggestionMark(question="取公积金", entry_id=1, mark="chosen", **mark), SuggestionMark(question="租房", entry_id=1, mark="wrong", **mark),
        SuggestionMark(question="没有的", entry_id=None, mark="missing", **mark), SuggestionMark(question="撤回的条目", entry_id=77, mark="chosen", **mark),
        QuestionLabel(question="气死我了", verdict="intent", intent="complaint", **label), QuestionLabel(question="股票", verdict="out_of_scope", **label),
        QuestionLabel(question="租房补贴", verdict="entry", entry_id=2, **label),
        QuestionLabel(question="收回的", verdict="entry", entry_id=2, revoked_at=NOON, **label),
    )  # fmt: skip
    assert rows(database) == {
        ("取公积金", ENTRY, "GJJ", "agent_choice"), ("租房", NOT_ENTRY, "GJJ", "agent_wrong"), ("气死我了", INTENT, "complaint", "label"),
        ("股票", OUT_OF_SCOPE, "", "label"), ("租房补贴", ENTRY, "2", "label"),
    }  # fmt: skip


def test_the_bank_becomes_examples_for_rasa_of_intents_that_exist(database: Database) -> None:
    label = {"source": "gap", "labelled_by": "e", "created_at": NOON, "verdict": "intent"}
    add(
        database,
        QuestionLabel(question="气死[我]了 #急", intent="complaint", **label),
        QuestionLabel(question="未知", intent="moon_phase", **label),
    )
    dataset = assemble(read_rows(database, ENTRIES))
    text = bank_nlu(dataset.rows, sorted(set(project_examples().values())))
    assert "- intent: complaint\n  examples: |\n    - 气死 我 了 急\n" in text
    assert "moon_phase" not in text
    assert bank_nlu([], ["complaint"]) == ""


def test_the_report_shows_sources_contradictions_and_what_looks_wrong(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    label = {"source": "gap", "labelled_by": "e", "created_at": NOON}
    add(
        database, QuestionLabel(question="在吗", verdict="intent", intent="greet", **label),
        QuestionLabel(question="办理打款", verdict="out_of_scope", **label), QuestionLabel(question="办理打款", verdict="intent", intent="greet", **label),
    )  # fmt: skip
    found = report(load_settings(WENZHENG_DATA_DIR=tmp_path), BigramHashEncoder(64))
    assert [s["source"] for s in found["sources"]] == ["label"]
    assert [c["text"] for c in found["conflicts"]] == ["办理打款"]
    assert {"在吗"} == {s["text"] for s in found["suspicious"] if s["reason"] == "文字太短"} or found["train"] == 0
    assert all(len(about["sha256"]) == 64 for about in found["frozen"].values())
    show(found, Console(width=160))
    assert "互相矛盾" in capsys.readouterr().out
