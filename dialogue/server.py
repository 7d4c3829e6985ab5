"""`python -m dialogue.server`: `rasa run` with the token kept off the command line, which every local user can read."""

import os
import sys
import warnings
from pathlib import Path

RUN_FOLDER_VARIABLE = "WENZHENG_RASA_RUN_DIR"  # holds endpoints.yml, credentials.yml and auth_token, made by bot.rasa_project


def main() -> None:
    """Start Rasa on 127.0.0.1. Arguments: model file, port."""
    model, port = sys.argv[1:3]
    folder = Path(os.environ[RUN_FOLDER_VARIABLE])
    token = (folder / "auth_token").read_text(encoding="utf-8").strip()
    sys.argv = [
        "rasa", "run", "--model", model, "--interface", "127.0.0.1", "--port", port,
        "--enable-api", "--auth-token", token, "--response-timeout", "60",
        "--endpoints", str(folder / "endpoints.yml"), "--credentials", str(folder / "credentials.yml"),
    ]  # fmt: skip
    warnings.showwarning = lambda *_args, **_kwargs: None  # forty lines about TensorFlow's own deprecations
    sys.modules["jax"] = None  # type: ignore[assignment]  # optional to TensorFlow, unused here, seconds to import
    import jieba
    from rasa.__main__ import main as rasa_main

    jieba.setLogLevel("WARNING")
    jieba.initialize()  # one to two seconds that the first citizen would wait for
    rasa_main()


if __name__ == "__main__":
    main()
