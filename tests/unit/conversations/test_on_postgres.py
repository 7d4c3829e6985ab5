"""What depends on the engine: one turn a delivery, one reply a turn, one number a ticket, also under PostgreSQL's concurrency."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from conversations.consultation import Consultation
from conversations.models import AnswerRow, Conversation, Message, Turn
from conversations.records import ConversationRecords
from database.engine import Database
from tests.unit.conversations.stand_ins import ScriptedAnswerer
from tickets.models import Ticket

pytestmark = pytest.mark.postgres
AT_ONCE = 8


@pytest.fixture
def database(postgres: Database) -> Database:
    return postgres


@pytest.fixture
def records(database: Database) -> ConversationRecords:
    return ConversationRecords(database)


def at_once(call) -> list:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(call, range(AT_ONCE)))


def count(database: Database, model, *where) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(model).where(*where)) or 0


def test_one_delivery_is_reserved_once(database, records):
    turns = at_once(lambda _: records.reserve("wechat", "openid", "你好", "msg-1"))
    assert len({turn.turn_id for turn in turns}) == 1
    assert [turn.is_new for turn in turns].count(True) == 1
    assert count(database, Turn) == count(database, Message) == 1


def test_one_sender_has_one_conversation(database, records):
    turns = at_once(lambda number: records.reserve("web", "同一人", "你好", f"key-{number}"))
    assert len({turn.conversation_id for turn in turns}) == 1
    assert len(at_once(lambda _: records.find_or_create("web", "另一人"))) == AT_ONCE
    assert count(database, Conversation, Conversation.sender_id == "另一人") == 1


def test_of_many_finishers_one_commits(database, records):
    consultation = Consultation(database, ScriptedAnswerer())
    turn = records.reserve("web", "甲", "社保补贴怎么领", None)
    replies = at_once(
        lambda _: consultation.perform(turn.turn_id, intent="filing_steps", confidence=0.9, entities={}, source="direct")
    )
    assert all(reply == replies[0] for reply in replies)
    assert count(database, AnswerRow) == 1


def test_every_ticket_gets_a_number_of_its_own(database, records):
    consultation = Consultation(database, ScriptedAnswerer())

    def complain(number: int) -> None:
        for text in ("昨天在幸福路12号窗口，工作人员态度恶劣不给办理", "跳过", "好"):
            turn = records.reserve("web", f"投诉人{number}", text, None)
            consultation.perform(turn.turn_id, intent="complaint", confidence=0.9, entities={})

    at_once(complain)
    with database.read() as session:
        numbers = session.scalars(select(Ticket.number)).all()
    assert len(set(numbers)) == AT_ONCE
