"""The fields of an entry as an editor fills them in, and the changes that they make to its content."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from nicegui import ui

from knowledge_base.content import KIND_NAMES, MAX_ANSWER, MAX_TITLE, EntryContent
from knowledge_base.errors import FieldProblem
from panel.knowledge.conditions import ConditionsEditor

Style = Literal["line", "text", "lines", "date", "kind"]


@dataclass(frozen=True)
class Field:
    """One field: dotted name, label, how it is written, what helps to fill it in."""

    name: str
    label: str
    style: Style = "line"
    hint: str = ""
    width: str = ""


MAIN = (
    Field("kind", "类型", "kind", width="kb-w1"),
    Field("title", "标题（标准问题）", "line", width="kb-grow"),
    Field("answer", "答案（先说结论）", "text"),
    Field("similar_questions", "相似问", "lines", "一行一个，写市民会怎么问"),
)
GROUPS: tuple[tuple[str, str, tuple[Field, ...]], ...] = (
    ("source", "依据", (
        Field("source.title", "文件名称", width="kb-w2"), Field("source.document_number", "文号", width="kb-w1"),
        Field("source.issuer", "发文机关", width="kb-w1"), Field("source.clause", "条款", width="kb-w1"), Field("source.url", "链接", width="kb-w2"),
        Field("source.quote", "原文摘录", "text"), Field("source.replaced_by", "已废止的，代替它的文件", width="kb-w2"),
    )),
    ("validity", "有效期与归属", (
        Field("effective_from", "生效日期", "date", width="kb-w1"), Field("effective_to", "失效日期", "date", width="kb-w1"),
        Field("replaced_by", "被替代为（条目编号）", width="kb-w1"), Field("region_code", "区划代码", hint="6 位数字", width="kb-w1"),
        Field("authority", "主管部门", width="kb-w2"), Field("owner_department", "责任部门", width="kb-w2"),
        Field("audience", "面向对象", "lines", "一行一个", width="kb-w2"), Field("tags", "标签", "lines", "一行一个", width="kb-w2"),
        Field("external_id", "外部编号", width="kb-w1"),
    )),
    ("facets", "办事要素", (
        Field("facets.conditions", "条件", "lines", width="kb-w2"), Field("facets.materials", "材料", "lines", "一行一项", width="kb-w2"),
        Field("facets.steps", "步骤", "lines", "一行一步", width="kb-w2"), Field("facets.fee", "收费", "lines", width="kb-w2"),
        Field("facets.time_limit_promised", "承诺时限", width="kb-w1"), Field("facets.time_limit_statutory", "法定时限", width="kb-w1"),
        Field("facets.phone", "咨询电话", width="kb-w1"), Field("facets.complaint_phone", "投诉电话", width="kb-w1"),
        Field("facets.place", "办理地点", "lines", width="kb-w2"), Field("facets.hours", "办公时间", width="kb-w2"),
        Field("facets.online_url", "网上办理", width="kb-w2"),
    )),
)  # fmt: skip
CONDITIONS = "eligibility"
_LISTS = {"similar_questions", "audience", "tags"}


class EntryForm:
    """Builds the fields where it is called, and tells `changed` of every change.

    Args:
        content: None for a new entry.
        key, seen: under which the browser keeps what is typed, and the version that it was typed on.
    """

    def __init__(self, content: EntryContent | None, changed: Callable[[], None], *, key: str, seen: int, enabled: bool) -> None:
        self._key, self._seen = key, seen
        self._start: dict[str, Any] = content.to_dict() if content else {"kind": "qa"}
        self._changed, self._enabled = changed, enabled
        self.fields: dict[str, Any] = {}
        self._initial: dict[str, str] = {}
        self.conditions: ConditionsEditor

    def build(self) -> None:
        with ui.element("div").classes("kb-form").props(f"id=kb-form data-entry={self._key} data-seen={self._seen}"):
            with ui.element("div").classes("kb-fields"):
                for field in MAIN:
                    self._field(field)
            for key, name, fields in GROUPS:
                stated = any(self._text(field.name) for field in fields)
                with (
                    ui.expansion(name, value=stated or key != "facets").classes("kb-group"),
                    ui.element("div").classes("kb-fields"),
                ):
                    for field in fields:
                        self._field(field)
            with ui.expansion("适用条件（可判定“符不符合”）", value=bool(self._start.get("eligibility"))).classes("kb-group"):
                self.conditions = ConditionsEditor(
                    self._start.get("eligibility", []), self._conditions_changed, enabled=self._enabled
                )

    def _conditions_changed(self) -> None:
        """Also tell the browser, which sees only what is typed into fields of its own."""
        kept = {CONDITIONS: json.dumps(self.conditions.data(), ensure_ascii=False)}
        ui.run_javascript(f"wenzhengKnowledge.keepAlso({json.dumps(kept)})")
        self._changed()

    def changes(self) -> dict[str, Any]:
        """A merge patch with what differs from the start; null removes."""
        found: dict[str, Any] = {}
        for name, element in self.fields.items():
            text = str(element.value or "")
            if text == self._initial[name]:
                continue
            group, _, part = name.partition(".")
            value: Any = text.strip() or None
            if value is not None and (name in _LISTS or (group == "facets" and "\n" in value)):
                value = [line for line in value.split("\n") if line.strip()]
            if part:
                found.setdefault(group, {})[part] = value
            else:
                found[name] = value
        if self.conditions.dirty:
            found["eligibility"] = self.conditions.data()
        return found

    def texts(self) -> dict[str, str]:
        """Every field as it is written now; the conditions as JSON."""
        written = {name: str(element.value or "") for name, element in self.fields.items()}
        return {**written, CONDITIONS: json.dumps(self.conditions.data(), ensure_ascii=False)}

    def fill(self, texts: Mapping[str, str]) -> None:
        """Write texts into the fields, as they were kept by the browser."""
        for name, text in texts.items():
            if name in self.fields and isinstance(text, str):
                self.fields[name].set_value(text)
        with suppress(ValueError, TypeError, KeyError, AttributeError):  # the browser's store may hold anything
            kept = json.loads(texts.get(CONDITIONS, "null"))
            if kept is not None and kept != self.conditions.data():
                self.conditions.fill(kept)

    def show_problems(self, problems: tuple[FieldProblem, ...]) -> None:
        """Mark wrong fields; none when there are no problems."""
        by_field = {problem.field.split("（")[0]: problem.reason for problem in problems}
        self.conditions.show_problems(problem for problem in problems if problem.field.startswith("eligibility"))
        for name, element in self.fields.items():
            whole = next((reason for field, reason in by_field.items() if field == name or field.startswith(f"{name}.")), None)
            element.error = whole

    def _text(self, name: str) -> str:
        group, _, part = name.partition(".")
        value = self._start.get(group)
        value = value.get(part) if part and isinstance(value, dict) else None if part else value
        return "\n".join(value) if isinstance(value, list) else str(value or "")

    def _field(self, field: Field) -> None:
        text = self._text(field.name)
        label = f"{field.label}（{field.hint}）" if field.hint else field.label
        if field.style == "kind":
            element: Any = ui.select(dict(KIND_NAMES), value=text or "qa", label=label)
        elif field.style in {"text", "lines"}:
            element = ui.textarea(label, value=text).props(f"autogrow maxlength={MAX_ANSWER} input-style='max-height: 320px'")
        else:
            element = ui.input(label, value=text).props(f"maxlength={MAX_TITLE if field.name == 'title' else 5000}")
            if field.style == "date":
                element.props("type=date stack-label")
        element.classes(field.width or "kb-w4").props(f'name="{field.name}" no-error-icon hide-bottom-space')
        element.set_enabled(self._enabled)
        self.fields[field.name], self._initial[field.name] = element, text if field.style != "kind" else text or "qa"
        element.on_value_change(lambda: self._changed())
