"""How long one query takes, on made-up documents: real Chinese words, random vectors near unit length."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from retrieval.documents import Document, Passage, Role
from retrieval.encoder import Encoder
from retrieval.searcher import Searcher

SUBJECTS = [
    "企业设立登记",
    "食品经营许可",
    "建设工程规划",
    "职工医疗保险",
    "高新技术企业认定",
    "机动车驾驶证换证",
    "公证委托书",
    "取水许可",
    "林木采伐",
    "演出场所备案",
    "劳务派遣",
    "排污许可",
]
ACTIONS = ["申请", "变更", "注销", "延续", "补办", "年检", "查询", "备案", "审批", "认定", "奖励", "补贴"]
PLACES = ["市本级", "开发区", "示例区", "样板县", "保税区", "高新区", "南城街道", "北城街道"]
ROLES: tuple[Role, ...] = ("title", "question", "context", "body")
QUESTIONS = (
    "开公司要准备什么材料",
    "驾照快到期了在哪里换",
    "请问食品经营许可证变更地址需要多少个工作日才能办好",
    "招了两个应届生有没有补贴",
    "去哪里办",
)
CHANGES = 20


@dataclass(frozen=True)
class Figures:
    """`rows`: part → (p50, p95) in milliseconds."""

    passages: int
    rows: dict[str, tuple[float, float]]


def measure(encoder: Encoder, searcher: Searcher, entries: int, queries: int, report: Callable[[str], None]) -> Figures:
    """Fill `searcher` with `entries` documents of four passages; time `queries` searches, encoder included, and some changes."""
    report(f"生成 {entries} 个条目")
    random = np.random.default_rng(0)
    documents = [_document(i, random, encoder.dimension) for i in range(entries)]
    report("建立索引")
    searcher.apply(documents, (), 1)
    for question in QUESTIONS:
        searcher.search(question)
    report("查询")
    encode, whole = [], []
    for i in range(queries):
        question = f"{QUESTIONS[i % len(QUESTIONS)]}{SUBJECTS[i % len(SUBJECTS)]}"
        # the encoder remembers queries; here no two are equal
        start = time.perf_counter()
        encoder.encode_queries([f"{question}{i}号"])
        middle = time.perf_counter()
        searcher.search(f"{question}第{i}")
        encode.append(middle - start)
        whole.append(time.perf_counter() - middle)
    report("更新")
    change = []
    for i in range(CHANGES):
        start = time.perf_counter()
        searcher.apply([documents[i * 7 % entries]], (), 2 + i)
        change.append(time.perf_counter() - start)
    rows = {"编码": _spread(encode), "一次查询（含编码）": _spread(whole), "更新一个条目": _spread(change)}
    return Figures(entries * len(ROLES), rows)


def _document(number: int, random: np.random.Generator, dimension: int) -> Document:
    def words(count: int) -> str:
        lists = (SUBJECTS, ACTIONS, PLACES)
        return "".join(str(random.choice(lists[i % 3])) for i in range(count))

    vectors = random.standard_normal((len(ROLES), dimension)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    texts = (words(3), words(4), words(8), words(30))
    return Document(number, tuple(Passage(role, text) for role, text in zip(ROLES, texts, strict=True)), vectors)


def _spread(seconds: list[float]) -> tuple[float, float]:
    return float(np.percentile(seconds, 50) * 1e3), float(np.percentile(seconds, 95) * 1e3)
