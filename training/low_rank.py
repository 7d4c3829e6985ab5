"""LoRA on the built-in encoder: every matrix of every layer stays as it is, and two thin ones beside it learn.

Hu et al. 2021, arXiv:2106.09685: `W' = W + (alpha / rank) B A`; A starts random, B at zero, so training starts from the plain model.
"""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from transformers import BertModel

from retrieval.encoder_build.adapter import Adapter
from training.e5_model import MODULES
from training.errors import TrainingError

Arrays = dict[str, npt.NDArray[np.float32]]


class LowRankLinear(nn.Module):
    """A frozen linear layer and its trainable change."""

    def __init__(self, linear: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.linear = linear
        self.a = nn.Parameter(torch.randn(rank, linear.in_features) / math.sqrt(linear.in_features))
        self.b = nn.Parameter(torch.zeros(linear.out_features, rank))
        self.scale = alpha / rank

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x) + (x @ self.a.T) @ self.b.T * self.scale


def add_low_rank(model: BertModel, rank: int, alpha: float | None = None) -> dict[str, LowRankLinear]:
    """Freeze the model and put a change beside each matrix. Args: alpha: default: the rank, so a scale of 1.

    Returns: the new layers by the names that an adapter file uses (`l0.q`).
    """
    model.requires_grad_(False)
    added = {}
    for number, layer in enumerate(model.encoder.layer):
        for part, path in MODULES.items():
            place, _, name = path.rpartition(".")
            parent = layer.get_submodule(place)
            changed = LowRankLinear(getattr(parent, name), rank, alpha or rank)
            setattr(parent, name, changed)
            added[f"l{number}.{part}"] = changed
    return added


def take_up(layers: Mapping[str, LowRankLinear], adapter: Adapter) -> None:
    """Let the layers begin at what an adapter has learned. Raises: TrainingError when it is of another rank or model."""
    for name, layer in layers.items():
        a, b = adapter.pairs.get(f"{name}.w", (np.empty(0), np.empty(0)))
        if a.shape != layer.a.shape or b.shape != layer.b.shape:
            raise TrainingError("起点适配器的秩或模型与这次训练不符。", fix="用它训练时的 --rank，或不用 --start-from。")
        with torch.no_grad():
            layer.a.copy_(torch.from_numpy(a.astype(np.float32)))
            layer.b.copy_(torch.from_numpy(b.astype(np.float32)) / layer.scale)


def arrays_of(layers: Mapping[str, LowRankLinear]) -> Arrays:
    """What an adapter file stores: A, and B with the scale already in it."""
    arrays: Arrays = {}
    for name, layer in layers.items():
        arrays[f"{name}.A"] = layer.a.detach().numpy().copy()
        arrays[f"{name}.B"] = (layer.b.detach() * layer.scale).numpy()
    return arrays
