"""From a trained run to what is served: the gate measures, lets pass or refuses with its reasons, and writes a report to read."""

import hashlib
import json
import re
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from bot.services import Services, build_services
from knowledge_base.content import parse_content
from knowledge_base.workflow import Actor
from retrieval.encoder import Encoder
from serving.errors import NotPromotableError
from serving.jobs import JobState
from serving.promotion import is_outdated
from settings import Settings, load_settings
from staff.members import Member
from tests.fixtures.bigram_encoder import BigramHashEncoder
from tests.fixtures.made_runs import make_run
from training import gate, job
from training.gate import judge_run

ADMIN = Actor("管理员", "admin")
MAINTAINER = Member("王", "王", "maintainer")
MATTERS = (
    "食品经营许可证延续", "道路运输证换发", "律师执业证补办", "稳岗返还申请", "公积金提取", "户口迁移登记", "建筑工程施工许可",
    "出版物零售备案", "医师执业注册", "取水许可审批", "特种设备使用登记", "残疾人证新办", "民办学校年检", "商标注册受理",
)  # fmt: skip


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WENZHENG_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    encoder = BigramHashEncoder()
    made = build_services(load_settings(), encoder=encoder)
    for number, title in enumerate(MATTERS):
        fields = {
            "kind": "qa", "title": title, "answer": f"{title}到市民中心办理。", "external_id": f"SX-{number}",
            "owner_department": "甲局" if number % 2 else "乙局",
        }  # fmt: skip
        record = made.entries.create(parse_content(fields), ADMIN)
        made.entries.publish(record.entry_id, ADMIN)
    made.index.load()
    with (
        patch.object(gate, "OnnxEncoder", lambda _folder: encoder),
        patch.object(gate, "prepare_encoder", lambda _settings: tmp_path),
    ):
        yield made
    made.stop()


def frozen(run: Path, *extra: dict) -> Path:
    file = run / "data" / "frozen_questions.jsonl"
    file.parent.mkdir(exist_ok=True)
    rows = [{"question": f"我想问{title}怎么弄", "gold": [f"SX-{n}"], "style": "口语"} for n, title in enumerate(MATTERS)]
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in [*rows, *extra]), encoding="utf-8")
    return file


def judged(settings: Settings, run_id: str):
    return judge_run(settings, run_id, golden=False)


def scrambled(services: Services, run_id: str) -> Path:
    """A run whose adapter sends every question to the same place and whose weights trust it alone."""
    encoder: Encoder = BigramHashEncoder()
    folder = make_run(services.settings.root, run_id, encoder, shift=50.0)
    file = folder / "bundle" / "weights.json"
    weights = json.loads(file.read_text(encoding="utf-8"))
    for name in weights["named"]["weights"]:
        weights["named"]["weights"][name] = 1.0 if name == "dense_best" else 0.0
    file.write_text(json.dumps(weights), encoding="utf-8")
    manifest = json.loads((folder / "bundle" / "bundle.json").read_text(encoding="utf-8"))
    manifest["files"]["weights.json"] = hashlib.sha256(file.read_bytes()).hexdigest()
    (folder / "bundle" / "bundle.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def test_what_is_no_worse_passes_is_promoted_and_can_be_taken_back(services: Services) -> None:
    folder = make_run(services.settings.root, "same", BigramHashEncoder())
    file = frozen(folder)
    result = judged(services.settings, "same")
    assert (result["passed"], result["against"], result["primary"]["mean"]) == (True, None, 0.0)
    asked = {one["name"]: one for one in result["sets"]}["frozen_questions.jsonl"]
    assert (asked["sha256"], asked["used"]) == (hashlib.sha256(file.read_bytes()).hexdigest(), len(MATTERS))
    assert services.promotions.promote("same", MAINTAINER).run_id == "same"
    make_run(services.settings.root, "late", BigramHashEncoder(), gate={**result, "run": "late"})
    with pytest.raises(NotPromotableError, match="现用模型已经换了"):
        services.promotions.promote("late", MAINTAINER)
    assert services.promotions.rollback(MAINTAINER).run_id is None


def test_a_job_compares_a_run_again_with_what_is_served_by_now(services: Services, tmp_path: Path, monkeypatch) -> None:
    for name in ("first", "second"):
        frozen(make_run(services.settings.root, name, BigramHashEncoder()))
        judged(services.settings, name)
    services.promotions.promote("first", MAINTAINER)
    assert is_outdated(services.runs.get("second"), "first")
    monkeypatch.setattr(job, "prepare_encoder", lambda _settings: tmp_path)
    monkeypatch.setattr(job, "OnnxEncoder", lambda _folder: BigramHashEncoder())
    monkeypatch.setattr(job, "train", None)  # nothing is trained
    began = "2026-11-22T02:00:00+00:00"
    record = job.JobRecord(services.settings.root, JobState("1", "gate", "王", began, run_id="second"))
    assert job.work(services.settings, record, promote=False, golden=False)
    assert (record.state.state, record.state.run_id) == ("done", "second")
    assert services.runs.get("second").gate["against"] == "first"
    assert services.promotions.promote("second", MAINTAINER).run_id == "second"


def test_what_is_worse_is_refused_with_reasons_and_nothing_changes(services: Services) -> None:
    frozen(scrambled(services, "bad"))
    result = judged(services.settings, "bad")
    assert not result["passed"]
    assert any(reason.startswith("首位命中率下降") for reason in result["reasons"])
    with pytest.raises(NotPromotableError, match="首位命中率下降"):
        services.promotions.promote("bad", MAINTAINER)
    assert services.promotions.pointer.current().generation == 0


def test_without_questions_that_apply_nothing_passes(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.frozen_sets.SHIPPED_QUESTIONS", ())
    make_run(services.settings.root, "same", BigramHashEncoder())
    assert judged(services.settings, "same")["reasons"] == ["没有可用的固定测试题，无法和现用模型比较"]


def test_the_report_shows_changes_by_example_and_nothing_of_it_runs_or_loads(services: Services) -> None:
    folder = scrambled(services, "bad")
    frozen(folder, {"question": "<script>alert(1)</script>公积金提取，电话13812345678", "gold": ["SX-4"], "style": "<b>怪</b>"})
    judged(services.settings, "bad")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "没有通过，不能上线" in page
    assert "变差最多的二十题" in page
    assert page.count("我想问") >= 5
    assert {"甲局", "乙局", "口语"} <= set(re.findall("甲局|乙局|口语", page))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<b>怪" not in page
    assert "13812345678" not in page
    assert not re.search(r'(src|href|url)\s*[=(]\s*["\']?(https?:)?//', page)
    assert len(page) < 500_000


def test_a_gate_that_fails_leaves_no_verdict(services: Services) -> None:
    folder = make_run(services.settings.root, "broken", BigramHashEncoder())
    (folder / "bundle" / "weights.json").write_text("{}", encoding="utf-8")
    with pytest.raises(Exception, match="weights"):
        judged(services.settings, "broken")
    assert not (folder / "gate.json").exists()
    assert not (folder / "report.html").exists()


def test_the_frozen_order_of_the_figures_does_not_depend_on_chance(services: Services) -> None:
    frozen(make_run(services.settings.root, "same", BigramHashEncoder()))
    first, second = (judged(services.settings, "same") for _ in range(2))
    assert first["candidate"] == second["candidate"]
    assert np.isclose(first["primary"]["low"], second["primary"]["low"])
