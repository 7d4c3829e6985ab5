"""The golden conversations against a whole instance of one's own: real gateway, real Rasa, sample knowledge, one run after the other."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import yaml

from bot.quality.golden import Turn, problem_of
from database.engine import Database
from serving.pointer import ServedPointer
from serving.runs import Run, RunStore
from settings import PROJECT_ROOT, Settings, load_settings
from staff.members import Member
from training.errors import TrainingError

GOLDEN = PROJECT_ROOT / "tests" / "golden"
START_S = 600.0
FOLLOW_S = 900.0  # a new encoder embeds the sample knowledge first, at the lowest priority
CHECKER = Member("评测", "评测", "admin")
_OWN = ("WENZHENG_", "WECHAT_", "RASA_", "DATABASE_", "REDIS_")

Say = Callable[[str], None]


def conversations() -> list[Mapping[str, Any]]:
    """All golden conversations."""
    return [one for file in sorted(GOLDEN.glob("*.yml")) for one in yaml.safe_load(file.read_text(encoding="utf-8"))]


def fingerprint() -> str:
    digest = sha256()
    for file in sorted(GOLDEN.glob("*.yml")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def failures_of(settings: Settings, runs: Sequence[Run | None], say: Say = lambda _what: None) -> list[dict[str, str]]:
    """For each run (None: the program's own models): conversation → what went otherwise than written.

    Raises: TrainingError: the instance does not start or does not follow.
    """
    with tempfile.TemporaryDirectory(prefix="wenzheng-golden-") as name:
        root = Path(name) / "data"
        for run in runs:
            if run is not None and not (RunStore(root).folder / run.run_id).exists():
                shutil.copytree(run.folder, RunStore(root).folder / run.run_id)
        environment = _environment(settings, root)
        with (Path(name) / "console.log").open("wb") as console:
            process = subprocess.Popen(
                [sys.executable, "-m", "bot.cli", "serve", "--sample"], cwd=PROJECT_ROOT, env=environment, stdout=console,
                stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{environment['WENZHENG_PORT']}"
            with httpx.Client(base_url=url, trust_env=False, timeout=60) as http:
                _wait(lambda: _is_ready(http) and _rasa_answers(http), process, START_S)
                found = []
                for number, run in enumerate(runs):
                    _serve(root, run, process)
                    say(f"典型会话：{'现用模型' if number == 0 else '新模型'}")
                    found.append(
                        {one["conversation"]: trouble for one in conversations() if (trouble := _talk(http, one, number))}
                    )
                return found
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def _environment(settings: Settings, root: Path) -> dict[str, str]:
    port, rasa = _free_ports()
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(_OWN)}
    return inherited | {
        "WENZHENG_DATA_DIR": str(root), "WENZHENG_BUILD_CACHE": str(settings.build_cache.resolve()),
        "WENZHENG_ENCODER": settings.encoder, "WENZHENG_PORT": str(port), "WENZHENG_HOST": "127.0.0.1",
        "RASA_URL": f"http://127.0.0.1:{rasa}", "WENZHENG_RATE_LIMIT": "0", "WENZHENG_RASA_TIMEOUT_S": "30",
    }  # fmt: skip


def _free_ports() -> tuple[int, int]:
    """The gateway's and Rasa's; the action endpoint's, 50 above Rasa's, is free too."""
    while True:
        with socket.socket() as one, socket.socket() as two, socket.socket() as three:
            one.bind(("127.0.0.1", 0))
            two.bind(("127.0.0.1", 0))
            rasa = int(two.getsockname()[1])
            try:
                three.bind(("127.0.0.1", rasa + 50))
            except (OSError, OverflowError):
                continue
            return int(one.getsockname()[1]), rasa


def _serve(root: Path, run: Run | None, process: "subprocess.Popen[bytes]") -> None:
    database = Database(load_settings(WENZHENG_DATA_DIR=root, DATABASE_URL=None).database_url)
    try:
        pointer = ServedPointer(database)
        if run is not None:
            pointer.promote(run.run_id, run.bundle().hash, CHECKER, "评测")
        generation = pointer.current().generation
        _wait(lambda: any(w.generation == generation for w in pointer.workers()), process, FOLLOW_S)
    finally:
        database.dispose()


def _is_ready(http: httpx.Client) -> bool:
    """Rasa greets before the index has been loaded."""
    return http.get("/readyz").status_code == httpx.codes.OK


def _rasa_answers(http: httpx.Client) -> bool:
    reply = http.post("/api/chat", json={"sender_id": "probe", "text": "你好"})
    return reply.status_code == httpx.codes.OK and float(reply.json()["intent"]["confidence"]) > 0


def _talk(http: httpx.Client, conversation: Mapping[str, Any], number: int) -> str | None:
    """What went otherwise first; None when all went as written."""
    for turn in conversation["turns"]:
        body = {"sender_id": f"{number}-{conversation['conversation']}", "text": turn["user"]}
        reply = http.post("/api/chat", json=body).raise_for_status().json()
        if trouble := problem_of(Turn(turn["user"], turn.get("expect") or {}), reply):
            return trouble
    return None


def _wait(condition: Callable[[], bool], process: "subprocess.Popen[bytes]", seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if condition():
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.5)
    raise TrainingError(
        "评测用的实例没有启动或没有换上模型。",
        fix="训练结果还在；机器空闲时打开它重新比较，或运行 `wenzheng gate`，加 --skip-golden 则跳过典型会话。",
    )
