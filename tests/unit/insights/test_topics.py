"""Letters become topics: named, counted over time, the rising ones marked; similar ones found again."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.clock import CHINA
from database.engine import Database
from insights.errors import InsightError, LetterFileError, UnknownTopicError
from insights.letters import import_letters
from insights.meaning import MeaningSpace
from insights.topic_finding import find_topics, is_rising
from insights.topic_texts import TopicText
from insights.topics import TopicDesk
from retrieval.tokenizer import WordSegmenter
from staff.audit import AuditFilter, AuditLog
from tests.unit.conversations.conftest import NOON, SettableClock
from tests.unit.insights.conftest import BOSS, Say
from tickets.departments import Departments

CUT = WordSegmenter().cut
START = datetime(2025, 1, 6, 9, 0, tzinfo=CHINA)  # a Monday


def letter(number: int, subject: str, day: int, likes: int = 0, text: str = "") -> str:
    at = f"{START + timedelta(days=day):%Y/%m/%d %H:%M:%S}"
    return json.dumps(
        {"id": f"L{number}", "subject": subject, "message": text, "asked_at": at, "likes": likes}, ensure_ascii=False
    )


LETTERS = [
    *(letter(n, f"丽发小区旁边搅拌站噪音扰民第{n}次反映", 100 + n, likes=2) for n in range(8)),
    *(letter(10 + n, f"滨河苑强制捆绑销售车位{'不合理' * (n % 2)}", 20 * n) for n in range(6)),
    letter(30, "市图书馆周末几点开门", 3, text="我电话13800138000"),
]


@pytest.fixture
def topics(database: Database, space: MeaningSpace, clock: SettableClock) -> TopicDesk:
    return TopicDesk(database, space, Departments.load(), CUT, clock)


def test_letters_become_topics(database: Database, topics: TopicDesk) -> None:
    report = import_letters(database, "信箱", [*LETTERS, "", "no json", '{"id": 1}'], BOSS)
    assert (report.read, report.added, len(report.problems)) == (15, 15, 2)
    assert import_letters(database, "信箱", LETTERS, BOSS).added == 0
    _, lines = AuditLog(database).page(AuditFilter(action="letters_import"))
    assert [(line["actor"], line["object_id"], line["detail"]["added"]) for line in lines] == [
        (BOSS.name, "信箱", 0), (BOSS.name, "信箱", 15),
    ]  # fmt: skip

    number = topics.begin("letters", BOSS, collection="信箱")
    assert topics.read_run(number)["state"] == "running"
    topics.work(number)
    run = topics.read_run(number)
    assert (run["state"], run["done"], run["total"]) == ("done", 15, 15)
    noise, parking = run["topics"]
    assert (noise["size"], noise["likes"], noise["rising"]) == (8, 16, True)
    assert "搅拌站" in "".join(noise["words"])
    assert (parking["size"], parking["rising"]) == (6, False)
    assert sum(noise["weeks"].values()) == sum(noise["months"].values()) == 8
    assert all(datetime.fromisoformat(day).weekday() == 0 for day in noise["weeks"])
    assert noise["department"] == "综合行政执法局"
    assert len(topics.read(noise["id"])["items"]) == 8

    like = topics.similar("letter", "L3")
    assert like["topic"]["id"] == noise["id"]
    assert {item["key"] for item in like["items"]} == {f"L{n}" for n in range(8)} - {"L3"}
    assert topics.similar("letter", "L30") == {"topic": None, "items": []}
    (listed,) = topics.runs()["letters"]
    assert (listed["collection"], listed["letters"]) == ("信箱", 15)


def test_what_citizens_ask_becomes_topics(say: Say, topics: TopicDesk) -> None:
    for number in range(4):
        say(f"集中供暖缴费标准是多少{'呀' * number}", sender=f"住户{number}")
    number = topics.begin("consultations", BOSS)
    topics.work(number)
    (topic,) = topics.read_run(number)["topics"]
    assert (topic["size"], topics.read(topic["id"])["items"][0]["kind"]) == (4, "question")


def test_nothing_to_analyse_is_no_error(topics: TopicDesk) -> None:
    number = topics.begin("tickets", BOSS)
    topics.work(number)
    assert (topics.read_run(number)["state"], topics.read_run(number)["topics"]) == ("done", [])


def test_a_run_whose_process_died_is_told(topics: TopicDesk, clock: SettableClock) -> None:
    number = topics.begin("tickets", BOSS)
    clock.advance(hours=2)
    assert (topics.read_run(number)["state"], topics.read_run(number)["error"]) == ("failed", "服务中途停止，请重新分析。")


def test_what_is_not_there_is_named(database: Database, topics: TopicDesk) -> None:
    with pytest.raises(UnknownTopicError):
        topics.read_run(5)
    with pytest.raises(UnknownTopicError):
        topics.read(5)
    with pytest.raises(InsightError, match="没有选择来信"):
        topics.begin("letters", BOSS)
    with pytest.raises(LetterFileError, match="没有读出"):
        import_letters(database, "信箱", ["x"], BOSS)
    with pytest.raises(LetterFileError, match="名字"):
        import_letters(database, "  ", LETTERS, BOSS)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=30))
def test_every_text_is_in_one_topic_at_most_and_runs_repeat(kinds: list[int]) -> None:
    subjects = ("搅拌站噪音扰民", "捆绑销售车位", "公交准点发车", "学校周末补课", "小区停水多日")
    texts = [TopicText("letter", str(n), subjects[kind], "", START + timedelta(days=n)) for n, kind in enumerate(kinds)]
    vectors = np.eye(5, dtype=np.float32)[kinds]
    found = find_topics(texts, vectors, 0.4, CUT)
    assert [topic.members for topic in found] == [topic.members for topic in find_topics(texts, vectors, 0.4, CUT)]
    places = [place for topic in found for place, _ in topic.members]
    assert len(places) == len(set(places))
    assert sorted(len(topic.members) for topic in found) == sorted(n for n in map(kinds.count, set(kinds)) if n >= 3)


@pytest.mark.parametrize(
    ("days_ago", "rising"), [([1, 2, 3], True), ([1, 2], False), ([1, 2, 3, 40, 50, 60, 70, 80], False), ([200, 201, 202], False)]
)
def test_rising_is_twice_as_much_as_before(days_ago: list[int], rising: bool) -> None:
    after: Callable[[int], datetime] = lambda days: NOON - timedelta(days=days)  # noqa: E731
    assert is_rising([after(days) for days in days_ago], after(365), NOON) is rising
    assert not is_rising([after(days) for days in days_ago], after(50), NOON)  # nothing to compare with
