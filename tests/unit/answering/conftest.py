"""A small town's knowledge in a real store, the real encoder, the index following, the answerer on top."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from answering.answerer import Answer, Answerer, CaseView, Inquiry
from answering.knowledge_index import KnowledgeIndex
from answering.preparation import prepare_encoder
from database.engine import Database
from database.migrate import migrate
from knowledge_base.content import EntryContent, parse_content
from knowledge_base.entries import EntryStore
from knowledge_base.feed import ChangeFeed
from knowledge_base.vectors import VectorStore, VectorWriter
from knowledge_base.workflow import Actor
from retrieval.encoder import OnnxEncoder
from retrieval.fusion import Fusion
from retrieval.lexicon import Lexicon
from retrieval.searcher import Searcher
from retrieval.tokenizer import WordSegmenter
from settings import load_settings

ADMIN = Actor("管理员", "admin")
TODAY = date(2026, 3, 31)
PERMIT = {
    "kind": "service_item", "external_id": "SX-1", "title": "食品经营许可证核发", "answer": "到市政务服务大厅申请，符合条件的发证。",
    "similar_questions": ["开饭店要办什么证", "小吃店办食品许可证"], "authority": "示例市市场监督管理局",
    "facets": {
        "materials": ["食品经营许可证申请书", "营业执照复印件", "经营场所平面图"], "time_limit_promised": "5个工作日",
        "time_limit_statutory": "20个工作日", "place": "示例市政务服务大厅3号窗口", "phone": "0000-1234567",
        "conditions": ["具有与经营的食品相适应的场所"],
    },
}  # fmt: skip
TOWN: list[dict[str, object]] = [
    PERMIT,
    {"kind": "service_item", "external_id": "SX-2", "title": "企业设立登记", "answer": "可在网上申请登记，领取营业执照。", "similar_questions": ["怎么注册一家公司"],
     "authority": "示例市市场监督管理局", "facets": {"materials": ["公司登记申请书", "公司章程"], "fee": "免费"}},
    {"kind": "qa", "external_id": "QA-1", "title": "职工租房怎样提取住房公积金？", "answer": "租房职工每月可以提取一次。",
     "similar_questions": ["租房能取公积金吗"], "source": {"title": "示例市住房公积金提取办法", "document_number": "示公积金〔2025〕1号"},
     "effective_from": "2025-01-01", "effective_to": "2027-12-31"},
    {"kind": "qa", "external_id": "QA-2", "title": "机动车驾驶证到期怎么换证？", "answer": "有效期满前九十日内换证。"},
    {"kind": "interpretation", "external_id": "JD-1", "title": "稳岗返还政策解读", "answer": "不裁员或者少裁员的企业可以按规定返还失业保险费。",
     "source": {"issuer": "示例市人力资源和社会保障局", "title": "关于落实失业保险稳岗返还政策的通知"}},
    {"kind": "interpretation", "external_id": "JD-2", "title": "高新技术企业认定奖励政策解读", "answer": "首次认定的高新技术企业奖励20万元。"},
    {"kind": "qa", "external_id": "QA-3", "title": "新生儿怎样参加城乡居民医疗保险？", "answer": "出生九十日内由监护人办理。"},
    {"kind": "service_item", "external_id": "SX-3", "title": "建筑工程施工许可证核发", "answer": "开工前申请施工许可。"},
    {"kind": "notice", "external_id": "TZ-1", "title": "端午节放假期间办事大厅开放安排", "answer": "端午节当日不对外办公。"},
]  # fmt: skip


class RememberingEncoder:
    """The real encoder; a text already seen in this test run is not computed again."""

    def __init__(self, encoder: OnnxEncoder) -> None:
        self._encoder = encoder
        self.hash, self.dimension = encoder.hash, encoder.dimension
        self._known: dict[tuple[str, str], np.ndarray] = {}

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        return self._remembered("query", texts, self._encoder.encode_queries)

    def encode_passages(
        self, texts: Sequence[str], batch_size: int = 32, progress: Callable[[int], None] | None = None
    ) -> np.ndarray:
        return self._remembered("passage", texts, self._encoder.encode_passages)

    def _remembered(self, side: str, texts: Sequence[str], encode: Callable[[list[str]], np.ndarray]) -> np.ndarray:
        missing = [t for t in dict.fromkeys(texts) if (side, t) not in self._known]
        if missing:
            self._known.update({(side, t): row for t, row in zip(missing, encode(missing), strict=True)})
        return np.stack([self._known[side, t] for t in texts])


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> RememberingEncoder:
    folder = prepare_encoder(load_settings(data_dir=tmp_path_factory.mktemp("data")))
    return RememberingEncoder(OnnxEncoder(folder))


@lru_cache(maxsize=1)
def _segmenter(terms: frozenset[str]) -> WordSegmenter:
    return WordSegmenter(terms)


@lru_cache(maxsize=1)
def _lexicon() -> Lexicon:
    return Lexicon.load()


@dataclass
class Town:
    """The parts under test, and a citizen's way of asking."""

    database: Database
    encoder: RememberingEncoder
    today: date = TODAY
    ids: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.vectors = VectorStore(self.database)
        self.writer = VectorWriter(self.vectors, self.encoder)
        self.store = EntryStore(self.database, self.writer)
        self.feed = ChangeFeed(self.database)
        self.index = self.new_index()
        self.answerer = Answerer(self.index, self.store)

    def new_index(self) -> KnowledgeIndex:
        # a jieba dictionary takes a second to load and never changes
        with patch("retrieval.searcher.WordSegmenter", _segmenter):
            searcher = Searcher(self.encoder, Fusion.load(), _lexicon())
        return KnowledgeIndex(self.feed, self.vectors, self.writer, searcher)

    def publish(self, **content: object) -> int:
        entry = self.store.create(parse_content(content), ADMIN)
        return self.store.publish(entry.entry_id, ADMIN).entry_id

    def settle(self) -> None:
        for content in TOWN:
            self.ids[str(content["external_id"])] = self.publish(**content)
        self.index.load()

    def ask(self, text: str, case: CaseView | None = None, intent: str | None = None) -> Answer:
        return self.answerer.answer(Inquiry(text, intent, case or CaseView(), self.today))

    def case(self, external_id: str) -> CaseView:
        return CaseView(entry_id=self.ids[external_id])


def content_of(**fields: object) -> EntryContent:
    return parse_content({"kind": "qa", "title": "标题", "answer": "答复。", **fields})


@pytest.fixture
def empty_town(tmp_path: Path, encoder: RememberingEncoder) -> Iterator[Town]:
    database = Database(f"sqlite:///{tmp_path / 'town.db'}")
    migrate(database)
    town = Town(database, encoder)
    yield town
    town.index.stop()
    database.dispose()


@pytest.fixture
def town(empty_town: Town) -> Town:
    empty_town.settle()
    return empty_town
