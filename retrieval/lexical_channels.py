"""The lexical channels: which passages each one looks at, and how it cuts them into terms."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retrieval.documents import Document, Role
from retrieval.lexical_index import Bag, ChannelView, HeldTerms, Mask, Postings, Vocabulary
from retrieval.places import place_finder
from retrieval.spelling import SpellingMender
from retrieval.text import matchable, normalise
from retrieval.tokenizer import WordSegmenter, character_terms, merge, word_terms

NAMES: frozenset[Role] = frozenset({"title", "question"})
CHANNELS = ("chars", "words")
PLACES = "places"  # kept like the terms of a channel, but not scored by BM25
KEPT = (*CHANNELS, PLACES)
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

    def __init__(self, segmenter: WordSegmenter, places: Callable[[str], Mapping[str, int]] | None = None) -> None:
        """Args: places: finds the places that a normalised text names."""
        self._segmenter = segmenter
        self._mender = SpellingMender(segmenter)
        self._analyzers: dict[str, Callable[[str], Mapping[str, int]]] = {
            "chars": character_terms,
            "words": lambda text: word_terms(segmenter, text),
            PLACES: places or place_finder({}),
        }
        self._vocabularies = {name: Vocabulary() for name in KEPT}

    def bags(self, document: Document) -> dict[str, Bag]:
        """The document's terms in each channel. One writer at a time."""
        # a text repeated in several passages (title within context) counts once
        joined = " ".join(dict.fromkeys(normalise(passage.text) for passage in document.passages))
        terms = {name: self._analyzers[name](joined) for name in KEPT}
        self._mender.learn(terms["words"])
        return {name: self._vocabularies[name].bag(terms[name]) for name in KEPT}

    def segment(self, bags: Sequence[Mapping[str, Bag]]) -> dict[str, Postings]:
        return {name: Postings([b[name] for b in bags], len(self._vocabularies[name])) for name in KEPT}

    def views(self, segments: Sequence[tuple[Mapping[str, Postings], Mask]]) -> dict[str, ChannelView]:
        """Each channel over all segments, ready to be scored. Args: segments: postings by channel, living slots."""
        return {
            name: ChannelView(self._vocabularies[name], [(postings[name], alive) for postings, alive in segments])
            for name in KEPT
        }

    def words(self, query: QueryText, views: Mapping[str, ChannelView]) -> "QueryWords":
        words = [w for w in dict.fromkeys(self._segmenter.cut(matchable(query.subject or query.understood))) if w.strip()]
        # a word that nothing contains counts like one of a single entry
        weights = np.array([views["words"].idf(word, least=1) for word in words], dtype=np.float64)
        return QueryWords(tuple(tuple(character_terms(word)) for word in words), weights / (weights.sum() or 1.0))

    def mend(self, normalised: str, views: Mapping[str, ChannelView]) -> str:
        """The text with misspelt words written as the knowledge writes them."""
        return self._mender.mend(normalised, views["words"], views["chars"])

    def terms(self, channel: str, query: QueryText, single_characters: float = 1.0) -> dict[str, float]:
        """What the query asks a channel for: term → weight in 0..1.

        Args: single_characters: weight of a Han character on its own; in long texts nearly every document has them.
        """
        analyze = self._analyzers[channel]
        terms = merge([(analyze(query.subject or query.understood), 1.0)]
                      + [(analyze(word), OFFICIAL_WORD_WEIGHT) for word in query.official])  # fmt: skip
        if channel != "chars" or single_characters == 1.0:
            return terms
        weighed = {t: w * (single_characters if len(t) == 1 and not t.isascii() else 1.0) for t, w in terms.items()}
        return {term: weight for term, weight in weighed.items() if weight}

    def places_apart(self, query: QueryText, views: Mapping[str, ChannelView], held: HeldTerms) -> npt.NDArray[np.float64]:
        """-1 for documents that name places, none of them in the query, which names others; else 0. Args: held: of PLACES."""
        result = np.zeros(held.documents)
        asked = tuple(sorted(self._analyzers[PLACES](query.understood)))
        if asked:
            ids = views[PLACES].ids(asked)
            named = np.bincount(held.owners, minlength=held.documents) > 0
            shared = np.bincount(held.owners, np.isin(held.ids, ids), held.documents) > 0
            result[named & ~shared] = -1.0
        return result

    def character_terms(self, query: QueryText) -> Mapping[str, int]:
        return self._analyzers["chars"](query.understood)
