"""A real instance for tests: `bot.quality.trial`, and what only tests do to it."""

import signal
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from bot.quality.trial import START_S, TrialInstance, start
from bot.rasa_project import internal_token

__all__ = ["START_S", "Instance", "start_instance"]

COMMANDS = {"rasa": "dialogue.server", "gateway": "bot.gateway_process"}


@dataclass
class Instance(TrialInstance):
    """What a test may do with it."""

    @property
    def data_dir(self) -> Path:
        return self.settings.root

    @property
    def port(self) -> int:
        return self.settings.port

    @property
    def rasa_port(self) -> int:
        return self.settings.rasa_port

    @property
    def action_port(self) -> int:
        return self.settings.action_port

    @property
    def token(self) -> str:
        return internal_token(self.settings)

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
        self.wait(
            lambda: (
                self.chat("你好", "prober")["intent"]["name"] == "greet"
                and self.chat("你好", "prober")["intent"]["confidence"] > 0
            ),
            timeout_s,
        )

    def wait_until_ready(self, timeout_s: float) -> None:
        """Until the gateway serves."""
        self.wait(lambda: httpx.get(f"{self.base_url}/readyz", timeout=3, trust_env=False).status_code == 200, timeout_s)


def start_instance(folder: Path) -> Instance:
    """Start `wenzheng serve --sample` and return when everything answers."""
    started = start(folder, sample=True)
    return Instance(started.process, started.settings, started.console)
