"""Messages that do two things."""

import pytest

from conversations.mixed import question_in, taken_apart


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
