"""What staff called wrong is learnt from: the query adapter moves away, the fusion puts it lower, the probabilities hear of it."""

from dataclasses import replace

import numpy as np
import pytest

from retrieval.documents import Document, Passage
from retrieval.fusion import FEATURES, Fusion
from retrieval.lexicon import Lexicon
from retrieval.places import place_finder
from retrieval.ranking import Ranking
from retrieval.searcher import Candidates, Searcher
from tests.fixtures.bigram_encoder import BigramHashEncoder
from tests.unit.training.test_learning import quiet
from training.light import Judged, LightPlan, LightTrainer, Question, Shares, rank_of, weights_near
from training.query_adaptation import AdapterPlan, train_adapter
from training.rows import ENTRY, NOT_ENTRY, Row, assemble
from training.sources import Entries
from training.store_run import _questions

ENCODER = BigramHashEncoder(64)


def test_the_adapter_moves_a_query_away_from_what_is_wrong() -> None:
    random = np.random.default_rng(0)
    documents = random.standard_normal((12, 32)).astype(np.float32)
    documents /= np.linalg.norm(documents, axis=1, keepdims=True)
    asked = documents[:1] + 0.4 * documents[1:2]
    asked /= np.linalg.norm(asked)
    plan = AdapterPlan(steps=60, rank=32, dropout=0.0)
    adapter = train_adapter(asked, [0], documents, np.arange(12), plan, right=[False])
    before, after = asked @ documents.T, adapter(asked) @ documents.T
    assert before.argmax() == 0
    assert after.argmax() != 0
    assert after[0, 0] < before[0, 0] - 0.2


def example(features: list[list[float]], right: list[bool], wrong: list[bool]) -> Judged:
    table = np.zeros((len(features), len(FEATURES)))
    table[:, :2] = features
    ids = np.arange(len(features))
    filled = {name: np.zeros(len(features)) for name in Candidates.__dataclass_fields__}
    candidates = Candidates(**{**filled, "doc_ids": ids, "features": table})
    return Judged(candidates, np.array(right), 0, wrong=np.array(wrong))


def test_the_fusion_puts_lower_what_is_wrong_and_says_nothing_of_the_others() -> None:
    served = np.zeros(len(FEATURES))
    served[:2] = (1.0, 0.5)
    examples = [example([[1.0, 0.0], [0.0, 1.0]], [False, False], [True, False])] * 20
    assert rank_of(examples[0], served, examples[0].wrong) == 1
    fitted = weights_near(served, examples, pull=1.0)
    assert rank_of(examples[0], fitted, examples[0].wrong) == 2
    assert np.allclose(weights_near(served, [example([[1.0, 0.0]], [False], [False])], pull=1.0), served)


def test_marks_on_one_question_are_one_question() -> None:
    def row(kind: str, label: str, origin: str) -> Row:
        return Row("走失的狗找谁", kind, label, "agent_choice" if kind == ENTRY else "agent_wrong", origin, "conversation")

    class Named(Entries):
        names = {7: "养犬", 8: "走失"}  # noqa: RUF012

    rows = [row(ENTRY, "走失", "suggestion_marks:2"), row(NOT_ENTRY, "养犬", "suggestion_marks:1")]
    made = [q for q in _questions(assemble(rows), rows, Named({})) if q.part == "own"]
    assert made == [Question("走失的狗找谁", frozenset({8}), "conversation", wrong=frozenset({7}))]


def test_questions_of_which_only_a_wrong_entry_is_known_count() -> None:
    things = [f"{a}{b}许可" for a in "烟花取水采矿" for b in "甲乙丙丁戊"]
    vectors = ENCODER.encode_passages(things)
    searcher = Searcher(ENCODER, Fusion.load(), Lexicon(), place_finder({}))
    searcher.apply([Document(i, (Passage("title", t),), vectors[i : i + 1], None, None, {}) for i, t in enumerate(things)], (), 1)
    questions = [Question(f"{t}怎么办", frozenset({i}), t) for i, t in enumerate(things)] * 2
    questions += [Question(f"{t}丢了", frozenset(), f"丢{t}", wrong=frozenset({i})) for i, t in enumerate(things)]
    served = Ranking.untrained(Fusion.load(), ENCODER.dimension)
    plan = LightPlan(adapter=AdapterPlan(steps=20, rank=16))
    trainer = LightTrainer(searcher, ENCODER, served, {"named": {}}, plan, quiet())
    assert trainer.shares(questions) is not None
    light = trainer.train(questions, before=Shares(0.5, 0.9))
    told, named = light.figures, light.weights["named"]
    assert {"calibration", "background_cosine", "offer_threshold"} <= named.keys()
    assert 0 < named["offer_threshold"] < 1
    assert (told["questions"], told["wrong"]) == (len(things) * 2, len(things))
    assert {"own_wrong_first", "own_score"} <= told["strengths"]["1"].keys()
    new = replace(
        served.fusion.named, weights=np.array(list(named["weights"].values())), calibration=np.array(list(named["calibration"].values())),
        background_cosine=named["background_cosine"], offer_threshold=named["offer_threshold"],
    )  # fmt: skip
    ranking = Ranking(replace(served.fusion, named=new), light.adapter, served.bare)
    after = LightTrainer(searcher, ENCODER, ranking, {"named": {}}, plan, quiet()).shares(questions)
    assert after.answered == pytest.approx(0.5, abs=0.1)  # as many as before are answered and get entries offered
    assert after.offered == pytest.approx(0.9, abs=0.1)
