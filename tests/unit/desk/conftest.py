"""A desk on a migrated SQLite store, with citizens who wait."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conversations.feelings import HandoffWords
from conversations.handoff_queue import join
from conversations.models import Conversation
from conversations.records import ConversationRecords
from database.columns import utc_now
from database.engine import Database
from database.migrate import migrate
from desk.listing import Lists
from staff.members import Member

WANG, LI = Member("wang", "王敏", "agent"), Member("li", "李强", "agent")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'desk.db'}")
    migrate(database)
    yield database
    database.dispose()


@pytest.fixture
def records(database: Database) -> ConversationRecords:
    return ConversationRecords(database)


@pytest.fixture
def lists() -> Lists:
    return Lists(HandoffWords.load())


Waits = Callable[..., str]


@pytest.fixture
def waits(database: Database, records: ConversationRecords) -> Waits:
    """A citizen says something and waits for a human; returns the conversation's id."""

    def make(sender: str, text: str = "转人工", reason: str = "asked") -> str:
        turn = records.reserve("web", sender, text, None)
        with database.write() as session:
            join(session, turn.conversation_id, reason, utc_now())
            assert session.get_one(Conversation, turn.conversation_id).holder == "waiting"
        return turn.conversation_id

    return make
