"""Training jobs with a stand-in for the training: one at a time, outliving the starter, recognised as aborted, cancelled, scheduled."""

import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from serving.errors import ScheduleError, TrainingBusyError, UnknownRunError
from serving.jobs import JobState, TrainingJobs
from serving.schedule import CHINA, Weekly, WeeklyTraining
from settings import PROJECT_ROOT
from tests.fixtures.bigram_encoder import BigramHashEncoder
from tests.fixtures.made_runs import make_run

STAND_IN = """
import os, sys, time
from pathlib import Path
from serving.jobs import JobRecord, JobState, only_job
root, seconds, kind, job = Path(os.environ["WENZHENG_DATA_DIR"]), float(sys.argv[1]), sys.argv[2], sys.argv[4]
with only_job(root):
    record = JobRecord(root, JobState(job, kind, sys.argv[6], "2026-11-22T02:00:00+00:00"))
    record.tell(step="训练", done=1, total=2)
    time.sleep(seconds)
    record.end("done")
"""


def jobs(root: Path, seconds: float = 30.0) -> TrainingJobs:
    return TrainingJobs(root, PROJECT_ROOT, [sys.executable, "-c", STAND_IN, str(seconds)])


def eventually(holds, seconds: float = 15.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False


def state_of(root: Path) -> str:
    state = jobs(root).status()
    assert state is not None
    return state.state


def test_one_at_a_time_and_seen_by_whoever_looks(tmp_path: Path) -> None:
    assert jobs(tmp_path).status() is None
    first = jobs(tmp_path)
    started = first.start("light", "王")
    assert (started.kind, started.by) == ("light", "王")
    after_a_restart = jobs(tmp_path)
    assert eventually(lambda: after_a_restart.status().step == "训练")
    assert (after_a_restart.status().done, after_a_restart.status().total) == (1, 2)
    with pytest.raises(TrainingBusyError):
        after_a_restart.start("light", "李")
    assert after_a_restart.cancel().state in {"aborted", "cancelled"}
    assert not after_a_restart.is_running()


def test_a_job_that_ends_lets_the_next_one_in(tmp_path: Path) -> None:
    jobs(tmp_path, 0.0).start("light", "王")
    assert eventually(lambda: state_of(tmp_path) == "done" and not jobs(tmp_path).is_running())
    jobs(tmp_path, 0.0).start("light", "李")
    assert eventually(lambda: state_of(tmp_path) == "done" and not jobs(tmp_path).is_running())
    assert jobs(tmp_path).status().by == "李"


def test_killed_it_is_recognised_as_aborted_and_another_may_start(tmp_path: Path) -> None:
    started = jobs(tmp_path).start("light", "王")
    os.kill(started.pid, signal.SIGKILL)
    assert eventually(lambda: state_of(tmp_path) == "aborted")
    assert "现用模型不受影响" in jobs(tmp_path).status().problem
    jobs(tmp_path, 0.0).start("light", "李")
    assert eventually(lambda: state_of(tmp_path) == "done")


def test_a_job_of_a_terminal_is_cancelled_without_its_neighbours(tmp_path: Path) -> None:
    environment = os.environ | {"WENZHENG_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-c", STAND_IN, "30", "light", "--job", "ab", "--by", "王"]
    with subprocess.Popen(command, cwd=PROJECT_ROOT, env=environment) as process:
        assert eventually(lambda: jobs(tmp_path).status() is not None)
        assert jobs(tmp_path).cancel().state in {"aborted", "cancelled"}
        process.wait(10)


def test_a_comparison_is_a_job_like_a_training_but_the_week_does_not_take_it_for_one(tmp_path: Path) -> None:
    with pytest.raises(UnknownRunError):
        jobs(tmp_path).compare("nothing", "王")
    make_run(tmp_path, "run-1", BigramHashEncoder())
    started = jobs(tmp_path).compare("run-1", "王")
    assert started.kind == "gate"
    with pytest.raises(TrainingBusyError):
        jobs(tmp_path).start("light", "李")
    os.kill(started.pid, signal.SIGKILL)
    assert eventually(lambda: state_of(tmp_path) == "aborted")
    assert jobs(tmp_path).status().problem.startswith("比较的进程中途消失")
    assert JobState("2", "gate", "王", "2026-11-29T02:00:00+00:00", trained="2026-11-22").training_started == "2026-11-22"
    never_trained = Counting()
    never_trained.status = lambda: JobState("2", "gate", "王", never_trained.moment.isoformat())
    assert WeeklyTraining(never_trained, Weekly.parse("Sun 02:00"), now=lambda: never_trained.moment).look()


def test_a_program_that_does_not_start_is_said(tmp_path: Path) -> None:
    broken = TrainingJobs(tmp_path, PROJECT_ROOT, [sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(TrainingBusyError, match="没有开始"):
        broken.start("light", "王")


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="a kernel without autogroups")
def test_a_job_gives_way_to_every_other_session() -> None:
    told = "import os, training.job as job; job.be_modest(); print(os.nice(0), open('/proc/self/autogroup').read())"
    done = subprocess.run(
        [sys.executable, "-c", told], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True, start_new_session=True
    )
    assert re.fullmatch(r"19 /autogroup-\d+ nice 19", done.stdout.strip())


@pytest.mark.parametrize("text", ["Sunday 2:00", "Sun 24:00", "Sun 02:60", "02:00", "周日 02:00", ""])
def test_a_schedule_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ScheduleError):
        Weekly.parse(text)


def test_due_once_a_week_also_when_the_service_was_down_at_the_time() -> None:
    weekly = Weekly.parse("Sun 02:00 full")
    assert weekly.kind == "full"
    sunday = datetime(2026, 11, 22, 2, 0, tzinfo=CHINA)
    assert not weekly.is_due(None, sunday - timedelta(minutes=1))
    assert weekly.is_due(None, sunday)
    assert weekly.is_due(sunday - timedelta(days=7), sunday + timedelta(hours=5))
    assert not weekly.is_due(sunday + timedelta(minutes=1), sunday + timedelta(minutes=2))
    assert not weekly.is_due(None, sunday + timedelta(days=1))
    assert weekly.is_due(sunday, sunday + timedelta(days=7))


class Counting:
    """Jobs that note what was started."""

    def __init__(self) -> None:
        self.started: list[tuple[str, bool]] = []
        self.moment = datetime(2026, 11, 22, 2, 1, tzinfo=CHINA).astimezone(UTC)

    def status(self) -> JobState | None:
        return JobState("1", "light", "每周定时", self.moment.isoformat(), state="done") if self.started else None

    def start(self, kind: str, _by: str, *, promote: bool) -> None:
        self.started.append((kind, promote))


def test_of_several_processes_one_starts_it() -> None:
    counting = Counting()
    both = [WeeklyTraining(counting, Weekly.parse("Sun 02:00"), True, lambda: counting.moment) for _ in range(2)]
    assert [one.look() for one in both] == [True, False]
    assert counting.started == [("light", True)]
    assert WeeklyTraining(counting, None).look() is False
