"""Hypothesis strategies: any content that the format allows."""

from datetime import date

from hypothesis import strategies as st

from knowledge_base.content import KINDS, EntryContent, Facets, Source, parse_content
from knowledge_base.errors import ContentError

_LETTERS = st.characters(codec="utf-8", exclude_categories=["Cs"])
TEXTS = st.one_of(
    st.text(_LETTERS, max_size=30),
    st.text("政策公积金，。；：[]{}\"'=+-@,;\t\r\n 无1a_x", max_size=30),
    st.sampled_from(["无", "暂无", "=1+1", "'=1", "[1]", '["a"]', '"a"', "_x0041_", "a\nb", "['", "1", "TRUE", "2024-01-01"]),
)
WORDS = TEXTS.map(lambda text: f"条{text}")
LISTS = st.lists(TEXTS, max_size=4)
FACETS = st.one_of(st.none(), TEXTS, LISTS)
CONDITIONS = st.lists(
    st.sampled_from(
        [
            {"fact": "从业人数", "operator": "<=", "value": 300, "text": "从业人数不超过300人", "clause": "第三条"},
            {"fact": "资产总额", "operator": "<=", "value": 0.5, "unit": "亿元", "text": "资产总额不超过5000万元"},
            {"fact": "注册日期", "operator": "between", "value": ["2024-01-01", "2025-12-31"], "text": "两年内注册"},
            {"text": "二者之一", "any_of": [{"fact": "严重失信", "operator": "=", "value": "否", "text": "无失信"}]},
        ]
    ),
    max_size=3,
)
DATES = st.one_of(st.none(), st.dates(date(2000, 1, 1), date(2040, 1, 1)))
RAW_CONTENTS = st.fixed_dictionaries(
    {"kind": st.sampled_from(KINDS), "title": WORDS, "answer": WORDS},
    optional={
        "similar_questions": LISTS,
        "facets": st.fixed_dictionaries({}, optional=dict.fromkeys(Facets.model_fields, FACETS)),
        "source": st.fixed_dictionaries({}, optional=dict.fromkeys(Source.model_fields, TEXTS)),
        "region_code": st.sampled_from(["990100", "440000", None]),
        "authority": TEXTS,
        "audience": LISTS,
        "tags": LISTS,
        "effective_from": DATES,
        "effective_to": DATES,
        "replaced_by": TEXTS,
        "owner_department": TEXTS,
        "attributes": st.dictionaries(TEXTS, TEXTS, max_size=3),
        "eligibility": CONDITIONS,
        "external_id": st.one_of(st.none(), TEXTS),
    },
)


def _valid(data: dict) -> EntryContent | None:
    try:
        return parse_content(data)
    except ContentError:
        return None  # only dates out of order


CONTENTS = RAW_CONTENTS.map(_valid).filter(lambda content: content is not None)
