"""Intents of messages as a Rasa model names them, by a Rasa of one's own beside the one that serves."""

import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

from bot.rasa_project import RASA_PYTHON, internal_token, rasa_environment, write_run_files
from settings import PROJECT_ROOT, load_settings
from training.errors import TrainingError

START_S = 240.0


def named_intents(model: Path, texts: Sequence[str], progress: Callable[[int], None] = lambda _done: None) -> list[str]:
    """The intent that the model gives each text.

    Raises: TrainingError: Rasa does not start with the model.
    """
    with tempfile.TemporaryDirectory(prefix="wenzheng-gate-") as folder:
        settings = load_settings(WENZHENG_DATA_DIR=Path(folder), RASA_URL=f"http://127.0.0.1:{_free_port()}")
        write_run_files(settings)
        command = [str(RASA_PYTHON), "-m", "dialogue.server", "run", str(model.resolve()), str(settings.rasa_port)]
        process = subprocess.Popen(
            command, env=rasa_environment(settings), cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            token = {"token": internal_token(settings)}
            with httpx.Client(base_url=settings.rasa_url, params=token, timeout=60, trust_env=False) as client:
                _wait_until_up(client, process)
                intents = []
                for text in texts:
                    found = client.post("/model/parse", json={"text": text}).raise_for_status().json()["intent"]
                    intents.append(str(found.get("name") or "nlu_fallback"))
                    progress(len(intents))
                return intents
        except httpx.HTTPError as exc:
            raise TrainingError("评测用的 Rasa 没有回答。", fix="机器空闲时重新评测；一直如此请查看对话模型是否完整。") from exc
        finally:
            process.terminate()
            process.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(client: httpx.Client, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if client.get("/status", timeout=3).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.3)
    raise TrainingError("评测用的 Rasa 没有启动。", fix="机器空闲时重新评测；一直如此请查看对话模型是否完整。")
