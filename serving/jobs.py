"""Training, and comparing again, as a job: one at a time, in a process that outlives its starter, watched through a file and a lock."""

import fcntl
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from serving.errors import TrainingBusyError
from serving.runs import RunStore

KINDS = ("light", "full")
COMPARISON = "gate"  # of a run that is there with what is served now
STATE_FILE, LOCK_FILE, LOG_FILE = "models/training.json", "run/training.lock", "logs/training.log"
FINISHED = frozenset({"done", "failed", "cancelled", "aborted"})


@dataclass(frozen=True)
class JobState:
    """How the newest job stands.

    Attributes:
        kind: one of KINDS, or COMPARISON.
        state: running | done | failed | cancelled | aborted (its process is gone, and it did not say that it had ended).
        step: what is being done, for people; done, total: of this step, 0 where unknown.
        promoted: whether it was promoted at once.
        trained: when the newest training began, where this job is a comparison.
    """

    job_id: str
    kind: str
    by: str
    started: str
    state: str = "running"
    step: str = "等待开始"
    done: int = 0
    total: int = 0
    run_id: str | None = None
    problem: str | None = None
    finished: str | None = None
    pid: int | None = None
    promoted: bool = False
    trained: str | None = None

    @property
    def training_started(self) -> str | None:
        return self.trained if self.kind == COMPARISON else self.started

    def row(self) -> dict[str, Any]:
        return asdict(self)


class TrainingJobs:
    """Starts, watches and cancels.

    Args:
        root: the data folder. command: starts the job's process; the job's own arguments are added.
    """

    def __init__(
        self, root: Path, project: Path, command: Sequence[str] = (sys.executable, "-m", "training.job"),
        environment: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self._root, self._project, self._command = root, project, list(command)
        self._environment = dict(os.environ if environment is None else environment)

    def status(self) -> JobState | None:
        """The newest job; None when there has been none."""
        state = read_state(self._root)
        if state is not None and state.state == "running" and not self.is_running():
            state = read_state(self._root) or state  # it may have ended between the two looks
            if state.state == "running":
                again = "再次开始完整训练会接着做。" if state.kind == "full" else ""
                what = "比较" if state.kind == COMPARISON else "训练"
                problem = f"{what}的进程中途消失（断电、重启或被终止），现用模型不受影响。{again}"
                return replace(state, state="aborted", problem=problem)
        return state

    def is_running(self) -> bool:
        with suppress(OSError), _locked(self._root):
            return False
        return True

    def start(self, kind: str, by: str, *, promote: bool = False) -> JobState:
        """Start a job and return at once.

        Args: promote: serve the result at once when the gate lets it pass.

        Raises: TrainingBusyError: one is under way.
        """
        return self._launch(kind, by, *(["--promote"] if promote else []))

    def compare(self, run_id: str, by: str) -> JobState:
        """Have the gate look at a run again, against what is served now; returns at once.

        Raises: UnknownRunError, BundleError: there is nothing to compare. TrainingBusyError: a job is under way.
        """
        RunStore(self._root).get(run_id).bundle()
        return self._launch(COMPARISON, by, "--run", run_id)

    def _launch(self, kind: str, by: str, *more: str) -> JobState:
        if self.is_running():
            raise TrainingBusyError("已有一次训练或比较正在进行。", fix="等它结束，或先取消它。")
        job_id = secrets.token_hex(6)
        log = self._root / LOG_FILE
        log.parent.mkdir(parents=True, exist_ok=True)
        options = [kind, "--job", job_id, "--by", by, *more]
        state = JobState(job_id, kind, by, datetime.now(UTC).isoformat(timespec="seconds"))
        with log.open("ab") as output:
            process = subprocess.Popen(
                [*self._command, *options], cwd=self._project, env=self._environment | {"WENZHENG_DATA_DIR": str(self._root)},
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True,  # it is not stopped with the gateway, and its own children are stopped with it
            )  # fmt: skip
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            seen = read_state(self._root)
            if seen is not None and seen.job_id == job_id:
                return seen
            if process.poll() is not None:
                break
            time.sleep(0.05)
        seen = read_state(self._root)
        if seen is not None and seen.job_id == job_id:
            return seen
        if process.poll() is None:
            return replace(state, pid=process.pid)
        raise TrainingBusyError("没有开始：另一次训练或比较抢先，或训练程序无法启动。", fix="查看 logs/training.log 后重试。")

    def cancel(self) -> JobState | None:
        """Stop the job that is under way, if there is one. What is served is not touched."""
        state = self.status()
        if state is None or state.state != "running" or state.pid is None:
            return state
        _send(state.pid, signal.SIGTERM)
        deadline = time.monotonic() + 10
        while self.is_running() and time.monotonic() < deadline:
            time.sleep(0.1)
        if self.is_running():
            _send(state.pid, signal.SIGKILL)
        return self.status()


class JobRecord:
    """The running job's own view: it alone writes the state."""

    def __init__(self, root: Path, state: JobState) -> None:
        self._root, self.state = root, replace(state, pid=os.getpid())
        self._write()

    def tell(self, **changes: Any) -> None:
        """Note progress: step, done, total, run_id."""
        self.state = replace(self.state, **changes)
        self._write()

    def end(self, state: str, problem: str | None = None) -> None:
        self.tell(state=state, problem=problem, finished=datetime.now(UTC).isoformat(timespec="seconds"))

    def _write(self) -> None:
        file = self._root / STATE_FILE
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_name(f".{file.name}.part")
        fresh.write_text(json.dumps(asdict(self.state), ensure_ascii=False, indent=1), encoding="utf-8")
        fresh.replace(file)


@contextmanager
def only_job(root: Path) -> Iterator[None]:
    """Held by the job while it lives.

    Raises: TrainingBusyError.
    """
    try:
        holding = _locked(root)
        holding.__enter__()
    except OSError as exc:
        raise TrainingBusyError("已有一次训练或比较正在进行。", fix="等它结束，或先取消它。") from exc
    try:
        yield
    finally:
        holding.__exit__(None, None, None)


def _send(pid: int, number: signal.Signals) -> None:
    """To the job with its children; one that was started at a terminal shares that terminal's group, so it alone is meant."""
    with suppress(ProcessLookupError, PermissionError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)


def read_state(root: Path) -> JobState | None:
    try:
        return JobState(**json.loads((root / STATE_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


@contextmanager
def _locked(root: Path) -> Iterator[IO[str]]:
    """Raises: OSError (BlockingIOError) when another process holds it."""
    file = root / LOCK_FILE
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield handle
