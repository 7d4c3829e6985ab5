"""The whole of a training as one modest process: train, compare with what is served, write the report, clear away old runs.

    python -m training.job light|full --job ID --by NAME [--promote]
    python -m training.job gate --run RUN --job ID --by NAME [--skip-golden]    # only the comparison, once more

Started by `serving.jobs.TrainingJobs`. It touches nothing that serves; with `--promote` it moves the pointer, and only when the gate let
the run pass.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from threadpoolctl import threadpool_limits

from answering.preparation import TRAIN_PYTHON, prepare_encoder
from bot.rasa_project import own_dialogue
from database.engine import Database
from errors import WenzhengError
from retrieval.encoder import OnnxEncoder
from serving.errors import TrainingBusyError
from serving.jobs import COMPARISON, KINDS, JobRecord, JobState, only_job, read_state
from serving.loading import SetLoader
from serving.pointer import ServedPointer
from serving.promotion import Promotions
from serving.runs import PRIMARY_METRIC, RunStore
from settings import PROJECT_ROOT, Settings, load_settings
from staff.members import Member
from training.errors import TrainingError
from training.gate import judge_run
from training.labels_worth import worth_of_labels

NICENESS = 19
_PROGRESS = re.compile(r"（(\d+)/(\d+)")  # as `training.progress.Steps` writes it


class CancelledError(Exception):
    """Somebody asked the job to stop."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=(*KINDS, COMPARISON))
    parser.add_argument("--run")
    parser.add_argument("--job", required=True)
    parser.add_argument("--by", required=True)
    parser.add_argument("--promote", action="store_true")
    parser.add_argument("--skip-golden", action="store_true")
    options = parser.parse_args()
    if (options.kind == COMPARISON) != (options.run is not None):
        parser.error("gate takes --run, and nothing else does")
    settings = load_settings()
    be_modest()
    try:
        with only_job(settings.root):
            started = datetime.now(UTC).isoformat(timespec="seconds")
            before = read_state(settings.root)
            trained = before.training_started if before and options.run else None
            state = JobState(options.job, options.kind, options.by, started, run_id=options.run, trained=trained)
            record = JobRecord(settings.root, state)
            done = work(settings, record, promote=options.promote, golden=not options.skip_golden)
    except TrainingBusyError as exc:
        sys.exit(str(exc))
    print(record.state.problem or f"完成：{record.state.run_id}，{outcome(settings, record.state.run_id)}", flush=True)
    sys.exit(0 if done else 1)


def outcome(settings: Settings, run_id: str | None) -> str:
    """What came of it and what may be done next, in a sentence."""
    run = RunStore(settings.root).get(run_id or "")
    figures = [(run.gate or {}).get(side, {}).get(PRIMARY_METRIC) for side in ("current", "candidate")]
    said = "首位命中率 " + " → ".join("—" if value is None else f"{value:.3f}" for value in figures)
    if run.state == "passed":
        return f"{said}，通过评测。上线：wenzheng promote {run.run_id}"
    return f"{said}，没有通过评测：{'；'.join((run.gate or {}).get('reasons') or ())}。"


def work(settings: Settings, record: JobRecord, *, promote: bool, golden: bool = True) -> bool:
    """Everything, from training to clearing away; whether it went well is told in the record. A run that is named is only compared."""

    def say(step: str) -> None:
        print(step, flush=True)
        record.tell(step=step, done=0, total=0)

    try:
        with _cancellable():
            run_id = record.state.run_id or train(settings, record)
            record.tell(run_id=run_id, step="和现用模型比较", done=0, total=0)
            worth = worth_of_labels(settings, run_id, say) if record.state.kind == "light" else None
            result = judge_run(settings, run_id, golden=golden, labels_worth=worth.row() if worth else None, say=say)
            if promote and result["passed"]:
                record.tell(step="上线")
                _with_promotions(settings, lambda promotions: promotions.promote(run_id, _member(record), "定时训练，通过评测"))
                record.tell(promoted=True)
            _with_promotions(settings, lambda promotions: _prune(settings, promotions))
        record.end("done")
        return True
    except CancelledError:
        left = f"{record.state.run_id} 还在，可以打开它和现用模型比较。" if record.state.run_id else ""
        record.end("cancelled", f"已取消，现用模型不受影响。{left}")
    except WenzhengError as exc:
        record.end("failed", str(exc))
    except Exception as exc:  # the outer edge of the process: what is served is untouched, and people are told
        record.end("failed", f"{type(exc).__name__}: {exc}"[:500])
        raise
    return False


def train(settings: Settings, record: JobRecord) -> str:
    """Run the training in a process of its own, which has the interpreter that its kind needs; returns the new run's id.

    Raises: TrainingError.
    """
    python = TRAIN_PYTHON if record.state.kind == "full" else Path(sys.executable)
    if not python.is_file():
        raise TrainingError("完整训练需要训练环境，还没有安装。", fix="运行 `make train-env`，或选轻量训练。")
    before = {run.run_id for run in RunStore(settings.root).all()}
    record.tell(step="训练")
    seen_by_people = sys.stdout.isatty()  # then the training's own bars go to the terminal
    process = subprocess.Popen(
        [str(python), "-m", "training.run", "--kind", record.state.kind], cwd=PROJECT_ROOT, text=True,
        stdout=None if seen_by_people else subprocess.PIPE, stderr=None if seen_by_people else subprocess.STDOUT, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    said = ""
    try:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            if line.strip():
                said = line.strip()
                found = _PROGRESS.search(said)
                done, total = (int(found[1]), int(found[2])) if found else (0, 0)
                record.tell(step=said[:200], done=done, total=total)
    finally:
        if process.poll() is None and sys.exc_info()[0] is not None:
            process.terminate()
        process.wait()
    if process.returncode != 0:
        raise TrainingError(f"训练没有完成：{said[:300]}", fix="查看 logs/training.log，处理后重新训练。")
    new = [run for run in RunStore(settings.root).all() if run.run_id not in before and run.state != "unfinished"]
    if not new:
        raise TrainingError(f"训练结束了，但没有留下结果：{said[:300]}", fix="查看 logs/training.log。")
    return new[0].run_id


def be_modest() -> None:
    """Serving comes first: lowest priority for processor and disk, and not more than half of the cores."""
    with suppress(OSError):
        os.nice(NICENESS)
    if os.getsid(0) == os.getpid():  # Linux weighs sessions first, where it has autogroups: niceness counts only within one
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(f"{NICENESS}", encoding="ascii")
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[-max(1, len(cores) // 2) :])
    threadpool_limits(max(1, len(cores) // 2))  # of this process, whose libraries are loaded already
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(max(1, len(cores) // 2))
    if shutil.which("ionice"):
        subprocess.run(["ionice", "-c", "3", "-p", str(os.getpid())], check=False, capture_output=True)


def _prune(settings: Settings, promotions: Promotions) -> None:
    RunStore(settings.root).prune(settings.keep_runs, promotions.never_pruned())


def _with_promotions(settings: Settings, do: Callable[[Promotions], object]) -> None:
    database = Database(settings.database_url)
    try:
        runs = RunStore(settings.root)
        loader = SetLoader(runs, OnnxEncoder(prepare_encoder(settings)), lambda: own_dialogue(settings))
        do(Promotions(ServedPointer(database), runs, loader))
    finally:
        database.dispose()


def _member(record: JobRecord) -> Member:
    return Member(record.state.by, record.state.by, "maintainer")


@contextmanager
def _cancellable() -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise CancelledError

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    main()
