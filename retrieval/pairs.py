"""Question–reply pairs measured over a private index of reply texts only, as an answer bank is searched before anybody wrote titles.

Procedure: every distinct normalised reply is one document. A reply under 40 Han characters is a distractor, never a question.
Any reply with the same normalised text counts as right.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from retrieval.documents import Document, Passage
from retrieval.encoder import Encoder
from retrieval.errors import EvaluationFileError
from retrieval.evaluation import Question, read_jsonl
from retrieval.text import HAN, matchable, normalise

LEAST_HAN = 40
PASSAGE_LENGTH = 240
MOST_PASSAGES = 6
ENCODED_AT_ONCE = 8  # see knowledge_base.vectors: less processor time a passage than larger batches
_SENTENCE = re.compile(r"[^。！？；!?;\n]*[。！？；!?;\n]?")


@dataclass(frozen=True)
class Pair:
    subject: str
    message: str
    reply: str

    @property
    def key(self) -> str:
        """Names the reply's normalised text."""
        return hashlib.sha256(matchable(normalise(self.reply)).encode()).hexdigest()[:16]

    @property
    def is_question(self) -> bool:
        return len(HAN.findall(self.reply)) >= LEAST_HAN


def read_pairs(file: Path) -> list[Pair]:
    """Lines with `subject`, `message`, `reply`. Raises: EvaluationFileError naming line and field."""
    pairs = []
    for number, row in read_jsonl(file):
        values = [row.get(name) for name in ("subject", "message", "reply")]
        for name, value in zip(("subject", "reply"), (values[0], values[2]), strict=True):
            if not isinstance(value, str) or not value.strip():
                raise EvaluationFileError(f"{file.name} 第 {number} 行缺少 {name}。", fix="每行要有 subject、message、reply。")
        pairs.append(Pair(str(values[0]), str(values[1] or ""), str(values[2])))
    return pairs


def text_hash(text: str) -> str:
    """Names a text whatever its width, case, spaces and punctuation."""
    return hashlib.sha256(matchable(normalise(text)).replace(" ", "").encode()).hexdigest()


def hashes_of(pair: Pair) -> set[str]:
    """Of its texts; a reply that is only an acknowledgement is no text of its own."""
    return {text_hash(t) for t in (pair.subject, pair.message, *([pair.reply] if pair.is_question else [])) if t.strip()}


def unseen(pairs: Sequence[Pair], known: Collection[str]) -> list[Pair]:
    """Those of which no text is among the `known` hashes."""
    return [pair for pair in pairs if hashes_of(pair).isdisjoint(known)]


def private_documents(
    pairs: Sequence[Pair],
    encoder: Encoder,
    progress: Callable[[int], None] = lambda _done: None,
    most_passages: int = MOST_PASSAGES,
) -> tuple[list[Document], dict[int, str]]:
    """One document a distinct reply, made of its text only; and the key of each document id.

    Args: progress: called with the number of passages embedded, of `passage_count`.
    """
    replies = _distinct_replies(pairs)
    cut = [tuple(passages_of_reply(reply)[:most_passages]) for reply in replies.values()]
    flat = [text for texts in cut for text in texts]
    vectors = encoder.encode_passages(flat, ENCODED_AT_ONCE, progress)
    documents, row = [], 0
    for doc_id, texts in enumerate(cut):
        passages = tuple(Passage("body", text) for text in texts)
        documents.append(Document(doc_id, passages, vectors[row : row + len(texts)]))
        row += len(texts)
    return documents, dict(enumerate(replies))


def passage_count(pairs: Sequence[Pair], most_passages: int = MOST_PASSAGES) -> int:
    """How many passages `private_documents` embeds."""
    return sum(len(passages_of_reply(reply)[:most_passages]) for reply in _distinct_replies(pairs).values())


def _distinct_replies(pairs: Sequence[Pair]) -> dict[str, str]:
    """Key → the first reply of that text."""
    return {pair.key: pair.reply for pair in reversed(pairs)}


def questions_of(pairs: Sequence[Pair], part: str) -> Iterator[Question]:
    """Args: part: "subject" or "message", the side that asks."""
    for pair in pairs:
        text = getattr(pair, part)
        if pair.is_question and text.strip():
            yield Question(text, (pair.key,), f"{part}→reply")


def passages_of_reply(reply: str) -> list[str]:
    """Stretches of whole sentences, at most `PASSAGE_LENGTH` characters each; the first `MOST_PASSAGES` of them."""
    stretches, current = [], ""
    for sentence in _SENTENCE.findall(" ".join(reply.split())):
        while sentence:
            piece, sentence = sentence[:PASSAGE_LENGTH], sentence[PASSAGE_LENGTH:]
            if current and len(current) + len(piece) > PASSAGE_LENGTH:
                stretches.append(current)
                current = ""
            current += piece
    stretches.append(current)
    return [s for s in stretches if s.strip()][:MOST_PASSAGES] or [reply[:PASSAGE_LENGTH]]
