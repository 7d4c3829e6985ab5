"""Secrets of one instance, made on first use, readable by the owner only."""

import contextlib
import os
import secrets
from pathlib import Path


def instance_secret(data_folder: Path, name: str) -> str:
    """The secret of this name from `<data folder>/secrets/`. Processes that start together agree on one."""
    file = data_folder / "secrets" / name
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = file.with_name(f".{name}-{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_hex(32), encoding="ascii")  # Rasa takes one that begins with a dash for an option
        with contextlib.suppress(FileExistsError):  # the first one wins
            os.link(fresh, file)
        fresh.unlink()
    return file.read_text(encoding="ascii").strip()
