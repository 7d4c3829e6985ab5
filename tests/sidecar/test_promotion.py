"""A run with a Rasa model of its own, promoted and rolled back while people talk, and with kill -9 in the middle."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from answering.preparation import prepare_encoder
from database.engine import Database
from retrieval.encoder import OnnxEncoder
from serving.pointer import ServedPointer
from serving.runs import RunStore
from settings import load_settings
from staff.members import Member
from tests.fixtures.made_runs import make_run
from tests.sidecar.instance import Instance

TESTER = Member("测试", "测试", "admin")
QUESTION = "营业执照丢了怎么补办"
RUN = "strict"


@pytest.fixture
def pointer(instance: Instance) -> Iterator[ServedPointer]:
    """Of the instance, with a run that is never sure enough to answer and has its own copy of the Rasa model."""
    settings = load_settings(WENZHENG_DATA_DIR=instance.data_dir)
    if not (RunStore(instance.data_dir).folder / RUN).exists():
        model = next((instance.data_dir / "models").glob("rasa-*.tar.gz"))
        make_run(instance.data_dir, RUN, OnnxEncoder(prepare_encoder(settings)), threshold=2.0, rasa_model=model)
    database = Database(f"sqlite:///{instance.data_dir / 'wenzheng.db'}")
    made = ServedPointer(database)
    yield made
    while made.predecessor() is not None:
        made.rollback(TESTER)
    followed(made)
    database.dispose()


def promote(pointer: ServedPointer, instance: Instance) -> None:
    pointer.promote(RUN, RunStore(instance.data_dir).get(RUN).bundle().hash, TESTER)


def followed(pointer: ServedPointer, seconds: float = 90) -> None:
    generation, deadline = pointer.current().generation, time.monotonic() + seconds
    while not any(worker.generation == generation for worker in pointer.workers()):
        assert time.monotonic() < deadline, pointer.workers()
        time.sleep(0.1)


def newest_answer(data_dir: Path) -> int:
    with closing(sqlite3.connect(data_dir / "wenzheng.db")) as connection:
        return int(connection.execute("SELECT COALESCE(MAX(id), 0) FROM answers").fetchone()[0])


def sets_used(data_dir: Path, after: int) -> set[tuple[str, ...]]:
    """Run, dialogue model and fusion of the answers since: each triple is what one answer was made with."""
    with closing(sqlite3.connect(data_dir / "wenzheng.db")) as connection:
        rows = connection.execute("SELECT model_ids FROM answers WHERE id > ?", [after])
        return {tuple(json.loads(ids)[name] for name in ("run", "dialogue", "fusion")) for (ids,) in rows}


def test_nobody_notices_an_exchange_but_by_the_answers(instance: Instance, pointer: ServedPointer) -> None:
    instance.wait_for_rasa()
    before, replies, done = newest_answer(instance.data_dir), [], threading.Event()

    def talk(name: str) -> None:
        while not done.is_set():
            replies.append(instance.chat(QUESTION, f"{name}-{len(replies)}"))

    talkers = [threading.Thread(target=talk, args=(name,)) for name in "甲乙丙"]
    for talker in talkers:
        talker.start()
    try:
        for _ in range(2):
            time.sleep(1)
            promote(pointer, instance)
            followed(pointer)
            time.sleep(1)
            pointer.rollback(TESTER)
            followed(pointer)
        time.sleep(1)
    finally:
        done.set()
        for talker in talkers:
            talker.join(40)
    assert len(replies) > 20
    assert all(reply["messages"] and reply["intent"]["confidence"] > 0 for reply in replies)  # through Rasa, every one
    assert {reply["outcome"] for reply in replies} >= {"answer", "fallback"}
    used = sets_used(instance.data_dir, before)
    assert len(used) == 2, used
    assert {(run, dialogue == run) for run, dialogue, _ in used} == {("built-in", False), (RUN, True)}


@pytest.mark.parametrize("victims", [("gateway",), ("rasa", "gateway")])
@pytest.mark.parametrize("delay", [0.0, 0.4])
def test_killed_in_the_middle_it_is_the_old_or_the_new_never_a_mixture(
    instance: Instance, pointer: ServedPointer, victims: tuple[str, ...], delay: float
) -> None:
    instance.wait_for_rasa()
    before = newest_answer(instance.data_dir)
    instance.chat(QUESTION, f"vor-{victims}-{delay}")
    promote(pointer, instance)
    time.sleep(delay)
    for victim in victims:
        instance.kill(victim)
    instance.wait_until_ready(90)
    instance.wait_for_rasa()
    reply: dict[str, Any] = instance.chat(QUESTION, f"nach-{victims}-{delay}")
    assert reply["outcome"] == "fallback"
    assert reply["intent"]["confidence"] > 0
    assert {(run, dialogue == run) for run, dialogue, _ in sets_used(instance.data_dir, before)} == {
        ("built-in", False), (RUN, True),
    }  # fmt: skip
