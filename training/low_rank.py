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

Arrays = dict[str, npt.NDArray[np.float32]]


class LowRankLinear(nn.Module):
    """A frozen linear layer and its trainable change."""

    def __init__(self, linear: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.linear = linear
        self.a = nn.Parameter(torch.randn(rank, linear.in_features) / math.sqrt(linear.in_features))
        self.b = nn.Parameter(torch.zeros(linear.out_features, rank))
        self.scale = alpha / rank

    def begin_with(self, a: npt.NDArray[np.float16], b: npt.NDArray[np.float16]) -> None:
        """Take up a change as an adapter file stores it, with the scale in B."""
        with torch.no_grad():
            self.a.copy_(torch.from_numpy(a.astype(np.float32)))
            self.b.copy_(torch.from_numpy(b.astype(np.float32)) / self.scale)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x) + (x @ self.a.T) @ self.b.T * self.scale


def add_low_rank(
    model: BertModel, rank: int, alpha: float | None = None, start: Adapter | None = None
) -> dict[str, LowRankLinear]:
    """Freeze the model and put a change beside each matrix.

    Args: alpha: default: the rank, so a scale of 1. start: changes to begin with, of whatever rank they have.

    Returns: the new layers by the names that an adapter file uses (`l0.q`).
    """
    model.requires_grad_(False)
    added = {}
    for number, layer in enumerate(model.encoder.layer):
        for part, path in MODULES.items():
            place, _, name = path.rpartition(".")
            parent = layer.get_submodule(place)
            begun = start.pairs.get(f"l{number}.{part}.w") if start else None
            own_rank = begun[0].shape[0] if begun else rank
            changed = LowRankLinear(getattr(parent, name), own_rank, alpha or own_rank)
            if begun:
                changed.begin_with(*begun)
            setattr(parent, name, changed)
            added[f"l{number}.{part}"] = changed
    return added


def arrays_of(layers: Mapping[str, LowRankLinear]) -> Arrays:
    """What an adapter file stores: A, and B with the scale already in it."""
    arrays: Arrays = {}
    for name, layer in layers.items():
        arrays[f"{name}.A"] = layer.a.detach().numpy().copy()
        arrays[f"{name}.B"] = (layer.b.detach() * layer.scale).numpy()
    return arrays
