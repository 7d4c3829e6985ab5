"""A real instance of its own for a measurement: gateway and Rasa under the supervisor, on free ports, in a folder that goes afterwards.

What is asked there leaves no trace in the instance that is measured: no conversation, no unanswered question, no figure.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bot.errors import TrialError
from bot.rasa_project import internal_token
from database.backup import backup
from database.engine import Database
from database.restore import restore
from settings import PROJECT_ROOT, Settings, load_settings

START_S = 900  # a first start trains the Rasa model; from the build cache it takes less than a minute
STOP_S = 30
ANSWER_S = 30
READY = "已就绪"
KEPT_SETTINGS = ("WENZHENG_BUILD_CACHE", "WENZHENG_ENCODER")
DATABASE_FILE = "wenzheng.db"
OWN_SETTINGS = ("WENZHENG_", "WECHAT_", "RASA_", "DATABASE_", "REDIS_")


@dataclass
class TrialInstance:
    """A running instance."""

    process: subprocess.Popen[bytes]
    settings: Settings
    console: Path

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    def chat(self, text: str, sender: str = "tester") -> dict[str, Any]:
        """One turn; the JSON reply."""
        body = {"sender_id": sender, "text": text}
        response = httpx.post(f"{self.base_url}/api/chat", json=body, timeout=ANSWER_S, trust_env=False)
        response.raise_for_status()
        return dict(response.json())

    def intent_of(self, text: str) -> tuple[str, float]:
        """What Rasa alone makes of a message, without any conversation: name and confidence."""
        response = httpx.post(
            f"{self.settings.rasa_url}/model/parse", params={"token": internal_token(self.settings)}, json={"text": text},
            timeout=ANSWER_S, trust_env=False,
        )  # fmt: skip
        intent = response.raise_for_status().json()["intent"]
        return str(intent["name"]), float(intent["confidence"])

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> None:
        """Raises: TrialError with the end of the console when it does not come true, or the instance ends."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if condition():
                    return
            except (httpx.HTTPError, AssertionError):
                pass
            time.sleep(0.3)
        last = self.console.read_text(encoding="utf-8")[-4000:]
        raise TrialError(f"测评用的实例没有就绪：{last}", fix="先用 `make run` 确认系统能正常启动，再重新测评。")

    def stop(self) -> int:
        """Ask it to stop; returns its exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def start(folder: Path, *, sample: bool) -> TrialInstance:
    """Start `wenzheng serve` in a folder and return when everything answers. Args: sample: with the sample knowledge."""
    port, rasa_port = free_ports()
    settings = load_settings(WENZHENG_DATA_DIR=folder / "data", WENZHENG_PORT=port, RASA_URL=f"http://127.0.0.1:{rasa_port}")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(OWN_SETTINGS)}
    environment |= {
        "WENZHENG_DATA_DIR": str(settings.data_dir), "WENZHENG_PORT": str(port), "WENZHENG_HOST": "127.0.0.1",
        "RASA_URL": settings.rasa_url, "WENZHENG_RATE_LIMIT": "0",
    }  # fmt: skip
    kept = KEPT_SETTINGS if sample else (*KEPT_SETTINGS, "WENZHENG_REGION")  # the sample knowledge has a region of its own
    environment |= {k: os.environ[k] for k in kept if k in os.environ}
    console = folder / "console.log"
    command = [sys.executable, "-m", "bot.cli", "serve", *(["--sample"] if sample else [])]
    with console.open("wb") as output:
        process = subprocess.Popen(command, cwd=PROJECT_ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    instance = TrialInstance(process, settings, console)
    try:
        instance.wait(lambda: READY in console.read_text(encoding="utf-8"), START_S)
    except BaseException:
        instance.stop()
        raise
    return instance


@contextmanager
def trial(*, copy_of: Settings | None = None) -> Iterator[TrialInstance]:
    """An instance that is stopped and forgotten afterwards: with the sample knowledge, or with a copy of another's database."""
    with _ended_by_sigterm(), tempfile.TemporaryDirectory(prefix="wenzheng-trial-") as name:
        folder = Path(name)
        if copy_of is not None:
            _copy(copy_of, folder)
        instance = start(folder, sample=copy_of is None)
        try:
            yield instance
        finally:
            instance.stop()


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """A measurement that is told to end takes its instance with it. Signals can only be handled in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def free_ports() -> tuple[int, int]:
    """Gateway's and Rasa's; the action endpoint's (Rasa's + 50) is free too. Raises: TrialError."""
    for _ in range(50):
        with socket.socket() as one, socket.socket() as two, socket.socket() as three:
            one.bind(("127.0.0.1", 0))
            two.bind(("127.0.0.1", 0))
            rasa = two.getsockname()[1]
            if rasa + 50 > 65535:
                continue
            try:
                three.bind(("127.0.0.1", rasa + 50))
            except OSError:
                continue
            return one.getsockname()[1], rasa
    raise TrialError("没有空闲的端口。", fix="停掉一些程序后重试。")


def _copy(settings: Settings, folder: Path) -> None:
    """The knowledge alone matters, but only the whole database is consistent; the copy goes with the folder."""
    file = folder / "copy.zip"
    data = folder / "data"
    data.mkdir(parents=True)
    source, target = Database(settings.database_url), Database(f"sqlite:///{data / DATABASE_FILE}")  # never by DATABASE_URL
    try:
        backup(source, file)
        restore(target, file)
    finally:
        source.dispose()
        target.dispose()
        file.unlink(missing_ok=True)
    if (lexicon := settings.root / "lexicon").is_dir():
        (data / "lexicon").symlink_to(lexicon.resolve())
