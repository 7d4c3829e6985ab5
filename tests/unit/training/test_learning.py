"""Light training on made-up letters helps with letters it has not seen, is the same each time, and leaves the rest alone."""

import json
from functools import lru_cache
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from rich.console import Console

from retrieval.associations import Associations
from retrieval.errors import RetrievalError
from retrieval.evaluation import run, summarise
from retrieval.fusion import BUILTIN_WEIGHTS, Fusion
from retrieval.lexicon import Lexicon
from retrieval.pairs import Pair, hashes_of, private_documents, questions_of, unseen
from retrieval.places import place_finder
from retrieval.query_adapter import QueryAdapter
from retrieval.ranking import Ranking
from retrieval.searcher import Searcher
from retrieval.tokenizer import WordSegmenter
from tests.fixtures.bigram_encoder import BigramHashEncoder
from training.errors import TrainingDataError
from training.pairs import PairsPlan, Trained, prepare, train
from training.progress import Steps
from training.query_adaptation import AdapterPlan, train_adapter

ENCODER = BigramHashEncoder(128)
# citizens and departments use other words for the same: only pairs can tell
MATTERS = {
    "路灯不亮": "照明设施", "下水道堵了": "排水管网", "工地太吵": "施工噪声", "公交太少": "客运班线", "垃圾没人收": "环卫清运",
    "学位不够": "义务教育入学", "狗咬人": "犬只管理", "停车难": "泊位供给", "水压太低": "二次供水", "没信号": "通信基站",
    "占道摆摊": "市容秩序", "房产证办不下": "不动产登记",
}  # fmt: skip
PLACES = ["东山", "西河", "南桥", "北湖", "中塘", "大坪", "小溪", "青田", "白马", "石门", "龙泉", "金鸡"]


def letters(places: list[str]) -> list[Pair]:
    return [
        Pair(f"{place}{said}", f"我住{place}，{said}，请尽快处理。",
             f"您好，来信收悉。关于{place}的{official}问题，经核查，我单位已经列入计划，将按照规定的时限和标准组织实施，完成以后向社会公布，感谢您的监督。")
        for place in places
        for said, official in MATTERS.items()
    ]  # fmt: skip


@lru_cache(maxsize=1)
def segmenter(_terms: frozenset[str]) -> WordSegmenter:
    return WordSegmenter()


def searcher() -> Searcher:
    with patch("retrieval.searcher.WordSegmenter", segmenter):
        return Searcher(ENCODER, Fusion.load(), Lexicon(), place_finder({}))


def quiet() -> Steps:
    return Steps(Console(quiet=True))


@lru_cache(maxsize=1)
def trained() -> Trained:
    plan = PairsPlan(adapter=AdapterPlan(steps=60, learning_rate=3e-3))
    return train(prepare(letters(PLACES[:8]), ENCODER, quiet()), plan, searcher, quiet())


def ranking_of(result: Trained, folder: Path) -> Ranking:
    file = folder / "weights.json"
    file.write_text(json.dumps(result.weights))
    return Ranking(Fusion.load(file), QueryAdapter.identity(ENCODER.dimension), result.adapter, result.associations)


def recall(pairs: list[Pair], ranking: Ranking | None) -> float:
    found = searcher()
    documents, keys = private_documents(pairs, ENCODER)
    found.apply(documents, (), 1)
    if ranking:
        found.use(ranking)
    outcomes = run(found, list(questions_of(pairs, "subject")), lambda ids: {i: keys[i] for i in ids})
    return summarise(outcomes).recall_1 or 0.0


def test_letters_that_were_never_seen_find_their_replies_better(tmp_path: Path) -> None:
    strangers = letters(PLACES[8:])
    before = recall(strangers, None)
    after = recall(strangers, ranking_of(trained(), tmp_path))
    assert after > before + 0.1


def test_training_again_gives_the_same(tmp_path: Path) -> None:
    again = train(
        prepare(letters(PLACES[:8]), ENCODER, quiet()),
        PairsPlan(adapter=AdapterPlan(steps=60, learning_rate=3e-3)),
        searcher,
        quiet(),
    )
    assert again.weights == trained().weights
    assert again.adapter.hash == trained().adapter.hash


def test_what_concerns_entries_with_names_stays_as_it_is() -> None:
    assert trained().weights["named"] == json.loads(BUILTIN_WEIGHTS.read_text())["named"]


def test_associations_come_back_from_a_file(tmp_path: Path) -> None:
    learned = trained().associations
    assert learned is not None
    learned.write(tmp_path / "associations.npz")
    again = Associations.read(tmp_path / "associations.npz")
    assert again.told == learned.told
    assert np.allclose(again.expected({"路", "灯"}), learned.expected({"路", "灯"}), atol=0.01)
    (tmp_path / "associations.npz").write_bytes(b"PK nothing")
    with pytest.raises(RetrievalError, match=r"associations\.npz"):
        Associations.read(tmp_path / "associations.npz")


def test_too_few_letters_are_refused() -> None:
    with pytest.raises(TrainingDataError, match="12"):
        prepare(letters(PLACES[:1]), ENCODER, quiet())


def test_without_a_reason_to_change_the_adapter_stays_near_the_identity() -> None:
    rows = np.eye(16, dtype=np.float32)
    adapter = train_adapter(rows, list(range(16)), rows, np.arange(16), AdapterPlan(steps=30, rank=16, pull=1.0))
    assert np.allclose(adapter(rows) @ rows.T, np.eye(16), atol=0.2)


def test_rows_whose_text_was_trained_on_are_dropped() -> None:
    known = set().union(*map(hashes_of, letters(PLACES[:1])))
    other = Pair("东山 路灯不亮！", "没有别的话", "另一个足够长的回复" * 8)
    acknowledged = Pair("西河停车难", "新的来信", "您好，来信收悉。")
    assert unseen([other, acknowledged], known) == [acknowledged]


def test_a_question_about_one_county_is_kept_from_the_letters_of_another() -> None:
    found = place_finder({"东山县": "350626", "东山": "350626"})
    assert found("a3区和k市的事，东山的也问") == {"a3": 1, "k": 1, "350626": 1}
    assert found("a4纸、b超、维c") == {}
