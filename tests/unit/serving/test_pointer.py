"""The pointer: promoting, going back step by step, several processes at once, kill -9 in the middle."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from database.engine import Database
from database.migrate import migrate
from serving.errors import NothingToRollBackError
from serving.pointer import ServedPointer
from settings import PROJECT_ROOT
from staff.audit import AuditFilter, AuditLog
from staff.members import Member

WANG, LI = (Member(name, name, "maintainer") for name in "王李")


@pytest.fixture
def database(tmp_path: Path):
    made = Database(f"sqlite:///{tmp_path / 'wenzheng.db'}")
    migrate(made)
    yield made
    made.dispose()


def test_before_any_decision_the_programs_own_models_are_served(database: Database) -> None:
    pointer = ServedPointer(database)
    assert (pointer.current().run_id, pointer.current().generation) == (None, 0)
    assert pointer.predecessor() is None
    with pytest.raises(NothingToRollBackError):
        pointer.rollback(WANG)
    assert pointer.history() == []


def test_going_back_leads_to_what_was_served_before_and_again_further_back(database: Database) -> None:
    pointer = ServedPointer(database)
    for run in ("一", "二", "三"):
        pointer.promote(run, "hash", WANG, "更好")
    went = [pointer.rollback(LI).run_id for _ in range(3)]
    assert went == ["二", "一", None]
    with pytest.raises(NothingToRollBackError):
        pointer.rollback(LI)
    rows = pointer.history()
    assert [(r.generation, r.action, r.actor) for r in rows[:2]] == [(6, "rollback", "李"), (5, "rollback", "李")]
    assert [r.generation for r in rows] == [6, 5, 4, 3, 2, 1]


def test_after_going_back_a_new_run_can_be_promoted_and_taken_back(database: Database) -> None:
    pointer = ServedPointer(database)
    pointer.promote("一", "h", WANG)
    pointer.promote("二", "h", WANG)
    pointer.rollback(WANG)
    pointer.promote("三", "h", WANG)
    assert pointer.rollback(WANG).run_id == "一"


def _everybody_promotes(url: str) -> list[int]:
    generations: list[int] = []

    def promote(name: str) -> None:
        database = Database(url)
        pointer = ServedPointer(database)
        for number in range(10):
            generations.append(pointer.promote(f"{name}-{number}", "h", Member(name, name, "admin")).generation)
        database.dispose()

    threads = [threading.Thread(target=promote, args=(name,)) for name in "甲乙丙"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return generations


def test_decisions_of_several_processes_get_numbers_without_gaps(database: Database) -> None:
    assert sorted(_everybody_promotes(database.url)) == list(range(1, 31))
    chain = ServedPointer(database).history()
    assert [served.back_to for served in chain] == list(range(29, -1, -1))


@pytest.mark.postgres
def test_so_they_do_on_postgresql(postgres: Database) -> None:
    assert sorted(_everybody_promotes(postgres.url)) == list(range(1, 31))


def test_every_decision_is_in_the_audit_log(database: Database) -> None:
    ServedPointer(database).promote("一", "h", WANG, "更好")
    ServedPointer(database).rollback(LI)
    total, lines = AuditLog(database).page(AuditFilter(object_kind="run"))
    assert total == 2
    assert [(line["actor"], line["action"], line["object_id"]) for line in lines] == [
        ("李", "training.rollback", "built-in"), ("王", "training.promote", "一"),
    ]  # fmt: skip
    assert lines[1]["detail"] == {"before": None, "generation": 1, "reason": "更好", "forced": False}


def test_killed_in_the_middle_it_points_to_the_old_or_to_the_new(database: Database, tmp_path: Path) -> None:
    program = (
        "import sys; from database.engine import Database; from serving.pointer import ServedPointer\n"
        "from staff.members import Member; W = Member('王', '王', 'admin')\n"
        "p = ServedPointer(Database(sys.argv[1])); print('go', flush=True)\n"
        "while True:\n p.promote('甲', 'hash', W); p.promote('乙', 'hash', W); p.rollback(W); p.rollback(W)\n"
    )
    for delay in (0.0, 0.05, 0.11):
        process = subprocess.Popen(
            [sys.executable, "-c", program, database.url], cwd=PROJECT_ROOT, stdout=subprocess.PIPE, env=os.environ
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        process.stdout.close()
        rows = list(reversed(ServedPointer(database).history(10_000)))
        assert [row.generation for row in rows] == list(range(1, len(rows) + 1))
        stack: list[str | None] = [None]
        for row in rows:
            stack = [*stack, row.run_id] if row.action == "promote" else stack[:-1]
            assert row.run_id == stack[-1]
        ServedPointer(database).promote("丙", "hash", WANG)  # and it goes on from there
        ServedPointer(database).rollback(WANG)


def test_processes_tell_how_far_they_are(database: Database) -> None:
    pointer = ServedPointer(database)
    pointer.report("甲", 3)
    pointer.report("乙", 2, "缺文件")
    pointer.report("甲", 4)
    assert [(w.worker, w.generation, w.trouble) for w in pointer.workers()] == [("乙", 2, "缺文件"), ("甲", 4, None)]
    pointer.leave("乙")
    assert [w.worker for w in pointer.workers()] == ["甲"]
