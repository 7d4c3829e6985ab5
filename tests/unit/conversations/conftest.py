"""Conversations on a migrated SQLite store, with a scripted answerer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from conversations.consultation import Consultation
from conversations.records import ConversationRecords
from database.engine import Database
from database.migrate import migrate
from tests.unit.conversations.stand_ins import ScriptedAnswerer

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # noon in China


@dataclass
class SettableClock:
    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **parts: float) -> None:
        self.at += timedelta(**parts)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'conversations.db'}")
    migrate(database)
    yield database
    database.dispose()


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def answerer() -> ScriptedAnswerer:
    return ScriptedAnswerer()


@pytest.fixture
def records(database: Database, clock: SettableClock) -> ConversationRecords:
    return ConversationRecords(database, clock)


@pytest.fixture
def consultation(database: Database, answerer: ScriptedAnswerer, clock: SettableClock) -> Consultation:
    return Consultation(database, answerer, starters=lambda: ("社保补贴怎么申请？", "开公司要什么材料？"), now=clock)


Say = Callable[..., dict[str, Any]]


@pytest.fixture
def say(records: ConversationRecords, consultation: Consultation) -> Say:
    """Say something as one sender; the intent is what Rasa would have classified (None: nothing)."""

    def _say(
        text: str, intent: str | None = None, *, sender: str = "甲", confidence: float = 0.9, **kwargs: Any
    ) -> dict[str, Any]:
        entry_id = kwargs.pop("entry_id", None)
        turn = records.reserve("web", sender, text, None, entry_id)
        return consultation.perform(
            turn.turn_id, intent=intent, confidence=confidence, entities=kwargs.pop("entities", {}), **kwargs
        )

    return _say
