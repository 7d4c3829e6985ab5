"""Grouping is deterministic, incremental and stable; it does not depend on how the work was cut into portions."""

from collections import Counter
from datetime import timedelta

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from conversations.models import Conversation, UnansweredQuestion
from database.engine import Database
from insights.gap_collector import GapCollector
from insights.gaps import GapDesk
from insights.grouping import group_all
from insights.intents import INTENT_NAMES
from insights.meaning import MeaningSpace
from insights.models import GapGroup, GapQuestion, GapWatermark
from knowledge_base.entries import EntryStore
from settings import PROJECT_ROOT
from tests.fixtures.bigram_encoder import BigramHashEncoder
from tests.unit.conversations.conftest import NOON, SettableClock
from tests.unit.insights.conftest import Say

WORDS = ("供暖", "缴费", "公积金", "提取", "食品", "许可证", "补贴", "标准", "怎么", "多少", "办理", "材料")
questions = st.lists(st.lists(st.sampled_from(WORDS), min_size=2, max_size=6).map("".join), min_size=1, max_size=25)


def _fill(database: Database, texts: list[str], start: int) -> None:
    with database.write() as session:
        for number, text in enumerate(texts, start):
            session.add(
                UnansweredQuestion(
                    conversation_id="c", question=text, reason="not_found", near_entries=[], state="open",
                    created_at=NOON + timedelta(seconds=number),
                )
            )  # fmt: skip


def _groups(database: Database) -> list[tuple[int, str]]:
    with database.read() as session:
        return [(row.group_id, row.question) for row in session.query(GapQuestion).order_by(GapQuestion.source_id)]


def _emptied(database: Database) -> Database:
    with database.write() as session:
        for table in (GapQuestion, GapGroup, GapWatermark, UnansweredQuestion, Conversation):
            session.execute(delete(table))
        session.add(
            Conversation(
                id="c", channel="web", sender_id="s", holder="bot", case={}, profile={}, created_at=NOON, updated_at=NOON
            )
        )
    return database


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)  # fmt: skip
@given(texts=questions, cut=st.integers(0, 25))
def test_all_at_once_or_in_portions_gives_the_same_groups(
    texts: list[str], cut: int, database: Database, space: MeaningSpace, clock: SettableClock
) -> None:
    results = []
    collector = GapCollector(database, space, EntryStore(database), clock)
    for parts in ([texts], [texts[:cut], texts[cut:]]):
        _emptied(database)
        done = 0
        for part in parts:
            _fill(database, part, done)
            done += len(part)
            collector.run()
            before = _groups(database)
            collector.run()
            assert _groups(database) == before  # nothing new, nothing moves
        first = {group: place for place, (group, _) in reversed(list(enumerate(before)))}
        results.append([(first[group], text) for group, text in before])
    assert results[0] == results[1]
    assert len(results[0]) == len(texts)
    of_words: dict[str, int] = {}
    for group, text in results[0]:
        assert of_words.setdefault(text, group) == group  # one wording, one group


@given(rows=st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_equal_vectors_share_a_group_and_orthogonal_ones_do_not(rows: list[int]) -> None:
    vectors = np.eye(6, dtype=np.float32)[rows]
    groups = group_all(vectors, 0.5)
    assert Counter(zip(rows, groups, strict=True)).keys() == dict(zip(rows, groups, strict=True)).items()
    assert len(set(groups)) == len(set(rows))
    assert groups[0] == 0


def test_another_encoder_changes_no_group(
    say: Say, collector: GapCollector, desk: GapDesk, database: Database, entries: EntryStore, clock: SettableClock
) -> None:
    for text in ("集中供暖的缴费标准是多少", "集中供暖缴费标准是多少", "公积金提取要什么材料"):
        say(text)
    collector.run()
    before = _groups(database)
    other = GapCollector(database, MeaningSpace(BigramHashEncoder(96)), entries, clock)
    other.run()
    assert _groups(database) == before
    with database.read() as session:
        assert {(group.encoder_hash, len(group.centre)) for group in session.query(GapGroup)} == {("bigram-96", 4 * 96)}
    say("集中供暖的缴费标准是多少呢")
    other.run()
    assert _groups(database)[-1][0] == before[0][0]


def test_two_collectors_take_nothing_in_twice(
    say: Say, space: MeaningSpace, database: Database, entries: EntryStore, clock: SettableClock
) -> None:
    first, second = (GapCollector(database, space, entries, clock) for _ in range(2))
    say("集中供暖的缴费标准是多少")
    first.run(progress=lambda _done, _total: None)
    second.run()
    assert len(_groups(database)) == 1


def test_the_intents_are_the_dialogues() -> None:
    lines = (PROJECT_ROOT / "domain" / "intents.yml").read_text(encoding="utf-8").splitlines()
    assert {line.strip()[2:] for line in lines if line.strip().startswith("- ")} == set(INTENT_NAMES)
