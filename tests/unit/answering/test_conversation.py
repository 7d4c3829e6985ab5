"""What a citizen asks, and asks next."""

import pytest

from answering.answerer import CaseView
from knowledge_base.workflow import Actor
from tests.unit.answering.conftest import ADMIN, Town

PERMIT_MATERIALS = "经营场所平面图"


@pytest.mark.parametrize(
    ("question", "external_id"),
    [
        ("食品经营许可证要什么材料", "SX-1"), ("开饭店要办什么证", "SX-1"), ("我想开公司", "SX-2"), ("租房公鸡金能取吗", "QA-1"),
        ("高新记术企业", "JD-2"), ("駕駛證到期怎麼換", "QA-2"), ("能提取公积金吗", "QA-1"), ("请问新生儿医保怎么参加呀？？", "QA-3"),
    ],
)  # fmt: skip
def test_everyday_questions_get_the_entry_with_its_citation(town: Town, question: str, external_id: str) -> None:
    answer = town.ask(question)
    assert (answer.outcome, answer.entry_id) == ("answer", town.ids[external_id])
    assert [c.external_id for c in answer.citations] == [external_id]
    assert answer.citations[0].url == f"/e/{answer.entry_id}"
    assert answer.probability is not None
    assert answer.probability >= town.index.searcher.threshold
    assert (answer.case.entry_id, answer.case.options) == (answer.entry_id, [])
    assert (answer.version, answer.revision) == (1, town.feed.revision())
    assert set(answer.model_ids) == {"encoder", "adapter", "fusion", "lexicon"}


@pytest.mark.parametrize("question", ["火星上能种土豆吗", "你会写诗吗", "红烧肉怎么做", "😀😀", "世界杯谁赢了"])
def test_what_nobody_wrote_down_is_not_answered_and_a_human_is_offered(town: Town, question: str) -> None:
    answer = town.ask(question)
    assert answer.outcome == "fallback"
    assert "转人工" in [b.title for b in answer.buttons]
    assert "知识库里暂时没有" in answer.text
    assert (answer.entry_id, answer.version) == (None, None)
    assert len(answer.case.options) <= 3


@pytest.mark.parametrize("size", [1, 3])
def test_a_knowledge_base_of_few_entries_is_not_sure_of_everything(empty_town: Town, size: int) -> None:
    town = empty_town
    for title in ("建筑工程施工许可证核发", "企业设立登记", "机动车驾驶证换证")[:size]:
        town.publish(kind="service_item", title=title, answer=f"{title}到大厅办理。")
    town.index.load()
    for question in ("火星上能种土豆吗", "红烧肉怎么做", "你会写诗吗"):
        assert town.ask(question).outcome == "fallback", question
    assert town.ask("建筑工程施工许可证怎么办理").outcome == "answer"


@pytest.mark.parametrize(
    ("question", "facts", "others"),
    [
        ("食品经营许可证要准备什么材料", ["经营场所平面图"], ["工作日", "3号窗口"]),
        ("食品经营许可证多久能办好", ["5个工作日", "20个工作日"], ["平面图", "3号窗口"]),
        ("食品经营许可证去哪个窗口办", ["3号窗口"], ["平面图", "工作日"]),
        ("食品经营许可证的办理条件", ["相适应的场所"], ["平面图", "工作日"]),
        ("食品经营许可证要什么材料，多少天", ["平面图", "5个工作日"], ["3号窗口"]),
    ],
)
def test_only_the_facts_asked_for_are_told(town: Town, question: str, facts: list[str], others: list[str]) -> None:
    text = town.ask(question).text
    assert all(fact in text for fact in facts), text
    assert not any(other in text for other in others), text
    assert "依据：" in text


def test_what_the_source_does_not_state_is_told_as_not_stated(town: Town) -> None:
    text = town.ask("食品经营许可证收费多少钱").text
    assert "没有载明" in text
    assert "收费" in text
    assert "免费" not in text


def test_whether_i_qualify_is_told_by_the_conditions(town: Town) -> None:
    assert "相适应的场所" in town.ask("我的小店食品经营许可证", intent="eligibility").text


@pytest.mark.parametrize(
    ("follow_up", "fact"),
    [
        ("需要准备些啥", PERMIT_MATERIALS), ("几天能好", "5个工作日"), ("去哪个窗口", "3号窗口"), ("多少钱", "没有载明"),
        ("电话多少", "0000-1234567"), ("那要什么条件呢？", "相适应的场所"), ("归哪个部门管", "市场监督管理局"),
    ],
)  # fmt: skip
def test_follow_ups_are_answered_from_the_entry_under_discussion(town: Town, follow_up: str, fact: str) -> None:
    answer = town.ask(follow_up, town.case("SX-1"))
    assert (answer.outcome, answer.entry_id) == ("answer", town.ids["SX-1"])
    assert fact in answer.text
    assert "食品经营许可证核发" in answer.resolved_question
    assert follow_up in answer.resolved_question


def test_follow_ups_of_nothing_ask_which_matter(town: Town) -> None:
    answer = town.ask("需要准备些啥")
    assert (answer.outcome, answer.entry_id, answer.citations) == ("clarify", None, [])
    assert "材料" in answer.text


@pytest.mark.parametrize(
    ("question", "external_id"), [("公司设立登记多少钱", "SX-2"), ("那驾驶证怎么换呢", "QA-2"), ("能提取公积金吗", "QA-1")]
)
def test_a_new_matter_leaves_the_one_under_discussion(town: Town, question: str, external_id: str) -> None:
    assert town.ask(question, town.case("SX-1")).entry_id == town.ids[external_id]


def test_a_follow_up_of_a_withdrawn_entry_is_not_answered(town: Town) -> None:
    town.store.withdraw(town.ids["SX-1"], ADMIN)
    answer = town.ask("需要准备些啥", town.case("SX-1"))
    assert (answer.outcome, answer.citations) == ("clarify", [])
    assert PERMIT_MATERIALS not in answer.text


def options(town: Town, *external_ids: str) -> CaseView:
    return CaseView(options=[town.ids[e] for e in external_ids], entities={"region": "示例市"}, misses=1)


@pytest.mark.parametrize(
    ("said", "picked"),
    [
        ("2", 1),
        ("２", 1),
        ("第二个", 1),
        ("选第一项吧", 0),
        ("最后一个", 2),
        ("企业设立登记", 1),
        (" 稳岗返还政策解读 ", 2),
        ("三", 2),
    ],
)
def test_an_option_is_picked_by_number_or_title(town: Town, said: str, picked: int) -> None:
    external_ids = ("SX-1", "SX-2", "JD-1")
    answer = town.ask(said, options(town, *external_ids))
    assert (answer.outcome, answer.entry_id) == ("answer", town.ids[external_ids[picked]])
    assert (answer.case.options, answer.case.misses, answer.case.entities) == ([], 0, {"region": "示例市"})


@pytest.mark.parametrize("said", ["都不是", "以上都不是。", "都不是我要的", "一个都不是"])
def test_none_of_them_gives_the_options_up_and_offers_a_human(town: Town, said: str) -> None:
    answer = town.ask(said, options(town, "SX-1", "SX-2"))
    assert (answer.outcome, answer.case.options) == ("fallback", [])
    assert [b.title for b in answer.buttons] == ["转人工"]


@pytest.mark.parametrize(
    "said", ["都没有营业执照要怎么做企业设立登记", "2个人怎么做企业设立登记", "9", "都不是，我想问企业设立登记"]
)
def test_a_new_question_is_no_choice(town: Town, said: str) -> None:
    answer = town.ask(said, options(town, "SX-1", "QA-2"))
    assert answer.entry_id in {None, town.ids["SX-2"]}
    assert answer.text != town.ask("都不是", options(town, "SX-1", "QA-2")).text


def test_a_picked_option_that_was_withdrawn_meanwhile_is_not_answered(town: Town) -> None:
    case = options(town, "SX-1", "SX-2")
    town.store.withdraw(town.ids["SX-1"], ADMIN)
    answer = town.ask("1", case)
    assert (answer.outcome, answer.citations) == ("fallback", [])
    assert "停用" in answer.text
    assert town.ask("", case).outcome == "fallback"
    assert "停用" not in town.ask("  ", case).text


def test_policies_for_my_situation_are_listed_with_citations_in_button_order(town: Town) -> None:
    answer = town.ask("我们是高新技术企业，想要稳岗返还和奖励政策", intent="policy_match")
    assert answer.outcome == "clarify"
    listed = [c.entry_id for c in answer.citations]
    assert {town.ids["JD-1"], town.ids["JD-2"]} & set(listed)
    assert listed == answer.case.options
    assert [c.title for c in answer.citations] == [b.title for b in answer.buttons] == [b.payload for b in answer.buttons]
    for number, citation in enumerate(answer.citations, 1):
        assert f"{number}. {citation.title}" in answer.text
    assert town.ask(answer.buttons[-1].payload, answer.case).entry_id == listed[-1]


def test_near_entries_offered_can_be_picked(town: Town) -> None:
    for question in ("办证", "补贴", "企业政策", "放假", "登记"):
        answer = town.ask(question)
        if not answer.case.options:
            continue
        assert [c.entry_id for c in answer.citations] == answer.case.options
        assert town.ask("1", answer.case).entry_id == answer.case.options[0]


def test_links_are_absolute_when_the_instance_has_a_public_address(town: Town) -> None:
    from answering.answerer import Answerer

    town.answerer = Answerer(town.index, town.store, "https://zw.example.cn")
    answer = town.ask("食品经营许可证要什么材料")
    url = f"https://zw.example.cn/e/{town.ids['SX-1']}"
    assert answer.citations[0].url == url
    assert url in answer.text


def test_search_rows_name_entry_version_and_snippet(town: Town) -> None:
    town.store.edit(town.ids["SX-2"], {"answer": "改过。"}, Actor("管理员", "admin"))
    town.index.follow()
    found = town.answerer.search("企业设立登记", 3, town.today)
    row = found.results[0]
    assert (row.entry_id, row.external_id, row.version, row.kind) == (town.ids["SX-2"], "SX-2", 2, "service_item")
    assert len(found.results) <= 3
    assert found.revision == town.feed.revision()
    assert 0 < len(row.snippet) <= 160
