"""What every encoder promises, and that both interpreters compute the same vectors."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers.models import WordLevel

from answering.preparation import prepare_encoder
from retrieval.encoder import Encoder, EncoderManifest, OnnxEncoder
from retrieval.encoder_build import build
from retrieval.errors import EncoderError
from settings import PROJECT_ROOT, load_settings
from tests.fixtures.bigram_encoder import BigramHashEncoder

RASA_PYTHON = PROJECT_ROOT / ".venv-rasa" / "bin" / "python"
TEXTS = ["怎么办理企业设立登记", "稳岗返还", "请问职工租房能不能提取住房公积金，需要准备哪些材料？", "ISO 9001 ２０２４", "😀"]


class EncoderContract:
    """Every encoder's tests inherit these."""

    def test_rows_have_unit_length(self, encoder: Encoder) -> None:
        for rows in (encoder.encode_queries(TEXTS), encoder.encode_passages(TEXTS)):
            assert rows.shape == (len(TEXTS), encoder.dimension)
            assert rows.dtype == np.float32
            assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0, abs=1e-4)

    def test_the_same_texts_give_the_same_rows(self, encoder: Encoder) -> None:
        assert np.array_equal(encoder.encode_passages(TEXTS), encoder.encode_passages(TEXTS))

    def test_a_batch_gives_what_single_texts_give(self, encoder: Encoder) -> None:
        batch = encoder.encode_passages(TEXTS, batch_size=3)
        single = np.concatenate([encoder.encode_passages([text]) for text in TEXTS])
        assert np.sum(batch * single, axis=1).min() > self.least_batch_cosine(encoder)

    def least_batch_cosine(self, encoder: Encoder) -> float:
        return 0.999

    def test_rows_are_in_the_order_of_the_texts(self, encoder: Encoder) -> None:
        forward, backward = encoder.encode_passages(TEXTS), encoder.encode_passages(TEXTS[::-1])
        assert np.argmax(forward @ backward[::-1].T, axis=1).tolist() == list(range(len(TEXTS)))

    def test_no_texts_give_no_rows(self, encoder: Encoder) -> None:
        for rows in (encoder.encode_queries([]), encoder.encode_passages([])):
            assert rows.shape == (0, encoder.dimension)
            assert rows.dtype == np.float32

    def test_empty_and_very_long_texts_are_encoded(self, encoder: Encoder) -> None:
        rows = encoder.encode_passages(["", " ", "公积金" * 5_000])
        assert np.isfinite(rows).all()
        assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0, abs=1e-4)

    def test_texts_on_one_matter_are_nearer_than_others(self, encoder: Encoder) -> None:
        query = encoder.encode_queries(["公积金怎么提取"])[0]
        near, far = encoder.encode_passages(["住房公积金提取", "机动车驾驶证换证"]) @ query
        assert near > far

    def test_the_space_has_a_name(self, encoder: Encoder) -> None:
        assert encoder.hash


class TestBigramHashEncoder(EncoderContract):
    @pytest.fixture
    def encoder(self) -> BigramHashEncoder:
        return BigramHashEncoder(64)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare_encoder(load_settings(data_dir=tmp_path_factory.mktemp("data")))


class TestOnnxEncoder(EncoderContract):
    @pytest.fixture(scope="class")
    def encoder(self, folder: Path) -> OnnxEncoder:
        return OnnxEncoder(folder, threads=2)

    def least_batch_cosine(self, encoder: OnnxEncoder) -> float:
        # dynamic int8 takes one scale of activations from the whole batch: measured 0.994 on sentences, 0.984 on "😀"
        return 0.98 if encoder.manifest.precision == "int8" else 0.999

    def test_what_follows_the_longest_text_makes_no_difference(self, encoder: OnnxEncoder) -> None:
        beginning = "公积金提取" * 600
        one, other = encoder.encode_passages([beginning, beginning + "驾驶证" * 600])
        assert float(one @ other) > 0.999

    def test_progress_counts_every_text_once(self, encoder: OnnxEncoder) -> None:
        done: list[int] = []
        encoder.encode_passages(TEXTS, batch_size=2, progress=done.append)
        assert (sum(done), len(done)) == (len(TEXTS), 3)

    def test_the_manifest_tells_the_truth(self, encoder: OnnxEncoder) -> None:
        manifest = encoder.manifest
        assert manifest.dimension == encoder.encode_queries(["税"]).shape[1]
        assert (encoder.folder / manifest.file).is_file()
        assert manifest.precision in {"int8", "fp32"}
        if manifest.precision == "int8":
            assert manifest.int8_cosine is not None
            assert manifest.int8_cosine >= build.INT8_LEAST_COSINE

    @pytest.mark.skipif(not RASA_PYTHON.is_file(), reason="环境 .venv-rasa 尚未安装（make setup）")
    def test_the_rasa_environment_computes_the_same_vectors(self, encoder: OnnxEncoder, tmp_path: Path) -> None:
        script = (
            "import json,sys; from pathlib import Path; from retrieval.encoder import OnnxEncoder;"
            "e=OnnxEncoder(Path(sys.argv[1])); t=json.loads(sys.argv[2]);"
            "print(json.dumps({'python':list(sys.version_info[:2]),'hash':e.hash,"
            "'queries':[e.encode_queries([x])[0].tolist() for x in t],"
            "'passages':[e.encode_passages([x])[0].tolist() for x in t]}))"
        )
        run = subprocess.run(
            [str(RASA_PYTHON), "-c", script, str(encoder.folder), json.dumps(TEXTS)],
            cwd=PROJECT_ROOT, env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)}, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        there = json.loads(run.stdout)
        assert there["python"] == [3, 10]
        assert there["hash"] == encoder.hash
        # int8 kernels differ between the two onnxruntime versions: measured 0.996; fp32 agrees to the sixth digit
        least = 0.99 if encoder.manifest.precision == "int8" else 0.9999
        for encode, rows in ((encoder.encode_queries, there["queries"]), (encoder.encode_passages, there["passages"])):
            here = np.concatenate([encode([text]) for text in TEXTS])
            assert np.sum(here * np.array(rows, dtype=np.float32), axis=1).min() > least


def tiny_encoder(folder: Path) -> Path:
    """Word vectors of a few words, averaged: a real ONNX graph that takes milliseconds."""
    words = ["[UNK]", *dict.fromkeys("".join(build.PROBE_TEXTS))]
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    table = np.random.default_rng(0).standard_normal((len(words), 16)).astype(np.float32)
    square = np.random.default_rng(1).standard_normal((16, 16)).astype(np.float32)
    nodes = [
        helper.make_node("Gather", ["words", "input_ids"], ["vectors"]),
        helper.make_node("MatMul", ["vectors", "square"], ["mixed"]),
        helper.make_node("Cast", ["attention_mask"], ["mask2"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask2", "last"], ["mask3"]),
        helper.make_node("Mul", ["mixed", "mask3"], ["masked"]),
        helper.make_node("ReduceSum", ["masked", "one"], ["total"], keepdims=0),
        helper.make_node("LpNormalization", ["total"], ["embedding"], axis=-1, p=2),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(n, TensorProto.INT64, ["b", "t"]) for n in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["b", 16])],
        [
            numpy_helper.from_array(np.array(v), n)
            for n, v in (("words", table), ("square", square), ("last", [-1]), ("one", [1]))
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(folder / build.FP32_FILE))
    return folder


def finish(folder: Path) -> EncoderManifest:
    return build.finish_folder(
        folder, model="tiny", dimension=16, query_prompt="", passage_prompt="", pooling="mean", max_tokens=64
    )


class TestPrecision:
    def test_int8_is_served_where_it_computes_rightly(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(build, "INT8_LEAST_COSINE", -1.0)
        manifest = finish(tiny_encoder(tmp_path / "encoder"))
        assert (manifest.precision, manifest.file) == ("int8", build.INT8_FILE)
        assert sorted(f.name for f in (tmp_path / "encoder").glob("*.onnx")) == [build.INT8_FILE]
        assert OnnxEncoder(tmp_path / "encoder").encode_queries(["稳岗"]).shape == (1, 16)

    def test_fp32_is_served_where_the_processor_spoils_int8(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(build, "INT8_LEAST_COSINE", 1.1)
        manifest = finish(tiny_encoder(tmp_path / "encoder"))
        assert (manifest.precision, manifest.file) == ("fp32", build.FP32_FILE)
        assert manifest.int8_cosine is not None
        assert -1 <= manifest.int8_cosine <= 1.0001
        assert sorted(f.name for f in (tmp_path / "encoder").glob("*.onnx")) == [build.FP32_FILE]
        assert OnnxEncoder(tmp_path / "encoder").encode_queries(["稳岗"]).shape == (1, 16)

    def test_the_two_precisions_are_two_vector_spaces(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(build, "INT8_LEAST_COSINE", 1.1)
        fp32 = finish(tiny_encoder(tmp_path / "one"))
        monkeypatch.setattr(build, "INT8_LEAST_COSINE", -1.0)
        int8 = finish(tiny_encoder(tmp_path / "two"))
        assert fp32.hash != int8.hash


class TestDamagedFolder:
    @pytest.mark.parametrize("text", [None, "", "{", "[]", "{}", '{"model": "x", "unknown": 1}'])
    def test_a_manifest_that_is_missing_or_damaged_is_told(self, tmp_path: Path, text: str | None) -> None:
        if text is not None:
            (tmp_path / "manifest.json").write_text(text)
        with pytest.raises(EncoderError, match="wenzheng prepare"):
            OnnxEncoder(tmp_path)

    def test_a_truncated_graph_is_told_on_loading(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(build, "INT8_LEAST_COSINE", 1.1)
        folder = tiny_encoder(tmp_path / "encoder")
        finish(folder)
        graph = folder / build.FP32_FILE
        graph.write_bytes(graph.read_bytes()[:100])
        with pytest.raises(EncoderError, match="无法载入"):
            OnnxEncoder(folder).load()
