"""What there is to learn from, as `training.data_report` finds it: made by a process of its own, kept until it is made anew."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

REPORT_FILE = "models/data_report.json"
LONGEST_S = 1800.0


class DataReports:
    """The newest report of this instance; one is made at a time in a process.

    Args: root: the data folder. command: prints the report as JSON.
    """

    def __init__(
        self, root: Path, project: Path,
        command: Sequence[str] = ("nice", "-n", "15", sys.executable, "-m", "training.data_report", "--json"),
    ) -> None:  # fmt: skip
        self._root, self._project, self._command = root, project, list(command)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.problem: str | None = None

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def latest(self) -> Mapping[str, Any] | None:
        """With `at`, when it was made."""
        file = self._root / REPORT_FILE
        try:
            made = datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat(timespec="seconds")
            return {**json.loads(file.read_text(encoding="utf-8")), "at": made}
        except (OSError, ValueError):
            return None

    def refresh(self) -> None:
        """Make it anew, in the background; while one is being made nothing more is started."""
        with self._lock:
            if not self.running:
                self._thread = threading.Thread(target=self._make, name="data-report", daemon=True)
                self._thread.start()

    def _make(self) -> None:
        environment = os.environ | {"WENZHENG_DATA_DIR": str(self._root), "OMP_NUM_THREADS": "1"}
        try:
            done = subprocess.run(
                self._command, cwd=self._project, env=environment, capture_output=True, text=True, timeout=LONGEST_S, check=False
            )
            json.loads(done.stdout)
        except (OSError, subprocess.TimeoutExpired) as exc:
            self.problem = f"统计没有完成：{exc}"[:300]
        except ValueError:
            said = done.stderr.strip().splitlines() or ["没有输出"]
            self.problem = f"统计没有完成：{said[-1]}"[:300]
        else:
            file = self._root / REPORT_FILE
            file.parent.mkdir(parents=True, exist_ok=True)
            fresh = file.with_name(f".{file.name}.part")
            fresh.write_text(done.stdout, encoding="utf-8")
            fresh.replace(file)
            self.problem = None
