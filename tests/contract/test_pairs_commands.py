"""`wenzheng train --pairs` and `wenzheng evaluate --run`, as somebody types them, with the encoder of this checkout."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from retrieval.pairs import Pair
from tests.fixtures.made_runs import make_run
from tests.unit.training.test_learning import PLACES, letters

ROOT = Path(__file__).resolve().parents[2]
SHORT = Pair("新街路灯不亮", "还没有修", "您好，来信已经转交。")  # no question: the reply says nothing


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("letters")


def wenzheng(place: Path, *words: object) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "WENZHENG_DATA_DIR": str(place / "data"), "COLUMNS": "300"}
    command = [sys.executable, "-m", "bot.cli", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=250)


def lines(file: Path, rows: list[dict[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def files(place: Path) -> tuple[Path, Path]:
    """Letters to train on and others; two of the others were trained on as well."""
    seen, unseen = letters(PLACES[:4]), letters(PLACES[8:])
    return (
        lines(place / "train.jsonl", [asdict(p) for p in seen]),
        lines(place / "test.jsonl", [asdict(p) for p in [*unseen, SHORT, *seen[:2]]]),
    )


@pytest.fixture(scope="module")
def run(place: Path, files: tuple[Path, Path]) -> Path:
    done = wenzheng(place, "train", "--pairs", files[0], "--out", place / "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "训练完成" in done.stdout
    return place / "run"


def measured(place: Path, *words: object) -> dict[str, Any]:
    done = wenzheng(place, "evaluate", *words, "--out", place / "result")
    assert done.returncode == 0, done.stdout + done.stderr
    return {**json.loads((place / "result" / "result.json").read_text(encoding="utf-8")), "said": done.stdout}


def test_a_run_made_of_letters_finds_the_replies_to_others(place: Path, files: tuple[Path, Path], run: Path) -> None:
    trained = measured(place, "--pairs", files[1], "--run", run)
    assert "去掉 2 行" in trained["said"]
    assert trained["entries"] == 48 + 1  # a reply under 40 characters is indexed, but nobody asks for it
    figures = trained["metrics"]["subject→reply"]
    assert figures["questions"] == 48
    assert figures["recall@1"] >= 0.9
    low, high = trained["intervals"]["subject→reply"]["recall@1"]
    assert low <= figures["recall@1"] <= high
    assert trained["run"] == "run"


def test_more_replies_only_make_it_harder(place: Path, files: tuple[Path, Path], run: Path) -> None:
    harder = measured(place, "--pairs", files[1], "--run", run, "--more-replies", files[0])
    assert harder["entries"] == 48 + 1 + 48
    assert harder["metrics"]["subject→reply"]["questions"] == 48


def test_the_store_is_never_touched_and_a_folder_never_overwritten(place: Path, files: tuple[Path, Path], run: Path) -> None:
    assert not list((place / "data").glob("*.db"))
    again = wenzheng(place, "train", "--pairs", files[0], "--out", run)
    assert again.returncode == 1
    assert "已有一次训练的结果" in again.stderr
    assert "Traceback" not in again.stderr


@pytest.fixture(scope="module")
def asked(place: Path, run: Path) -> Path:
    """Questions about entries that are published; after the letters, which are to find no store."""
    rows = [
        {"external_id": name, "kind": "qa", "title": f"{name}怎么办", "answer": "到政务服务中心办理。"}
        for name in ("食品经营许可证延续", "道路运输证补发", "企业名称变更", "户外广告设置", "残疾人证换领")
    ]  # fmt: skip
    entries = lines(place / "entries.jsonl", rows)
    done = wenzheng(place, "kb", "import", entries, "--publish")
    assert done.returncode == 0, done.stdout + done.stderr
    return lines(place / "asked.jsonl", [{"question": f"{r['external_id'][:4]}咋弄", "gold": [r["external_id"]]} for r in rows])


def test_entries_with_names_are_ranked_as_before(place: Path, run: Path, asked: Path) -> None:
    before, after = measured(place, asked), measured(place, asked, "--run", run)
    assert before["models"]["fusion"] != after["models"]["fusion"]
    assert before["metrics"] == after["metrics"]


def test_entries_are_asked_as_a_run_of_this_instance_would_by_its_id(place: Path, asked: Path) -> None:
    before = measured(place, asked)
    encoder = SimpleNamespace(hash=before["models"]["encoder"], dimension=384)
    make_run(place / "data", "doubtful", encoder, threshold=0.9999)
    after = measured(place, asked, "--run", "doubtful")
    assert (before["run"], after["run"], after["threshold"]) == (None, "doubtful", 0.9999)
    assert before["metrics"]["全部"]["coverage"] > after["metrics"]["全部"]["coverage"] == 0
    unknown = wenzheng(place, "evaluate", asked, "--run", "nothing")
    assert unknown.returncode == 1
    assert "没有编号为 nothing 的训练" in unknown.stderr
