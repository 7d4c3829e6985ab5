"""One look a change, told to everybody; whoever is too slow starts anew."""

import asyncio
import json

from conversations.handoff_desk import HandoffDesk
from desk.board import MOST_WAITING, RESET, DeskBoard
from desk.listing import Lists, Wanted


def told(piece: str) -> list[tuple[str, dict]]:
    blocks = [dict(line.split(": ", 1) for line in block.splitlines()) for block in piece.strip().split("\n\n") if block]
    return [(block["event"], json.loads(block["data"])) for block in blocks]


class TestLooking:
    def test_what_was_there_before_is_not_told(self, database, lists, waits):
        waits("甲")
        assert DeskBoard(database, lists).look() == ""

    def test_a_message_tells_row_and_words_once(self, database, lists, waits, records):
        board = DeskBoard(database, lists)
        first = waits("甲")
        board.look()
        records.reserve("web", "甲", "电话13800138000，还在吗", None)
        (name, change), (kind, message) = told(board.look())
        assert (name, kind) == ("list", "message")
        assert [row["conversation_id"] for row in change["rows"]] == [first]
        assert message["text"] == "电话[电话号码]，还在吗"
        assert change["waiting"] == 1
        assert board.look() == ""

    def test_places_of_others_change_when_one_is_taken(self, database, lists, waits):
        board = DeskBoard(database, lists)
        first, second = waits("甲"), waits("乙")
        board.look()
        HandoffDesk(database).take(first, "wang")
        change = told(board.look())[0][1]
        rows = {row["conversation_id"]: (row["state"], row["position"], row["agent"]) for row in change["rows"]}
        assert rows == {first: ("taken", None, "wang"), second: ("waiting", 1, None)}
        assert change["waiting"] == 1

    def test_only_what_changed_is_told_however_many_wait(self, database, lists, waits, records):
        board = DeskBoard(database, lists)
        first, *others = [waits(f"第{n}位") for n in range(30)]
        board.look()
        records.reserve("web", "第7位", "还在吗", None)
        assert [row["conversation_id"] for row in told(board.look())[0][1]["rows"]] == [others[6]]
        HandoffDesk(database).take(others[-1], "wang")
        HandoffDesk(database).transfer(others[-1], "wang", "li")
        assert [(row["conversation_id"], row["agent"]) for row in told(board.look())[0][1]["rows"]] == [(others[-1], "li")]
        HandoffDesk(database).take(first, "wang")
        assert len(told(board.look())[0][1]["rows"]) == 29, "everybody has moved up"

    def test_more_messages_than_a_look_takes_are_told_by_the_next(self, database, lists, waits, records, monkeypatch):
        monkeypatch.setattr("desk.board.MOST_MESSAGES", 4)
        monkeypatch.setattr("desk.board.OVERLAP", 3)
        board = DeskBoard(database, lists)
        waits("甲")
        board.look()
        for number in range(10):
            records.reserve("web", "甲", f"第 {number} 句", None)
        words = [data["text"] for _ in range(4) for kind, data in told(board.look()) if kind == "message"]
        assert words == [f"第 {number} 句" for number in range(10)]

    def test_a_conversation_that_ends_is_told_as_ended(self, database, lists, waits):
        board, desk = DeskBoard(database, lists), HandoffDesk(database)
        first = waits("甲")
        board.look()
        desk.take(first, "wang")
        board.look()
        desk.close(first, "wang", "已答复")
        (row,) = told(board.look())[0][1]["rows"]
        assert (row["state"], row["closed"]["reason"]) == ("closed", "已答复")


class TestWatching:
    async def test_many_changes_are_told_together(self, database, lists, waits, records):
        board = DeskBoard(database, lists, between_looks_s=0.2)
        waits("甲")
        board.start()
        with board.watch("wang") as watcher, board.watch("li") as other:
            await asyncio.sleep(0.4)
            for number in range(20):
                await asyncio.to_thread(records.reserve, "web", "甲", f"第 {number} 句", None)
                board.poke()
            pieces = []
            async with asyncio.timeout(5):
                while sum(piece.count("event: message") for piece in pieces) < 20:
                    pieces.append(await watcher.pieces.get())
            assert len(pieces) < 10
            assert other.pieces.get_nowait() == pieces[0], "one piece for everybody"
            assert board.online() == {"wang", "li"}
        await board.stop()
        assert board.online() == set()

    async def test_a_watcher_that_does_not_read_is_told_to_start_anew(self, database, lists):
        board = DeskBoard(database, lists)
        with board.watch("wang") as watcher:
            for number in range(MOST_WAITING + 1):
                watcher.tell(f"{number}")
            assert watcher.pieces.get_nowait() == RESET


class TestLists:
    def test_five_hundred_conversations_are_listed_by_few_queries(self, database, lists: Lists, waits, records):
        from sqlalchemy import event

        for number in range(60):
            waits(f"等候{number}")
        for number in range(440):
            records.reserve("web", f"市民{number}", "社保补贴", None)
        counted: list[str] = []
        event.listen(database.engine, "before_cursor_execute", lambda *args: counted.append(args[2]))
        with database.read() as session:
            total, rows = lists.page(session, Wanted("all", "wang", limit=200))
        assert (total, len(rows)) == (500, 200)
        assert len([statement for statement in counted if statement.startswith("SELECT")]) <= 5

    def test_moods(self, lists):
        assert lists.mood_of("asked", "请问许可证怎么办") == "calm"
        assert lists.mood_of("anger", "许可证") == "annoyed"
        assert lists.mood_of("asked", "我活不下去了") == "distressed"
