"""A low-rank adapter of the encoder: what fine-tuning learned, added to the weights when the graph is written.

LoRA (Hu et al. 2021, arXiv:2106.09685): an adapted matrix is `W + B @ A`, with A (rank, inputs) and B (outputs, rank); the scale
alpha/rank is already in B. The file is an .npz with float16 arrays `l{layer}.{part}.A` and `.B`, parts as in `PARTS`.
`training.finetune_encoder` writes it.
"""

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from retrieval.encoder_build.e5_weights import E5Weights, LowRank
from retrieval.errors import EncoderError

ADAPTER_FILE = Path(__file__).with_name("e5_adapter.npz")
PARTS = ("q", "k", "v", "ao", "fi", "fo")  # query, key, value, attention output, feed-forward in, feed-forward out
_FIX = "重新取得适配器文件，或删除它以使用原始模型。"


@dataclass(frozen=True)
class Adapter:
    """Pairs (A, B) by the name of the matrix they change (`l0.q.w`), and what the file's content is called.

    Attributes:
        version: 8 hex digits of the sha256 over the arrays; changes with the content, not with the file's date.
    """

    pairs: Mapping[str, LowRank]
    version: str

    @classmethod
    def read(cls, file: Path) -> "Adapter":
        """Raises: EncoderError when the file is no adapter."""
        try:
            with np.load(file, allow_pickle=False) as arrays:
                stored = {name: np.asarray(arrays[name], dtype="<f2") for name in sorted(arrays.files)}
        except (OSError, ValueError, zipfile.BadZipFile) as exc:
            raise EncoderError(f"编码器适配器 {file.name} 无法读取。", fix=_FIX) from exc
        digest = hashlib.sha256()
        for name, array in stored.items():
            digest.update(f"{name}{array.shape}".encode() + np.ascontiguousarray(array).tobytes())
        names = {name.rpartition(".")[0] for name in stored}
        pairs = {}
        for name in sorted(names):
            a, b = stored.get(f"{name}.A"), stored.get(f"{name}.B")
            if a is None or b is None or a.ndim != 2 or b.ndim != 2 or a.shape[0] != b.shape[1]:
                raise EncoderError(f"编码器适配器 {file.name} 的 {name} 不完整。", fix=_FIX)
            if not (np.isfinite(a).all() and np.isfinite(b).all()):
                raise EncoderError(f"编码器适配器 {file.name} 的 {name} 含有无效数值。", fix=_FIX)
            pairs[f"{name}.w"] = (a, b)
        return cls(pairs, digest.hexdigest()[:8])


def bundled_adapter(file: Path = ADAPTER_FILE) -> Adapter | None:
    """The adapter that comes with the project; None when there is none, which means the plain model."""
    return Adapter.read(file) if file.is_file() else None


def adapted(weights: E5Weights, adapter: Adapter | None) -> E5Weights:
    """The same weights, every matrix that the adapter names read with its change.

    Raises: EncoderError when the adapter was made for another model.
    """
    if adapter is None:
        return weights
    shapes = part_shapes(weights)
    for name, (a, b) in adapter.pairs.items():
        layer, _, part = name.removesuffix(".w").partition(".")
        known = part in PARTS and layer in {f"l{i}" for i in range(weights.layers)}
        if not known or (b.shape[0], a.shape[1]) != shapes[part]:
            raise EncoderError(f"编码器适配器的 {name} 与模型不符。", fix=_FIX)
    return replace(weights, low_rank=adapter.pairs)


def part_shapes(weights: E5Weights) -> dict[str, tuple[int, int]]:
    """(outputs, inputs) of each adaptable matrix of a layer."""
    hidden, wide = weights.hidden, weights.feed_forward
    return {"q": (hidden, hidden), "k": (hidden, hidden), "v": (hidden, hidden), "ao": (hidden, hidden),
            "fi": (wide, hidden), "fo": (hidden, wide)}  # fmt: skip


def write_adapter(file: Path, arrays: Mapping[str, npt.NDArray[np.floating]]) -> Adapter:
    """Store arrays `l{layer}.{part}.A` and `.B` as float16 and read them back, so that a malformed file is never left unseen."""
    partial = file.with_name(f".{file.name}.part")
    with partial.open("wb") as target:
        stored = {name: np.asarray(array, dtype="<f2") for name, array in arrays.items()}
        np.savez_compressed(target, **stored)  # type: ignore[arg-type]  # numpy's stub mixes the arrays up with allow_pickle
    adapter = Adapter.read(partial)
    partial.replace(file)
    return adapter
