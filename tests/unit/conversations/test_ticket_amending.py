"""A filed ticket is added to or withdrawn by conversation: nothing without a yes, and written down when it is done."""

import pytest
from sqlalchemy import select

from conversations.ticket_amending import ADDS, WITHDRAWS, wish_in
from staff.audit import AuditFilter, AuditLog
from tests.unit.conversations.test_complaints import PHONE, STORY, rows
from tickets.models import DraftContact, Ticket, TicketEvent


@pytest.fixture
def filed(say, database):
    say(STORY, "complaint")
    say("跳过", "deny")
    say("好的，登记吧", "affirm")
    (ticket,) = rows(database, Ticket)
    return ticket


def steps(database):
    return [(event.step, event.to_state, event.actor) for event in rows(database, TicketEvent)]


def audited(database):
    return [line["action"] for line in AuditLog(database).page(AuditFilter())[1]]


@pytest.mark.parametrize(
    ("text", "kind", "more"),
    [
        ("我再补充一点，老板还骂人", ADDS, "老板还骂人"),
        ("再补充一下", ADDS, ""),
        ("还要补充情况：他们今天又来了", ADDS, "他们今天又来了"),
        ("不投诉了，撤回", WITHDRAWS, ""),
        ("算了，撤销投诉吧", WITHDRAWS, ""),
        ("把我的诉求撤了", WITHDRAWS, ""),
    ],
)
def test_what_is_wished_is_understood(text, kind, more):
    wish = wish_in(text)
    assert wish is not None
    assert (wish.kind, wish.text) == (kind, more)


@pytest.mark.parametrize(
    "text",
    [
        "补充医疗保险怎么交",
        "补充养老保险",
        "投诉撤回以后还能再投诉吗",
        "注册商标撤回申请要什么材料",
        "撤销公司登记要什么材料",
        "好的",
    ],
)
def test_questions_wish_nothing(text):
    assert wish_in(text) is None


def test_an_addition_is_confirmed_then_kept_with_history_and_audit(say, database, filed):
    asked = say(f"我再补充一点，老板还骂人，电话{PHONE}", "complaint")
    assert "老板还骂人" in asked["text"]
    assert PHONE not in asked["text"]
    assert rows(database, Ticket)[0].text == filed.text, "nothing is written before the citizen says so"
    assert "已补充" in say("确认", "affirm")["text"]
    ticket = rows(database, Ticket)[0]
    assert ticket.text == f"{filed.text}；补充：老板还骂人"
    assert ticket.details["contact"] == PHONE
    assert steps(database)[-1] == ("supplement", "filed", "市民")
    assert audited(database)[0] == "ticket.supplement"


def test_what_to_add_is_asked_for_and_more_may_follow(say, database, filed):
    assert "补充什么" in say("再补充一下", "inform")["text"]
    say("他们今天又来了", "complaint")
    say("还摔了东西", "complaint")
    say("好", "affirm")
    assert rows(database, Ticket)[0].text.endswith("补充：他们今天又来了；还摔了东西")


def test_a_withdrawal_is_confirmed_and_final(say, database, filed):
    assert filed.number in say("算了不投诉了，撤回吧", "complaint")["text"]
    assert rows(database, Ticket)[0].state == "filed"
    assert "已按您的要求撤回" in say("确认", "affirm")["text"]
    assert rows(database, Ticket)[0].state == "withdrawn"
    assert steps(database)[-1] == ("withdraw", "withdrawn", "市民")
    assert audited(database)[0] == "ticket.withdraw"
    assert "不能再补充" in say("我再补充一点，老板还骂人", "complaint")["text"]


@pytest.mark.parametrize("reply", ["取消", "不撤了", "算了"])
def test_without_a_yes_nothing_changes(say, database, filed, reply):
    say("撤回投诉", "complaint")
    assert "照常办理" in say(reply, "stop")["text"]
    assert rows(database, Ticket)[0].state == "filed"


def test_a_phone_number_of_an_addition_given_up_is_forgotten(say, database, filed):
    say(f"再补充一点，老板还骂人，电话{PHONE}", "complaint")
    with database.read() as session:
        assert session.scalars(select(DraftContact.contact)).all() == [PHONE]
    say("取消", "stop")
    with database.read() as session:
        assert session.scalars(select(DraftContact.contact)).all() == []


def test_a_question_in_between_is_answered(say, database, filed):
    say("撤回投诉", "complaint")
    assert say("社保补贴怎么申请？", "filing_steps", confidence=0.95)["outcome"] == "answer"
    assert rows(database, Ticket)[0].state == "filed"


def test_who_filed_nothing_has_nothing_to_withdraw(say, database):
    assert "诉求" not in say("再补充一点", "filing_steps")["text"]
