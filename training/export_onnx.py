"""Turns a sentence-transformers model into an encoder folder that `retrieval.encoder.OnnxEncoder` serves without torch.

    python -m training.export_onnx MODEL OUT --pooling mean|cls --query-prompt TEXT --passage-prompt TEXT

MODEL is a hub id or a folder: BERT-like (BERT, RoBERTa, XLM-R, DistilBERT …) with a fast tokenizer, pooled by mean or by the
first token, nothing but a normalisation after that. `answering.preparation` runs this for WENZHENG_ENCODER.
"""

import argparse
import inspect
import logging
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from transformers.utils import cached_file

from errors import WenzhengError
from retrieval.encoder import TOKENIZER_FILE, EncoderManifest
from retrieval.encoder_build.build import FP32_FILE, PROBE_TEXTS, finish_folder, replaced_folder
from training.errors import ExportError

OPSET = 17  # with IR 8, read by every onnxruntime from 1.12 on, that of the Rasa environment (1.23.2) included
LEAST_COSINE = 0.9999
LARGEST_GRAPH = 2_000_000_000  # bytes; protobuf cannot write a file of 2 GiB


class SentenceEncoder(torch.nn.Module):
    """Token ids and mask in, pooled unit vectors out: what the graph computes."""

    def __init__(self, bert: torch.nn.Module, pooling: str) -> None:
        super().__init__()
        self.bert, self.pooling = bert, pooling
        self.segments = "token_type_ids" in inspect.signature(bert.forward).parameters

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        segments = {"token_type_ids": torch.zeros_like(input_ids)} if self.segments else {}
        states = self.bert(input_ids=input_ids, attention_mask=attention_mask, **segments).last_hidden_state
        if self.pooling == "cls":
            pooled = states[:, 0]
        else:
            mask = attention_mask.unsqueeze(-1).to(states.dtype)
            pooled = (states * mask).sum(1) / mask.sum(1)
        return torch.nn.functional.normalize(pooled, dim=1)


def export(
    name: str, folder: Path, pooling: str, query_prompt: str, passage_prompt: str,
    report: Callable[[str], None] = lambda _step: None,
) -> EncoderManifest:  # fmt: skip
    """Write the encoder folder of a model.

    Args:
        name: hub id or folder.
        pooling: "mean" or "cls"; must be the model's own where it states one.

    Raises:
        ExportError: not found, no fast tokenizer, another architecture, or the graph does not compute what the model does.
    """
    report(f"读取模型 {name}")
    model = load_model(name)
    transformer = checked_parts(model, name, pooling)
    tokenizer = transformer.tokenizer
    if not getattr(tokenizer, "is_fast", False):
        raise ExportError(f"模型 {name} 没有快速分词器（tokenizer.json）。", fix="换一个带 tokenizer.json 的模型。")
    encoder = SentenceEncoder(transformer.auto_model, pooling).eval()
    if sum(p.numel() * 4 for p in encoder.parameters()) > LARGEST_GRAPH:
        raise ExportError(f"模型 {name} 超过 2 GB，无法写成单个计算图。", fix="换一个较小的模型，例如 BAAI/bge-small-zh-v1.5。")
    with replaced_folder(folder) as work:
        report("写出计算图")
        write_graph(encoder, work / FP32_FILE)
        (work / TOKENIZER_FILE).write_text(tokenizer.backend_tokenizer.to_str(), encoding="utf-8")
        check_graph(encoder, tokenizer, work / FP32_FILE)
        finish_folder(
            work, model=name, dimension=int(transformer.get_embedding_dimension()), query_prompt=query_prompt,
            passage_prompt=passage_prompt, pooling=pooling, max_tokens=int(model.max_seq_length or 512), report=report,
        )  # fmt: skip
    return EncoderManifest.read(folder)


def load_model(name: str) -> SentenceTransformer:
    """Raises: ExportError when there is no such model or it cannot be read."""
    path = Path(name).expanduser()
    if not path.is_dir() and (path.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1):
        raise ExportError(f"模型文件夹 {name} 不存在。", fix="核对 WENZHENG_ENCODER 的路径。")
    try:
        # eager attention is plain matrix algebra, which every exporter and every onnxruntime understands
        model = SentenceTransformer(
            str(path) if path.is_dir() else name, device="cpu",
            model_kwargs={"attn_implementation": "eager", "torch_dtype": torch.float32},
        )  # fmt: skip
    except Exception as exc:  # hub, network, file and configuration errors have no common root
        if path.is_dir():
            raise ExportError(f"模型文件夹 {name} 无法读取：{first_line(exc)}", fix="重新取得完整的模型文件。") from exc
        raise ExportError(
            f"找不到模型 {name}，或无法下载：{first_line(exc)}", fix="核对模型名和网络，或先下载模型再填写文件夹路径。"
        ) from exc
    return model.eval()


def checked_parts(model: SentenceTransformer, name: str, pooling: str) -> Transformer:
    """The transformer of a model that consists of transformer, pooling and perhaps normalisation, pooled as asked."""
    first, *rest = list(model.children())
    if not isinstance(first, Transformer) or any(not isinstance(part, Pooling | Normalize) for part in rest):
        parts = "、".join(type(part).__name__ for part in model.children())
        raise ExportError(f"模型 {name} 的结构（{parts}）不受支持。", fix="换一个只有编码层和池化层的 BERT 类模型。")
    own = [mode for part in rest if isinstance(part, Pooling) for mode in modes_of(part)]
    if own != [pooling] and cached_file(name, "modules.json", _raise_exceptions_for_missing_entries=False):
        fix = f"设置 WENZHENG_ENCODER_POOLING={own[0]}。" if own in (["mean"], ["cls"]) else "换一个用 mean 或 cls 池化的模型。"
        raise ExportError(f"模型 {name} 的池化方式是 {'+'.join(own)}，而配置要求 {pooling}。", fix=fix)
    return first


def modes_of(pooling: Pooling) -> list[str]:
    mode = pooling.pooling_mode
    return [mode] if isinstance(mode, str) else list(mode)


def write_graph(encoder: SentenceEncoder, file: Path) -> None:
    """Trace the module; batch and length stay free."""
    ids = torch.ones((2, 7), dtype=torch.int64)
    mask = torch.ones((2, 7), dtype=torch.int64)
    mask[1, 4:] = 0
    both = {0: "batch", 1: "tokens"}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracer warns of branches on shapes; `check_graph` tests other shapes
        torch.onnx.export(
            encoder, (ids, mask), str(file), dynamo=False, opset_version=OPSET,
            input_names=["input_ids", "attention_mask"], output_names=["embedding"],
            dynamic_axes={"input_ids": both, "attention_mask": both, "embedding": {0: "batch"}},
        )  # fmt: skip


def check_graph(encoder: SentenceEncoder, tokenizer: Any, file: Path) -> None:
    """Compare the graph with the module on the probe texts, one by one and in one padded batch.

    Raises: ExportError below `LEAST_COSINE`.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    for texts in (list(PROBE_TEXTS), *([text] for text in PROBE_TEXTS)):
        batch = tokenizer(texts, padding=True, return_tensors="pt")
        with torch.no_grad():
            wanted = encoder(batch["input_ids"], batch["attention_mask"]).numpy()
        inputs = {key: batch[key].numpy() for key in ("input_ids", "attention_mask")}
        cosine = float(np.min(np.sum(session.run(None, inputs)[0] * wanted, axis=1)))
        if not cosine >= LEAST_COSINE:  # also true of NaN
            raise ExportError(f"转换后的计算图与原模型不一致（余弦 {cosine:.4f}）。", fix="换一个 BERT 类模型。")


def first_line(exc: Exception) -> str:
    return next(iter(str(exc).strip().splitlines()), type(exc).__name__)[:200]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("out", type=Path)
    parser.add_argument("--pooling", choices=("mean", "cls"), default="mean")
    parser.add_argument("--query-prompt", default="")
    parser.add_argument("--passage-prompt", default="")
    given = parser.parse_args(arguments)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    try:
        manifest = export(given.model, given.out, given.pooling, given.query_prompt, given.passage_prompt, say)
    except WenzhengError as exc:
        sys.stderr.write(f"{exc}\n")  # one line, the last one: `answering.preparation` shows it
        return 1
    say(f"已写入 {given.out}：{manifest.precision}，{manifest.dimension} 维，指纹 {manifest.hash}")
    return 0


def say(line: str) -> None:
    sys.stdout.write(line + os.linesep)


if __name__ == "__main__":
    sys.exit(main())
