"""Misspelt words are written as the knowledge writes them, and nothing else is touched."""

from collections.abc import Sequence

import pytest

from retrieval.spelling import LONGEST_QUERY, LOOKALIKES
from tests.unit.retrieval.conftest import document, fresh_searcher, ids

TITLES = (
    "一级注册消防工程师注册审批", "取水计划上报", "办事进度查询", "律师执业许可", "公务员录用考试报名", "往来港澳通行证签注",
    "放射源异地使用备案", "手机号码变更", "企业职工养老保险关系合并", "开放文物参观审批",
)  # fmt: skip


def understood(query: str, titles: Sequence[str] = TITLES) -> str:
    searcher = fresh_searcher()
    searcher.apply([document(i, title) for i, title in enumerate(titles)], (), 1)
    return searcher.understand(query).understood


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("一级消房工程师主册", "一级消防工程师注册"),
        ("办里近度在哪查", "办里进度在哪查"),
        ("全职律帅怎么申请", "全职律师怎么申请"),  # looks alike
        ("放社源拿到外地用", "放射源拿到外地用"),
        ("养老保险怎么合病", "养老保险怎么合并"),
        ("港奥通行证", "港澳通行证"),
        ("册注工程师", "注册工程师"),  # characters exchanged
    ],
)
def test_errors_of_sound_look_and_order_are_mended(written: str, meant: str) -> None:
    assert understood(written) == meant


@pytest.mark.parametrize(
    "query",
    [
        "注册消防工程师", "律师执业许可", "结婚仪式在哪里办", "首级文物", "晋升职称要什么条件", "我要去西藏旅游", "报明天的考试",
        "abc 123", "???", "", "一二三四五六七八九十" * 10,
    ],
)  # fmt: skip
def test_what_is_written_well_stays(query: str) -> None:
    assert understood(query) == query


def test_only_words_of_the_knowledge_are_written_instead() -> None:
    assert understood("办事近度", ["公积金提取"]) == "办事近度"
    assert understood("办事近度", []) == "办事近度"


def test_words_of_withdrawn_entries_are_forgotten_and_come_back() -> None:
    searcher = fresh_searcher()
    progress = [document(i, "办事进度查询") for i in range(3)]
    searcher.apply([*progress, document(900, "公积金提取")], (), 1)
    assert searcher.understand("近度查询").understood == "进度查询"
    searcher.apply((), [d.doc_id for d in progress], 2)
    assert searcher.understand("近度查询").understood == "近度查询"
    searcher.apply(progress, (), 3)
    assert searcher.understand("近度查询").understood == "进度查询"


def test_a_way_of_writing_that_the_knowledge_uses_is_no_error() -> None:
    assert understood("主册在哪里", [*TITLES, "主册下载"]) == "主册在哪里"


def test_a_misspelt_question_finds_its_entry() -> None:
    searcher = fresh_searcher()
    searcher.apply([document(i, f"{title}指南{i}") for i, title in enumerate(TITLES * 5)], (), 1)
    assert all(i % len(TITLES) == 2 for i in ids(searcher.search("近度茶询", 5)))


def test_long_letters_are_left_as_they_are() -> None:
    letter = "办事近度" + "在哪里可以知道" * (LONGEST_QUERY // 7)
    assert understood(letter) == letter


def test_no_character_has_two_lookalikes_groups() -> None:
    lines = [line for line in LOOKALIKES.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    characters = "".join(lines)
    assert len(set(characters)) == len(characters)
    assert all(len(line) > 1 for line in lines)
