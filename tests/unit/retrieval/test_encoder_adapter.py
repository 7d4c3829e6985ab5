"""The optional adapter: changes the graph as merged weights would, and changes every name that must change with it."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import pytest

import retrieval.encoder_build.build as build
from answering.preparation import encoder_folder
from retrieval.encoder import EncoderManifest, OnnxEncoder
from retrieval.encoder_build import adapter as adapter_module
from retrieval.encoder_build.adapter import Adapter, adapted, bundled_adapter, write_adapter
from retrieval.encoder_build.e5_weights import E5Weights
from retrieval.errors import EncoderError
from settings import Settings
from tests.fixtures.tiny_e5 import random_adapter, tiny_e5

TEXTS = ["怎么办理企业设立登记", "社保补贴申请材料", "电话", "公积金可以在哪里办理，需要多久"]


class MergedWeights(E5Weights):
    """Weights whose matrices are merged by hand, as the oracle."""

    def matrix(self, name, columns, rows=None, count=None):
        plain = replace(tiny_e5(), low_rank={}).matrix(name, columns, rows, count)
        if name not in self.low_rank:
            return plain
        a, b = self.low_rank[name]
        return plain + b.astype(np.float32) @ a.astype(np.float32)


def encoder_of(weights: E5Weights, folder: Path, middle_layer: int | None = None) -> OnnxEncoder:
    folder.mkdir()
    build.write_fp32(weights, folder, middle_layer)
    EncoderManifest("tiny", "0", weights.hidden, "", "", "mean", "fp32", build.FP32_FILE, 64).write(folder)
    return OnnxEncoder(folder, threads=1)


@pytest.fixture
def adapter(tmp_path: Path) -> Adapter:
    return write_adapter(tmp_path / "adapter.npz", random_adapter())


def test_a_middle_layer_comes_out_beside_the_last_and_changes_nothing_else(tmp_path):
    plain = encoder_of(tiny_e5(), tmp_path / "plain")
    (last,) = plain.encode_layers(TEXTS)
    with_middle = encoder_of(tiny_e5(), tmp_path / "middle", middle_layer=0)
    same, middle = with_middle.encode_layers(TEXTS)
    assert np.allclose(last, plain.encode_queries(TEXTS))
    assert np.allclose(last, same, atol=1e-6)
    assert np.allclose(with_middle.encode_queries(TEXTS), last, atol=1e-6)
    assert np.allclose(np.linalg.norm(middle, axis=1), 1, atol=1e-5)
    assert np.abs(middle - last).max() > 0.01


def test_the_adapted_graph_equals_the_graph_of_merged_weights(tmp_path, adapter):
    plain = encoder_of(tiny_e5(), tmp_path / "plain").encode_queries(TEXTS)
    changed = encoder_of(adapted(tiny_e5(), adapter), tmp_path / "adapted").encode_queries(TEXTS)
    merged = encoder_of(MergedWeights(**vars(adapted(tiny_e5(), adapter))), tmp_path / "merged").encode_queries(TEXTS)
    np.testing.assert_allclose(changed, merged, atol=1e-5)
    assert np.sum(plain * changed, axis=1).max() < 0.99


def test_a_zero_adapter_changes_no_vector(tmp_path):
    zero = write_adapter(tmp_path / "zero.npz", {n: v * n.endswith(".A") for n, v in random_adapter().items()})
    plain = encoder_of(tiny_e5(), tmp_path / "plain").encode_queries(TEXTS)
    same = encoder_of(adapted(tiny_e5(), zero), tmp_path / "same").encode_queries(TEXTS)
    np.testing.assert_array_equal(plain, same)


def test_folder_model_and_hash_are_named_after_the_adapter(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "bundled_weight_file", lambda: tmp_path / "weights.bin")
    monkeypatch.setattr(build.E5Weights, "read", classmethod(lambda _cls, _file: tiny_e5()))
    settings = Settings(build_cache=tmp_path)
    seen = []
    for number, arrays in enumerate((None, random_adapter(seed=1), random_adapter(seed=2))):
        file = tmp_path / f"adapter-{number}.npz"
        if arrays:
            write_adapter(file, arrays)
        monkeypatch.setattr(adapter_module, "bundled_adapter", partial(bundled_adapter, file))
        manifest = build.build_e5(tmp_path / f"encoder-{number}", adapter_file=file)
        seen.append((encoder_folder(settings).name, manifest.model, manifest.hash))
    for names in zip(*seen, strict=True):
        assert len(set(names)) == 3
    assert seen[0][1] == build.E5_NAME


def test_the_version_follows_the_content_not_the_file(tmp_path):
    first = write_adapter(tmp_path / "a.npz", random_adapter())
    again = write_adapter(tmp_path / "b.npz", dict(reversed(random_adapter().items())))
    assert first.version == again.version


@pytest.mark.parametrize(
    "spoil",
    [
        lambda arrays: arrays.pop("l0.q.B"),
        lambda arrays: arrays.update({"l0.q.A": arrays["l0.q.A"][:1]}),
        lambda arrays: arrays.update({"l0.q.A": arrays["l0.q.A"] * np.nan}),
    ],
)
def test_a_damaged_adapter_is_named(tmp_path, spoil):
    arrays = random_adapter()
    spoil(arrays)
    with pytest.raises(EncoderError, match=r"l0\.q"):
        write_adapter(tmp_path / "adapter.npz", arrays)
    assert not (tmp_path / "adapter.npz").exists()


def test_a_file_that_is_no_adapter_is_refused(tmp_path):
    file = tmp_path / "adapter.npz"
    file.write_bytes(b"no zip")
    with pytest.raises(EncoderError, match="无法读取"):
        Adapter.read(file)


def test_an_adapter_of_another_model_is_refused(adapter):
    with pytest.raises(EncoderError, match="与模型不符"):
        adapted(replace(tiny_e5(), layers=1), adapter)
    with pytest.raises(EncoderError, match="与模型不符"):
        adapted(replace(tiny_e5(), feed_forward=96), adapter)


def test_int8_keeps_the_narrowing_matrices_and_nothing_else(tmp_path):
    build.write_fp32(tiny_e5(), tmp_path)
    build.quantise(tmp_path / build.FP32_FILE, tmp_path / build.INT8_FILE)
    stored = {w.name: w.data_type for w in onnx.load(str(tmp_path / build.INT8_FILE)).graph.initializer}
    plain = {
        name for name, kind in stored.items() if kind == onnx.TensorProto.FLOAT and name.endswith(("q.w", "ao.w", "fi.w", "fo.w"))
    }
    assert plain == {"l0.fo.w", "l1.fo.w"}
