"""From the assistant to a human and back: queue, agents, silence, office hours."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import select

from conversations import handoff, wording
from conversations.errors import HandoffStateError, HandoffTakenError, NotTheAgentError, UnknownConversationError, WordListError
from conversations.feelings import HandoffWords
from conversations.handoff_desk import HandoffDesk
from conversations.models import HandoffRequest, OutboxMessage
from tickets.models import Ticket

TEN = datetime(2026, 3, 2, 2, tzinfo=UTC)  # ten in the morning of a working Monday in China


@pytest.fixture(autouse=True)
def _in_office_hours(clock):
    clock.at = TEN


@pytest.fixture
def told():
    return []


@pytest.fixture
def desk(database, clock, told):
    return HandoffDesk(database, on_message=told.append, now=clock)


@pytest.fixture
def waiting(say, records):
    """A citizen in the queue; gives the conversation's id."""
    say("转人工", "human_handoff")
    return records.find_or_create("web", "甲")


def said(records, conversation_id):
    return [(message["role"], message["text"]) for message in records.messages(conversation_id)]


class TestQueue:
    def test_place_and_hours_are_told_and_the_bot_goes_on(self, say, records):
        first = say("转人工", "human_handoff")
        assert (first["outcome"], first["intent"]["name"]) == ("handoff", "human_handoff")
        assert wording.QUEUE_FIRST in first["text"]
        assert "工作日 8:30–12:00、14:00–17:30" in first["text"]
        assert "前面还有 1 人" in say("转人工", None, sender="乙")["text"]
        assert say("社保补贴怎么领", "filing_steps")["outcome"] == "answer"
        assert records.holder(records.find_or_create("web", "甲")) == "waiting"

    @pytest.mark.parametrize("words", ["我等了好久了", "还要等多久？", "前面还有几个人", "怎么还没人接", "轮到我了吗"])
    def test_who_waits_is_told_the_place_again(self, say, waiting, records, words):
        told = say(words, "goodbye")
        assert (told["outcome"], told["intent"]["name"]) == ("handoff", "human_handoff")
        assert wording.QUEUE_FIRST in told["text"]
        assert records.holder(waiting) == "waiting"

    def test_the_same_words_are_nothing_about_a_queue_for_who_does_not_wait(self, say):
        assert say("还要等多久？", "filing_steps")["outcome"] != "handoff"

    @pytest.mark.parametrize("words", ["先不转了", "不用转了", "那不等了，谢谢", "取消转人工", "取消"])
    def test_a_citizen_may_leave_the_queue(self, say, waiting, records, words):
        left = say(words, "stop")
        assert (left["text"], left["intent"]["name"]) == (wording.LEFT_QUEUE, "human_handoff")
        assert records.holder(waiting) == "bot"
        assert wording.QUEUE_FIRST in say("转人工", None, sender="乙")["text"]
        assert wording.QUEUE_AHEAD.format(ahead=1) in say("转人工", None)["text"], "who comes back is behind"

    def test_a_bare_cancel_drops_what_was_asked_last_not_the_queue(self, say, waiting, records):
        say("我要投诉窗口态度很差", "complaint")
        say("取消", None)
        assert records.holder(waiting) == "waiting"

    def test_nobody_leaves_a_queue_they_are_not_in(self, say):
        assert say("先不转了", "stop")["text"] != wording.LEFT_QUEUE

    def test_two_misses_offer_a_human(self, say):
        say("火星移民", "policy_lookup")
        assert wording.HUMAN_BUTTON in say("木星移民", "policy_lookup")["buttons"]
        assert say("好的", "affirm")["outcome"] == "handoff"


class TestNeedingAHuman:
    @pytest.mark.parametrize(
        ("words", "reason"),
        [("气死我了，你们到底管不管", "anger"), ("我真的走投无路了", "distress"), ("有个科长向我索贿", "topic")],
    )
    def test_anger_distress_and_topics_for_humans(self, say, database, words, reason):
        reply = say(words, None)
        assert reply["outcome"] == "handoff"
        assert wording.HANDOFF_BECAUSE[reason] in reply["text"]
        with database.read() as session:
            assert session.scalars(select(HandoffRequest.reason)).all() == [reason]

    def test_a_clear_question_is_answered_first_and_a_human_offered(self, say):
        reply = say("急死了，社保补贴怎么申请", "filing_steps")
        assert reply["outcome"] == "answer"
        assert wording.HUMAN_BUTTON in reply["buttons"]
        assert say("好的", "affirm")["outcome"] == "handoff"

    def test_an_angry_complaint_stays_a_complaint(self, say):
        assert say("气死我了，楼下烧烤店油烟扰民", "complaint")["outcome"] == "ticket"

    def test_staff_extend_the_words(self, tmp_path):
        own = tmp_path / "handoff_words.yml"
        own.write_text("topics: [征收补偿纠纷]\n", encoding="utf-8")
        words = HandoffWords.load(own)
        assert words.reason_in("我家的征收补偿纠纷怎么办") == "topic"
        assert words.reason_in("气死我了") == "anger"
        own.write_text("topic: [错]\n", encoding="utf-8")
        with pytest.raises(WordListError):
            HandoffWords.load(own)


class TestOutOfHours:
    @pytest.fixture(autouse=True)
    def _night(self, clock):
        clock.at = TEN + timedelta(hours=12)

    def test_still_a_handoff_with_hours_and_the_offer_to_leave_a_word(self, say, database):
        reply = say("转人工", "human_handoff")
        assert reply["outcome"] == "handoff"
        assert "工作日 8:30–12:00、14:00–17:30" in reply["text"]
        assert "03-03 8:30" in reply["text"]
        assert wording.LEAVE_WORDS_BUTTON in reply["buttons"]
        assert say("留言", "human_handoff")["outcome"] == "ticket"
        asked = say("想问公租房什么时候摇号，报名了两个月没有消息？", "policy_lookup", confidence=0.97)
        assert "联系电话" in asked["text"], "a question that is left needs no place and time"
        say("13800138000", None)
        receipt = say("好", "affirm")
        assert "2 个工作日" in receipt["text"]
        with database.read() as session:
            assert session.scalars(select(Ticket.kind)).all() == ["consultation"]

    def test_yes_to_the_offer_leaves_a_word(self, say):
        say("转人工", "human_handoff")
        assert say("好的", "affirm")["outcome"] == "ticket"


class TestAgents:
    def test_take_say_close(self, desk, waiting, records, told):
        shown = desk.take(waiting, "王工")
        assert (shown["state"], shown["agent"]) == ("taken", "王工")
        assert records.holder(waiting) == "human"
        desk.say(waiting, "王工", "您好，我来帮您。")
        desk.close(waiting, "王工")
        assert records.holder(waiting) == "bot"
        assert said(records, waiting)[-3:] == [
            ("bot", wording.AGENT_JOINED), ("agent", "您好，我来帮您。"), ("bot", wording.AGENT_DONE),
        ]  # fmt: skip
        assert told == [waiting] * 3
        assert desk.listed()["handoffs"] == []

    def test_the_second_agent_is_refused_and_the_first_may_repeat(self, desk, waiting):
        desk.take(waiting, "王工")
        with pytest.raises(HandoffTakenError, match="王工"):
            desk.take(waiting, "李工")
        assert desk.take(waiting, "王工")["agent"] == "王工"
        for act in (desk.release, desk.close, lambda c, a: desk.say(c, a, "您好")):
            with pytest.raises(NotTheAgentError):
                act(waiting, "李工")

    def test_of_agents_at_once_one_gets_it(self, desk, waiting):
        results = []

        def take(agent):
            try:
                results.append(desk.take(waiting, agent)["agent"])
            except HandoffTakenError:
                results.append(None)

        threads = [threading.Thread(target=take, args=(f"坐席{n}",)) for n in range(6)]
        [thread.start() for thread in threads]
        [thread.join(10) for thread in threads]
        assert len([agent for agent in results if agent]) == 1

    def test_release_gives_back_the_old_place(self, desk, waiting, say, records):
        say("转人工", None, sender="乙")
        desk.take(waiting, "王工")
        desk.release(waiting, "王工")
        assert next(h["conversation_id"] for h in desk.listed()["handoffs"]) == waiting
        assert records.holder(waiting) == "waiting"

    def test_nobody_speaks_without_taking(self, desk, waiting):
        with pytest.raises(NotTheAgentError):
            desk.say(waiting, "王工", "您好")
        with pytest.raises(UnknownConversationError):
            desk.take("nope", "王工")

    def test_an_agent_may_step_in_unasked(self, desk, say, records):
        say("社保补贴", "policy_lookup")
        conversation_id = records.find_or_create("web", "甲")
        assert desk.take(conversation_id, "王工")["state"] == "taken"
        assert records.holder(conversation_id) == "human"

    def test_the_list_shows_words_masked(self, desk, say):
        say("我电话13800138000，转人工", "human_handoff")
        (shown,) = desk.listed()["handoffs"]
        assert "13800138000" not in shown["last_words"]
        assert (shown["position"], shown["state"]) == (1, "waiting")

    def test_words_reach_wechat_through_the_outbox(self, desk, records, database):
        conversation_id = records.find_or_create("wechat", "openid")
        desk.take(conversation_id, "王工")
        desk.say(conversation_id, "王工", "您好")
        with database.read() as session:
            assert [row.content["text"] for row in session.scalars(select(OutboxMessage))] == [wording.AGENT_JOINED, "您好"]


class TestSilence:
    def test_after_three_minutes_without_a_word_the_citizen_is_told_and_waits_again(self, desk, waiting, clock, records, say):
        desk.take(waiting, "王工")
        clock.advance(minutes=2, seconds=50)
        desk.say(waiting, "王工", "请稍等")
        clock.advance(minutes=2, seconds=59)
        assert desk.look_after() == 0
        clock.advance(seconds=1)
        assert desk.look_after() == 1
        assert desk.look_after() == 0, "told once"
        assert records.holder(waiting) == "waiting"
        assert "重新排队" in said(records, waiting)[-1][1]
        assert say("社保补贴", "policy_lookup")["outcome"] == "answer"
        with pytest.raises(NotTheAgentError):
            desk.say(waiting, "王工", "我回来了")
        assert desk.take(waiting, "李工")["agent"] == "李工"

    def test_requests_nobody_came_for_end_after_the_next_working_day(self, desk, waiting, clock, records):
        clock.advance(days=1)
        assert desk.look_after() == 0
        clock.advance(hours=8)
        assert desk.look_after() == 1
        assert records.holder(waiting) == "bot"
        assert said(records, waiting)[-1] == ("bot", wording.NOBODY_CAME)


class RequestLife(RuleBasedStateMachine):
    """Whatever is tried: the assistant is silent exactly while an agent holds the conversation, and an ended request stays so."""

    def __init__(self):
        super().__init__()
        self.state = handoff.WAITING

    @rule(step=st.sampled_from(sorted(handoff.STEPS)))
    def try_step(self, step):
        before = self.state
        try:
            self.state = handoff.state_after(self.state, step)
        except HandoffStateError:
            return
        assert before in handoff.OPEN_STATES
        if step == handoff.TAKE:
            assert before == handoff.WAITING

    @invariant()
    def silent_only_when_taken(self):
        assert (handoff.HOLDER[self.state] == "human") == (self.state == handoff.TAKEN)


TestRequestLife = RequestLife.TestCase


class TestWaitingInOnesOwnWords:
    @pytest.mark.parametrize("said", ["有人在吗", "啥时候能轮到我", "怎么没人啊", "还有没有人"])
    def test_a_waiting_citizen_is_told_the_place_again(self, say, said):
        say("转人工", "human_handoff")
        assert say(said, "greet")["outcome"] == "handoff"

    @pytest.mark.parametrize("said", ["不用了，谢谢", "那算了", "不麻烦你们了", "不用了我自己查"])
    def test_a_waiting_citizen_gives_up(self, say, said):
        say("转人工", "human_handoff")
        assert say(said, "deny")["text"] == wording.LEFT_QUEUE

    @pytest.mark.parametrize("said", ["我给你们留个言吧", "那就留个口信", "好，先留言"])
    def test_a_word_is_left_in_any_words(self, say, said):
        say("转人工", "human_handoff")
        assert say(said, "feedback_negative")["outcome"] == "ticket"
