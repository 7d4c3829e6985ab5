"""What is written: provisional deadlines computed anew, and rows of an older version."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text

from conversations.clock import CHINA
from database.engine import Database
from database.migrate import migrate
from tests.unit.tickets.test_workdays import LAST_YEAR
from tickets import deadlines, rules, store, workdays
from tickets.errors import TicketStateError, UnknownTicketError
from tickets.models import Ticket
from tickets.store import Filing

MOMENT = datetime(LAST_YEAR, 12, 28, 1, tzinfo=UTC)
FILING = Filing("complaint", "工地扰民", {"what": "工地扰民", "contact": "13800138000"}, "综合行政执法局")


def china_day(moment: datetime) -> date:
    return moment.astimezone(CHINA).date()


@pytest.fixture
def database(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'tickets.db'}")
    migrate(database)
    with database.write() as session:
        session.execute(text(
            "INSERT INTO conversations (id, channel, sender_id, holder, case_state, created_at, updated_at) "
            "VALUES ('c', 'web', 's', 'bot', '{}', '2026-01-01', '2026-01-01')"
        ))  # fmt: skip
    yield database
    database.dispose()


def only_ticket(database) -> Ticket:
    with database.read() as session:
        return session.scalars(select(Ticket)).one()


def test_a_provisional_deadline_moves_when_the_holidays_become_known(database, monkeypatch):
    with database.write() as session:
        filed = store.file_ticket(session, "c", FILING, MOMENT, china_day(MOMENT))
        assert filed.due_provisional
        before = filed.due_on
    with database.write() as session:
        assert deadlines.recompute_deadlines(session, MOMENT, china_day) == 0, "nothing is known yet"
    new_year = {date(LAST_YEAR + 1, 1, day) for day in (1, 2, 3, 4, 5)}
    monkeypatch.setattr(workdays, "has_notice", lambda day: True)
    monkeypatch.setattr(workdays, "is_workday", lambda day: day.weekday() < 5 and day not in new_year)
    with database.write() as session:
        assert deadlines.recompute_deadlines(session, MOMENT, china_day) == 1
    ticket = only_ticket(database)
    assert not ticket.due_provisional
    assert ticket.due_on > before
    with database.read() as session:
        assert [event.step for event in store.history(session, ticket.id)] == ["file", "deadline"]
    with database.write() as session:
        assert deadlines.recompute_deadlines(session, MOMENT, china_day) == 0


def test_a_refused_step_changes_nothing(database):
    with database.write() as session:
        number = store.file_ticket(session, "c", FILING, MOMENT, china_day(MOMENT)).number
    with pytest.raises(TicketStateError), database.write() as session:
        store.take_step(session, number, rules.ANSWER, "王工", MOMENT, note="办好了")
    ticket = only_ticket(database)
    assert (ticket.state, ticket.answer) == ("filed", None)
    with pytest.raises(UnknownTicketError), database.write() as session:
        store.take_step(session, "WZ190001010001", rules.ACCEPT, "王工", MOMENT)


def test_tickets_of_before_the_migration_survive_and_get_a_deadline(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    migrate(database, version="0004_profile")
    with database.write() as session:
        session.execute(text(
            "INSERT INTO conversations (id, channel, sender_id, holder, case_state, created_at, updated_at) "
            "VALUES ('c', 'web', 's', 'bot', '{}', '2026-01-01', '2026-01-01')"
        ))  # fmt: skip
        session.execute(text(
            "INSERT INTO tickets (number, conversation_id, text, state, created_at, updated_at) "
            "VALUES ('WZ202603020001', 'c', '旧诉求', 'filed', '2026-03-02 04:00:00', '2026-03-02 04:00:00')"
        ))  # fmt: skip
    migrate(database, backups=tmp_path)
    with database.write() as session:
        assert deadlines.recompute_deadlines(session, MOMENT, china_day) == 1
    ticket = only_ticket(database)
    assert (ticket.number, ticket.text, ticket.kind, ticket.due_on) == (
        "WZ202603020001", "旧诉求", "complaint", date(2026, 3, 23),
    )  # fmt: skip
    with database.read() as session:
        assert next((event.step, event.to_state) for event in store.history(session, ticket.id)) == ("file", "filed")
    database.dispose()
