"""The shared encoder under the Rasa environment's interpreter (Python 3.10): `.venv-rasa/bin/python -m pytest tests/rasa_env`."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

PROJECT_ROOT = Path(__file__).resolve().parents[2]
if str(PROJECT_ROOT) not in sys.path:
    sys.path.insert(0, str(PROJECT_ROOT))

from retrieval.encoder import OnnxEncoder  # noqa: E402

TEXTS = ["怎么办理企业设立登记", "稳岗返还", "住房公积金提取需要哪些材料？"]


@pytest.fixture(scope="module")
def encoder() -> OnnxEncoder:
    # the app environment makes the folder; the newest one is in use
    manifests = sorted(PROJECT_ROOT.glob(".cache/encoder/*/manifest.json"), key=lambda file: file.stat().st_mtime)
    if not manifests:
        pytest.skip("编码器尚未准备（wenzheng prepare）")
    return OnnxEncoder(manifests[-1].parent, threads=2)


def test_vectors_are_unit_rows_and_the_same_each_time(encoder: OnnxEncoder) -> None:
    rows = encoder.encode_queries(TEXTS)
    assert rows.shape == (3, encoder.dimension)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0, abs=1e-4)
    assert np.array_equal(rows, encoder.encode_queries(TEXTS))


def test_no_texts_give_no_rows(encoder: OnnxEncoder) -> None:
    assert encoder.encode_queries([]).shape == (0, encoder.dimension)
    assert encoder.encode_passages([]).shape == (0, encoder.dimension)


def test_the_matching_passage_is_nearest(encoder: OnnxEncoder) -> None:
    cosines = encoder.encode_queries(["公积金怎么取"]) @ encoder.encode_passages(TEXTS).T
    assert int(cosines.argmax()) == 2


def test_the_encoder_brings_nothing_of_the_app_along() -> None:
    code = (
        "import sys; import retrieval.encoder, retrieval.errors;"
        "own = {'retrieval', 'retrieval.encoder', 'retrieval.errors', 'errors'};"
        "roots = {'retrieval', 'knowledge_base', 'answering', 'conversations', 'bot', 'database', 'settings', 'errors', 'training'};"
        "print(sorted(m for m in sys.modules if m.split('.')[0] in roots and m not in own), 'torch' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (run.stdout.strip(), run.returncode) == ("[] False", 0), run.stderr
