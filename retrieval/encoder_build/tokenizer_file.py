"""Writes the XLM-R unigram tokenizer, its vocabulary kept to what Chinese text needs, as a `tokenizers` JSON file."""

import unicodedata
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram

from retrieval.encoder_build.e5_weights import E5Weights

METASPACE = "▁"
_KEPT_SCRIPTS = ("CJK", "FULLWIDTH", "IDEOGRAPHIC", "ROMAN NUMERAL", "CIRCLED")


def kept_pieces(weights: E5Weights) -> list[int]:
    """Ids of the pieces made of Han, ASCII, digits, punctuation and full-width characters only, special pieces first."""
    special = [weights.bos, weights.pad, weights.eos, weights.unk]
    seen = set(special)
    return special + [i for i, piece in enumerate(weights.pieces) if i not in seen and all(map(_is_kept, piece))]


def _is_kept(character: str) -> bool:
    if character == METASPACE or character.isascii():
        return True
    if unicodedata.category(character)[0] in "PS":
        return True
    return unicodedata.name(character, "").startswith(_KEPT_SCRIPTS)


def write_tokenizer(weights: E5Weights, kept: list[int], file: Path) -> None:
    """The tokenizer whose ids are the positions in `kept`; adds `<s>` and `</s>`."""
    vocabulary = [(weights.pieces[i], float(weights.scores[i])) for i in kept]
    tokenizer = Tokenizer(Unigram(vocabulary, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=METASPACE, prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement=METASPACE, prepend_scheme="always")
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>"])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    tokenizer.save(str(file))
