"""Makes the encoder folder: fp32 graph, int8 graph, tokenizer, manifest; checks int8 against fp32 on this machine."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx

from retrieval.encoder import TOKENIZER_FILE, EncoderManifest, OnnxEncoder
from retrieval.encoder_build.adapter import ADAPTER_FILE, Adapter, adapted, bundled_adapter
from retrieval.encoder_build.e5_weights import E5Weights, bundled_weight_file
from retrieval.encoder_build.onnx_graph import bert_graph
from retrieval.encoder_build.tokenizer_file import kept_pieces, write_tokenizer
from retrieval.errors import EncoderError

E5_NAME = "multilingual-e5-small"
E5_QUERY_PROMPT, E5_PASSAGE_PROMPT = "query: ", "passage: "  # required by the model's card
FP32_FILE, INT8_FILE = "model_fp32.onnx", "model_int8.onnx"
BUILD_VERSION = "2"

# Below this cosine int8 is not used: docs/feasibility found >= 0.997 where the processor does it right; processors without
# VNNI saturate 8-bit products and fall far below.
INT8_LEAST_COSINE = 0.98
PROBE_TEXTS = (
    "怎么办理企业设立登记",
    "高新技术企业认定需要满足哪些条件？",
    "个体工商户转为企业后，原有的许可证还能继续使用吗，需要重新申请还是办理变更登记？",
    "稳岗返还",
    "本办法自2024年1月1日起施行，有效期五年。申请人应当在每年3月31日前通过政务服务网提交申请表、营业执照和完税证明。",
    "12345热线",
)


def e5_version(adapter: Adapter | None) -> str:
    """What the built encoder is called: the model's name and, with an adapter, the version of that."""
    return E5_NAME if adapter is None else f"{E5_NAME}+{adapter.version}"


def build_e5(
    folder: Path, report: Callable[[str], None] = lambda _step: None, adapter_file: Path = ADAPTER_FILE,
    middle_layer: int | None = None,
) -> EncoderManifest:  # fmt: skip
    """Build multilingual-e5-small from the bundled weights into `folder` (replaced as a whole when done).

    Args:
        report: called with a short Chinese line at each step.
        adapter_file: low-rank changes to the weights; the plain model when it does not exist.
        middle_layer: for `OnnxEncoder.encode_layers`.

    Raises: EncoderError when weights or adapter are missing or unreadable.
    """
    report("读取模型权重")
    adapter = bundled_adapter(adapter_file)
    weights = adapted(E5Weights.read(bundled_weight_file()), adapter)
    with replaced_folder(folder) as work:
        report("写出计算图")
        write_fp32(weights, work, middle_layer)
        finish_folder(
            work, model=e5_version(adapter), dimension=weights.hidden, query_prompt=E5_QUERY_PROMPT,
            passage_prompt=E5_PASSAGE_PROMPT, pooling="mean", max_tokens=weights.positions, report=report,
        )  # fmt: skip
    return EncoderManifest.read(folder)


@contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """An empty folder beside `folder` that takes its place at the end; after an error `folder` is as it was."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".encoder-") as temporary:
        work = Path(temporary) / "encoder"
        work.mkdir()
        yield work
        if folder.exists():
            shutil.rmtree(folder)
        work.rename(folder)


def write_fp32(weights: E5Weights, folder: Path, middle_layer: int | None = None) -> None:
    """Tokenizer and fp32 graph, without a manifest: what `finish_folder` starts from."""
    kept = kept_pieces(weights)
    write_tokenizer(weights, kept, folder / TOKENIZER_FILE)
    onnx.save(bert_graph(weights, kept, middle_layer), str(folder / FP32_FILE))


def finish_folder(
    folder: Path, *, model: str, dimension: int, query_prompt: str, passage_prompt: str, pooling: str, max_tokens: int,
    report: Callable[[str], None] = lambda _step: None,
) -> EncoderManifest:  # fmt: skip
    """Quantise the fp32 graph in `folder`, measure int8 against fp32, keep the one that is right here, write the manifest."""
    report("压缩为 int8")
    quantise(folder / FP32_FILE, folder / INT8_FILE)
    digest = hashlib.sha256(BUILD_VERSION.encode())
    for file in (FP32_FILE, TOKENIZER_FILE):
        digest.update((folder / file).read_bytes())

    def manifest(file: str, precision: str, cosine: float | None) -> EncoderManifest:
        name = hashlib.sha256(digest.digest() + precision.encode()).hexdigest()[:16]
        return EncoderManifest(model, name, dimension, query_prompt, passage_prompt, pooling, precision, file, max_tokens, cosine)

    report("核对 int8 与 fp32 的一致性")
    manifest(FP32_FILE, "fp32", None).write(folder)
    reference = OnnxEncoder(folder).encode_passages(PROBE_TEXTS)
    manifest(INT8_FILE, "int8", None).write(folder)
    compressed = OnnxEncoder(folder).encode_passages(PROBE_TEXTS)
    cosine = float(np.min(np.sum(reference * compressed, axis=1)))
    if not np.isfinite(reference).all():
        raise EncoderError("编码器在本机的计算结果无效。", fix="更新 onnxruntime 后重新运行 `wenzheng prepare`。")
    chosen = manifest(INT8_FILE, "int8", cosine) if cosine >= INT8_LEAST_COSINE else manifest(FP32_FILE, "fp32", cosine)
    chosen.write(folder)
    # the graph not served is not kept: it is rebuilt from the weights when needed
    (folder / (FP32_FILE if chosen.precision == "int8" else INT8_FILE)).unlink()
    return chosen


def quantise(source: Path, target: Path) -> None:
    """Dynamic int8 quantisation, weights per output channel; the narrowing matrices of the feed-forward layers stay fp32."""
    import logging

    from onnxruntime.quantization import QuantType, quantize_dynamic

    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # the quantiser recommends a pre-processing that changes nothing in this graph
    try:
        quantize_dynamic(str(source), str(target), per_channel=True, weight_type=QuantType.QInt8,
                         op_types_to_quantize=["MatMul", "Gather"], nodes_to_exclude=narrowing_matrices(source),
                         extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT})  # fmt: skip
    finally:
        root.setLevel(level)


def narrowing_matrices(file: Path) -> list[str]:
    """Names of the MatMul nodes whose weights have more inputs than outputs.

    Their inputs come from the activation function and have outliers, which one scale a tensor serves badly: with a fine-tuned
    adapter the lowest cosine with fp32 over 60 questions was 0.970 with them in int8 and 0.990 without, for 21 MB more.
    """
    graph = onnx.load(str(file)).graph
    narrow = {weight.name for weight in graph.initializer if len(weight.dims) == 2 and weight.dims[0] > weight.dims[1]}
    return [node.name for node in graph.node if node.op_type == "MatMul" and narrow.intersection(node.input)]
