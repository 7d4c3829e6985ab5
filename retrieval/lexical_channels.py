"""The lexical channels: which passages each one looks at, and how it cuts them into terms."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from retrieval.documents import Document, Role
from retrieval.lexical_index import Bag, LexicalScores, Mask, Postings, Vocabulary, score
from retrieval.text import normalise
from retrieval.tokenizer import WordSegmenter, character_terms, merge, sound_terms, word_terms

NAMES: frozenset[Role] = frozenset({"title", "question"})
EVERYTHING: frozenset[Role] = frozenset({"title", "question", "context", "body"})
CHANNELS = ("name_chars", "all_chars", "all_words", "name_sounds")
OFFICIAL_WORD_WEIGHT = 0.7  # of a word that the lexicon adds, against 1 of a word the user wrote


@dataclass(frozen=True)
class QueryText:
    """A query made ready: understood text, its subject (without phrases that carry none), official words meant by it."""

    understood: str
    subject: str
    official: tuple[str, ...]


class LexicalChannels:
    """Vocabularies and analyzers of all channels; shared by all segments of a searcher."""

    def __init__(self, segmenter: WordSegmenter) -> None:
        self._roles: dict[str, frozenset[Role]] = {
            "name_chars": NAMES, "all_chars": EVERYTHING, "all_words": EVERYTHING, "name_sounds": NAMES,
        }  # fmt: skip
        self._analyzers: dict[str, Callable[[str], Mapping[str, int]]] = {
            "name_chars": character_terms,
            "all_chars": character_terms,
            "all_words": lambda text: word_terms(segmenter, text),
            "name_sounds": sound_terms,
        }
        self._vocabularies = {name: Vocabulary() for name in CHANNELS}

    def bags(self, document: Document) -> dict[str, Bag]:
        """The document's terms in each channel. One writer at a time."""
        texts = [(p.role, normalise(p.text)) for p in document.passages]
        bags = {}
        for name in CHANNELS:
            # a text repeated in several passages (title within context) counts once
            joined = " ".join(dict.fromkeys(text for role, text in texts if role in self._roles[name]))
            bags[name] = self._vocabularies[name].bag(self._analyzers[name](joined))
        return bags

    def segment(self, bags: Sequence[Mapping[str, Bag]]) -> dict[str, Postings]:
        return {name: Postings([b[name] for b in bags], len(self._vocabularies[name])) for name in CHANNELS}

    def score(self, query: QueryText, segments: Sequence[tuple[Mapping[str, Postings], Mask]]) -> dict[str, LexicalScores]:
        """Scores of each channel over all segments."""
        scores = {}
        for name in CHANNELS:
            analyze = self._analyzers[name]
            terms = merge([(analyze(query.subject or query.understood), 1.0)]
                          + [(analyze(word), OFFICIAL_WORD_WEIGHT) for word in query.official])  # fmt: skip
            scores[name] = score(self._vocabularies[name], [(postings[name], alive) for postings, alive in segments], terms)
        return scores
