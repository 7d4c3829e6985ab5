"""The lexical channels: which passages each one looks at, and how it cuts them into terms."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retrieval.documents import Document, Role
from retrieval.lexical_index import Bag, ChannelView, HeldTerms, Mask, Postings, Vocabulary
from retrieval.spelling import SpellingMender
from retrieval.text import matchable, normalise
from retrieval.tokenizer import WordSegmenter, character_terms, merge, word_terms

NAMES: frozenset[Role] = frozenset({"title", "question"})
CHANNELS = ("chars", "words")
OFFICIAL_WORD_WEIGHT = 0.7  # of a word that the lexicon adds, against 1 of a word the user wrote


@dataclass(frozen=True)
class QueryText:
    """A query made ready: understood text, its subject (without phrases that carry none), official words meant by it."""

    understood: str
    subject: str
    official: tuple[str, ...]


@dataclass(frozen=True)
class QueryWords:
    """The words that a query is made of. Attributes: terms: characters and pairs of each; shares: of the idf mass (words,)."""

    terms: tuple[tuple[str, ...], ...]
    shares: npt.NDArray[np.float64]

    def missing(self, characters: ChannelView, held: HeldTerms) -> npt.NDArray[np.float64]:
        """Share of the idf mass of the words that each document does not contain, however it is cut: (documents,).

        Args: held: what the documents have in the channel of characters.
        """
        if not self.terms:
            return np.ones(held.documents)
        return np.asarray(~characters.contained(self.terms, held) @ self.shares)


class LexicalChannels:
    """Vocabularies and analyzers of all channels; shared by all segments of a searcher."""

    def __init__(self, segmenter: WordSegmenter) -> None:
        self._segmenter = segmenter
        self._mender = SpellingMender(segmenter)
        self._analyzers: dict[str, Callable[[str], Mapping[str, int]]] = {
            "chars": character_terms,
            "words": lambda text: word_terms(segmenter, text),
        }
        self._vocabularies = {name: Vocabulary() for name in CHANNELS}

    def bags(self, document: Document) -> dict[str, Bag]:
        """The document's terms in each channel. One writer at a time."""
        # a text repeated in several passages (title within context) counts once
        joined = " ".join(dict.fromkeys(normalise(passage.text) for passage in document.passages))
        terms = {name: self._analyzers[name](joined) for name in CHANNELS}
        self._mender.learn(terms["words"])
        return {name: self._vocabularies[name].bag(terms[name]) for name in CHANNELS}

    def segment(self, bags: Sequence[Mapping[str, Bag]]) -> dict[str, Postings]:
        return {name: Postings([b[name] for b in bags], len(self._vocabularies[name])) for name in CHANNELS}

    def views(self, segments: Sequence[tuple[Mapping[str, Postings], Mask]]) -> dict[str, ChannelView]:
        """Each channel over all segments, ready to be scored. Args: segments: postings by channel, living slots."""
        return {
            name: ChannelView(self._vocabularies[name], [(postings[name], alive) for postings, alive in segments])
            for name in CHANNELS
        }

    def words(self, query: QueryText, views: Mapping[str, ChannelView]) -> "QueryWords":
        words = [w for w in dict.fromkeys(self._segmenter.cut(matchable(query.subject or query.understood))) if w.strip()]
        # a word that nothing contains counts like one of a single entry
        weights = np.array([views["words"].idf(word, least=1) for word in words], dtype=np.float64)
        return QueryWords(tuple(tuple(character_terms(word)) for word in words), weights / (weights.sum() or 1.0))

    def mend(self, normalised: str, views: Mapping[str, ChannelView]) -> str:
        """The text with misspelt words written as the knowledge writes them."""
        return self._mender.mend(normalised, views["words"], views["chars"])

    def terms(self, channel: str, query: QueryText) -> dict[str, float]:
        """What the query asks a channel for: term → weight in 0..1."""
        analyze = self._analyzers[channel]
        return merge([(analyze(query.subject or query.understood), 1.0)]
                     + [(analyze(word), OFFICIAL_WORD_WEIGHT) for word in query.official])  # fmt: skip
