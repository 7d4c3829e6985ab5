"""Any BERT-like sentence-transformers model becomes an encoder folder that gives the same vectors."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from retrieval.encoder import OnnxEncoder
from tests.fixtures.tiny_e5 import tiny_e5

pytestmark = pytest.mark.train
ROOT = Path(__file__).resolve().parents[2]
RASA_PYTHON = ROOT / ".venv-rasa" / "bin" / "python"
TEXTS = ["社保", "怎么办理企业设立登记", "公积金申请材料在哪里可以办理，需要多久，营业执照地址可以吗", "电话 12345"]


@pytest.fixture(scope="module")
def model():
    from training.e5_model import sentence_transformer

    return sentence_transformer(tiny_e5())


@pytest.fixture
def saved(model, tmp_path) -> str:
    model.save(str(tmp_path / "model"))
    return str(tmp_path / "model")


def pooled_by(model, pooling: str, folder: Path) -> tuple[object, str]:
    """The same transformer with another pooling, saved."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling

    other = SentenceTransformer(modules=[model[0], Pooling(64, pooling), Normalize()], device="cpu").eval()
    other.save(str(folder))
    return other, str(folder)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_the_folder_gives_the_vectors_of_the_model(model, tmp_path, pooling):
    from training.export_onnx import export

    source, name = pooled_by(model, pooling, tmp_path / "model")
    manifest = export(name, tmp_path / "out", pooling, "query: ", "passage: ")
    assert (manifest.model, manifest.pooling, manifest.dimension, manifest.max_tokens) == (name, pooling, 64, 64)
    encoder = OnnxEncoder(tmp_path / "out")
    for ours, prompt in ((encoder.encode_queries(TEXTS), "query: "), (encoder.encode_passages(TEXTS), "passage: ")):
        theirs = source.encode([prompt + text for text in TEXTS])
        assert np.sum(ours * theirs, axis=1).min() >= 0.98  # int8


def test_the_fp32_graph_is_exact_at_every_length(model, tmp_path):
    import onnxruntime
    import torch

    from training.export_onnx import SentenceEncoder, write_graph

    encoder = SentenceEncoder(model[0].auto_model, "mean").eval()
    write_graph(encoder, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    for rows, length in ((1, 1), (1, 64), (5, 33)):
        ids = torch.randint(4, 40, (rows, length))
        mask = torch.ones_like(ids)
        mask[0, (length + 1) // 2 :] = 0
        with torch.no_grad():
            wanted = encoder(ids, mask).numpy()
        found = session.run(None, {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})[0]
        np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("kind", ["XLMRoberta", "DistilBert"])
def test_other_bert_like_models_are_exported(tmp_path, kind):
    import transformers

    from training.e5_model import tokenizer
    from training.export_onnx import export

    small = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 80,
    }
    if kind == "DistilBert":
        small = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64, "max_position_embeddings": 80}
    config = getattr(transformers, f"{kind}Config")(vocab_size=200, pad_token_id=1, **small)
    getattr(transformers, f"{kind}Model")(config).save_pretrained(tmp_path / "model")
    tokenizer(tiny_e5()).save_pretrained(tmp_path / "model")
    assert export(str(tmp_path / "model"), tmp_path / "out", "cls", "", "").dimension == 32


@pytest.mark.skipif(not RASA_PYTHON.exists(), reason="needs .venv-rasa")
def test_the_onnxruntime_of_the_rasa_environment_reads_it_too(saved, tmp_path):
    from training.export_onnx import export

    export(saved, tmp_path / "out", "mean", "query: ", "")
    script = (
        "import sys, pathlib, numpy; from retrieval.encoder import OnnxEncoder;"
        "numpy.save(sys.argv[2], OnnxEncoder(pathlib.Path(sys.argv[1])).encode_queries(sys.argv[3:]))"
    )
    command = [str(RASA_PYTHON), "-c", script, str(tmp_path / "out"), str(tmp_path / "rows.npy"), *TEXTS]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=120)
    ours = OnnxEncoder(tmp_path / "out").encode_queries(TEXTS)
    assert np.sum(np.load(tmp_path / "rows.npy") * ours, axis=1).min() >= 0.999


class TestRefusals:
    def refused(self, capsys, *arguments: str) -> str:
        from training.export_onnx import main

        assert main(list(arguments)) == 1
        lines = capsys.readouterr().err.strip().splitlines()
        assert "处理办法" in lines[-1]
        return lines[-1]

    def test_a_missing_folder(self, capsys, tmp_path):
        assert "不存在" in self.refused(capsys, str(tmp_path / "nothing"), str(tmp_path / "out"))

    def test_a_folder_without_a_model(self, capsys, tmp_path):
        (tmp_path / "empty").mkdir()
        assert "无法读取" in self.refused(capsys, str(tmp_path / "empty"), str(tmp_path / "out"))

    def test_an_unknown_hub_name(self, capsys, tmp_path, monkeypatch):
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        assert "找不到模型 nobody/nothing" in self.refused(capsys, "nobody/nothing", str(tmp_path / "out"))

    def test_another_pooling_than_the_models_own(self, capsys, saved, tmp_path):
        assert "WENZHENG_ENCODER_POOLING=mean" in self.refused(capsys, saved, str(tmp_path / "out"), "--pooling", "cls")
        assert not (tmp_path / "out").exists()

    def test_no_fast_tokenizer(self, capsys, saved, tmp_path, monkeypatch):
        monkeypatch.setattr("transformers.PreTrainedTokenizerFast.is_fast", False)
        assert "快速分词器" in self.refused(capsys, saved, str(tmp_path / "out"))
