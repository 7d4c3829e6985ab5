"""Other places' policies are not answered with ours, and our own questions are not taken for others'."""

import csv
import json
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answering.answerer import Answerer, CaseView
from answering.regions import (
    FILE,
    Jurisdiction,
    JurisdictionFinder,
    foreign_places,
    home_region,
    means_here,
    region_name,
    without_foreign,
)  # fmt: skip
from settings import PROJECT_ROOT
from tests.unit.answering.conftest import Town

GUANGDONG, HANGZHOU, SAMPLE = "440000", "330100", "990100"


def rows() -> list[dict[str, str]]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def questions(path: str) -> list[str]:
    lines = (PROJECT_ROOT / path).read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines if line.strip()]


# -- the data


def test_all_provinces_and_prefectures_are_known() -> None:
    codes = [row["code"] for row in rows()]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[1-8]\d{5}", code) for code in codes)
    provinces = [c for c in codes if c.endswith("0000")]
    prefectures = [c for c in codes if c.endswith("00") and c not in provinces]
    assert len(provinces) == 34
    assert len(prefectures) >= 333
    assert {c[:2] for c in codes} == {c[:2] for c in provinces}


def test_no_name_stands_for_two_places() -> None:
    names = [name for row in rows() for name in {row["name"], *filter(None, row["short_names"].split("|"))}]
    assert len(set(names)) == len(names)


def test_words_that_only_contain_a_name_contain_one() -> None:
    shorts = {name for row in rows() for name in row["short_names"].split("|") if name}
    names = shorts | {row["name"] for row in rows()} | {row["name"][:-1] for row in rows()}
    for row in rows():
        for word in filter(None, row["not_this_place"].split("|")):
            assert any(name in word for name in names), word
            assert word not in shorts


# -- whose policies are ours


@pytest.mark.parametrize(
    ("setting", "published", "home"),
    [
        (None, {"330100", "330106", "100000"}, "330100"),
        (None, {"330100", "330200", "000000"}, "330000"),
        (None, {"330000", "330200"}, "330000"),
        (None, {"990100", "990102", "990121", "990000", "100000"}, "990000"),
        (None, {"990102", "990121", ""}, "990100"),
        (None, {"330782"}, "330782"),
        (None, {"330100", "440000"}, None),
        (None, {"100000", ""}, None),
        (None, set(), None),
        ("440100", {"330100"}, "440100"),
        ("100000", {"330100"}, None),
    ],
)
def test_home_is_the_setting_else_what_holds_all_entries(setting: str | None, published: set[str], home: str | None) -> None:
    assert home_region(setting, published) == home


@given(st.sets(st.from_regex(r"[1-8][0-9]{5}", fullmatch=True).map(lambda c: c[:4] + "00"), min_size=1, max_size=4))
def test_home_holds_every_entry_of_a_real_place(codes: set[str]) -> None:
    home = home_region(None, codes)
    if home is not None:
        assert all(code.startswith(re.sub("(00){1,2}$", "", home)) or code == "100000" for code in codes)


# -- which places a question is about


@pytest.mark.parametrize(
    ("text", "home", "places"),
    [
        ("杭州市人才补贴多少钱", GUANGDONG, ["杭州市"]),
        ("上海的居住证积分怎么算", HANGZHOU, ["上海市"]),
        ("宁波落户要什么条件", HANGZHOU, ["宁波市"]),
        ("成都天府新区人才公寓的租金", GUANGDONG, ["天府新区"]),
        ("北京和上海哪个补贴多", GUANGDONG, ["北京市", "上海市"]),
        ("義烏的電商補貼", GUANGDONG, ["义乌市"]),
        ("吉林省和吉林市的补贴", GUANGDONG, ["吉林市"]),
        ("白银市养老金", GUANGDONG, ["白银市"]),
        ("青海省海南州草原补助", GUANGDONG, ["海南藏族自治州"]),
        ("上海人才引进落户", GUANGDONG, ["上海市"]),
        ("杭州那边呢", SAMPLE, ["杭州市"]),
        ("苏州大学生租房补贴", GUANGDONG, ["苏州市"]),
        ("广东的高龄津贴", SAMPLE, ["广东省"]),
    ],
)
def test_other_places_are_found(text: str, home: str, places: list[str]) -> None:
    assert foreign_places(text, home) == places


@pytest.mark.parametrize(
    ("text", "home"),
    [
        ("怎么开饭店", GUANGDONG),
        ("广州落户要什么条件", GUANGDONG),
        ("广东省高龄津贴", "440100"),
        ("浙江省产假多少天", "330782"),
        # ours is named too, or is the other end
        ("杭州和广州的社保怎么接续", GUANGDONG),
        ("我在上海，想把公积金转到本地", SAMPLE),
        ("去北京看病异地就医怎么备案", SAMPLE),
        ("从上海迁户口要什么材料", SAMPLE),
        # origin
        ("我是湖南人，能办居住证吗", SAMPLE),
        ("四川籍员工怎么参保", SAMPLE),
        ("江西户口的孩子上学", SAMPLE),
        ("老家河南的可以申请公租房吗", SAMPLE),
        ("上海的公司来投资有什么优惠", SAMPLE),
        ("北京牌照的车年检", SAMPLE),
        ("浙江大学毕业有没有人才补贴", SAMPLE),
        ("在杭州买的车怎么过户", SAMPLE),
        # another name
        ("上海路派出所电话", SAMPLE),
        ("开川菜馆和沙县小吃店", SAMPLE),
        ("中山东路的窗口几点上班", SAMPLE),
        ("兰州拉面店怎么办证", SAMPLE),
        # not from the mainland's other places
        ("香港人怎么办居住证", SAMPLE),
        ("台湾居民来办企业", SAMPLE),
        ("澳門律師執業", SAMPLE),
        # everyday words
        ("朝阳产业和白银首饰店", SAMPLE),
        ("平安康复中心，安康驿站", SAMPLE),
        ("孙中山故居在哪，中山医院电话", SAMPLE),
        ("幸福建设资金", SAMPLE),
        ("复合肥料登记", SAMPLE),
        ("城西安置房和西安全检查", SAMPLE),
        ("经营口腔诊所要什么证", SAMPLE),
        ("更新余额，股东营业额", SAMPLE),
        ("三明治店，大连锁超市，投资阳光房", SAMPLE),
        ("大理石加工，重大理由", SAMPLE),
        ("社保定期待遇，担保定金", SAMPLE),
        ("天河北路的窗口", SAMPLE),
        ("文件已经办成都要盖章吗", SAMPLE),
        ("日照时间不够，开封了的药能退吗", SAMPLE),
    ],
)
def test_our_own_questions_are_left_alone(text: str, home: str) -> None:
    assert foreign_places(text, home) == []


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    assert isinstance(foreign_places(text, SAMPLE), list)


# -- false alarms and misses on written questions


def sample_questions() -> Iterator[str]:
    for path in sorted((PROJECT_ROOT / "knowledge_base" / "sample").glob("*.jsonl")):
        yield from (
            q for line in path.read_text(encoding="utf-8").splitlines() for q in json.loads(line).get("similar_questions", [])
        )


@pytest.mark.parametrize("name", ["service_items_tune", "service_items_test"])
def test_citizens_questions_are_seldom_taken_for_others(name: str) -> None:
    asked = questions(f"bench/questions/{name}.jsonl")
    flagged = [q for q in asked if foreign_places(q, GUANGDONG)]
    assert len(flagged) <= len(asked) / 100, flagged


def test_the_samples_own_questions_are_seldom_taken_for_others() -> None:
    asked = list(sample_questions())
    flagged = [q for q in asked if foreign_places(q, SAMPLE)]
    assert len(asked) > 500
    assert len(flagged) <= len(asked) / 100, flagged


def test_questions_about_other_places_are_noticed() -> None:
    first = questions("bench/questions/out_of_knowledge.jsonl")[:30]
    about_places, others = first[:16], first[16:]
    assert [q for q in about_places if not foreign_places(q, GUANGDONG)] == []
    assert [q for q in others if foreign_places(q, GUANGDONG)] == []


# -- in conversation


def settled_in(town: Town, setting: str | None, region_code: str | None = None) -> Town:
    if region_code:
        town.publish(kind="qa", title="高龄津贴怎么领？", answer="到社区领取。", region_code=region_code)
        town.index.follow()
    town.answerer = Answerer(town.index, town.store, None, JurisdictionFinder(setting, town.store.published_regions))
    return town


def test_another_places_question_is_declined_with_its_hotline_and_a_human(town: Town) -> None:
    settled_in(town, HANGZHOU)
    answer = town.ask("上海食品经营许可证要什么材料")
    assert (answer.outcome, answer.citations, answer.entry_id, answer.probability) == ("fallback", [], None, None)
    assert [b.title for b in answer.buttons] == ["转人工"]
    assert all(word in answer.text for word in ("上海市", "杭州市", "12345"))
    assert answer.resolved_question == "上海食品经营许可证要什么材料"
    assert answer.revision == town.feed.revision()
    assert set(answer.model_ids) == {"encoder", "adapter", "fusion", "lexicon"}
    assert town.ask("杭州食品经营许可证要什么材料").outcome == "answer"
    assert town.ask("我是上海人，食品经营许可证要什么材料").outcome == "answer"


@pytest.mark.parametrize("said", ["杭州那边呢", "那杭州要什么材料", "杭州要多久"])
def test_a_follow_up_that_goes_elsewhere_is_declined_and_the_matter_stays(town: Town, said: str) -> None:
    settled_in(town, SAMPLE)
    answer = town.ask(said, town.case("SX-1"))
    assert answer.outcome == "fallback"
    assert "本地" in answer.text
    assert town.ask("那要多久", answer.case).entry_id == town.ids["SX-1"]


def test_picking_an_entry_about_another_place_is_still_picking(town: Town) -> None:
    entry = town.publish(kind="notice", title="上海市医院异地就医名单", answer="名单如下。")
    town.index.follow()
    settled_in(town, SAMPLE)
    assert town.ask("上海市医院异地就医名单", CaseView(options=[entry])).entry_id == entry
    assert town.ask("1", CaseView(options=[entry])).entry_id == entry


def test_home_follows_what_is_published(town: Town) -> None:
    settled_in(town, None)
    question = "上海食品经营许可证要什么材料"
    assert town.ask(question).outcome == "answer"  # nothing published says where this is
    town.publish(kind="qa", title="高龄津贴怎么领？", answer="到社区领取。", region_code="330106")
    town.index.follow()
    assert town.ask(question).outcome == "fallback"
    town.publish(kind="qa", title="旧房改造补贴", answer="到街道申请。", region_code="310000")
    town.index.follow()
    assert town.ask(question).outcome == "answer"


def test_a_place_with_an_entry_of_its_own_is_looked_up(town: Town) -> None:
    settled_in(town, HANGZHOU, region_code="310115")
    assert town.ask("上海食品经营许可证要什么材料").outcome != "fallback"
    assert town.ask("宁波食品经营许可证要什么材料").outcome == "fallback"


def test_entries_of_the_level_above_do_not_make_the_neighbour_ours() -> None:
    ours = Jurisdiction(HANGZHOU, frozenset({"330000", HANGZHOU, "100000"}))
    assert ours.elsewhere("宁波人才补贴") == ["宁波市"]
    assert ours.elsewhere("浙江省产假") == []
    assert Jurisdiction().elsewhere("宁波人才补贴") == []


def test_the_store_is_asked_once_a_revision() -> None:
    asked: list[int] = []

    def regions() -> set[str]:
        asked.append(1)
        return {HANGZHOU}

    finder = JurisdictionFinder(None, regions)
    assert [finder(1), finder(1), finder(2)] == [Jurisdiction(HANGZHOU, frozenset({HANGZHOU}))] * 3
    assert len(asked) == 2
    assert (finder(2).name, Jurisdiction(SAMPLE).name, region_name("310000")) == ("杭州市", "本地", "上海市")


def test_importing_reads_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_more: object) -> None:
        raise AssertionError("read at import")

    monkeypatch.setattr(Path, "open", refuse)
    assert "JurisdictionFinder" in runpy.run_path(str(FILE.with_suffix(".py")))


def test_the_sample_place_does_not_hide_where_the_real_entries_are_from() -> None:
    assert home_region(None, {"990100", "440000", "440100"}) == "440000"
    assert home_region(None, {"990100", "990102"}) == "990100"


@pytest.mark.parametrize("text", ["我问的是我们这里", "不是，我说的是本地的", "那我们这边呢", "本市的规定", "就问这里的"])
def test_our_own_place_is_meant(text):
    assert means_here(text)


@pytest.mark.parametrize("text", ["我们这里居住证怎么办", "我问的是公积金", "那杭州的呢", "本地户口"])
def test_more_than_our_own_place_is_meant(text):
    assert not means_here(text)


def test_a_question_without_the_places_that_are_not_ours():
    assert without_foreign("成都的公积金怎么提取", "440000") == "公积金怎么提取"
    assert without_foreign("在成都市那边办居住证要什么", "440000") == "办居住证要什么"
    assert without_foreign("广州的公积金怎么提取", "440000") == "广州的公积金怎么提取"


@pytest.mark.parametrize("text", ["我户口是四川的有影响吗", "户籍在四川能办吗"])
def test_where_somebody_is_registered_is_no_other_place(text):
    assert not foreign_places(text, "440000")
