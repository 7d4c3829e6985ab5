"""Which entries fit alike, and the one question that separates them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answering.choosing import NONE_OF_THEM, goes_back, is_beyond, pick_of
from answering.deciding import MOST_OPTIONS, MOST_QUESTIONS, Candidate, base_title, narrowed, question_for, situation_of
from answering.models import PickList
from answering.rivals import rivals_of
from tests.unit.answering.conftest import content_of

PROVINCE = {"region_code": "440000", "authority": "广东省司法厅"}
CITY = {"region_code": "440100", "authority": "广州市司法局"}
ZONE = {"region_code": "440100", "authority": "广州空港经济区管理委员会"}


def candidates(*fields: dict[str, object]) -> list[Candidate]:
    return [Candidate(i, content_of(kind="service_item", **f)) for i, f in enumerate(fields, 1)]


def test_levels_of_one_item_are_asked_for_by_level() -> None:
    question = question_for(candidates({"title": "律师事务所设立许可", **PROVINCE}, {"title": "律师事务所设立许可", **CITY}))
    assert question is not None
    assert question.about == "region"
    assert [option.label for option in question.options] == ["省级（广东省）", "市级（广州市）"]


def test_departments_of_one_region_are_asked_for_by_department() -> None:
    question = question_for(candidates({"title": "环评审批", **CITY}, {"title": "环评审批", **ZONE}))
    assert question is not None
    assert (question.about, question.options[1].label) == ("authority", "广州空港经济区管理委员会")


def test_situations_are_asked_first_when_they_leave_fewer() -> None:
    titles = [f"频率许可（{s}）" for s in ("新申请", "变更", "注销")]
    question = question_for(candidates(*({"title": t, **where} for t in titles for where in (PROVINCE, CITY))))
    assert question is not None
    assert question.about == "situation"
    assert [(o.label, o.entries) for o in question.options] == [("新申请", (1, 2)), ("变更", (3, 4)), ("注销", (5, 6))]


def test_different_validity_is_asked_only_for_another_time() -> None:
    two = candidates({"title": "奖励（旧标准）", "effective_to": "2025-03-31"}, {"title": "奖励", "effective_from": "2025-04-01"})
    dated = question_for(two, dated=True)
    assert dated is not None
    assert [o.label for o in dated.options] == ["2025年3月31日以前", "2025年4月1日以后"]
    today = question_for(two)
    assert today is not None
    assert today.about == "title"


words = st.sampled_from(["许可", "备案（新办）", "备案（注销）", "备案", "登记（甲）（乙）"])
places = st.sampled_from([PROVINCE, CITY, ZONE, {}])


@given(st.lists(st.tuples(words, places), min_size=0, max_size=12), st.integers(0, 4))
def test_every_option_is_different_and_leads_to_entries_of_the_list(
    items: list[tuple[str, dict[str, object]]], asked: int
) -> None:
    found = candidates(*({"title": title, **where} for title, where in items))
    question = question_for(found, asked)
    assert (question is None) == (len(found) < 2)
    if question is None:
        return
    labels = [option.label for option in question.options]
    assert len(set(labels)) == len(labels) <= MOST_OPTIONS
    entries = [entry for option in question.options for entry in option.entries]
    assert set(entries) <= {c.entry_id for c in found}
    assert len(entries) == len(set(entries))
    assert len(labels) > 1
    if asked >= MOST_QUESTIONS:
        assert all(len(option.entries) == 1 for option in question.options), "the list itself is offered"


@pytest.mark.parametrize(
    ("text", "facts", "left"),
    [
        ("市里的", {}, [2, 3]), ("省级", {}, [1]), ("空港经济区的怎么办", {}, [3]), ("怎么办", {"region": "广东省广州市"}, [2, 3]),
        ("怎么办", {"region": "深圳市"}, [1]), ("省里的", {"region": "广州市"}, [1]), ("怎么办", {}, [1, 2, 3]), ("怎么办", {"region": "杭州市"}, [1, 2, 3]),
    ],
)  # fmt: skip
def test_what_is_said_or_known_decides(text: str, facts: dict[str, str], left: list[int]) -> None:
    found = candidates({"title": "许可", **PROVINCE}, {"title": "许可", **CITY}, {"title": "许可", **ZONE})
    assert [c.entry_id for c in narrowed(found, text, facts)] == left


def test_a_known_type_of_applicant_decides() -> None:
    found = candidates({"title": "年报（甲）", "audience": ["企业"]}, {"title": "年报（乙）", "audience": ["个体工商户"]})
    assert [c.entry_id for c in narrowed(found, "年报", {"enterprise_type": "个体工商户"})] == [2]


def test_titles_are_taken_apart() -> None:
    assert (base_title("频率许可（续期）"), situation_of("频率许可（续期）")) == ("频率许可", "续期")
    assert situation_of("执业许可(（占编人员（含聘用））)") == "占编人员（含聘用）"
    assert base_title("稳岗返还（2026年）") == base_title("稳岗返还（2025年）") == "稳岗返还"
    assert base_title("（只有括号）")


def test_rivals_are_those_of_the_same_item_unless_one_is_named() -> None:
    new, renewal, other = candidates({"title": "频率许可（新申请）"}, {"title": "频率许可（续期）"}, {"title": "电台执照"})
    found = [(renewal, 0.9), (new, 0.03), (other, 0.02)]
    assert rivals_of(found, "频率许可续期", 0.6) == [renewal]
    assert rivals_of(found, "频率许可怎么办", 0.6) == [renewal, new]
    assert rivals_of(found, "频率许可（续期）", 0.6) == [renewal]


LIST = PickList("要多久", ["省级（广东省）", "市级（广州市）", "广州市住房和城乡建设局"], ["a", "b", "c"], [[1], [2], [3]], 1)


@pytest.mark.parametrize(
    ("text", "choice"),
    [("省里的", 0), ("市级", 1), ("住建局那个", 2), ("住房和城乡建设", 2), ("第二个", 1), ("第一个详细说说", 0), ("第二个是啥意思", 1), ("5", None), ("b", 1), ("都不是", NONE_OF_THEM), ("需要什么材料", None), ("居住证", None)],
)  # fmt: skip
def test_an_option_is_named_in_words(text: str, choice: int | None) -> None:
    assert pick_of(text, LIST, is_open=True) == choice


@pytest.mark.parametrize(
    ("text", "choice"),
    [("第二个", 1), ("最后一个", 2), ("那省里的呢", 0), ("2", None), ("都不是", None), ("上一个", 0), ("下一个", 2)],
)
def test_a_list_stays_pickable_by_what_can_only_mean_it(text: str, choice: int | None) -> None:
    from dataclasses import replace

    assert pick_of(text, replace(LIST, picked=1), is_open=False) == choice


@pytest.mark.parametrize(("text", "beyond"), [("4", True), ("第五个", True), ("3", False), ("5个人", False), ("要多久", False)])
def test_a_number_that_the_list_does_not_have(text: str, beyond: bool) -> None:
    assert is_beyond(text, LIST.labels) == beyond


def test_going_back() -> None:
    assert goes_back("刚才那个")
    assert goes_back("上一个吧")
    assert not goes_back("上一年的补贴")
