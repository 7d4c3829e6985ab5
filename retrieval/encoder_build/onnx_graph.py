"""Writes a BERT sentence encoder as an ONNX graph, weights straight into the file; pooling and normalisation included.

The graph uses onnxruntime's fused operators (domain com.microsoft), which all its CPU builds carry.
Inputs: `input_ids` and `attention_mask`, int64 (batch, tokens). Outputs: `embedding`, float32 (batch, hidden), unit rows, and
on demand `middle`, the same of a layer further down.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from retrieval.encoder import MIDDLE
from retrieval.encoder_build.e5_weights import Array, E5Weights

MS = "com.microsoft"


class _Graph:
    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self._count = 0

    def constant(self, name: str, value: Any) -> str:
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, op: str, inputs: Sequence[str], domain: str = "", name: str | None = None, **attributes: Any) -> str:
        self._count += 1
        output = name or f"{op.lower()}_{self._count}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], name=f"{op}_{self._count}", domain=domain, **attributes))
        return output


def bert_graph(weights: E5Weights, kept: Sequence[int], middle_layer: int | None = None) -> onnx.ModelProto:
    """The fp32 graph.

    Args:
        kept: rows of the word table to keep, in the order of the new token ids.
        middle_layer: also give out the sentence vector of this layer, counted from 0.
    """
    g = _Graph()
    hidden, eps = weights.hidden, weights.eps
    g.constant("words", weights.matrix("emb.word", hidden, rows=kept, count=weights.vocabulary))
    # every text is one segment, so the segment embedding is a constant of each position
    positions: Array = weights.vector("emb.pos").reshape(-1, hidden) + weights.vector("emb.type")[:hidden]
    g.constant("positions", positions)
    for name, value in (("one", [1]), ("zero", [0]), ("minus_one", [-1])):
        g.constant(name, np.array(value, dtype=np.int64))

    length = g.add("Shape", ["input_ids"], start=1, end=2)
    word = g.add("Gather", ["words", "input_ids"])
    position = g.add("Unsqueeze", [g.add("Slice", ["positions", "zero", length, "zero"]), "zero"])
    x = _layer_norm(g, g.add("Add", [word, position]), weights, "emb.ln", eps)
    padding = g.add("Cast", ["attention_mask"], to=TensorProto.INT32)
    outputs = ["embedding"]
    layers = []
    for layer in range(weights.layers):
        x = _layer(g, x, padding, weights, f"l{layer}", eps)
        layers.append(x)

    mask = g.add("Unsqueeze", [g.add("Cast", ["attention_mask"], to=TensorProto.FLOAT), "minus_one"])
    total = g.add("ReduceSum", [g.add("Mul", [x, mask]), "one"], keepdims=0)
    tokens = g.add("ReduceSum", [mask, "one"], keepdims=0)
    g.add("LpNormalization", [g.add("Div", [total, tokens])], name="embedding", axis=-1, p=2)
    if middle_layer is not None:
        outputs.append(MIDDLE)
        total = g.add("ReduceSum", [g.add("Mul", [layers[middle_layer], mask]), "one"], keepdims=0)
        g.add("LpNormalization", [g.add("Div", [total, tokens])], name=MIDDLE, axis=-1, p=2)

    graph = helper.make_graph(
        g.nodes,
        "sentence_encoder",
        [helper.make_tensor_value_info(n, TensorProto.INT64, ["batch", "tokens"]) for n in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch", hidden]) for n in outputs],
        g.initializers,
    )
    # IR 9 and opset 17 are read by every onnxruntime from 1.16 on, that of the Rasa environment included
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(MS, 1)], ir_version=9)


def _layer_norm(g: _Graph, x: str, weights: E5Weights, name: str, eps: float) -> str:
    scale = g.constant(f"{name}.w", weights.vector(f"{name}.w"))
    bias = g.constant(f"{name}.b", weights.vector(f"{name}.b"))
    return g.add("LayerNormalization", [x, scale, bias], axis=-1, epsilon=eps)


def _layer(g: _Graph, x: str, padding: str, weights: E5Weights, name: str, eps: float) -> str:
    hidden = weights.hidden
    projected = []
    for part in "qkv":
        matrix = g.constant(f"{name}.{part}.w", weights.matrix(f"{name}.{part}.w", hidden).T)
        projected.append(g.add("MatMul", [x, matrix]))
    bias = g.constant(f"{name}.qkv.b", np.concatenate([weights.vector(f"{name}.{part}.b") for part in "qkv"]))
    attended = g.add("MultiHeadAttention", [*projected, bias, padding], domain=MS, num_heads=weights.heads)
    x = _add_norm(g, _linear(g, attended, weights, f"{name}.ao", hidden), x, weights, f"{name}.ao", f"{name}.aln", eps)
    wide = _linear(g, x, weights, f"{name}.fi", hidden)
    wide = g.add("BiasGelu", [wide, g.constant(f"{name}.fi.b", weights.vector(f"{name}.fi.b"))], domain=MS)
    narrow = _linear(g, wide, weights, f"{name}.fo", weights.feed_forward)
    return _add_norm(g, narrow, x, weights, f"{name}.fo", f"{name}.oln", eps)


def _linear(g: _Graph, x: str, weights: E5Weights, name: str, columns: int) -> str:
    return g.add("MatMul", [x, g.constant(f"{name}.w", weights.matrix(f"{name}.w", columns).T)])


def _add_norm(g: _Graph, x: str, skip: str, weights: E5Weights, linear: str, norm: str, eps: float) -> str:
    inputs = [x, skip]
    for name in (f"{norm}.w", f"{norm}.b", f"{linear}.b"):
        inputs.append(g.constant(name, weights.vector(name)))
    return g.add("SkipLayerNormalization", inputs, domain=MS, epsilon=eps)
