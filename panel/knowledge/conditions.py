"""The conditions of a policy as rows: fact, comparison, value, clause, and the sentence that a citizen reads."""

import json
from collections.abc import Callable
from typing import Any

from nicegui import ui

from enterprises.conditions import OPERATORS_OF, SETS, UNITS
from enterprises.facts import registry

OPERATOR_NAMES = {
    "<=": "不超过 ≤", ">=": "不少于 ≥", "<": "少于 <", ">": "超过 >", "=": "是 =", "between": "介于", "before": "早于", "after": "晚于",
    "in": "是其中之一", "not_in": "不是其中任何一个", "at_least_months": "满（月）", "at_most_months": "不满（月）",
}  # fmt: skip
HINTS = {"in": "用顿号分开", "not_in": "用顿号分开", "between": "两个值，用顿号分开"}


class ConditionsEditor:
    """Rows of simple conditions; alternatives (`any_of`, `all_of`) are written as JSON."""

    def __init__(self, data: list[dict[str, Any]], changed: Callable[[], None], *, enabled: bool) -> None:
        self._rows = [dict(row) for row in data]
        self._changed, self._enabled = changed, enabled
        self.dirty = False
        self._list = ui.column().classes("w-full gap-2")
        self._problem = ui.label().classes("panel-bad")
        if enabled:
            with ui.row().classes("gap-2"):
                ui.button(
                    "加一个条件",
                    icon="add",
                    on_click=lambda: self._add({"fact": "企业规模", "operator": "in", "value": [], "text": ""}),
                ).props("flat")
                ui.button("加一组“任一”条件", icon="call_split", on_click=lambda: self._add({"any_of": [], "text": ""})).props(
                    "flat"
                )
        self._draw()

    def data(self) -> list[dict[str, Any]]:
        """The conditions as content has them; None is left out."""
        return [{name: value for name, value in row.items() if value not in (None, "")} for row in self._rows]

    def show_problem(self, text: str) -> None:
        self._problem.set_text(text)

    def _add(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        self._touched()
        self._draw()

    def _touched(self) -> None:
        self.dirty = True
        self._changed()

    def _draw(self) -> None:
        self._list.clear()
        with self._list:
            if not self._rows:
                ui.label("没有写明可以判定的条件；问“我符合吗”时按文字答复。").classes("panel-faint")
            for row in self._rows:
                with ui.element("div").classes("kb-condition"):
                    self._alternatives(row) if "any_of" in row or "all_of" in row else self._simple(row)

    def _simple(self, row: dict[str, Any]) -> None:
        facts = registry()
        fact = facts.get(str(row.get("fact")))
        operators = OPERATORS_OF[fact.type] if fact else ()

        def set_fact(name: str) -> None:
            kind = facts[name].type
            row.update(fact=name, operator=OPERATORS_OF[kind][0], value=None, unit=None)
            self._touched()
            self._draw()

        def put(key: str, value: Any) -> None:
            row[key] = value
            self._touched()

        def set_operator(name: str) -> None:
            put("operator", name)
            self._draw()

        with ui.row().classes("w-full gap-2 items-start"):
            ui.select(
                list(facts), value=row.get("fact"), label="情况", with_input=True, on_change=lambda e: set_fact(e.value)
            ).classes("kb-w1").set_enabled(self._enabled)
            ui.select(
                {name: OPERATOR_NAMES[name] for name in operators}, value=row.get("operator"), label="比较",
                on_change=lambda e: set_operator(e.value),
            ).classes("kb-w1").set_enabled(self._enabled)  # fmt: skip
            self._value(row, put)
            units = UNITS.get(fact.unit, {}) if fact else {}
            if fact is not None and units:
                ui.select(
                    list(units), value=row.get("unit") or fact.unit, label="单位", on_change=lambda e: put("unit", e.value)
                ).style("width: 84px").set_enabled(self._enabled)
            ui.input("条款", value=row.get("clause") or "", on_change=lambda e: put("clause", e.value.strip() or None)).style(
                "width: 100px"
            ).set_enabled(self._enabled)
        self._sentence(row, put)

    def _value(self, row: dict[str, Any], put: Callable[[str, Any], None]) -> None:
        fact, operator = registry().get(str(row.get("fact"))), str(row.get("operator"))
        value = row.get("value")
        if fact is not None and fact.type == "choice":
            many = operator in SETS
            ui.select(
                sorted(fact.values), value=(value if isinstance(value, list) else []) if many else value, multiple=many, label="值",
                on_change=lambda e: put("value", e.value),
            ).classes("kb-w2").set_enabled(self._enabled)  # fmt: skip
            return
        if fact is not None and fact.type == "yes_no":
            ui.select(["是", "否"], value=value, label="值", on_change=lambda e: put("value", e.value)).classes(
                "kb-w1"
            ).set_enabled(self._enabled)
            return
        text = "、".join(map(str, value)) if isinstance(value, list) else "" if value is None else f"{value}"
        label = f"值（{HINTS[operator]}）" if operator in HINTS else "值"
        ui.input(
            label, value=text, on_change=lambda e: put("value", _read(e.value, operator, fact.type if fact else ""))
        ).classes("kb-w1").set_enabled(self._enabled)

    def _alternatives(self, row: dict[str, Any]) -> None:
        key = "any_of" if "any_of" in row else "all_of"
        problem = ui.label().classes("panel-bad")

        def put(name: str, value: Any) -> None:
            row[name] = value
            self._touched()

        def read(text: str) -> None:
            try:
                row[key] = json.loads(text)
                problem.set_text("")
            except ValueError as exc:
                problem.set_text(f"不是有效的 JSON：{exc}")
            self._touched()

        ui.label("满足其中任一项" if key == "any_of" else "同时满足").classes("panel-muted")
        ui.textarea(
            "各项（JSON，每项含 fact、operator、value、text）",
            value=json.dumps(row[key], ensure_ascii=False, indent=1),
            on_change=lambda e: read(e.value),
        ).classes("w-full").props("autogrow").set_enabled(self._enabled)
        self._sentence(row, put)

    def _sentence(self, row: dict[str, Any], put: Callable[[str, Any], None]) -> None:
        with ui.row().classes("w-full gap-2 items-center no-wrap"):
            ui.input(
                "市民读到的话，例如“从业人数不超过 300 人”", value=row.get("text") or "", on_change=lambda e: put("text", e.value)
            ).classes("kb-grow").props("maxlength=300").set_enabled(self._enabled)
            if self._enabled:
                ui.button(icon="delete", on_click=lambda: self._remove(row)).props('flat round aria-label="删去这个条件"')

    def _remove(self, row: dict[str, Any]) -> None:
        self._rows = [other for other in self._rows if other is not row]
        self._touched()
        self._draw()


def _read(text: str, operator: str, kind: str) -> Any:
    parts = [part.strip() for part in text.replace(",", "、").replace("，", "、").split("、") if part.strip()]
    values: list[Any] = (
        [_number(part) for part in parts] if kind in {"number", "months"} or operator.endswith("_months") else list(parts)
    )
    return values if operator in {"between", *SETS} else values[0] if values else None


def _number(text: str) -> Any:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text
