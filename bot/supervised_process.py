"""One child process: started in a process group of its own, its output copied to the console and to a rotating log."""

import contextlib
import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

LOG_BYTES, LOG_FILES = 10_000_000, 5
PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True)
class Part:
    """What to run.

    Attributes:
        command: evaluated at every start, so that a restart uses what is current then.
        ready: whether it serves; asked until it says yes. It must not block longer than about a second.
        inherited: file descriptors that the child gets under the same numbers.
    """

    name: str
    command: Callable[[], Sequence[str]]
    environment: Mapping[str, str]
    folder: Path
    log_file: Path
    ready: Callable[[], bool] = field(default=lambda: True)
    inherited: Sequence[int] = ()


class SupervisedProcess:
    """A running child. Must be constructed by a thread that lives as long as the supervisor (see `_die_with_parent`)."""

    def __init__(self, part: Part, echo: Callable[[str], None]) -> None:
        """Raises: OSError when the command cannot be started."""
        self._process = subprocess.Popen(
            list(part.command()),
            cwd=part.folder,
            env=dict(part.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=tuple(part.inherited),
            start_new_session=True,  # Ctrl-C reaches the supervisor only, which then stops the parts in order
            preexec_fn=_die_with_parent() if sys.platform == "linux" else None,
        )
        assert self._process.stdout is not None  # noqa: S101 - PIPE above
        self._reader = threading.Thread(
            target=_copy_output, args=(self._process.stdout, part, echo), name=f"log-{part.name}", daemon=True
        )
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def exit_code(self) -> int | None:
        """None while it runs; negative: killed by that signal."""
        return self._process.poll()

    def send(self, number: signal.Signals) -> None:
        """Signal the whole process group; harmless when it has gone."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def wait(self, timeout_s: float) -> bool:
        """Whether it has ended within the time; then its last output has been written too."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        self._reader.join(timeout=2)
        return True


def _die_with_parent() -> Callable[[], None]:
    """Linux kills the child when the thread that made it ends, even by kill -9 of the supervisor.

    SIGKILL, because a part that is busy or hangs would outlive anything softer; every part survives it (rule 5).
    """
    libc, parent = ctypes.CDLL(None, use_errno=True), os.getpid()

    def in_child() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died between fork and prctl
            os._exit(1)

    return in_child


def _copy_output(stream: IO[bytes], part: Part, echo: Callable[[str], None]) -> None:
    part.log_file.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(part.log_file, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8")
    with stream:
        for raw in stream:
            line = raw.decode("utf-8", errors="replace").rstrip("\n")
            handler.emit(logging.LogRecord(part.name, logging.INFO, "", 0, line, None, None))
            echo(f"[{part.name}] {line}")
    handler.close()
