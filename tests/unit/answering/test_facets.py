"""Which facts a message asks for, and when its verb is the matter rather than the way."""

import pytest

from answering.facets import asked_facets, done_to_a_matter


@pytest.mark.parametrize(
    ("text", "done"), [("怎么注销", "注销"), ("那怎么延续呢", "延续"), ("请问要怎么变更？", "变更"), ("如何提取", "提取")]
)
def test_what_is_to_be_done_is_the_matter(text: str, done: str) -> None:
    assert done_to_a_matter(text) == done


@pytest.mark.parametrize(
    "text", ["怎么办", "怎么申请", "怎么领取", "怎么缴费", "怎么收费", "怎么回事", "怎么样", "公司怎么注销", "怎么取"]
)
def test_ways_are_no_matter(text: str) -> None:
    assert done_to_a_matter(text) is None


def test_what_has_run_out_asks_for_no_validity() -> None:
    assert "validity" not in asked_facets("身份证快过期了，人在外地能换吗")
    assert "validity" in asked_facets("这个政策过期没有")
