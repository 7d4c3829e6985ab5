"""The runs of this instance, as folders: `<data folder>/models/runs/<run id>/` with run.json, bundle/, gate.json and report.html."""

import hashlib
import json
import re
import shutil
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.bundle import MANIFEST, Bundle
from serving.errors import UnknownRunError

RUN_FILE, GATE_FILE, REPORT_FILE, BUNDLE_FOLDER = "run.json", "gate.json", "report.html", "bundle"
PRIMARY_METRIC = "recall@1"
BEST_KEPT = 3
BROKEN_OFF_S = 24 * 3600.0  # nothing is written into a folder for so long and the training still alive
_RUN_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")


@dataclass(frozen=True)
class Run:
    """One training and what came of it.

    Attributes:
        parent: the run that was served when it was made; None: the models that the program brings along.
        gate: what the gate found, see `training.gate`; None: it has not looked.
        seconds: how long the training took, without what came after.
    """

    run_id: str
    folder: Path
    created: str
    kind: str
    data: Mapping[str, Any]
    parameters: Mapping[str, Any]
    environment: Mapping[str, Any]
    metrics: Mapping[str, Any]
    parent: str | None
    gate: Mapping[str, Any] | None
    has_report: bool
    seconds: float | None = None

    @property
    def data_sha256(self) -> str:
        """One hash over all derived files."""
        listed = sorted((name, str((about or {}).get("sha256"))) for name, about in self.data.items())
        return hashlib.sha256(json.dumps(listed).encode()).hexdigest()

    @property
    def state(self) -> str:
        """unfinished | trained | passed | refused."""
        if not (self.folder / BUNDLE_FOLDER / MANIFEST).is_file():
            return "unfinished"
        if self.gate is None:
            return "trained"
        return "passed" if self.gate.get("passed") else "refused"

    @property
    def primary(self) -> float | None:
        """The primary metric on the frozen questions, as the gate measured it."""
        value = ((self.gate or {}).get("candidate") or {}).get(PRIMARY_METRIC)
        return float(value) if isinstance(value, int | float) else None

    def bundle(self) -> Bundle:
        """Raises: BundleError."""
        return Bundle.read(self.folder / BUNDLE_FOLDER)


class RunStore:
    """Lists, reads and prunes runs. A folder without run.json is a run that has not ended; after a day it never will."""

    def __init__(self, root: Path) -> None:
        """Args: root: the data folder."""
        self.folder = root / "models" / "runs"

    def all(self) -> list[Run]:
        """Newest first. A folder that cannot be read is left out."""
        runs = []
        for file in self.folder.glob(f"*/{RUN_FILE}"):
            try:
                runs.append(_read(file.parent))
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return sorted(runs, key=lambda run: (run.created, run.run_id), reverse=True)

    def get(self, run_id: str) -> Run:
        """Raises: UnknownRunError."""
        folder = self.folder / run_id
        if not _RUN_ID.match(run_id) or not (folder / RUN_FILE).is_file():
            raise UnknownRunError(
                f"没有编号为 {run_id} 的训练，或它已按保留策略清理。", fix="用 `wenzheng runs` 查看现有的训练编号。"
            )
        try:
            return _read(folder)
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise UnknownRunError(f"训练 {run_id} 的记录已损坏。", fix="重新训练。") from exc

    def report(self, run_id: str) -> Path:
        """The HTML report. Raises: UnknownRunError."""
        file = self.get(run_id).folder / REPORT_FILE
        if not file.is_file():
            raise UnknownRunError(
                f"训练 {run_id} 还没有评测报告。", fix=f"在训练页打开它，点“重新比较”；或运行 `wenzheng gate {run_id}`。"
            )
        return file

    def prune(self, keep: int, never: Collection[str | None]) -> list[str]:
        """Remove all but the newest `keep`, the best `BEST_KEPT` and those in `never`, and what broken-off trainings left.

        Returns: the runs that were removed.
        """
        for folder in self.folder.glob("*"):
            if not (folder / RUN_FILE).exists() and time.time() - folder.stat().st_mtime > BROKEN_OFF_S:
                shutil.rmtree(folder, ignore_errors=True)
        runs = self.all()
        best = sorted((r for r in runs if r.primary is not None), key=lambda r: -(r.primary or 0.0))[:BEST_KEPT]
        kept = {r.run_id for r in runs[:keep]} | {r.run_id for r in best} | set(never)
        kept |= {r.parent for r in runs if r.run_id in set(never)}
        removed = []
        for run in runs:
            if run.run_id in kept:
                continue
            gone = run.folder.with_name(f".pruned-{run.run_id}")  # no longer a run, whatever happens to the removal
            run.folder.replace(gone)
            shutil.rmtree(gone, ignore_errors=True)
            removed.append(run.run_id)
        return removed


def _read(folder: Path) -> Run:
    values = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
    gate_file = folder / GATE_FILE
    return Run(
        run_id=folder.name, folder=folder, created=str(values["created"]), kind=str(values["kind"]),
        data=dict(values.get("data") or {}), parameters=dict(values.get("parameters") or {}),
        environment=dict(values.get("environment") or {}), metrics=dict(values.get("metrics") or {}),
        parent=values.get("parent"), gate=json.loads(gate_file.read_text(encoding="utf-8")) if gate_file.is_file() else None,
        has_report=(folder / REPORT_FILE).is_file(), seconds=values.get("seconds"),
    )  # fmt: skip
