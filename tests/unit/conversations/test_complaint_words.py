"""What is said beside the facts while a complaint is taken: contact declined in any words, slips put right, courtesies told from story."""

import pytest

from conversations import complaint_form as form
from conversations import ticket_wording as wording
from conversations.checkup_words import is_statement
from conversations.complaint_form import Draft
from conversations.complaint_words import asks_why_contact, declines_contact, is_grievance, resumes, slip_in, steps_out

STORY = "巷子里的下水道堵了，脏水流到路上"


def at_contact(**changes):
    return Draft(what=STORY, where="和平巷", when="上周三中午", asked=form.CONTACT, **changes)


@pytest.mark.parametrize(
    "text",
    [
        "我可不想留号码，怕老板报复",
        "我奶奶没有手机",
        "就不给你们",
        "电话就免了",
        "别写我的电话",
        "匿名行吧",
        "不愿意透露手机号",
        "冇电话",
    ],
)
def test_contact_is_declined_in_any_words(text):
    assert declines_contact(text)
    after = form.advance(at_contact(), text)
    assert (after.contact, after.asked) == (form.DECLINED_CONTACT, form.CONFIRM)
    assert after.what == STORY, "a refusal is no part of the story"


@pytest.mark.parametrize("text", ["我电话是13700001111", "他们不给我解决", "电话打了三次没人接", "不给办", "没有人管这件事"])
def test_what_is_no_refusal(text):
    assert not declines_contact(text)


@pytest.mark.parametrize("text", ["要号码做什么", "为啥非要手机号", "电话会不会泄露出去", "留电话有啥用"])
def test_who_asks_what_the_phone_is_for_is_told_and_asked_again(text):
    assert asks_why_contact(text)
    before = at_contact()
    after = form.advance(before, text)
    assert (after.asked, after.tries, after.what) == (form.CONTACT, 0, STORY)
    said, _ = wording.prompt(after, before)
    assert "不会给被反映的一方" in said


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("说错了 不是周三是周五", "when", "上周五中午"),
        ("不是和平巷，是团结巷", "where", "团结巷"),
        ("不是下水道是污水井", "what", "巷子里的污水井堵了，脏水流到路上"),
        ("地点写成和平巷东口", "where", "和平巷东口"),
        ("时间改成上周四", "when", "上周四"),
    ],
)
def test_a_slip_is_put_right_while_something_else_is_asked(text, field, value):
    before = at_contact()
    assert form.claims(before, text) or not form.asks_something(text)
    after = form.advance(before, text)
    assert getattr(after, field) == value
    assert after.asked == form.CONTACT, "what was asked is asked again"


@pytest.mark.parametrize("text", ["断断续续有两个礼拜了", "就上个星期到昨天", "从中秋节前就这样"])
def test_what_is_told_late_is_kept_and_costs_no_try(text):
    after = form.advance(at_contact(tries=1), text)
    assert after.contact is None
    assert after.asked == form.CONTACT
    assert text in f"{after.what}{after.when}"


def test_where_once_more_is_no_time():
    before = Draft(what=STORY, where="滨河路", asked=form.WHEN)
    after = form.advance(before, "滨河路从桥头到学校那一截")
    assert (after.where, after.when, after.asked) == ("滨河路从桥头到学校那一截", None, form.WHEN)


@pytest.mark.parametrize(
    ("text", "time"), [("国庆路的网吧", None), ("五一大道积水", None), ("五一那会儿", "五一"), ("中秋节晚上", "中秋节晚上")]
)
def test_a_road_named_after_a_holiday_is_no_time(text, time):
    assert form.facts.time_in(text) == time


@pytest.mark.parametrize(
    ("intent", "text", "out"),
    [
        ("goodbye", "有一个多月了", False),
        ("feedback_negative", "他们根本不理人", False),
        ("greet", "在村东头", False),
        ("goodbye", "拜拜", True),
        ("human_handoff", "给我接人工", True),
        ("feedback_negative", "你这没用", True),
        ("thanks", "谢谢啊", True),
        ("complaint", "投诉", False),
    ],
)
def test_a_piece_of_the_story_is_no_courtesy(intent, text, out):
    assert steps_out(intent, text) is out


@pytest.mark.parametrize("text", ["继续投诉", "还是登记一下刚才那件吧", "我还是要举报", "接着登记"])
def test_what_takes_up_a_dropped_complaint(text):
    assert resumes(text)


@pytest.mark.parametrize("text", ["我要投诉", "投诉电话多少", "接着说", "还是不明白"])
def test_what_does_not(text):
    assert not resumes(text)


def test_what_corrects_nothing():
    assert slip_in("不是我说你们，办事太慢") is None


class TestTakenUpAgain:
    def test_a_dropped_complaint_goes_on_where_it_was_but_for_the_contact(self, say):
        say("建设路上的路灯坏了三天没人修", "complaint")
        say("13800138000", "inform")
        assert say("取消", "stop")["text"] == wording.DROPPED
        again = say("还是要投诉，就刚才那个", "filing_steps")
        assert again["outcome"] == "ticket"
        assert wording.ASK[form.CONTACT] in again["text"]
        summary = say("跳过", "deny")
        assert "路灯坏了三天" in summary["text"]
        assert form.DECLINED_CONTACT in summary["text"]

    def test_nothing_was_dropped(self, say):
        assert say("继续投诉", "complaint")["text"].endswith("回复“取消”即可。")


@pytest.mark.parametrize("text", ["老板克扣我工资两千块", "保安骂人还推人", "隔壁饭店的油烟没人管", "办证大厅的人态度恶劣"])
def test_a_wrong_done_by_others(text):
    assert is_grievance(text)


@pytest.mark.parametrize("text", ["没有拖欠工资", "你答得太差", "我们没欠款", "公司在示例区", "没拖欠过工钱"])
def test_what_is_no_wrong_done_by_others(text):
    assert not is_grievance(text)


@pytest.mark.parametrize("text", ["好", "行吧", "嗯嗯"])
def test_a_yes_is_no_time_and_no_place(text):
    after = form.advance(Draft(what=STORY, where="和平巷", asked=form.WHEN), text)
    assert (after.when, after.asked) == (None, form.WHEN)


@pytest.mark.parametrize(
    ("text", "states"),
    [("名下有辆面包车", True), ("已经弄好了", True), ("营业执照丢了", False), ("无房证明", False), ("没办下来咋办", False)],
)
def test_what_is_told_while_facts_are_asked(text, states):
    assert is_statement(text) is states
