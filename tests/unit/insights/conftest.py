"""A migrated SQLite store with a clock that the tests set, conversations on it, and an encoder without a model."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from answering.models import FoundEntries
from conversations.consultation import Consultation
from conversations.records import ConversationRecords
from database.engine import Database
from database.migrate import migrate
from insights.gap_collector import GapCollector
from insights.gaps import GapDesk
from insights.meaning import MeaningSpace
from knowledge_base.entries import EntryStore
from knowledge_base.vectors import VectorStore, VectorWriter
from staff.members import Member
from tests.fixtures.bigram_encoder import BigramHashEncoder
from tests.unit.conversations.conftest import SettableClock
from tests.unit.conversations.stand_ins import ScriptedAnswerer
from tickets.departments import Departments

EDITOR = Member("xiaolin", "小林", "editor")
REVIEWER = Member("laozhou", "老周", "reviewer")
BOSS = Member("boss", "主任", "admin")


class EmptySearch:
    """Finds nothing: nearest entries are the matter of the contract tests, with the real search."""

    def search(self, query: str, k: int, as_of: date) -> FoundEntries:
        return FoundEntries(query, 0, 0.5, [])


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'insights.db'}")
    migrate(database)
    yield database
    database.dispose()


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture(scope="session")
def space() -> MeaningSpace:
    return MeaningSpace(BigramHashEncoder(128))


@pytest.fixture
def entries(database: Database) -> EntryStore:
    return EntryStore(database, VectorWriter(VectorStore(database), BigramHashEncoder(128)))


@pytest.fixture
def collector(database: Database, space: MeaningSpace, entries: EntryStore, clock: SettableClock) -> GapCollector:
    return GapCollector(database, space, entries, clock)


@pytest.fixture
def desk(database: Database, space: MeaningSpace, entries: EntryStore, clock: SettableClock) -> GapDesk:
    return GapDesk(database, entries, EmptySearch(), space, Departments.load(), now=clock)


Say = Callable[..., dict[str, Any]]


@pytest.fixture
def say(database: Database, clock: SettableClock) -> Say:
    """Say something as one sender; the intent is what Rasa would have classified."""
    records = ConversationRecords(database, clock)
    consultation = Consultation(database, ScriptedAnswerer(), now=clock)

    def _say(text: str, intent: str | None = "policy_lookup", *, sender: str = "甲", channel: str = "web") -> dict[str, Any]:
        turn = records.reserve(channel, sender, text, None)
        reply = consultation.perform(turn.turn_id, intent=intent, confidence=0.9, entities={})
        return {**reply, "conversation_id": turn.conversation_id}

    return _say
