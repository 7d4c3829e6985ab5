"""The entry format: what it accepts, what it cleans, what it says about mistakes."""

import json

import pytest
from hypothesis import given

from knowledge_base.content import EntryContent, merge_content, parse_content
from knowledge_base.errors import ContentError
from knowledge_base.text import is_placeholder
from tests.unit.knowledge_base.strategies import CONTENTS

BASE = {"kind": "qa", "title": "问", "answer": "答"}


@pytest.mark.parametrize(
    "text",
    [
        "无",
        "无。",
        " 无 ",
        "暂无",
        "无线下办理窗口",
        "无条件受理",
        "无条件受理。",
        "无受理条件",
        "无条件办理",
        "无条件",
        "无特殊受理条件。",
        *("不涉及", "None", "none", "null", "-", "——", "/", "N/A", "", "  ", "无需条件。"),
    ],
)
def test_placeholders_are_not_stated(text: str) -> None:
    content = parse_content(
        {**BASE, "facets": {"conditions": text, "materials": [text, "身份证"]}, "authority": text, "tags": [text]}
    )
    assert content.facets.conditions is None
    assert content.facets.materials == ["身份证"]
    assert (content.authority, content.tags) == (None, [])
    assert "conditions" not in content.to_dict()["facets"]


@pytest.mark.parametrize(
    "text", ["无房职工", "无偿献血者优先", "不设限，免费向公众开放。", "无需提交材料", "信息查询，无限定条件", "0", "x光检查"]
)
def test_statements_are_kept(text: str) -> None:
    assert not is_placeholder(text)


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"kind": "faq"}, "kind", "之一"),
        ({"title": None}, "title", "必须是文字"),
        ({"title": 5}, "title", "必须是文字"),
        ({"title": " 无 "}, "title", "占位词"),
        ({"title": "长" * 301}, "title", "300"),
        ({"answer": ""}, "answer", "不能为空"),
        ({"colour": "red"}, "colour", "不认识的字段"),
        ({"facets": {"colour": "red"}}, "facets.colour", "不认识的字段"),
        ({"facets": {"fee": 5}}, "facets.fee", "文字或文字列表"),
        ({"facets": "免费"}, "facets", "对象"),
        ({"tags": "住房"}, "tags", "列表"),
        ({"tags": [1]}, "tags", "文字列表"),
        ({"region_code": "广东"}, "region_code", "6 位"),
        ({"effective_to": "明年"}, "effective_to", "日期"),
        ({"effective_to": 20250101}, "effective_to", "日期"),
        ({"effective_to": "2025-02-30"}, "effective_to", "日期"),
        ({"effective_from": "2025-01-02", "effective_to": "2025-01-01"}, "effective_to", "早于"),
        ({"attributes": {"a": 1}}, "attributes", "文字"),
    ],
)
def test_mistakes_are_named_in_chinese(change: dict, field: str, reason: str) -> None:
    with pytest.raises(ContentError) as caught:
        parse_content({**BASE, **change})
    (problem,) = caught.value.problems
    assert problem.field == field
    assert reason in problem.reason
    assert caught.value.fix


@pytest.mark.parametrize("data", [None, "text", [], {}])
def test_what_is_no_entry_at_all(data: object) -> None:
    with pytest.raises(ContentError):
        parse_content(data)


def test_texts_are_cleaned() -> None:
    content = parse_content({**BASE, "title": " 问\x00题\r\n二\ufeff ", "similar_questions": ["甲", "甲", "问题\n二", "乙 "]})
    assert content.title == "问题\n二"
    assert content.similar_questions == ["甲", "乙"]


@pytest.mark.parametrize("text", ["2025-01-31", "2025/1/31", "2025年1月31日", "2025.01.31"])
def test_dates_as_people_write_them(text: str) -> None:
    assert str(parse_content({**BASE, "effective_to": text}).effective_to) == "2025-01-31"


@given(CONTENTS)
def test_canonical_json_is_stable(content: EntryContent) -> None:
    again = EntryContent.model_validate_json(content.to_json())
    assert again == content
    assert again.content_hash() == content.content_hash()
    assert parse_content(json.loads(content.to_json())) == content
    assert merge_content(content, content.to_dict()) == content
