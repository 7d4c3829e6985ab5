"""Tests that run inside the Rasa environment (`.venv-rasa/bin/python -m pytest tests/rasa_env`), and only there."""

import importlib.util
import sys
from pathlib import Path

if importlib.util.find_spec("rasa") is None:
    collect_ignore_glob = ["test_*.py"]

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
