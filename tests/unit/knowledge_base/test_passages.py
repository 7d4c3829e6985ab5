"""What is indexed of an entry."""

from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.content import EntryContent, parse_content
from knowledge_base.passages import MAX_BODY, MAX_PASSAGE, chunk, passages_of
from tests.unit.knowledge_base.strategies import CONTENTS


def test_a_service_item_is_indexed_by_name_department_and_conditions() -> None:
    content = parse_content(
        {
            "kind": "service_item",
            "title": "食品经营许可",
            "answer": "由市场监管局办理。",
            "authority": "示例市市场监督管理局",
            "audience": ["企业法人"],
            "facets": {"conditions": "有固定场所。", "materials": ["申请书", "平面图"], "fee": "不收费"},
        }
    )
    texts = dict.fromkeys(text for _, text in passages_of(content))
    assert {"食品经营许可条件：有固定场所。", "食品经营许可材料：申请书；平面图"} <= texts.keys()
    assert any("示例市市场监督管理局" in text and "食品经营许可" in text for text in texts)
    assert len(texts) <= 5, "thousands of items are imported at once"


def test_a_long_answer_leaves_room_for_facets() -> None:
    content = parse_content(
        {"kind": "qa", "title": "问", "answer": "".join(f"这是第{n}句话。" for n in range(300)), "facets": {"fee": "免费"}}
    )
    bodies = [text for role, text in passages_of(content) if role == "body"]
    assert len(bodies) == MAX_BODY
    assert bodies[-1] == "问收费：免费"


@given(st.text("政策，。；\n 申请条件", max_size=900))
def test_chunks_are_short_and_lose_nothing(text: str) -> None:
    chunks = chunk(text)
    assert all(0 < len(piece) <= MAX_PASSAGE for piece in chunks)
    assert "".join("".join(chunks).split()) == "".join(text.split())


@given(CONTENTS)
def test_passages_are_few_distinct_and_begin_with_the_title(content: EntryContent) -> None:
    passages = passages_of(content)
    assert passages[0] == ("title", content.title)
    assert len({text for _, text in passages}) == len(passages)
    assert sum(role == "body" for role, _ in passages) <= MAX_BODY
    assert passages == passages_of(content)
