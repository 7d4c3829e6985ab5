"""Training over HTTP: the job, reports, questions to label and labels."""

import os

import pytest

from serving.jobs import JobState
from tests.contract.http.conftest import ADMIN, ask, publish
from tests.fixtures.bigram_encoder import BigramHashEncoder
from tests.fixtures.made_runs import make_run


async def test_runs_with_their_figures_and_reports(client, services) -> None:
    gate = {
        "passed": False, "against": None, "reasons": ["MRR从 0.700 变为 0.600，超出允许的 0.010"],
        "current": {"recall@1": 0.6}, "candidate": {"recall@1": 0.5},
    }  # fmt: skip
    folder = make_run(services.settings.root, "run-1", BigramHashEncoder(), gate=gate)
    (folder / "report.html").write_text("<!doctype html><p>报告</p>", encoding="utf-8")
    listed = (await client.get("/api/training/runs", headers=ADMIN)).json()["runs"]
    assert [(run["run_id"], run["state"], run["served"], run["has_report"]) for run in listed] == [
        ("run-1", "refused", False, True)
    ]
    one = (await client.get("/api/training/runs/run-1", headers=ADMIN)).json()
    assert one["gate"]["candidate"]["recall@1"] == 0.5
    assert "没有通过评测：MRR" in one["objection"]
    report = await client.get("/api/training/runs/run-1/report", headers=ADMIN)
    assert (report.status_code, report.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "sandbox" in report.headers["content-security-policy"]
    assert "default-src 'none'" in report.headers["content-security-policy"]
    assert (await client.get("/api/training/runs/run-1/report")).status_code == 401
    assert (await client.get("/api/training/runs/nothing/report", headers=ADMIN)).status_code == 404


async def test_the_job_is_started_once_and_told(client, services, monkeypatch) -> None:
    state = JobState("ab12", "light", "管理令牌", "2026-11-24T02:00:00+00:00", pid=os.getpid())
    started: list[tuple[str, str]] = []
    monkeypatch.setattr(type(services.jobs), "start", lambda _self, kind, by: started.append((kind, by)) or state)
    assert (await client.get("/api/training/job", headers=ADMIN)).json() == {"job": None}
    answer = await client.post("/api/training/job", json={"kind": "light"}, headers=ADMIN)
    assert (answer.status_code, answer.json()["job"]["state"]) == (202, "running")
    assert started == [("light", "管理令牌")]
    assert (await client.post("/api/training/job", json={"kind": "huge"}, headers=ADMIN)).status_code == 422
    assert (await client.post("/api/training/job", json={})).status_code == 401


async def test_a_run_is_compared_again_as_a_job(client, services, monkeypatch) -> None:
    make_run(services.settings.root, "run-1", BigramHashEncoder())
    launched: list[tuple[str, ...]] = []
    state = JobState("ab12", "gate", "管理令牌", "2026-11-24T02:00:00+00:00", run_id="run-1", pid=os.getpid())
    monkeypatch.setattr(type(services.jobs), "_launch", lambda _self, *given: launched.append(given) or state)
    answer = await client.post("/api/training/runs/run-1/gate", headers=ADMIN)
    assert (answer.status_code, answer.json()["job"]["run_id"]) == (202, "run-1")
    assert launched == [("gate", "管理令牌", "--run", "run-1")]
    assert (await client.post("/api/training/runs/nothing/gate", headers=ADMIN)).status_code == 404
    assert (await client.post("/api/training/runs/run-1/gate")).status_code == 401
    assert len(launched) == 1


async def test_open_questions_are_proposed_labelled_and_not_proposed_again(client, services) -> None:
    entry = await publish(client)
    services.index.follow()
    await ask(client, "食品许可的证件延续手续", "甲")
    await ask(client, "今天的天气会不会下雨呢", "乙")
    proposed = (await client.get("/api/training/questions", headers=ADMIN)).json()["questions"]
    assert {p["question"] for p in proposed} == {"食品许可的证件延续手续", "今天的天气会不会下雨呢"}
    first = next(p for p in proposed if p["question"].startswith("食品"))
    assert first["entries"][0]["entry_id"] == entry["entry_id"]
    label = {"question": first["question"], "verdict": "entry", "entry_id": entry["entry_id"]}
    made = await client.post("/api/training/labels", json=label, headers=ADMIN)
    assert (made.status_code, made.json()["source"]) == (201, "active_learning")
    left = (await client.get("/api/training/questions", headers=ADMIN)).json()["questions"]
    assert [p["question"] for p in left] == ["今天的天气会不会下雨呢"]
    await client.post(f"/api/training/labels/{made.json()['label_id']}/revoke", headers=ADMIN)
    again = (await client.get("/api/training/questions", headers=ADMIN)).json()["questions"]
    assert len(again) == 2


@pytest.mark.parametrize(
    ("label", "status"),
    [
        ({"question": "问", "verdict": "entry"}, 422),
        ({"question": "问", "verdict": "entry", "entry_id": 4711}, 404),
        ({"question": "问", "verdict": "intent"}, 422),
        ({"question": " ", "verdict": "out_of_scope"}, 422),
        ({"question": "问", "verdict": "maybe"}, 422),
    ],
)
async def test_labels_that_say_nothing(client, label, status) -> None:
    assert (await client.post("/api/training/labels", json=label, headers=ADMIN)).status_code == status
