"""Runs on disk: listing, states, pruning by policy."""

import json
import os
import time
from pathlib import Path

import pytest

from serving.errors import UnknownRunError
from serving.loading import DIALOGUE_SOURCES, DialogueModel, OwnDialogue, dialogue_of
from serving.runs import RunStore
from tests.fixtures.bigram_encoder import BigramHashEncoder
from tests.fixtures.made_runs import make_run


def made(root: Path, number: int, recall: float | None = None) -> None:
    gate = None if recall is None else {"passed": True, "against": None, "candidate": {"recall@1": recall}}
    make_run(root, f"run-{number}", BigramHashEncoder(), gate=gate, created=f"2026-11-{number:02}T02:00:00+00:00")


def test_newest_first_with_their_states(tmp_path: Path) -> None:
    made(tmp_path, 1)
    made(tmp_path, 2, 0.6)
    make_run(tmp_path, "run-3", BigramHashEncoder(), gate={"passed": False}, created="2026-11-03T02:00:00+00:00")
    unfinished = make_run(tmp_path, "run-4", BigramHashEncoder(), created="2026-11-04T02:00:00+00:00")
    (unfinished / "bundle" / "bundle.json").unlink()
    runs = RunStore(tmp_path).all()
    assert [(run.run_id, run.state) for run in runs] == [
        ("run-4", "unfinished"), ("run-3", "refused"), ("run-2", "passed"), ("run-1", "trained"),
    ]  # fmt: skip
    assert runs[2].primary == 0.6
    assert len({run.data_sha256 for run in runs}) == 1


def test_what_is_not_a_run_is_left_out_and_left_alone(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    (store.folder / "half").mkdir(parents=True)
    (store.folder / "broken").mkdir()
    (store.folder / "broken" / "run.json").write_text("{", encoding="utf-8")
    assert store.all() == []
    assert store.prune(1, set()) == []
    assert (store.folder / "half").is_dir()
    for name in ("half", "broken", "nothing", "../../etc", ""):
        with pytest.raises(UnknownRunError):
            store.get(name)


def test_pruning_keeps_the_newest_the_best_the_served_and_its_predecessor(tmp_path: Path) -> None:
    for number in range(1, 13):
        made(tmp_path, number, {2: 0.9, 3: 0.8, 4: 0.7}.get(number, 0.1))
    store = RunStore(tmp_path)
    removed = store.prune(2, {"run-6", "run-5", None})
    left = {run.run_id for run in store.all()}
    assert left == {"run-12", "run-11", "run-2", "run-3", "run-4", "run-5", "run-6"}
    assert set(removed) == {f"run-{n}" for n in (1, 7, 8, 9, 10)}
    assert sorted(folder.name for folder in store.folder.iterdir()) == sorted(left)


def test_a_run_without_report_says_how_to_get_one(tmp_path: Path) -> None:
    made(tmp_path, 1)
    with pytest.raises(UnknownRunError, match="wenzheng gate run-1"):
        RunStore(tmp_path).report("run-1")
    (tmp_path / "models" / "runs" / "run-1" / "report.html").write_text("<html>", encoding="utf-8")
    assert RunStore(tmp_path).report("run-1").read_text(encoding="utf-8") == "<html>"


def test_the_hash_of_the_data_changes_with_any_of_its_files(tmp_path: Path) -> None:
    made(tmp_path, 1)
    store = RunStore(tmp_path)
    before = store.get("run-1").data_sha256
    file = store.folder / "run-1" / "run.json"
    values = json.loads(file.read_text(encoding="utf-8"))
    values["data"]["questions.jsonl"]["sha256"] = "1" * 64
    file.write_text(json.dumps(values), encoding="utf-8")
    assert store.get("run-1").data_sha256 != before


def test_a_rasa_model_of_another_version_of_the_program_gives_way_to_the_programs_own(tmp_path: Path) -> None:
    model = tmp_path / "m.tar.gz"
    model.write_bytes(b"model")
    folder = make_run(tmp_path, "run-1", BigramHashEncoder(), rasa_model=model)
    own = OwnDialogue(DialogueModel("rasa-now", model), "now")
    store = RunStore(tmp_path)
    assert dialogue_of(store.get("run-1"), own).name == "run-1"  # it does not say what it was made with
    values = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    for sources, name in (("now", "run-1"), ("before", "rasa-now")):
        values["environment"] = {DIALOGUE_SOURCES: sources}
        (folder / "run.json").write_text(json.dumps(values), encoding="utf-8")
        assert dialogue_of(store.get("run-1"), own).name == name


def test_what_a_training_left_that_was_broken_off_goes_after_a_day(tmp_path: Path) -> None:
    made(tmp_path, 1)
    store = RunStore(tmp_path)
    for name, hours in (("broken-off", 25), ("under-way", 1)):
        (store.folder / name / "data").mkdir(parents=True)
        moment = time.time() - hours * 3600
        os.utime(store.folder / name, (moment, moment))
    assert store.prune(5, set()) == []
    assert sorted(f.name for f in store.folder.iterdir()) == ["run-1", "under-way"]
