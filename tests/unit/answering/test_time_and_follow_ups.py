"""Answers for the time asked about, details of the entry under discussion, corrections, and choosing between entries that fit alike."""

from dataclasses import replace
from datetime import date

import pytest

from answering.answerer import Answerer, CaseView
from answering.following import aspects_in, continues, correction, leans, put_for
from answering.models import Inquiry
from tests.unit.answering.conftest import TODAY, Town

OLD = {"kind": "service_item", "external_id": "OLD", "title": "技术改造补助（2024年）", "answer": "按投入的百分之五补助。", "effective_from": "2024-01-01",
       "effective_to": "2025-12-31", "replaced_by": "NEW", "similar_questions": ["技改补助多少"]}  # fmt: skip
NEW = {"kind": "service_item", "external_id": "NEW", "title": "技术改造补助（2026年）", "answer": "按投入的百分之八补助。", "effective_from": "2026-01-01",
       "effective_to": "2026-12-31", "similar_questions": ["技改补助有多少"], "facets": {"materials": ["技改合同"]}}  # fmt: skip
GONE = {
    "kind": "service_item",
    "external_id": "GONE",
    "title": "会展服务券申领",
    "answer": "每家发放一千元会展服务券。",
    "effective_to": "2025-06-30",
}
SOON = {
    "kind": "service_item",
    "external_id": "SOON",
    "title": "夜间经济示范街区奖励",
    "answer": "每条街区奖励十万元。",
    "effective_from": "2027-01-01",
}


@pytest.fixture
def ages(town: Town) -> Town:
    for content in (OLD, NEW, GONE, SOON):
        town.ids[str(content["external_id"])] = town.publish(**content)
    town.index.follow()
    return town


class TestTime:
    def test_today_is_answered_from_what_is_valid_today(self, ages: Town) -> None:
        answer = ages.ask("技术改造补助多少")
        assert (answer.entry_id, answer.as_of) == (ages.ids["NEW"], TODAY)
        assert "到期" not in answer.text.split("依据")[0]

    def test_the_past_is_answered_from_what_was_valid_then_and_names_the_replacement(self, ages: Town) -> None:
        answer = ages.ask("2024年的技术改造补助多少")
        assert (answer.outcome, answer.entry_id, answer.as_of) == ("answer", ages.ids["OLD"], date(2024, 12, 31))
        assert "已于2025年12月31日到期" in answer.text
        assert "技术改造补助（2026年）" in answer.text
        assert [c.external_id for c in answer.citations] == ["OLD", "NEW"]

    def test_a_time_from_which_nothing_is_known_is_said_to_be_so(self, ages: Town) -> None:
        answer = ages.ask("2019年的技术改造补助多少")
        assert "没有2019年有效的规定" in answer.text
        assert "自2026年1月1日起施行" in answer.text

    def test_next_year_is_not_promised(self, ages: Town) -> None:
        answer = ages.ask("明年还有吗", ages.case("NEW"))
        assert (answer.entry_id, answer.as_of) == (ages.ids["NEW"], date(2027, 1, 1))
        assert "有效期至2026年12月31日" in answer.text
        assert "是否延续" in answer.text

    def test_a_follow_up_stays_in_the_time_asked_about_until_the_present_is_named(self, ages: Town) -> None:
        old = ages.ask("去年的呢", ages.case("NEW"))
        assert old.entry_id == ages.ids["OLD"]
        detail = ages.ask("要什么材料", old.case)
        assert detail.entry_id == ages.ids["OLD"]
        assert "到期" in detail.text
        assert ages.ask("那现在呢", detail.case).entry_id == ages.ids["NEW"]

    def test_what_expired_without_replacement_says_only_that(self, ages: Town) -> None:
        answer = ages.ask("会展服务券怎么领")
        assert (answer.outcome, answer.entry_id) == ("answer", ages.ids["GONE"])
        assert "已于2025年6月30日到期" in answer.text
        assert "一千元" not in answer.text

    def test_what_comes_later_says_from_when(self, ages: Town) -> None:
        answer = ages.ask("夜间经济示范街区奖励多少")
        assert answer.entry_id == ages.ids["SOON"]
        assert "自2027年1月1日起施行，现在还没有执行" in answer.text

    def test_former_rules_are_found_without_a_date(self, ages: Town) -> None:
        answer = ages.ask("技术改造补助以前的标准是多少")
        assert answer.entry_id == ages.ids["OLD"]
        assert "现在不能再据此办理" in answer.text

    def test_a_replacement_chain_that_bites_its_tail_ends(self, ages: Town) -> None:
        for name, other in (("A", "B"), ("B", "A")):
            ages.publish(
                kind="qa", external_id=name, title=f"循环补贴{name}号", answer="x。", effective_to="2025-01-01", replaced_by=other
            )
        ages.index.follow()
        assert "到期" in ages.ask("循环补贴A号").text


class TestDetails:
    @pytest.mark.parametrize(
        "text", ["可以代办吗", "能邮寄吗", "个体工商户算不算", "要本人到场吗", "外地户口可以吗", "我在外地能办吗"]
    )
    def test_what_the_entry_does_not_state_is_said_honestly_with_the_phone(self, town: Town, text: str) -> None:
        answer = town.ask(text, town.case("SX-1"))
        assert (answer.outcome, answer.entry_id) == ("answer", town.ids["SX-1"])
        assert "没有载明" in answer.text
        assert "0000-1234567" in answer.text
        assert answer.resolved_question == f"食品经营许可证核发：{text}"

    def test_what_the_entry_states_in_its_text_is_told(self, town: Town) -> None:
        answer = town.ask("一个月能提几次", town.case("QA-1"))
        assert "每月可以提取一次" in answer.text

    def test_a_correction_sets_the_earlier_entry_aside(self, town: Town) -> None:
        told = town.ask("食品经营许可证要什么材料")
        corrected = town.ask("不是，我是问企业设立登记", told.case)
        assert corrected.entry_id == town.ids["SX-2"]
        assert corrected.resolved_question.endswith("企业设立登记")
        assert town.ask("刚才那个", corrected.case).entry_id == town.ids["SX-1"]

    def test_a_correction_of_the_detail_stays_with_the_entry(self, town: Town) -> None:
        answer = town.ask("不是，我是问要几天", town.case("SX-1"))
        assert answer.entry_id == town.ids["SX-1"]
        assert "5个工作日" in answer.text


class TestChoosing:
    @pytest.fixture
    def twins(self, empty_town: Town) -> Town:
        town = empty_town
        for code, who, place in (("440000", "广东省司法厅", "省厅窗口"), ("440100", "广州市司法局", "市局窗口")):
            town.ids[code] = town.publish(
                kind="service_item",
                title="律师事务所设立许可",
                answer=f"由{who}办理。",
                region_code=code,
                authority=who,
                facets={"place": place},
            )
        town.publish(kind="qa", title="机动车驾驶证到期怎么换证？", answer="有效期满前九十日内换证。")
        town.index.load()
        return town

    def test_one_question_then_the_answer_to_what_was_asked(self, twins: Town) -> None:
        asked = twins.ask("律师事务所设立许可去哪里办")
        assert asked.outcome == "clarify"
        assert [c.entry_id for c in asked.citations] == asked.case.options
        told = twins.ask("市里的", asked.case)
        assert (told.outcome, told.entry_id) == ("answer", twins.ids["440100"])
        assert "市局窗口" in told.text
        assert told.resolved_question == "律师事务所设立许可：律师事务所设立许可去哪里办"
        assert twins.ask("那省里的呢", told.case).entry_id == twins.ids["440000"]

    def test_each_button_opens_its_own_entry_though_the_titles_are_the_same(self, twins: Town) -> None:
        asked = twins.ask("律师事务所设立许可去哪里办")
        assert len({button.payload for button in asked.buttons}) == 2
        for button, citation in zip(asked.buttons, asked.citations, strict=True):
            assert twins.ask(button.payload, asked.case).entry_id == citation.entry_id
            opened = twins.answerer.answer(Inquiry(citation.title, None, asked.case, TODAY, citation.entry_id))
            assert opened.entry_id == citation.entry_id
            assert "窗口" in opened.text

    def test_a_known_region_is_not_asked_again(self, twins: Town) -> None:
        inquiry = Inquiry("律师事务所设立许可去哪里办", None, CaseView(), TODAY, profile={"region": "广州市"})
        assert twins.answerer.answer(inquiry).entry_id == twins.ids["440100"]

    def test_a_place_in_reply_decides(self, twins: Town) -> None:
        asked = twins.ask("律师事务所设立许可去哪里办")
        assert twins.ask("我在广州", asked.case).entry_id == twins.ids["440100"]

    def test_a_side_question_leaves_the_list_pickable(self, twins: Town) -> None:
        asked = twins.ask("律师事务所设立许可去哪里办")
        aside = twins.ask("驾驶证到期怎么换证", asked.case)
        assert aside.outcome == "answer"
        assert twins.ask("第二个", aside.case).entry_id == asked.citations[1].entry_id

    def test_yes_to_two_options_is_asked_again(self, twins: Town) -> None:
        asked = twins.ask("律师事务所设立许可去哪里办")
        again = twins.ask("好的", asked.case)
        assert (again.outcome, again.case.options) == ("clarify", asked.case.options)


@pytest.mark.parametrize(
    ("text", "rest"),
    [("不是，我是问居住证", "居住证"), ("不对，我问的是身份证", "身份证"), ("我问的不是这个，是人才公寓", "人才公寓"), ("不是公司，是个体户", "个体户"), ("错了，我要查公积金", "公积金"),
     ("不是", None), ("不是本地人能办居住证吗", None), ("居住证怎么办", None), ("不是说要五样材料吗", None)],
)  # fmt: skip
def test_corrections(text: str, rest: str | None) -> None:
    assert correction(text) == rest


def test_what_continues_and_what_does_not() -> None:
    assert continues("可以代办吗")
    assert continues("去哪个窗口")
    assert continues("那现在呢")
    assert continues("明年还有吗")
    assert not continues("明年的医保什么时候交")
    assert not continues("好的")
    assert not continues("可以提取公积金吗")
    assert leans("那异地的呢")
    assert not leans("居住证怎么办")
    assert put_for("个体户注册要多久", "公司") == "公司注册要多久"
    assert [a.name for a in aspects_in("个体户能不能代办")] == ["能否代办", "个体工商户是否适用"]


def test_the_answerer_keeps_nothing_between_questions(town: Town) -> None:
    first = town.ask("食品经营许可证要什么材料")
    other = Answerer(town.index, town.store)
    assert replace(other.answer(Inquiry("几天能好", None, first.case, TODAY))) == town.ask("几天能好", first.case)
