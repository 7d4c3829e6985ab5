"""Messages that do two things."""

import pytest

from conversations.mixed import asks_other, question_in, taken_apart, two_questions


@pytest.mark.parametrize(
    ("text", "rating", "rest"),
    [
        ("没用，那去哪办", -1, "那去哪办"),
        ("👎 那去哪办", -1, "那去哪办"),
        ("说得不对，我问的是公司怎么注销", -1, "我问的是公司怎么注销"),
        ("太好了，什么时候到账", 1, "什么时候到账"),
        ("谢谢，另外要多久", None, "另外要多久"),
        ("你好，请问个体户怎么注销", None, "请问个体户怎么注销"),
        ("嗯，知道了，那多久能好", None, "那多久能好"),
        ("在吗？公积金怎么提取", None, "公积金怎么提取"),
    ],
)
def test_rating_or_courtesy_and_question_are_told_apart(text: str, rating: int | None, rest: str) -> None:
    apart = taken_apart(text)
    assert apart is not None
    assert (apart.rating, apart.rest) == (rating, rest)
    assert question_in(text) == rest


@pytest.mark.parametrize(
    "text",
    [
        "谢谢你啊",
        "你好",
        "没用，电话是空号",
        "没用。你们就不能说人话吗",
        "好的，谢谢",
        "不是，我是问居住证",
        "没用过这个系统怎么登录",
        "谢谢，我要投诉",
    ],
)
def test_what_does_one_thing_stays_whole(text: str) -> None:
    assert taken_apart(text) is None
    assert question_in(text) == text


class TestAComplaintBesideAQuestion:
    @pytest.mark.parametrize(
        ("text", "question", "complaint"),
        [
            ("我想投诉，顺便问下居住证怎么办", "居住证怎么办", "我想投诉"),
            ("居住证怎么办，另外我要投诉小区物业乱收费", "居住证怎么办", "我要投诉小区物业乱收费"),
        ],
    )
    def test_both_are_heard_in_either_order(self, text: str, question: str, complaint: str) -> None:
        apart = taken_apart(text)
        assert apart is not None
        assert (apart.rest, apart.complaint) == (question, complaint)

    @pytest.mark.parametrize("text", ["投诉电话是多少，另外几点上班", "我要投诉物业乱收费，另外还停水"])
    def test_one_thing_stays_one(self, text: str) -> None:
        apart = taken_apart(text)
        assert apart is None or apart.complaint is None


def test_two_questions_of_different_matters_are_taken_one_after_the_other():
    assert two_questions("营业执照地址变更怎么弄，还有社保开户要带什么") == ("营业执照地址变更怎么弄", "社保开户要带什么")
    assert two_questions("个税多交了怎么退还有生育津贴怎么申请") == ("个税多交了怎么退", "生育津贴怎么申请")
    assert question_in("你好，居住证怎么办，另外失业金怎么领") == "居住证怎么办"


@pytest.mark.parametrize(
    "text",
    [
        "公司怎么注销，还有要带什么材料",
        "居住证怎么办，还有多久能拿到",
        "还有什么政策可以享受",
        "居住证怎么办还有效吗",
        "我们公司50个人，另外还有两个残疾人",
    ],
)
def test_one_matter_stays_whole(text):
    assert two_questions(text) is None


@pytest.mark.parametrize("text", ["另一件", "那另一件呢", "第二件事", "另外一个问题呢"])
def test_the_other_question_is_asked_for(text):
    assert asks_other(text)


@pytest.mark.parametrize("text", ["第二个", "另一家公司怎么办", "下一步怎么办"])
def test_other_things_are_not_the_other_question(text):
    assert not asks_other(text)
