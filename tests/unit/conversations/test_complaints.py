"""A complaint told in everyday words becomes a ticket: asked only for what is missing, confirmed, followed up, rated."""

from datetime import date

import pytest
from sqlalchemy import select, text

from conversations import ticket_wording as wording
from conversations.models import AnswerRow
from conversations.ticket_desk import TicketDesk
from tickets import rules, store
from tickets.models import Ticket, TicketEvent, TicketLookup, TicketRating

STORY = "昨天下午在示例区政务服务中心3号窗口，工作人员态度恶劣不给办理"
PHONE = "13800138000"


def rows(database, model):
    with database.read() as session:
        return session.scalars(select(model).order_by(model.id)).all()


def tables_with(database, *pieces):
    """Tables with a row that holds one of these texts."""
    with database.read() as session:
        tables = session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all()
        found = set()
        for table in tables:
            for row in session.execute(text(f'SELECT * FROM "{table}"')):
                if any(piece in str(row) for piece in pieces):
                    found.add(table)
        return found


@pytest.fixture
def file(say):
    """Files a whole complaint as a sender; returns the receipt."""

    def _file(sender="甲", contact=PHONE, story=STORY):
        say(story, "complaint", sender=sender)
        say(contact, None, sender=sender)
        return say("好", "affirm", sender=sender)

    return _file


@pytest.fixture
def staff(database, clock):
    """Takes steps as a member of staff."""

    def _take(number, *steps, note="已现场核查并整改。"):
        with database.write() as session:
            for step in steps:
                store.take_step(session, number, step, "王工", clock(), note=note, department="综合行政执法局")

    return _take


class TestTaking:
    def test_a_full_story_needs_only_contact_and_confirmation(self, say, database):
        asked = say(STORY, "complaint")
        assert (asked["outcome"], asked["intent"]["name"]) == ("ticket", "complaint")
        assert wording.ASK["contact"] in asked["text"]
        summary = say(f"王先生，{PHONE}", "inform")
        assert "示例区政务服务中心3号窗口" in summary["text"]
        assert "昨天下午" in summary["text"]
        assert "138****8000" in summary["text"]
        assert rows(database, Ticket) == [], "nothing is filed before the citizen says so"
        receipt = say("好的，登记吧", "affirm")
        (ticket,) = rows(database, Ticket)
        assert (receipt["outcome"], receipt["intent"]["name"]) == ("ticket", "complaint")
        for fact in ("WZ202603020001", "政务服务管理局", "2026-03-23", "15 个工作日"):
            assert fact in receipt["text"]
        assert ticket.details["contact"] == PHONE
        assert (ticket.kind, ticket.state, ticket.department) == ("complaint", "filed", "政务服务管理局")

    def test_a_bare_complaint_is_asked_one_thing_at_a_time(self, say, database):
        for said, intent, asked in (
            ("我要投诉", "complaint", "what"),
            ("楼下烧烤店油烟扰民", "complaint", "where"),
            ("幸福路12号", "policy_lookup", "when"),
            ("每天晚上六点以后", "inform", "contact"),
        ):
            reply = say(said, intent, confidence=0.95)
            assert wording.ASK[asked] in reply["text"], said
            assert (reply["outcome"], reply["intent"]["name"]) == ("ticket", "complaint")
        assert "联系电话：未留" in say("不方便", "deny")["text"]
        assert "综合行政执法局" in say("对", "affirm")["text"]

    def test_a_question_in_between_is_answered_and_the_form_goes_on(self, say, database):
        say("隔壁工地半夜施工扰民", "complaint")
        between = say("社保补贴怎么申请？", "filing_steps", confidence=0.95)
        assert between["outcome"] == "answer"
        assert "还没有登记" in between["text"]
        assert wording.ASK["contact"] in say("阳光小区东门", "policy_lookup")["text"]
        say("跳过", None)
        say("好", None)
        assert rows(database, Ticket)[0].details["where"] == "阳光小区东门"

    def test_thanks_and_handoff_do_not_lose_the_form(self, say, database):
        say("隔壁工地半夜施工扰民", "complaint")
        assert say("谢谢", "thanks")["outcome"] == "smalltalk"
        assert say("转人工", None)["outcome"] == "handoff"
        assert wording.ASK["contact"] in say("阳光小区东门", None)["text"]

    def test_a_long_answer_fills_several_facts_and_adds_to_the_story(self, say, database):
        say("我要举报", "complaint")
        say("隔壁工地施工扰民", "complaint")
        summary = say(f"就在阳光小区东门，他们昨晚又打桩到两点，孩子没法睡，我电话{PHONE}", "complaint")
        for fact in ("阳光小区东门", "昨晚", "138****8000", "孩子没法睡"):
            assert fact in summary["text"]
        assert PHONE not in summary["text"]

    def test_corrections_before_confirming(self, say, database):
        say(STORY, "complaint")
        say("跳过", "deny")
        assert "地点：5号窗口" in say("地点改成5号窗口", "inform")["text"]
        assert wording.ASK["change"] in say("不对", "deny")["text"]
        assert wording.ASK["when"] in say("改时间", None)["text"]
        assert "时间：前天上午" in say("前天上午", "inform")["text"]
        say("是的", "affirm")
        assert rows(database, Ticket)[0].details == {
            "what": STORY, "where": "5号窗口", "when": "前天上午",
        }  # fmt: skip

    def test_place_and_time_may_be_told_more_exactly_while_something_else_is_asked(self, say):
        say("建设路那个工地半夜还在施工，吵得睡不着", "complaint")
        assert "记下了" in say("建设路88号旁边", None)["text"]
        assert "跳过" in say("昨天晚上11点开始", None)["text"]
        summary = say("不想留电话", None)["text"]
        assert "地点：建设路88号旁边" in summary
        assert "时间：昨天晚上11点开始" in summary
        assert summary.count("建设路88号") == 1

    @pytest.mark.parametrize("words", ["取消", "算了，不投诉了", "不登记了"])
    def test_called_off(self, say, database, words):
        say(STORY, "complaint")
        say("跳过", "deny")
        dropped = say(words, "stop")
        assert (dropped["text"], dropped["outcome"]) == (wording.DROPPED, "smalltalk")
        assert say("好", "affirm")["outcome"] == "smalltalk"
        assert rows(database, Ticket) == []

    def test_a_wrong_number_is_asked_again_once(self, say, database):
        say(STORY, "complaint")
        assert "位数不对" in say("1380013800", "inform")["text"]
        assert "联系电话：未留" in say("1380013800", "inform")["text"]

    def test_a_doubtful_complaint_is_a_question_unless_it_calls_itself_one(self, say, database):
        assert say("办个补贴红包找谁批", "complaint", confidence=0.33)["outcome"] == "answer"
        assert say("我要投诉，窗口的人态度很差，跑了三趟不给办", "complaint", confidence=0.33)["outcome"] == "ticket"

    def test_an_abandoned_form_is_forgotten(self, say, clock, answerer):
        say("我要投诉", "complaint")
        clock.advance(hours=3)
        assert say("社保补贴", None)["outcome"] == "answer"

    def test_numbers_count_up_within_a_chinese_day(self, file, database, clock):
        file()
        file("乙")
        clock.advance(hours=13)  # 01:00 of the next day in China, the same day in UTC
        file("丙")
        assert [t.number for t in rows(database, Ticket)] == ["WZ202603020001", "WZ202603020002", "WZ202603030001"]


class TestPrivacy:
    def test_the_phone_is_stored_with_the_ticket_only(self, say, file, database):
        say(STORY, "complaint")
        say("我叫王五，电话 138 0013 8000", None)
        assert say("社保补贴怎么申请？", "filing_steps", confidence=0.95)["outcome"] == "answer"
        say("好", "affirm")
        found = tables_with(database, PHONE, "138 0013 8000")
        assert found == {"tickets"}
        (ticket,) = rows(database, Ticket)
        assert PHONE not in ticket.text
        assert PHONE not in str([row.case_before for row in rows(database, AnswerRow)])

    def test_before_filing_the_phone_stands_apart_from_the_conversation(self, say, database):
        say(STORY, "complaint")
        assert PHONE not in say(PHONE, None)["text"]
        assert tables_with(database, PHONE) == {"ticket_draft_contacts"}
        assert "138****8000" in say("时间不对，是今天上午", None)["text"]
        say("好", "affirm")
        assert tables_with(database, PHONE) == {"tickets"}
        assert rows(database, Ticket)[0].details["contact"] == PHONE

    def test_a_changed_phone_replaces_the_one_before_and_a_declined_one_goes(self, say, database):
        say(STORY, "complaint")
        say(PHONE, None)
        say("改一下电话，13900139000", None)
        assert tables_with(database, PHONE) == set()
        say("不想留电话", None)
        assert tables_with(database, "13900139000") == set()
        say("好", "affirm")
        assert "contact" not in rows(database, Ticket)[0].details

    def test_calling_off_leaves_nothing_of_the_phone(self, say, database):
        say(STORY, "complaint")
        say(PHONE, None)
        say("取消", "stop")
        assert tables_with(database, PHONE) == set()

    def test_a_form_given_up_without_a_word_is_forgotten_and_the_next_one_has_no_phone_of_it(self, say, database, clock):
        say(STORY, "complaint")
        say(PHONE, None)
        clock.advance(hours=1)
        TicketDesk(database, now=clock).keep_in_order()
        assert tables_with(database, PHONE) == {"ticket_draft_contacts"}
        clock.advance(hours=3)
        say(STORY, "complaint")
        say("跳过", None)
        say("好", "affirm")
        assert "contact" not in rows(database, Ticket)[0].details
        say(STORY, "complaint", sender="乙")
        say(PHONE, None, sender="乙")
        clock.advance(hours=3)
        TicketDesk(database, now=clock).keep_in_order()
        assert tables_with(database, PHONE) == set()


class TestProgress:
    def test_tells_who_how_far_and_until_when(self, say, file, staff):
        file()
        mine = say("我的诉求办到哪了", "progress_query")
        assert (mine["outcome"], mine["intent"]["name"]) == ("ticket", "progress_query")
        for fact in ("WZ202603020001", "政务服务管理局", "等待受理", "2026-03-23"):
            assert fact in mine["text"]
        staff("WZ202603020001", "accept", "assign", "progress")
        now = say("查进度", None)["text"]
        assert ("正在办理" in now, "综合行政执法局" in now) == (True, True)

    def test_overdue_is_said(self, say, file, clock):
        file()
        clock.advance(days=30)
        assert "超期" in say("查进度", None)["text"]

    def test_another_sender_needs_the_last_four_digits(self, say, file, database):
        file()
        asked = say("WZ202603020001 办得怎样了", "progress_query", sender="乙")
        assert "后四位" in asked["text"]
        assert "政务服务" not in asked["text"]
        assert "政务服务管理局" in say("8000", "inform", sender="乙")["text"]
        assert "政务服务管理局" in say("wz202603020001，尾号8000", "progress_query", sender="丙")["text"]

    def test_wrong_digits_unknown_numbers_and_skipped_phones_sound_alike(self, say, file, database):
        file(contact="跳过")
        replies = {
            say(f"{number} 尾号 1234", "progress_query", sender="乙")["text"].replace(number, "")
            for number in ("WZ202603020001", "WZ202603029999")
        }
        assert len(replies) == 1
        assert len(rows(database, TicketLookup)) == 2

    def test_guessing_is_stopped(self, say, file):
        file()
        for guess in range(store.FAILURES_A_CONVERSATION):
            say(f"WZ202603020001 尾号 {guess:04d}", "progress_query", sender="乙")
        assert "没有查到" in say("WZ202603020001 尾号 8000", "progress_query", sender="乙")["text"]
        assert "政务服务管理局" in say("查进度", None)["text"], "the owner is not locked out"

    def test_asks_for_the_number_and_takes_it(self, say):
        assert say("我的投诉怎么样了", "progress_query", sender="乙")["text"] == wording.PROGRESS_ASK
        assert "后四位" in say("wz202603020001", "inform", sender="乙")["text"]


class TestRating:
    @pytest.fixture
    def answered(self, file, staff):
        file()
        staff("WZ202603020001", "accept", "assign", "progress", "answer")

    def test_the_result_is_told_and_rated_once_with_a_comment(self, say, answered, database):
        told = say("查进度", None)
        assert "已现场核查并整改" in told["text"]
        assert [b["payload"] for b in told["buttons"]] == list(rules.LEVELS.values())
        assert "非常满意" in say("非常满意，处理得很快", "feedback_positive")["text"]
        (rating,) = rows(database, TicketRating)
        assert (rating.level, rating.comment) == (5, "处理得很快")
        assert rows(database, Ticket)[0].state == "rated"
        again = say("WZ202603020001 不满意", "feedback_negative")
        assert "已经评价过" in again["text"]
        assert len(rows(database, TicketRating)) == 1

    def test_a_bad_rating_is_asked_for_its_reason(self, say, answered, database):
        asked = say("不满意", "feedback_negative")
        assert "哪里不满意" in asked["text"]
        assert asked["intent"]["name"] == "feedback_negative"
        say("根本没有人来现场看过", "complaint")
        (rating,) = rows(database, TicketRating)
        assert (rating.level, rating.comment) == (2, "根本没有人来现场看过")
        assert len(rows(database, Ticket)) == 1

    def test_a_word_on_an_answer_rates_no_ticket(self, say, answered, database):
        say("社保补贴", "policy_lookup")
        say("你的回答我很满意", "feedback_positive")
        assert rows(database, TicketRating) == []

    def test_nothing_is_rated_before_it_is_answered(self, say, file, database):
        file()
        say("非常满意", "feedback_positive")
        assert rows(database, TicketRating) == []


def test_every_step_is_in_the_history(file, staff, say, database):
    file()
    staff("WZ202603020001", "accept", "assign", "progress", "answer")
    say("满意", None)
    steps = [(e.step, e.from_state, e.to_state, e.actor) for e in rows(database, TicketEvent)]
    assert steps == [
        ("file", None, "filed", "市民"),
        ("accept", "filed", "accepted", "王工"),
        ("assign", "accepted", "assigned", "王工"),
        ("progress", "assigned", "in_progress", "王工"),
        ("answer", "in_progress", "answered", "王工"),
        ("rate", "answered", "rated", "市民"),
    ]
    assert date(2026, 3, 23) == rows(database, Ticket)[0].due_on
