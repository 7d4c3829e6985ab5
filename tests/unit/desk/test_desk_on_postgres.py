"""What depends on the engine: one agent a conversation, lists, what changed, and the tables themselves."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import inspect, select

from conversations.errors import HandoffTakenError
from conversations.handoff_desk import HandoffDesk
from conversations.models import HandoffRequest
from conversations.records import ConversationRecords
from database.columns import utc_now
from database.engine import Base, Database
from desk import tables
from desk.board import DeskBoard
from desk.listing import Wanted
from desk.presence import STALE, Presence

pytestmark = pytest.mark.postgres
AT_ONCE = 8


@pytest.fixture
def database(postgres: Database) -> Database:
    return postgres


@pytest.fixture
def records(postgres: Database) -> ConversationRecords:
    return ConversationRecords(postgres)


def test_tables_equal_the_models(postgres):
    inspector = inspect(postgres.engine)
    assert tables.Note.__tablename__ == "desk_notes"
    for name in (
        "desk_reads",
        "desk_notes",
        "desk_transfers",
        "desk_phrases",
        "agent_replies",
        "suggestion_marks",
        "assist_links",
        "desk_presence",
    ):
        columns = {column["name"]: column["nullable"] for column in inspector.get_columns(name)}
        assert columns == {column.name: bool(column.nullable) for column in Base.metadata.tables[name].columns}


@pytest.mark.parametrize("asked", [True, False])
def test_of_many_agents_one_gets_the_conversation(postgres, records, waits, asked):
    """Whether it waits already or an agent steps in unasked."""
    conversation_id = waits("等候") if asked else records.find_or_create("web", "没有要人工")
    desk = HandoffDesk(postgres)

    def take(number: int) -> str | None:
        try:
            return desk.take(conversation_id, f"agent{number}")["agent"]
        except HandoffTakenError:
            return None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        winners = [name for name in pool.map(take, range(AT_ONCE)) if name]
    assert len(winners) == 1
    with postgres.read() as session:
        rows = session.scalars(select(HandoffRequest).where(HandoffRequest.conversation_id == conversation_id)).all()
    assert [(row.state, row.agent) for row in rows] == [("taken", winners[0])]


def test_speaking_while_the_citizen_speaks_blocks_nobody(postgres, records, waits):
    conversation_id = waits("多话")
    desk = HandoffDesk(postgres)
    desk.take(conversation_id, "wang")

    def talk(number: int) -> None:
        if number % 2:
            desk.say(conversation_id, "wang", f"坐席 {number}")
        else:
            records.reserve("web", "多话", f"市民 {number}", None)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(talk, range(24)))
    assert len(records.messages(conversation_id)) == 26  # 24, the first word and that an agent is there


def test_lists_and_changes(postgres, records, waits, lists):
    board = DeskBoard(postgres, lists)
    HandoffDesk(postgres).take(waits("老相识"), "wang")
    board.look()
    conversation_id = waits("新来的", "气死我了")
    assert conversation_id in board.look()
    with postgres.read() as session:
        for view in ("waiting", "mine", "others", "bot", "closed", "all"):
            total, rows = lists.page(session, Wanted(view, "wang", text="死"))  # type: ignore[arg-type]
            assert len(rows) == total
        total, rows = lists.page(session, Wanted("waiting", "wang", text="气死"))
        assert [(row["conversation_id"], row["unread"], row["mood"]) for row in rows] == [(conversation_id, 1, "annoyed")]
        assert lists.counts(session, "wang")["mine"] == 1


def test_agents_of_two_processes_see_each_other(postgres):
    moment = [utc_now()]
    here, there = (Presence(postgres, lambda: moment[0]) for _ in "12")
    here.say({"wang", "li"})
    there.say({"li", "zhao"})
    assert (here.elsewhere(), there.elsewhere()) == ({"li", "zhao"}, {"wang", "li"})
    here.say({"li"})
    assert there.elsewhere() == {"li"}
    moment[0] += STALE * 0.6
    there.say({"li", "zhao"})  # still there
    moment[0] += STALE * 0.6
    assert (here.elsewhere(), there.elsewhere()) == ({"li", "zhao"}, set()), "the other one has died"


async def test_two_boards_tell_each_others_changes_and_agents(postgres, waits, lists):
    """Two gateways: what one does is told at the other's desks, and both know who is there."""
    pair = [
        (DeskBoard(postgres, lists, attendance=presence.say), presence) for presence in (Presence(postgres), Presence(postgres))
    ]
    for board, _ in pair:
        board.start()
    with pair[0][0].watch("wang"), pair[1][0].watch("li") as there:
        await asyncio.sleep(2)
        assert (pair[0][1].elsewhere(), pair[1][1].elsewhere()) == ({"li"}, {"wang"})
        conversation_id = await asyncio.to_thread(waits, "两个进程")
        await asyncio.to_thread(HandoffDesk(postgres).take, conversation_id, "wang")
        told = ""
        async with asyncio.timeout(10):
            while f'"{conversation_id}"' not in told or '"agent": "wang"' not in told:
                told += await there.pieces.get()
    for board, _ in pair:
        await board.stop()
    assert (pair[0][1].elsewhere(), pair[1][1].elsewhere()) == (set(), set())
