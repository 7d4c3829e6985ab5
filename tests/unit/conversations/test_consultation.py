"""What each kind of turn does, told as short conversations."""

import threading

import pytest
from sqlalchemy import select

from conversations import wording
from conversations.consultation import Consultation
from conversations.errors import UnknownTurnError
from conversations.models import AnswerRow, Feedback, HandoffRequest, Message, UnansweredQuestion
from conversations.records import ConversationRecords
from tests.unit.conversations.stand_ins import FOUND_TEXT
from tickets.models import Ticket


def rows(database, model):
    with database.read() as session:
        return session.scalars(select(model).order_by(model.id)).all()


class TestAnswers:
    def test_an_answer_is_cited_and_recorded_so_that_it_can_be_replayed(self, say, database):
        reply = say("社保补贴怎么领，我电话13800138000", "filing_steps")
        assert reply["outcome"] == "answer"
        assert reply["text"] == FOUND_TEXT
        assert reply["citations"][0]["external_id"] == "SB-007"
        assert reply["intent"] == {"name": "filing_steps", "confidence": 0.9}
        (row,) = rows(database, AnswerRow)
        assert row.id == reply["answer_id"]
        assert row.question == "社保补贴怎么领，我电话[电话号码]"
        assert (row.entry_id, row.entry_version, row.probability, row.index_revision) == (7, 2, 0.93, 12)
        assert (row.source, row.model_ids, row.as_of.isoformat()) == ("rasa", {"encoder": "bigram"}, "2026-03-02")
        assert row.text == reply["text"]

    def test_reply_has_exactly_the_keys_of_the_wire(self, say):
        wire = {"turn_id", "text", "buttons", "citations", "intent", "outcome", "answer_id"}
        assert set(say("社保补贴", "policy_lookup")) == wire
        assert set(say("你好", "greet")) == wire

    def test_a_follow_up_reports_the_intent_of_the_task_it_continues(self, say, answerer):
        say("社保补贴怎么领", "filing_steps")
        assert say("那个体户呢", "eligibility")["intent"]["name"] == "filing_steps"
        assert answerer.inquiries[-1].case.entry_id == 7
        assert say("我是小微企业", "inform")["intent"]["name"] == "filing_steps"
        assert say("多久", None)["intent"]["name"] == "filing_steps", "understood only with the case: continues the task"
        assert say("多久", None, source="direct")["intent"]["name"] is None, "nothing classified it"

    def test_another_policy_question_is_a_task_of_its_own(self, say):
        say("社保补贴怎么领", "filing_steps")
        assert say("创业补贴我能不能申请", "eligibility")["intent"]["name"] == "eligibility"

    def test_private_entities_do_not_enter_the_case(self, say, answerer):
        say("示例区的补贴", "policy_lookup", entities={"region": "示例区", "phone": "13800138000"})
        assert answerer.inquiries[-1].case.entities == {"region": "示例区"}

    def test_the_page_a_message_comes_from_is_the_entry_under_discussion(self, say, answerer):
        say("要多久", "filing_steps", entry_id=7)
        assert answerer.inquiries[-1].case.entry_id == 7

    def test_a_case_is_forgotten_after_a_long_pause(self, say, answerer, clock):
        say("社保补贴怎么领", "filing_steps")
        clock.advance(hours=3)
        say("要多久", "filing_steps")
        assert answerer.inquiries[-1].case.entry_id is None


class TestMisses:
    def test_an_unknown_question_reaches_the_staff_masked(self, say, database):
        reply = say("火星移民怎么办，身份证11010519491231002X", "policy_lookup")
        assert reply["outcome"] == "fallback"
        (gap,) = rows(database, UnansweredQuestion)
        assert (gap.question, gap.reason, gap.answer_id) == ("火星移民怎么办，身份证[身份证号]", "not_found", reply["answer_id"])

    def test_two_misses_in_a_row_offer_a_human_and_yes_accepts(self, say, database):
        assert wording.HUMAN_BUTTON not in say("火星移民", "policy_lookup")["buttons"]
        assert wording.HUMAN_BUTTON in say("木星移民", "policy_lookup")["buttons"]
        accepted = say("好的", "affirm")
        assert accepted["outcome"] == "handoff"
        assert accepted["intent"]["name"] == "human_handoff"
        assert len(rows(database, HandoffRequest)) == 1

    def test_an_answer_between_starts_the_count_again(self, say):
        say("火星移民", "policy_lookup")
        say("社保补贴", "policy_lookup")
        assert wording.HUMAN_BUTTON not in say("木星移民", "policy_lookup")["buttons"]

    def test_out_of_scope_is_still_looked_up(self, say, database):
        assert say("补贴红包", "out_of_scope")["outcome"] == "answer"
        reply = say("红烧肉怎么做", "out_of_scope")
        assert (reply["outcome"], reply["text"], reply["citations"]) == ("fallback", wording.OUT_OF_SCOPE, [])
        assert reply["intent"]["name"] == "out_of_scope"
        assert rows(database, UnansweredQuestion)[-1].reason == "out_of_scope"

    def test_a_probable_answer_outweighs_a_doubtful_classifier_only(self, say, answerer):
        answerer.probability = 0.6
        assert say("补贴红包", "out_of_scope", confidence=0.98)["outcome"] == "fallback"
        assert say("补贴红包", "out_of_scope", confidence=0.5)["outcome"] == "answer"

    def test_a_choice_from_no_list_is_asked_back(self, say, answerer):
        reply = say("第二个", "pick_option")
        assert (reply["outcome"], reply["text"]) == ("clarify", wording.NOTHING_TO_PICK)
        assert say("第二个", None, source="direct")["text"] == wording.NOTHING_TO_PICK
        assert answerer.inquiries == []
        say("哪个补贴", "policy_lookup")
        say("第一个", None, source="direct")
        assert answerer.inquiries[-1].text == "第一个"


class TestPeopleAndCourtesies:
    def test_handoff_is_recorded_once_and_says_the_place_in_the_queue(self, say, database):
        assert wording.QUEUE_FIRST in say("转人工", "human_handoff")["text"]
        assert "前面还有 1 人" in say("转人工", None, sender="乙")["text"]
        assert wording.QUEUE_FIRST in say("转人工", "human_handoff")["text"]
        assert len(rows(database, HandoffRequest)) == 2
        assert say("社保补贴", "policy_lookup")["outcome"] == "answer", "one can go on asking"

    def test_feedback_is_recorded_on_the_last_answer(self, say, database):
        answer_id = say("社保补贴", "policy_lookup")["answer_id"]
        assert say("谢谢", "thanks")["outcome"] == "smalltalk"
        reply = say("没用", "complaint")
        assert (reply["outcome"], reply["intent"]["name"]) == ("smalltalk", "feedback_negative")
        assert reply["buttons"] == [wording.HUMAN_BUTTON]
        (feedback,) = rows(database, Feedback)
        assert (feedback.answer_id, feedback.rating) == (answer_id, -1)
        (gap,) = rows(database, UnansweredQuestion)
        assert (gap.reason, gap.question, gap.near_entries) == ("negative_feedback", "社保补贴", [7])
        say("有用", None)
        assert [f.rating for f in rows(database, Feedback)] == [1], "the newest word on an answer counts"

    def test_feedback_without_an_answer_is_still_acknowledged(self, say):
        assert say("有用", "feedback_positive")["text"] == wording.FEEDBACK_THANKS

    def test_greeting_offers_questions_that_can_be_answered(self, say):
        reply = say("你好", "greet")
        assert [b["payload"] for b in reply["buttons"]] == ["社保补贴怎么申请？", "开公司要什么材料？"]
        assert reply["outcome"] == "smalltalk"

    @pytest.mark.parametrize(
        ("text", "outcome"),
        [("你好", "smalltalk"), ("谢谢！", "smalltalk"), ("再见", "smalltalk"), ("我要找人工客服", "handoff"),
         ("我要投诉窗口不给办事", "ticket"), ("投诉", "ticket"), ("投诉电话是多少", "fallback"), ("社保补贴怎么领", "answer"),
         ("我要投诉去哪里投诉？", "fallback")],
    )  # fmt: skip
    def test_without_rasa_courtesies_are_understood_and_no_intent_is_claimed(self, say, text, outcome):
        reply = say(text, None, source="direct")
        assert (reply["outcome"], reply["intent"]["name"]) == (outcome, None)

    def test_stop_clears_the_options(self, say, answerer):
        say("哪个补贴", "policy_lookup")
        say("算了", "stop")
        say("第一个", "pick_option")
        assert answerer.inquiries[-1].case.options == []

    def test_none_of_these_is_left_to_answering_but_no_thanks_is_not(self, say, answerer):
        say("哪个补贴", "policy_lookup")
        say("都不是", "deny")
        assert answerer.inquiries[-1].text == "都不是"
        say("哪个补贴", "policy_lookup")
        assert say("不用了", "deny")["text"] == wording.DECLINED

    def test_yes_and_no_without_an_offer_are_acknowledged(self, say):
        assert say("好的", "affirm")["text"] == wording.ACKNOWLEDGED
        assert say("不用了", "deny")["text"] == wording.DECLINED


class TestOneReplyATurn:
    def test_a_closed_turn_commits_nothing(self, records: ConversationRecords, consultation: Consultation, database):
        turn = records.reserve("web", "甲", "隔壁工地半夜施工扰民", None)
        first = consultation.perform(turn.turn_id, intent=None, confidence=0, entities={}, source="direct")
        second = consultation.perform(turn.turn_id, intent="complaint", confidence=0.99, entities={})
        assert second == first
        assert first["outcome"] == "fallback"
        assert rows(database, Ticket) == []
        assert len(rows(database, Message)) == 2
        assert len(rows(database, AnswerRow)) == 1

    def test_of_two_finishers_at_the_same_instant_one_commits(self, records, consultation, answerer, database):
        turn = records.reserve("web", "甲", "社保补贴怎么领", None)
        barrier = threading.Barrier(2)
        inner = answerer.answer
        answerer.answer = lambda inquiry: (barrier.wait(5), inner(inquiry))[1]
        replies = []
        calls = [
            threading.Thread(
                target=lambda s=source: replies.append(
                    consultation.perform(turn.turn_id, intent="filing_steps", confidence=0.9, entities={}, source=s)
                )
            )
            for source in ("rasa", "direct")
        ]
        [call.start() for call in calls]
        [call.join(10) for call in calls]
        assert replies[0] == replies[1]
        assert len(rows(database, AnswerRow)) == 1
        assert [m.role for m in rows(database, Message)] == ["user", "bot"]

    def test_a_failure_while_writing_leaves_the_turn_open(self, records, consultation, database, monkeypatch):
        turn = records.reserve("web", "甲", "隔壁工地半夜施工扰民", None)
        monkeypatch.setattr("conversations.result.bot_message", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            consultation.perform(turn.turn_id, intent="complaint", confidence=0.9, entities={})
        assert records.closed(turn.turn_id) is None
        assert rows(database, Ticket) == []

    def test_an_unknown_turn_is_refused(self, consultation):
        with pytest.raises(UnknownTurnError):
            consultation.perform("nope", intent=None, confidence=0, entities={})
