"""Secrets of an instance: made once, for its owner alone, and fit for a command line."""

import re
from pathlib import Path

from bot.instance_secrets import instance_secret


def test_a_secret_is_made_once_and_never_looks_like_an_option(tmp_path: Path) -> None:
    made = [instance_secret(tmp_path, f"key-{n}") for n in range(20)]
    assert len(set(made)) == 20
    assert all(re.fullmatch("[0-9a-f]{64}", one) for one in made)  # Rasa would read "-AC9…" as an option and not start
    assert instance_secret(tmp_path, "key-0") == made[0]
    assert (tmp_path / "secrets" / "key-0").stat().st_mode & 0o077 == 0
