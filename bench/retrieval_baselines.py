"""How word matching alone and an untrained encoder alone do on a question file, beside the retrieval in use.

    python -m bench.retrieval_baselines bench/questions/service_items_fresh.jsonl --trained training/questions/service_items*.jsonl

Over the published entries of this instance. `words`: BM25 over jieba words (jieba's own dictionary, no lexicon, no mending) of all
passages of an entry. `plain e5`: best cosine of title, question or context, encoder without adapter; it is made in the build cache
when missing. `served`: what `wenzheng evaluate` measures. With --trained, questions are told apart by whether one of their entries
has a training question.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bot.dialogue_encoder import prepare_dialogue_encoder
from bot.services import build_services
from knowledge_base.feed import LiveDocument
from retrieval.evaluation import DEPTH, Question, read_questions
from retrieval.lexical_index import ChannelView, Postings, Vocabulary
from retrieval.parallel_encoder import ParallelEncoder
from retrieval.text import normalise
from retrieval.tokenizer import WordSegmenter, word_terms
from settings import Settings, load_settings

NAMING_ROLES = ("title", "question", "context")
CUTS = (1, 3, 10)
RESAMPLES = 4000
Ranker = Callable[[str], Sequence[int]]  # question → entry ids, best first


def by_words(documents: Sequence[LiveDocument]) -> Ranker:
    segmenter, vocabulary = WordSegmenter(), Vocabulary()
    texts = [" ".join(dict.fromkeys(normalise(text) for _, text in d.passages)) for d in documents]
    postings = Postings([vocabulary.bag(word_terms(segmenter, text)) for text in texts], len(vocabulary))
    view = ChannelView(vocabulary, [(postings, np.ones(len(documents), np.bool_))])

    def rank(question: str) -> Sequence[int]:
        scores = view.bm25(view.weigh(dict.fromkeys(word_terms(segmenter, normalise(question)), 1.0)), 0)
        return [documents[i].entry_id for i in np.argsort(-scores, kind="stable")[:DEPTH] if scores[i] > 0]

    return rank


def by_plain_encoder(settings: Settings, documents: Sequence[LiveDocument]) -> Ranker:
    encoder = ParallelEncoder(prepare_dialogue_encoder(settings, print))  # the built-in model without the adapter
    named = [(i, text) for i, d in enumerate(documents) for role, text in d.passages if role in NAMING_ROLES]
    vectors = encoder.encode_passages([text for _, text in named])
    owners = np.array([i for i, _ in named])

    def rank(question: str) -> Sequence[int]:
        best = np.full(len(documents), -1.0, np.float32)
        np.maximum.at(best, owners, vectors @ encoder.encode_queries([normalise(question)])[0])
        return [documents[i].entry_id for i in np.argsort(-best, kind="stable")[:DEPTH]]

    return rank


def ranks(ranker: Ranker, questions: Sequence[Question], names: Mapping[int, str]) -> npt.NDArray[np.float64]:
    """Rank of the first right entry of each question; infinite when it is not found."""
    found = []
    for question in questions:
        right = (i for i, entry in enumerate(ranker(question.text), 1) if names[entry] in question.gold)
        found.append(float(next(right, np.inf)))
    return np.array(found)


def recall_with_interval(found: npt.NDArray[np.float64], cut: int) -> str:
    """Share found within `cut`, with the 95 % interval of a bootstrap over the questions."""
    drawn = found[np.random.default_rng(0).integers(0, len(found), (RESAMPLES, len(found)))]
    low, high = np.quantile((drawn <= cut).mean(axis=1), (0.025, 0.975))
    return f"{(found <= cut).mean():.3f} ({low:.3f}–{high:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--trained", type=Path, nargs="*", default=[], help="training questions, to tell their entries apart")
    options = parser.parse_args()
    settings = load_settings()
    services = build_services(settings)
    documents = list(services.feed.live_documents(None))
    names = {d.entry_id: d.content.external_id or str(d.entry_id) for d in documents}
    questions = [q for q in read_questions(options.questions) if q.gold]
    services.index.load()
    searcher = services.index.searcher
    methods: dict[str, Ranker] = {
        "words": by_words(documents),
        "plain e5": by_plain_encoder(settings, documents),
        "served": lambda question: [hit.doc_id for hit in searcher.search(question, DEPTH).hits],
    }
    trained = {gold for file in options.trained for q in read_questions(file) for gold in q.gold}
    has_training = np.array([bool(trained & set(q.gold)) for q in questions])
    styles = np.array([q.style for q in questions])
    parts = {"all": np.ones(len(questions), np.bool_)}
    if options.trained:
        parts |= {"entry has training questions": has_training, "entry has none": ~has_training}
    parts |= {style: styles == style for style in dict.fromkeys(styles)}
    print(f"{len(documents)} entries, {len(questions)} questions")
    for method, ranker in methods.items():
        found = ranks(ranker, questions, names)
        for part, chosen in parts.items():
            if chosen.any():
                row = "  ".join(f"@{cut} {recall_with_interval(found[chosen], cut)}" for cut in CUTS)
                print(f"{method:9} {part:30} {chosen.sum():4}  {row}")
    services.stop()


if __name__ == "__main__":
    main()
