"""The generic entry format: what an entry says. Also the format of the API and of JSONL import and export."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from enterprises.conditions import Condition, ConditionPartError
from knowledge_base.errors import ContentError, FieldProblem
from knowledge_base.text import clean_text, is_placeholder, stated

Kind = Literal["qa", "interpretation", "service_item", "case", "notice"]
KIND_NAMES: dict[str, str] = {
    "qa": "政策问答", "interpretation": "政策解读", "service_item": "办事指南", "case": "典型案例", "notice": "通知公告",
}  # fmt: skip
KINDS = tuple(KIND_NAMES)

MAX_TITLE = 300
MAX_ANSWER = 20_000
MAX_ITEMS = 200
MAX_ITEM = 5_000
MAX_LABEL = 500
MAX_ATTRIBUTES = 60
MAX_CONDITIONS = 30
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")


def _required_text(value: str) -> str:
    if is_placeholder(value):
        raise ValueError("不能为空，也不能只填“无”之类的占位词")
    return value


def _limited(limit: int) -> AfterValidator:
    def check(value: Any) -> Any:
        for text in [value] if isinstance(value, str) else value or []:
            if len(text) > limit:
                raise ValueError(f"不能超过 {limit} 个字（收到 {len(text)} 个字）")
        return value

    return AfterValidator(check)


def _clean_optional(value: Any) -> Any:
    return stated(value) if isinstance(value, str) else value


def _clean_list(value: Any) -> Any:
    """Cleaned items in their order, without placeholders and repetitions."""
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        return value
    if any(not isinstance(item, str) for item in value):
        raise ValueError("必须是文字列表")
    return list(dict.fromkeys(text for text in map(stated, value) if text))


def _clean_facet(value: Any) -> Any:
    if isinstance(value, str):
        return stated(value)
    if isinstance(value, list | tuple):
        return _clean_list(value) or None
    if value is not None:
        raise ValueError("必须是文字或文字列表")
    return None


def _read_date(value: Any) -> Any:
    if isinstance(value, datetime) or value is None:
        return value.date() if value else None
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        text = clean_text(value)
        if is_placeholder(text):
            return None
        match = _DATE.fullmatch(text)
        if match:
            try:
                return date(*map(int, match.groups()))
            except ValueError:
                pass
    raise ValueError("必须是日期，例如 2025-01-31")


def _at_most_items(value: list[str]) -> list[str]:
    if len(value) > MAX_ITEMS:
        raise ValueError(f"不能超过 {MAX_ITEMS} 项（收到 {len(value)} 项）")
    return value


_Clean = BeforeValidator(lambda value: clean_text(value) if isinstance(value, str) else value)
OptionalText = Annotated[str | None, _limited(MAX_ITEM), BeforeValidator(_clean_optional)]
OptionalLabel = Annotated[str | None, _limited(MAX_LABEL), BeforeValidator(_clean_optional)]
TextList = Annotated[list[str], _limited(MAX_ITEM), AfterValidator(_at_most_items), BeforeValidator(_clean_list)]
FacetValue = Annotated[str | list[str] | None, _limited(MAX_ANSWER), BeforeValidator(_clean_facet)]
OptionalDate = Annotated[date | None, BeforeValidator(_read_date)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_empty(cls, value: Any) -> Any:
        return {} if value is None else value


class Facets(_Part):
    """The structured facts of an entry; None means that the source does not state it."""

    conditions: FacetValue = None
    materials: FacetValue = None
    steps: FacetValue = None
    fee: FacetValue = None
    time_limit_statutory: FacetValue = None
    time_limit_promised: FacetValue = None
    place: FacetValue = None
    phone: FacetValue = None
    complaint_phone: FacetValue = None
    online_url: FacetValue = None
    hours: FacetValue = None


class Source(_Part):
    """The document that an entry rests on. `replaced_by`: number or title of the document that took its place."""

    document_number: OptionalLabel = None
    title: OptionalLabel = None
    issuer: OptionalLabel = None
    clause: OptionalLabel = None
    url: OptionalText = None
    quote: OptionalText = None
    replaced_by: OptionalLabel = None


class EntryContent(BaseModel):
    """What an entry says. Only kind, title and answer are required; placeholders such as 无 become *not stated*."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    title: Annotated[str, _limited(MAX_TITLE), AfterValidator(_required_text), _Clean]
    answer: Annotated[str, _limited(MAX_ANSWER), AfterValidator(_required_text), _Clean]
    similar_questions: TextList = Field(default_factory=list)
    facets: Facets = Field(default_factory=Facets)
    source: Source = Field(default_factory=Source)
    region_code: Annotated[str | None, BeforeValidator(_clean_optional)] = None
    authority: OptionalLabel = None
    audience: TextList = Field(default_factory=list)
    tags: TextList = Field(default_factory=list)
    effective_from: OptionalDate = None
    effective_to: OptionalDate = None
    replaced_by: OptionalLabel = None
    owner_department: OptionalLabel = None
    attributes: dict[str, str] = Field(default_factory=dict)
    eligibility: Annotated[list[Condition], Field(max_length=MAX_CONDITIONS), BeforeValidator(lambda v: v or [])] = Field(
        default_factory=list
    )
    external_id: OptionalLabel = None

    @field_validator("similar_questions")
    @classmethod
    def _other_than_title(cls, value: list[str], info: ValidationInfo) -> list[str]:
        return [question for question in value if question != info.data.get("title")]

    @field_validator("region_code")
    @classmethod
    def _is_region_code(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[0-9]{6}", value):
            raise ValueError("必须是 6 位行政区划代码，例如 440100")
        return value

    @field_validator("attributes", mode="before")
    @classmethod
    def _clean_attributes(cls, value: Any) -> Any:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            return value
        if any(not isinstance(key, str) or not isinstance(text, str | None) for key, text in value.items()):
            raise ValueError("名称和值都必须是文字")
        pairs = {clean_text(key).replace("\n", " "): clean_text(text) for key, text in value.items() if text is not None}
        if len(pairs) > MAX_ATTRIBUTES or any(len(key) > MAX_LABEL or len(text) > MAX_ITEM for key, text in pairs.items()):
            raise ValueError(f"不能超过 {MAX_ATTRIBUTES} 项，名称不超过 {MAX_LABEL} 个字，值不超过 {MAX_ITEM} 个字")
        return {key: text for key, text in pairs.items() if key and text}

    @model_validator(mode="after")
    def _dates_in_order(self) -> Self:
        if self.effective_from and self.effective_to and self.effective_to < self.effective_from:
            raise ValueError(f"失效日期 {self.effective_to} 早于生效日期 {self.effective_from}")
        return self

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, nothing that is not stated."""
        return json.dumps(self.to_dict(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, without the fields that are not stated."""
        data = self.model_dump(mode="json", exclude_none=True)
        return {key: value for key, value in data.items() if value not in ({}, [])}

    def content_hash(self) -> str:
        return hashlib.sha256(self.to_json().encode()).hexdigest()


_MESSAGES = {
    "missing": "缺少这个必填字段",
    "extra_forbidden": "不认识的字段",
    "string_type": "必须是文字",
    "list_type": "必须是列表",
    "too_long": f"不能超过 {MAX_CONDITIONS} 项",
    "dict_type": "必须是对象",
    "model_type": "必须是对象",
    "model_attributes_type": "必须是对象",
    "literal_error": "必须是" + "、".join(f"{name}（{kind}）" for kind, name in KIND_NAMES.items()) + "之一",
}


def explain(error: ValidationError) -> list[FieldProblem]:
    """The problems of a pydantic error on entry content, field by field, in Chinese."""
    problems = []
    for item in error.errors():
        reason = _MESSAGES.get(item["type"]) or item["msg"].removeprefix("Value error, ")
        cause = item.get("ctx", {}).get("error")
        place = [*item["loc"], *([cause.part] if isinstance(cause, ConditionPartError) else [])]
        field = ".".join(str(part) for part in place if part not in {"str", "list[str]"}) or "effective_to"
        problems.append(FieldProblem(field if item["loc"] or item["type"] == "value_error" else "(整条)", reason))
    return problems


def parse_content(data: Any) -> EntryContent:
    """Validate a mapping as entry content.

    Raises:
        ContentError: names every wrong field.
    """
    try:
        return EntryContent.model_validate(data)
    except ValidationError as exc:
        raise ContentError(explain(exc)) from exc


def merge_content(content: EntryContent, changes: Mapping[str, Any]) -> EntryContent:
    """Content with changes applied as a JSON merge patch (RFC 7386): null removes, nested objects merge, lists replace.

    Raises:
        ContentError: the result breaks the format.
    """
    data: dict[str, Any] = content.to_dict()
    for key, value in changes.items():
        if isinstance(value, BaseModel):
            value = value.model_dump(exclude_unset=True)
        if key in {"facets", "source", "attributes"} and isinstance(value, Mapping):
            data[key] = {**data.get(key, {}), **value}
        elif value is None:
            data.pop(key, None)
        else:
            data[key] = value
    return parse_content(data)
