"""Sentence encoder on onnxruntime, shared by the app environment and by the Rasa environment (Python 3.10).

Imports numpy, onnxruntime and tokenizers only. Making the encoder folder is the matter of `retrieval.encoder_build`.
"""

import json
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from retrieval.errors import EncoderError

Matrix = npt.NDArray[np.float32]

MANIFEST_FILE = "manifest.json"
TOKENIZER_FILE = "tokenizer.json"
MIDDLE = "middle"  # the graph's second output, when it was built with one


class Encoder(Protocol):
    """What the rest of the project needs of an encoder."""

    @property
    def hash(self) -> str: ...
    @property
    def dimension(self) -> int: ...
    def encode_queries(self, texts: Sequence[str]) -> Matrix: ...
    def encode_passages(
        self, texts: Sequence[str], batch_size: int = 32, progress: Callable[[int], None] | None = None
    ) -> Matrix: ...


@dataclass(frozen=True)
class EncoderManifest:
    """What an encoder folder contains and how to use it.

    Attributes:
        model: name of the model the weights come from.
        hash: first 16 hex digits of the sha256 over graph and tokenizer; names the vector space.
        dimension: length of a vector.
        query_prompt: text put before a query; passage_prompt: before a passage.
        pooling: "mean" or "cls", done inside the graph.
        precision: "int8" or "fp32"; file: the graph in use.
        max_tokens: longer texts are cut.
        int8_cosine: lowest cosine between int8 and fp32 on the probe texts, measured on the machine that built the folder.
    """

    model: str
    hash: str
    dimension: int
    query_prompt: str
    passage_prompt: str
    pooling: str
    precision: str
    file: str
    max_tokens: int = 512
    int8_cosine: float | None = None

    @classmethod
    def read(cls, folder: Path) -> "EncoderManifest":
        """Raises: EncoderError when the folder holds no complete encoder."""
        try:
            values = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
            return cls(**values)
        except (OSError, ValueError, TypeError) as exc:
            raise EncoderError(f"编码器文件夹 {folder} 不完整。", fix="运行 `wenzheng prepare` 重新生成编码器。") from exc

    def write(self, folder: Path) -> None:
        (folder / MANIFEST_FILE).write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1), encoding="utf-8")


# Buttons, menus, codes and follow-ups ("要带什么材料") make many citizens say the same words.
REMEMBERED = 2048  # queries, 3 MB
LONGEST_REMEMBERED = 200  # characters


class OnnxEncoder:
    """Turns texts into unit vectors. Light to construct; the model is loaded by `load()` or by the first use. Thread-safe."""

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        """Args:
        folder: made by `retrieval.encoder_build`.
        threads: of one inference; default: the machine's cores, at most 4.
        """
        self.folder = folder
        self.manifest = EncoderManifest.read(folder)
        self._threads = threads or min(os.cpu_count() or 1, 4)
        self._lock = threading.Lock()
        self._remembered: OrderedDict[str, Matrix] = OrderedDict()
        self._session: Any = None
        self._tokenizer: Any = None

    @property
    def hash(self) -> str:
        return self.manifest.hash

    @property
    def dimension(self) -> int:
        return self.manifest.dimension

    def load(self) -> None:
        """Bring the model into memory (0.2 to 0.5 s)."""
        with self._lock:
            if self._session is not None:
                return
            import onnxruntime
            from tokenizers import Tokenizer

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = self._threads
            options.inter_op_num_threads = 1
            options.log_severity_level = 3
            # spinning threads steal the cores from Rasa and the web server, which share the machine
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
            try:
                tokenizer = Tokenizer.from_file(str(self.folder / TOKENIZER_FILE))
                session = onnxruntime.InferenceSession(
                    str(self.folder / self.manifest.file), options, providers=["CPUExecutionProvider"]
                )
            except Exception as exc:  # onnxruntime and tokenizers raise bare exceptions of their own
                raise EncoderError(
                    f"编码器 {self.folder} 无法载入：{exc}", fix="删除该文件夹后运行 `wenzheng prepare`。"
                ) from exc
            tokenizer.enable_truncation(self.manifest.max_tokens)
            tokenizer.no_padding()
            self._tokenizer, self._session = tokenizer, session

    def encode_queries(self, texts: Sequence[str]) -> Matrix:
        """Returns: (len(texts), dimension) float32, rows of unit length. The newest single queries are remembered."""
        if len(texts) != 1:
            return self._encode([self.manifest.query_prompt + t for t in texts], 32, None)
        text = texts[0]
        with self._lock:
            known = self._remembered.get(text)
            if known is not None:
                self._remembered.move_to_end(text)
                return known.copy()
        vectors = self._encode([self.manifest.query_prompt + text], 1, None)
        if len(text) <= LONGEST_REMEMBERED:
            with self._lock:
                self._remembered[text] = vectors.copy()
                if len(self._remembered) > REMEMBERED:
                    self._remembered.popitem(last=False)
        return vectors

    def encode_passages(
        self, texts: Sequence[str], batch_size: int = 32, progress: Callable[[int], None] | None = None
    ) -> Matrix:
        """Args:
            progress: called after each batch with the number of texts done in it.

        Returns: (len(texts), dimension) float32, rows of unit length.
        """
        return self._encode([self.manifest.passage_prompt + t for t in texts], batch_size, progress)

    def encode_layers(self, texts: Sequence[str]) -> list[Matrix]:
        """Queries as sentence vectors and, when the graph was built with a middle layer, as the vectors of that. Not remembered."""
        self.load()
        first, *others = [output.name for output in self._session.get_outputs()]
        names = [first, MIDDLE] if MIDDLE in others else [first]
        both = self._encode([self.manifest.query_prompt + t for t in texts], 32, None, names)
        return np.split(both, len(names), axis=1)

    def _encode(
        self, texts: Sequence[str], batch_size: int, progress: Callable[[int], None] | None, outputs: Sequence[str] = ()
    ) -> Matrix:
        """Args: outputs: of the graph, to be put side by side; default: its first."""
        self.load()
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        result = np.empty((len(ids), self.dimension * max(len(outputs), 1)), dtype=np.float32)
        # texts of like length share a batch, so that little is computed for padding
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            width = max(len(ids[i]) for i in batch)
            tokens = np.zeros((len(batch), width), dtype=np.int64)
            mask = np.zeros((len(batch), width), dtype=np.int64)
            for row, i in enumerate(batch):
                tokens[row, : len(ids[i])] = ids[i]
                mask[row, : len(ids[i])] = 1
            computed = self._session.run(list(outputs) or None, {"input_ids": tokens, "attention_mask": mask})
            result[batch] = np.hstack(computed[: max(len(outputs), 1)])
            if progress:
                progress(len(batch))
        return result
