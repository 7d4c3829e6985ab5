"""The report on training data: made beside the gateway, kept, and what goes wrong is said."""

import sys
import time
from pathlib import Path

from serving.data_reports import DataReports
from settings import PROJECT_ROOT


def made_by(root: Path, program: str) -> DataReports:
    reports = DataReports(root, PROJECT_ROOT, [sys.executable, "-c", program])
    reports.refresh()
    deadline = time.monotonic() + 20
    while reports.running and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not reports.running
    return reports


def test_made_once_read_by_everybody(tmp_path: Path) -> None:
    assert DataReports(tmp_path, PROJECT_ROOT).latest() is None
    assert made_by(tmp_path, "print('{\"rows\": 3}')").problem is None
    latest = DataReports(tmp_path, PROJECT_ROOT).latest()
    assert (latest["rows"], "at" in latest) == (3, True)


def test_a_failure_keeps_the_last_one_and_says_why(tmp_path: Path) -> None:
    made_by(tmp_path, "print('{\"rows\": 3}')")
    failed = made_by(tmp_path, "raise SystemExit('数据库连接不上')")
    assert failed.problem == "统计没有完成：数据库连接不上"
    assert failed.latest()["rows"] == 3
    nowhere = DataReports(tmp_path, PROJECT_ROOT, ["/nonexistent/program"])
    nowhere._make()
    assert nowhere.problem.startswith("统计没有完成")
