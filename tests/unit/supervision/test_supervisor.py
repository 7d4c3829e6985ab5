"""The supervisor with fake children: restart, back-off, clean stop, no orphan."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from bot.supervised_process import Part
from bot.supervisor import BackOff, Supervisor
from settings import PROJECT_ROOT

QUICK = BackOff(first_s=0.05, longest_s=0.4, stable_s=5.0)


def part(folder: Path, script: str, name: str = "child", ready: Callable[[], bool] = lambda: True) -> Part:
    return Part(
        name=name,
        command=lambda: [sys.executable, "-u", "-c", textwrap.dedent(script)],
        environment=dict(os.environ),
        folder=folder,
        log_file=folder / f"{name}.log",
        ready=ready,
    )


class Console:
    """Collects what people would read."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.lines: list[str] = []


def supervise(
    parts: list[Part], until: Callable[[Console], bool], *, grace_s: float = 2.0, timeout_s: float = 15.0
) -> tuple[int, Console, float]:
    """Run in this (main) thread until the condition holds; returns exit code, console, seconds."""
    console, started = Console(), time.monotonic()
    supervisor = Supervisor(
        parts,
        report=console.sentences.append,
        echo=console.lines.append,
        on_ready=lambda: console.sentences.append("ready"),
        back_off=QUICK,
        grace_s=grace_s,
    )

    def watch() -> None:
        while not until(console) and time.monotonic() - started < timeout_s:
            time.sleep(0.02)
        supervisor.stop()

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = supervisor.run()
    watcher.join()
    return code, console, time.monotonic() - started


def gone(pid: int, within_s: float = 5.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_back_off_doubles_up_to_its_cap_and_forgets_after_a_stable_while() -> None:
    back_off, waits, wait = BackOff(first_s=1, longest_s=30, stable_s=60), [], 0.0
    for _ in range(7):
        wait = back_off.after(wait, lived_s=0.1)
        waits.append(wait)
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    assert back_off.after(30, lived_s=60) == 1


def test_what_dies_is_started_again_and_the_other_part_keeps_running(tmp_path: Path) -> None:
    steady = "import time; print('steady'); time.sleep(60)"
    dying = "import sys; print('hello'); sys.exit(3)"
    code, console, _ = supervise(
        [part(tmp_path, steady, "steady"), part(tmp_path, dying, "dying")], lambda c: c.lines.count("[dying] hello") >= 4
    )
    assert code == 0
    assert console.lines.count("[steady] steady") == 1
    told = [s for s in console.sentences if s.startswith("dying")]
    assert "退出码 3" in told[0]
    assert "0.05 秒后" in told[0]
    assert "0.1 秒后" in told[1]
    assert "dying.log" in told[0]


def test_a_killed_part_is_started_again(tmp_path: Path) -> None:
    script = "import os, time; print(os.getpid()); time.sleep(60)"
    killed: list[int] = []

    def until(console: Console) -> bool:
        pids = [int(line.split()[1]) for line in list(console.lines)]
        if pids and not killed:
            os.kill(pids[0], signal.SIGKILL)
            killed.append(pids[0])
        return len(pids) == 2

    _, console, _ = supervise([part(tmp_path, script)], until)
    assert len(console.lines) == 2
    assert "SIGKILL" in " ".join(console.sentences)


def test_output_goes_to_the_log_too(tmp_path: Path) -> None:
    supervise([part(tmp_path, "print('第一行'); print('第二行'); import time; time.sleep(60)")], lambda c: len(c.lines) == 2)
    assert (tmp_path / "child.log").read_text(encoding="utf-8").splitlines() == ["第一行", "第二行"]


def test_ready_is_said_once_when_all_parts_are(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    slow = part(tmp_path, f"import time; time.sleep(0.5); open({str(flag)!r}, 'w'); time.sleep(60)", "slow", ready=flag.exists)
    quick = part(tmp_path, "import time; time.sleep(60)", "quick")
    _, console, seconds = supervise([quick, slow], lambda c: "ready" in c.sentences)
    assert console.sentences == ["ready"]
    assert seconds >= 0.5


def test_a_stop_lets_parts_finish_and_kills_what_does_not(tmp_path: Path) -> None:
    polite = """
        import signal, sys, time
        def end(*_):
            print("bye"); sys.exit(0)
        signal.signal(signal.SIGTERM, end); print("up"); time.sleep(60)
    """
    stubborn = """
        import os, signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        inner = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"])
        print(os.getpid(), inner.pid); time.sleep(60)
    """
    parts = [part(tmp_path, polite, "polite"), part(tmp_path, stubborn, "stubborn")]
    code, console, seconds = supervise(parts, lambda c: len(c.lines) == 2, grace_s=1.0)
    assert code == 0
    assert "[polite] bye" in console.lines
    pids = [int(p) for line in console.lines if line.startswith("[stubborn]") for p in line.split()[1:]]
    assert len(pids) == 2
    assert all(gone(pid) for pid in pids)
    assert seconds < 10


def test_a_part_that_reports_wrong_configuration_ends_everything(tmp_path: Path) -> None:
    code, console, _ = supervise([part(tmp_path, "import sys; sys.exit(78)")], lambda c: False, timeout_s=10)
    assert code == 1
    assert console.sentences in ([], ["ready"])


def test_a_part_that_cannot_be_started_does_not_stop_the_other(tmp_path: Path) -> None:
    missing = Part("missing", lambda: ["/nonexistent/program"], {}, tmp_path, tmp_path / "missing.log", lambda: False)
    steady = part(tmp_path, "import time; print('steady'); time.sleep(60)", "steady")
    _, console, _ = supervise([missing, steady], lambda c: len(c.sentences) >= 3 and bool(c.lines))
    assert all("无法启动" in s for s in console.sentences)
    assert console.lines == ["[steady] steady"]


SUPERVISOR_SCRIPT = """
import os, sys, time
from pathlib import Path
from bot.supervised_process import Part
from bot.supervisor import Supervisor
folder = Path(sys.argv[1])
child = "import os, time; open(os.path.join(sys_argv, 'pid'), 'w').write(str(os.getpid())); time.sleep(120)"
part = Part("child", lambda: [sys.executable, "-c", child.replace("sys_argv", repr(str(folder)))], dict(os.environ), folder, folder / "log")
sys.exit(Supervisor([part], report=lambda s: None, echo=lambda s: None, on_ready=lambda: print("ready", flush=True)).run())
"""


def start_supervisor(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    # a test run started under nohup would hand its ignored SIGHUP on
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR_SCRIPT, str(folder)],
        cwd=PROJECT_ROOT,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if (folder / "pid").exists() and (text := (folder / "pid").read_text()):
            return process, int(text)
        time.sleep(0.02)
    process.kill()
    raise AssertionError("the child did not start")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_stop_supervisor_and_parts(tmp_path: Path, number: signal.Signals) -> None:
    process, child = start_supervisor(tmp_path)
    process.send_signal(number)
    assert process.wait(10) == 0
    assert gone(child)


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_no_part_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    process, child = start_supervisor(tmp_path)
    process.kill()
    process.wait(10)
    assert gone(child)
