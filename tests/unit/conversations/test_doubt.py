"""When the knowledge base is asked although a message was taken for something else."""

import pytest

from conversations import tasks
from conversations.case import Case
from conversations.doubt import gives_way, is_doubtful, is_no_courtesy, likeliest_question
from conversations.tasks import COMPLAINT, GREET, HANDOFF, POLICY_MATCH, PROGRESS


@pytest.mark.parametrize(
    ("task", "confidence", "text", "doubtful"),
    [
        (COMPLAINT, 0.72, "发票每个月不够开，想提额度", True),
        (COMPLAINT, 0.72, "我要投诉发票额度不给提", False),  # calls itself one
        (COMPLAINT, 0.72, "楼上天天半夜装修", False),  # asks for nothing
        (COMPLAINT, 0.95, "被罚过款，信用怎么修", False),  # the classifier is sure
        (PROGRESS, 0.36, "我要申请行政复核", True),
        (PROGRESS, 0.36, "我的诉求办到哪了", False),
        (HANDOFF, 0.45, "1234", True),
        (HANDOFF, 0.45, "有没有人工", False),
        (GREET, 0.4, "几点开门", True),
        (GREET, 0.6, "几点开门", False),
    ],
)
def test_only_what_has_no_words_of_its_task_is_doubted(task: str, confidence: float, text: str, doubtful: bool) -> None:
    assert is_doubtful(task, task, confidence, text, Case()) is doubtful


def test_a_check_up_is_doubted_when_a_matter_is_named() -> None:
    assert is_doubtful("answer", POLICY_MATCH, 0.45, "高新技术企业有什么奖励", Case())
    assert not is_doubtful("answer", POLICY_MATCH, 0.45, "我想申请补贴", Case())
    assert not is_doubtful("answer", POLICY_MATCH, 0.9, "高新技术企业有什么奖励", Case())


def test_nothing_is_doubted_while_a_form_is_open() -> None:
    assert not is_doubtful(COMPLAINT, COMPLAINT, 0.6, "想提额度", Case(ticket={"asked": "what"}))
    assert not is_doubtful(COMPLAINT, COMPLAINT, 0.6, "想提额度", Case(form={"asking": "从业人数"}))


def test_a_sure_answer_outweighs_and_a_weak_guess_gives_way() -> None:
    told = "晚上楼下太吵睡不着"
    assert gives_way(COMPLAINT, COMPLAINT, 0.8, "answer", 0.95, told)
    assert not gives_way(COMPLAINT, COMPLAINT, 0.8, "answer", 0.7, told)
    assert not gives_way(COMPLAINT, COMPLAINT, 0.8, "fallback", 0.1, told)
    assert gives_way(PROGRESS, PROGRESS, 0.4, "fallback", 0.1, "啥时候")
    assert not gives_way("answer", POLICY_MATCH, 0.4, "clarify", 0.5, "有啥补贴")  # then the check-up is begun


def test_a_question_for_a_rule_becomes_no_ticket() -> None:
    assert gives_way(COMPLAINT, COMPLAINT, 0.64, "fallback", 0.1, "农村自己家盖房子要审批不")
    assert not gives_way(COMPLAINT, COMPLAINT, 0.64, "fallback", 0.1, "半夜施工能不能管管啊")


@pytest.mark.parametrize(
    ("task", "text"),
    [
        (tasks.GOODBYE, "去年走了仨"),
        (tasks.GOODBYE, "已经跨月了"),
        (tasks.GOODBYE, "上礼拜三下午"),
        (tasks.FEEDBACK_POSITIVE, "没有债务，想要快点的那种"),
    ],
)
def test_facts_are_no_courtesies(task: str, text: str) -> None:
    assert is_no_courtesy(task, 0.81, text)
    assert gives_way(task, task, 0.81, "fallback", 0.1, text)
    assert not is_no_courtesy(tasks.GOODBYE, 0.81, "好的，那先这样，再见")
    assert not is_no_courtesy(tasks.FEEDBACK_POSITIVE, 0.81, "照你讲的流程走，执照下来了")


def test_the_question_behind_it_is_named_by_the_likeliest_intent_of_questions() -> None:
    assert likeliest_question(["complaint", "policy_match", "filing_steps", "eligibility"]) == "filing_steps"
    assert likeliest_question(["complaint"]) is None
