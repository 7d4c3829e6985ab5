"""The built-in encoder as a torch model: the weights of `retrieval.encoder_build`, for training and for the equality test.

The same matrices, the same tokenizer and the same pooling as in the ONNX graph; with an adapter its changes are merged.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from retrieval.encoder import TOKENIZER_FILE
from retrieval.encoder_build.adapter import Adapter, adapted, part_shapes
from retrieval.encoder_build.build import E5_PASSAGE_PROMPT, E5_QUERY_PROMPT
from retrieval.encoder_build.e5_weights import E5Weights, bundled_weight_file
from retrieval.encoder_build.tokenizer_file import kept_pieces, write_tokenizer

# our short names of the matrices of a layer, and BertModel's
MODULES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
_SPECIAL_TOKENS = {
    "bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>",
}  # fmt: skip
_NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


def bundled_weights(adapter: Adapter | None = None) -> E5Weights:
    """The weights that `make run` builds from. Raises: EncoderError when the package that carries them is missing."""
    return adapted(E5Weights.read(bundled_weight_file()), adapter)


def bert_model(weights: E5Weights, kept: Sequence[int] | None = None) -> BertModel:
    """A BertModel without pooler and dropout, in evaluation mode. Args: kept: as in `bert_graph`; default: `kept_pieces`."""
    kept = kept_pieces(weights) if kept is None else kept
    config = BertConfig(
        vocab_size=len(kept), hidden_size=weights.hidden, num_hidden_layers=weights.layers,
        num_attention_heads=weights.heads, intermediate_size=weights.feed_forward,
        max_position_embeddings=weights.positions, layer_norm_eps=weights.eps, type_vocab_size=2, pad_token_id=1,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict(_state(weights, kept, model), strict=True)
    return model.eval()


def _state(weights: E5Weights, kept: Sequence[int], model: BertModel) -> dict[str, torch.Tensor]:
    hidden = weights.hidden

    def tensor(values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.array(values, dtype=np.float32))

    # one segment only: both rows of the segment table are the first one
    segment = weights.vector("emb.type")[:hidden]
    state = {
        "embeddings.word_embeddings.weight": tensor(weights.matrix("emb.word", hidden, rows=kept, count=weights.vocabulary)),
        "embeddings.position_embeddings.weight": tensor(weights.vector("emb.pos").reshape(-1, hidden)),
        "embeddings.token_type_embeddings.weight": tensor(np.stack([segment, segment])),
        "embeddings.LayerNorm.weight": tensor(weights.vector("emb.ln.w")),
        "embeddings.LayerNorm.bias": tensor(weights.vector("emb.ln.b")),
    }
    shapes = part_shapes(weights)
    for layer in range(weights.layers):
        for part, module in MODULES.items():
            place = f"encoder.layer.{layer}.{module}"
            state[f"{place}.weight"] = tensor(weights.matrix(f"l{layer}.{part}.w", shapes[part][1]))
            state[f"{place}.bias"] = tensor(weights.vector(f"l{layer}.{part}.b"))
        for norm, module in _NORMS.items():
            place = f"encoder.layer.{layer}.{module}"
            state[f"{place}.weight"] = tensor(weights.vector(f"l{layer}.{norm}.w"))
            state[f"{place}.bias"] = tensor(weights.vector(f"l{layer}.{norm}.b"))
    buffers = {name: value for name, value in model.state_dict().items() if name not in dict(model.named_parameters())}
    return buffers | state


def tokenizer(weights: E5Weights) -> PreTrainedTokenizerFast:
    """The tokenizer of the encoder folder, as transformers wants it."""
    with tempfile.TemporaryDirectory(prefix="wenzheng-tokenizer-") as folder:
        file = Path(folder) / TOKENIZER_FILE
        write_tokenizer(weights, kept_pieces(weights), file)
        return PreTrainedTokenizerFast(
            tokenizer_file=str(file), model_max_length=weights.positions, padding_side="right",
            model_input_names=["input_ids", "attention_mask"], **_SPECIAL_TOKENS,
        )  # fmt: skip


def sentence_transformer(weights: E5Weights) -> SentenceTransformer:
    """Mean pooling and unit length, with e5's prompts under the names `query` and `passage`."""
    with tempfile.TemporaryDirectory(prefix="wenzheng-e5-") as folder:
        bert_model(weights).save_pretrained(folder)
        tokenizer(weights).save_pretrained(folder)
        transformer = Transformer(folder, max_seq_length=weights.positions)
    model = SentenceTransformer(
        modules=[transformer, Pooling(weights.hidden, "mean"), Normalize()],
        prompts={"query": E5_QUERY_PROMPT, "passage": E5_PASSAGE_PROMPT},
        device="cpu",
    )
    return model.eval()
