"""Rasa's own modules over TensorFlow's shells, in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dialogue.without_tensorflow import can_do_without

ROOT = Path(__file__).resolve().parents[2]
CONFIG = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))

SCRIPT = """
import sys
from dialogue.without_tensorflow import do_without
do_without()
import rasa.__main__, rasa.core.agent
from rasa.engine.recipes.default_components import DEFAULT_COMPONENTS
assert len(DEFAULT_COMPONENTS) > 20
loaded = [n for n, m in sys.modules.items() if n.split(".")[0] in ("tensorflow", "keras", "jax") and getattr(m, "__file__", None)]
assert not loaded, loaded[:5]
"""


def run(script: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-W", "ignore", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)


def test_rasa_imports_without_a_line_of_tensorflow() -> None:
    result = run(SCRIPT)
    assert result.returncode == 0, result.stderr[-2000:]


def test_too_late_is_an_error() -> None:
    result = run("import sys; sys.modules['keras'] = sys; from dialogue.without_tensorflow import do_without; do_without()")
    assert "already imported" in result.stderr


def test_our_pipeline_can_do_without() -> None:
    assert can_do_without(CONFIG)


@pytest.mark.parametrize("entry", [{"name": "DIETClassifier"}, "TEDPolicy", {"name": "somebodys.Component"}])
def test_a_pipeline_that_needs_it_gets_it(entry: object) -> None:
    assert not can_do_without({"pipeline": [*CONFIG["pipeline"], entry], "policies": CONFIG["policies"]})
    assert not can_do_without({})
