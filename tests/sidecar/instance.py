"""A real instance for tests: gateway and Rasa under the supervisor, on free ports, with a data folder of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from settings import PROJECT_ROOT

START_S = 900  # a first start trains the Rasa model; from the build cache it takes less than a minute
COMMANDS = {"rasa": "dialogue.server", "gateway": "bot.gateway_process"}


@dataclass
class Instance:
    """What a test may do with it."""

    process: subprocess.Popen[bytes]
    base_url: str
    data_dir: Path
    port: int
    rasa_port: int
    console: Path

    @property
    def action_port(self) -> int:
        return self.rasa_port + 50

    @property
    def token(self) -> str:
        return (self.data_dir / "secrets" / "internal_token").read_text().strip()

    def chat(self, text: str, sender: str = "tester") -> dict[str, Any]:
        """One turn; the JSON reply."""
        body = {"sender_id": sender, "text": text}
        response = httpx.post(f"{self.base_url}/api/chat", json=body, timeout=30, trust_env=False)
        response.raise_for_status()
        return dict(response.json())

    def part(self, name: str) -> psutil.Process:
        """The running process of "rasa" or "gateway"."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            if COMMANDS[name] in " ".join(child.cmdline()):
                return child
        raise AssertionError(f"{name} is not running")

    def kill(self, name: str) -> int:
        """kill -9; returns the pid that was."""
        part = self.part(name)
        part.send_signal(signal.SIGKILL)
        part.wait(10)
        return part.pid

    def wait_for_rasa(self, timeout_s: float = 180) -> None:
        """Until a turn is classified by Rasa again."""
        self._wait(
            lambda: (
                self.chat("你好", "prober")["intent"]["name"] == "greet"
                and self.chat("你好", "prober")["intent"]["confidence"] > 0
            ),
            timeout_s,
        )

    def wait_until_ready(self, timeout_s: float) -> None:
        """Until the gateway serves."""
        self._wait(lambda: httpx.get(f"{self.base_url}/readyz", timeout=3, trust_env=False).status_code == 200, timeout_s)

    def _wait(self, condition: Any, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            try:
                if condition():
                    return
            except (httpx.HTTPError, AssertionError):
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.5)
        raise AssertionError("instance not ready:\n" + self.console.read_text(encoding="utf-8")[-4000:])


def start_instance(folder: Path) -> Instance:
    """Start `wenzheng serve --sample` and return when everything answers."""
    port, rasa_port = free_ports()
    console = folder / "console.log"
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("WENZHENG_", "WECHAT_", "RASA_", "DATABASE_", "REDIS_"))
    }
    environment |= {
        "WENZHENG_DATA_DIR": str(folder / "data"),
        "WENZHENG_PORT": str(port),
        "WENZHENG_HOST": "127.0.0.1",
        "RASA_URL": f"http://127.0.0.1:{rasa_port}",
        "WENZHENG_RATE_LIMIT": "0",
    }
    if cache := os.environ.get("WENZHENG_BUILD_CACHE"):
        environment["WENZHENG_BUILD_CACHE"] = cache
    with console.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot.cli", "serve", "--sample"],
            cwd=PROJECT_ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    instance = Instance(process, f"http://127.0.0.1:{port}", folder / "data", port, rasa_port, console)
    instance._wait(lambda: "已就绪" in console.read_text(encoding="utf-8"), START_S)
    return instance


def free_ports() -> tuple[int, int]:
    """Gateway's and Rasa's; the action endpoint's (Rasa's + 50) is free too."""
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
    raise AssertionError("no free ports")
