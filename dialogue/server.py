"""`python -m dialogue.server run MODEL PORT` and `… train OUT NAME [DATA…]`: Rasa as this project runs it.

Beside `rasa run` and `rasa train`: the token stays off the command line, which every local user can read, and TensorFlow is
left out where the pipeline has no use for it. The working folder must be the project's.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import yaml

from dialogue.without_tensorflow import can_do_without, do_without

RUN_FOLDER_VARIABLE = "WENZHENG_RASA_RUN_DIR"  # holds endpoints.yml, credentials.yml and auth_token, made by bot.rasa_project


def run_arguments(model: str, port: str) -> list[str]:
    """Arguments of `rasa` for a server on 127.0.0.1."""
    folder = Path(os.environ[RUN_FOLDER_VARIABLE])
    token = (folder / "auth_token").read_text(encoding="utf-8").strip()
    return [
        "run", "--model", model, "--interface", "127.0.0.1", "--port", port,
        "--enable-api", "--auth-token", token, "--response-timeout", "60",
        "--endpoints", str(folder / "endpoints.yml"), "--credentials", str(folder / "credentials.yml"),
    ]  # fmt: skip


def train_arguments(out: str, name: str, *more_data: str) -> list[str]:
    """Arguments of `rasa` for a training into `OUT/NAME.tar.gz`; more_data: files beside the folder data/."""
    return [
        "train", "--config", "config.yml", "--domain", "domain", "--data", "data", *more_data, "--out", out, "--fixed-model-name", name,
    ]  # fmt: skip


def main(command: str, *arguments: str) -> None:
    """Run Rasa in this process."""
    if can_do_without(yaml.safe_load(Path("config.yml").read_text(encoding="utf-8"))):
        do_without()
    if command == "run":
        warnings.showwarning = lambda *_args, **_kwargs: None  # forty lines about other libraries' deprecations
    import jieba
    from rasa.__main__ import main as rasa_main

    jieba.setLogLevel("WARNING")
    from dialogue.action_responses import check_the_schema_once

    check_the_schema_once()
    jieba.initialize()  # one to two seconds that the first citizen would wait for
    build = {"run": run_arguments, "train": train_arguments}[command]
    sys.argv = ["rasa", *build(*arguments)]
    rasa_main()


if __name__ == "__main__":
    main(*sys.argv[1:])
