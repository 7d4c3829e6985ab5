"""Writes bundles (what is served together) and run records (how a bundle came to be). Reading bundles: `retrieval.bundle`.

A run folder: `run.json`, `bundle/`, `data/` (the derived training files, masked, with where each row comes from).
"""

import json
import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from retrieval.bundle import ADAPTER, ASSOCIATIONS, ENCODER, FORMAT, MANIFEST, RASA_MODEL, WEIGHTS, Bundle, sha256_of
from retrieval.ranking import Ranking, write_adapters
from training.errors import RunFolderError

RUN_FILE, BUNDLE_FOLDER, DATA_FOLDER = "run.json", "bundle", "data"
KINDS = ("light", "full", "pairs")


def write_bundle(
    folder: Path,
    ranking: Ranking,
    weights: str,
    encoder_hash: str,
    *,
    encoder: Path | None = None,
    rasa_model: Path | None = None,
) -> Bundle:
    """Write a bundle in a folder that does not hold one yet.

    Args: weights: the fusion's file as text; encoder: folder to copy in; rasa_model: archive to copy in.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_adapters(folder / ADAPTER, ranking, encoder_hash)
    (folder / WEIGHTS).write_text(weights, encoding="utf-8")
    if ranking.associations is not None:
        ranking.associations.write(folder / ASSOCIATIONS)
    if encoder is not None and encoder.resolve() != (folder / ENCODER).resolve():
        shutil.copytree(encoder, folder / ENCODER)
    if rasa_model is not None and rasa_model.resolve() != (folder / RASA_MODEL).resolve():
        shutil.copyfile(rasa_model, folder / RASA_MODEL)
    return seal(folder, encoder_hash)


def seal(folder: Path, encoder_hash: str) -> Bundle:
    """Name every file of the folder in its manifest. Called again after a file was added."""
    files = sorted(f for f in folder.rglob("*") if f.is_file() and f.name != MANIFEST and not f.name.startswith("."))
    listed = {str(f.relative_to(folder)): sha256_of(f) for f in files}
    _write_json(folder / MANIFEST, {"format": FORMAT, "encoder": encoder_hash, "files": listed})
    return Bundle.read(folder)


@dataclass(frozen=True)
class Run:
    """The record of one training.

    Attributes:
        id: names the folder; sorts by time.
        kind: one of KINDS.
        data: name of each derived file → {"sha256", "rows"}.
        metrics: name of a test set → {"sha256", figures}.
        parent: id of the run that was served when this one began; None: what the project comes with.
        bundle: hash of the bundle; None while there is none.
    """

    id: str
    kind: str
    created: str
    data: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    parent: str | None = None
    bundle: str | None = None
    seconds: float | None = None

    @classmethod
    def read(cls, folder: Path) -> "Run":
        """Raises: RunFolderError when the folder holds no run."""
        try:
            return cls(**json.loads((folder / RUN_FILE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as exc:
            raise RunFolderError(f"{folder} 不是一次训练的结果文件夹。", fix="给出 `wenzheng train` 写出的文件夹。") from exc

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        _write_json(folder / RUN_FILE, asdict(self))


def new_run_id(kind: str, moment: datetime | None = None) -> str:
    moment = moment or datetime.now(UTC)
    return f"{moment:%Y%m%d-%H%M%S}-{kind}"


def environment() -> dict[str, str]:
    """What a figure may depend on besides data and parameters."""
    packages = ("numpy", "onnxruntime", "tokenizers", "faiss-cpu", "jieba", "scikit-learn")
    cpu = next((line.partition(":")[2].strip() for line in _cpu_lines() if line.startswith("model name")), platform.machine())
    return {"python": platform.python_version(), "cpu": cpu, "cores": str(os.cpu_count()), **{p: version(p) for p in packages}}


def _cpu_lines() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _write_json(file: Path, value: Mapping[str, Any]) -> None:
    fresh = file.with_name(f".{file.name}.part")
    fresh.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    fresh.replace(file)
