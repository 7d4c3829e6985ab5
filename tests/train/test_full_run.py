"""A whole full training over a small store with the real encoder: killed in the middle, gone on with, loaded as it is served."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from answering.preparation import prepare_encoder
from retrieval.encoder import OnnxEncoder
from serving.loading import SetLoader
from serving.pointer import Served
from serving.runs import RunStore
from settings import PROJECT_ROOT, Settings, load_settings

pytestmark = [pytest.mark.train, pytest.mark.slow, pytest.mark.timeout(1800)]
THINGS = ("烟花", "取水", "采矿", "幼儿园", "养老院", "出租车", "律师", "医师", "商标", "公积金", "户口", "施工")
WAYS = ("想搞{0}的批文找谁", "{0}那个本子丢了咋整", "咱家{0}的事找哪个窗口", "{0}的手续麻不麻烦")
COMMAND = (sys.executable, "-m", "training.run", "--kind", "full")
ONE_THREAD = {"OMP_NUM_THREADS": "1"}  # as the job sets it; two wait for each other on a busy machine


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of an instance with a dozen entries and four labelled questions for each."""
    from bot.services import build_services
    from insights.labels import QuestionLabels
    from knowledge_base.content import parse_content
    from knowledge_base.workflow import Actor

    monkeypatch.setenv("WENZHENG_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    admin, settings = Actor("管理员", "admin"), load_settings()
    services = build_services(settings)
    labels = QuestionLabels(services.database)
    for number, thing in enumerate(THINGS):
        row = {"kind": "qa", "title": f"{thing}行政许可", "answer": "到市民中心。", "external_id": f"SX-{number}"}
        entry_id = services.entries.create(parse_content(row), admin).entry_id
        services.entries.publish(entry_id, admin)
        for way in WAYS:
            labels.add(way.format(thing), "entry", "王", "gap", entry_id=entry_id)
    services.stop()
    return settings


def test_killed_in_the_middle_it_goes_on_and_is_served(settings: Settings) -> None:
    checkpoint = settings.root / "models" / "full_training" / "adapter.npz.checkpoint"
    first = subprocess.Popen(COMMAND, cwd=PROJECT_ROOT, env=os.environ | ONE_THREAD, stdout=subprocess.PIPE, text=True)
    while not checkpoint.is_file():
        assert first.poll() is None
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    told = first.communicate()[0]
    assert "训练编码器预计要" in told
    assert [run.state for run in RunStore(settings.root).all()] == []

    second = subprocess.run(COMMAND, cwd=PROJECT_ROOT, env=os.environ | ONE_THREAD, capture_output=True, text=True, check=False)
    assert second.returncode == 0, second.stderr
    assert "从上次中断处继续" in second.stdout
    assert not checkpoint.parent.exists()
    runs = RunStore(settings.root)
    (run,) = runs.all()
    assert (run.kind, run.state) == ("full", "trained")
    own = OnnxEncoder(prepare_encoder(settings))
    made = SetLoader(runs, own).load(Served(1, run.run_id, None))
    assert made.encoder.hash == run.parameters["encoder"] != own.hash
    assert (
        run.metrics["cross_fitted"]["questions"] < run.data["train.jsonl"]["rows"]
    )  # fusion sees only what was kept from the encoder
