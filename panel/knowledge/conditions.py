"""The conditions of a policy as a form: comparisons and groups of them, read out in plain Chinese, problems at their fields."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from nicegui import ui

from enterprises.conditions import AGES, MAX_ALTERNATIVES, MAX_DEPTH, MAX_TEXT, OPERATORS_OF, SETS, UNITS
from enterprises.facts import Fact, registry
from knowledge_base.errors import FieldProblem
from panel.knowledge.condition_tree import Node, read_value, walk

OPERATOR_NAMES = {
    "<=": "不超过", ">=": "不少于", "<": "少于", ">": "超过", "=": "是", "between": "介于", "before": "早于", "after": "晚于",
    "in": "是其中之一", "not_in": "都不是", "at_least_months": "至今已满", "at_most_months": "至今不超过",
}  # fmt: skip
DATE_NAMES = {"<=": "不晚于", ">=": "不早于"}
GROUP_NAMES = {"any_of": "满足其中一项即可", "all_of": "每一项都要满足"}
LACKING = {"fact": "请选择", "value": "请填写"}
NOTHING = "没有写明可以判定的条件；问“我符合吗”时按文字答复。"


class ConditionsEditor:
    """Draws itself where it is made; tells `changed` of every change."""

    def __init__(self, data: list[dict[str, Any]], changed: Callable[[], None], *, enabled: bool) -> None:
        self._nodes = [Node.of(row) for row in data]
        self._changed, self._enabled = changed, enabled
        self._fields: dict[str, Any] = {}  # by the place that problems name
        self._read_out: dict[int, tuple[ui.label, Any]] = {}
        self.dirty = False
        self._list = ui.column().classes("w-full gap-2")
        self._problem = ui.label().classes("panel-bad")
        if enabled:
            with ui.row().classes("gap-2"):
                ui.button("加一个条件", icon="add", on_click=lambda: self._add(self._nodes, Node())).props("flat")
                ui.button(
                    "加一组条件", icon="account_tree", on_click=lambda: self._add(self._nodes, Node.new_group("any_of"))
                ).props("flat").tooltip("例如“裁员率不超过 5.5%；30 人以下的企业不超过 20%”：满足其中一项即可")
        self._draw()

    def data(self) -> list[dict[str, Any]]:
        """The conditions as content has them."""
        return [node.data() for node in self._nodes]

    def fill(self, data: list[dict[str, Any]]) -> None:
        """Write others in."""
        self._nodes = [Node.of(row) for row in data]
        self._touched()
        self._draw()

    def show_problems(self, problems: Iterable[FieldProblem]) -> None:
        """Each at its field; what belongs to none stands below."""
        left = {problem.field: problem.reason for problem in problems}
        for place, node in walk(self._nodes):
            # a sentence that follows is missing because something else is, here or further in
            if node.spoken and left.get(f"{place}.text") and (node.group or node.lacking()):
                del left[f"{place}.text"]
                if lacking := node.lacking():
                    left[f"{place}.{lacking}"] = LACKING[lacking]
        for place, element in self._fields.items():
            element.error = left.pop(place, None)
        self._problem.set_text("；".join(dict.fromkeys(left.values())))

    # -- changes

    def _add(self, nodes: list[Node], node: Node) -> None:
        nodes.append(node)
        self._touched()
        self._draw()

    def _remove(self, node: Node, nodes: list[Node], group: Node | None) -> None:
        nodes[:] = [other for other in nodes if other is not node]
        if group is not None and not nodes:  # a group of nothing says nothing
            self._discard(group, self._nodes)
        self._touched()
        self._draw()

    def _discard(self, node: Node, nodes: list[Node]) -> None:
        nodes[:] = [other for other in nodes if other is not node]
        for other in nodes:
            self._discard(node, other.parts)

    def _put(self, node: Node, name: str, value: Any) -> None:
        setattr(node, name, value)
        self._touched()

    def _redraw(self, change: Callable[[Any], None], value: Any) -> None:
        change(value)
        self._touched()
        self._draw()

    def _touched(self) -> None:
        self.dirty = True
        for _, node in walk(self._nodes):
            node.speak()
            if id(node) in self._read_out:
                told, sentence = self._read_out[id(node)]
                told.set_text(f"读作：{node.reading()}")
                if node.spoken:
                    sentence.set_value(node.text)
        self._changed()

    # -- drawing

    def _draw(self) -> None:
        self._list.clear()
        self._fields, self._read_out = {}, {}
        places = {id(node): place for place, node in walk(self._nodes)}
        with self._list:
            if not self._nodes:
                ui.label(NOTHING).classes("panel-faint")
            for node in self._nodes:
                self._node(node, self._nodes, None, places, 1)

    def _node(self, node: Node, nodes: list[Node], group: Node | None, places: dict[int, str], depth: int) -> None:
        place = places[id(node)]
        with ui.element("div").classes("kb-condition").props('role="group" aria-label="条件"'):
            with ui.row().classes("w-full gap-2 items-start no-wrap"):
                with ui.row().classes("gap-2 items-start kb-comparison"):
                    self._compared(node, place)
                if self._enabled:
                    ui.button(icon="delete", on_click=lambda: self._remove(node, nodes, group)).props(
                        'flat round aria-label="删去这一项"'
                    )
            if node.group:
                with ui.column().classes("w-full gap-2 kb-parts"):
                    for part in node.parts:
                        self._node(part, node.parts, node, places, depth + 1)
                    if self._enabled:
                        self._more(node, depth)
            self._sentence(node, place)

    def _compared(self, node: Node, place: str) -> None:
        if node.group:
            self._field(
                f"{place}.group",
                ui.select(
                    GROUP_NAMES, value=node.group, label="这一组",
                    on_change=lambda e: self._redraw(lambda kind: self._put(node, "group", kind), e.value),
                ).classes("kb-w1"),
            )  # fmt: skip
        else:
            self._comparison(node, place)
        clause = ui.input("条款", value=node.clause or "", on_change=lambda e: self._put(node, "clause", e.value.strip() or None))
        self._field(f"{place}.clause", clause.style("width: 104px"))

    def _more(self, node: Node, depth: int) -> None:
        with ui.row().classes("gap-2"):
            if len(node.parts) < MAX_ALTERNATIVES:
                ui.button("加一项", icon="add", on_click=lambda: self._add(node.parts, Node())).props("flat dense")
                if depth + 1 < MAX_DEPTH:
                    inner = "all_of" if node.group == "any_of" else "any_of"
                    ui.button("加一组", icon="account_tree", on_click=lambda: self._add(node.parts, Node.new_group(inner))).props(
                        "flat dense"
                    ).tooltip(GROUP_NAMES[inner])
            else:
                ui.label(f"一组最多 {MAX_ALTERNATIVES} 项").classes("panel-faint")

    def _comparison(self, node: Node, place: str) -> None:
        facts = registry()
        fact = facts.get(node.fact or "")
        names = {
            name: DATE_NAMES.get(name, OPERATOR_NAMES[name]) if fact and fact.type == "date" else OPERATOR_NAMES[name]
            for name in (OPERATORS_OF[fact.type] if fact else ())
        }
        self._field(
            f"{place}.fact",
            ui.select(
                list(facts), value=node.fact if fact else None, label="看哪种情况", with_input=True,
                on_change=lambda e: self._redraw(node.choose_fact, e.value),
            ).classes("kb-w1"),
        )  # fmt: skip
        self._field(
            f"{place}.operator",
            ui.select(
                names, value=node.operator if node.operator in names else None, label="怎样比较",
                on_change=lambda e: self._redraw(node.choose_operator, e.value),
            ).classes("kb-operator"),
        )  # fmt: skip
        self._value(node, fact, f"{place}.value")
        units = UNITS.get(fact.unit, {}) if fact and node.operator not in AGES else {}
        if fact is not None and units:
            self._field(
                f"{place}.unit",
                ui.select(
                    list(units), value=node.unit or fact.unit, label="单位", on_change=lambda e: self._put(node, "unit", e.value)
                ).style("width: 84px"),
            )
        elif unit := "个月" if node.operator in AGES else fact.unit if fact else "":
            ui.label(unit).classes("panel-muted kb-unit")

    def _value(self, node: Node, fact: Fact | None, place: str) -> None:
        many = node.operator in SETS
        if fact is not None and fact.type in {"choice", "yes_no"}:
            value = (node.value if isinstance(node.value, list) else []) if many else node.value
            options = ["是", "否"] if fact.type == "yes_no" else sorted(fact.values)
            self._field(
                place,
                ui.select(
                    options, value=value, multiple=many, label="值（可选几个）" if many else "值",
                    on_change=lambda e: self._put(node, "value", e.value),
                ).classes("kb-w2" if many else "kb-w1").props("use-chips" if many else ""),
            )  # fmt: skip
            return
        if node.operator == "between":
            for number, label in enumerate(("从", "到")):
                ends = node.value if isinstance(node.value, list) else []
                text = _text(ends[number]) if number < len(ends) else ""
                self._field(
                    place if number else f"{place}.from", self._input(label, text, fact, node, partial(self._end, node, number))
                )
            return
        label = "值（用顿号分开）" if many else "值"
        self._field(place, self._input(label, _text(node.value), fact, node, lambda typed: read_value(typed, node)))

    def _input(self, label: str, text: str, fact: Fact | None, node: Node, read: Callable[[str], Any]) -> ui.input:
        dated = fact is not None and fact.type == "date" and node.operator not in AGES
        return (
            ui.input(label, value=text, on_change=lambda e: self._put(node, "value", read(e.value or "")))
            .classes("kb-w1")
            .props("type=date stack-label" if dated else "")
        )

    @staticmethod
    def _end(node: Node, number: int, typed: str) -> list[Any]:
        ends = [*(node.value if isinstance(node.value, list) else []), None, None][:2]
        ends[number] = read_value(typed, node)
        return ends

    def _sentence(self, node: Node, place: str) -> None:
        told = ui.label(f"读作：{node.reading()}").classes("panel-muted kb-wrap").props('aria-live="polite"')

        def write(text: str) -> None:
            node.text = text
            node.spoken = not text or text == node.reading()
            self.dirty = True
            self._changed()

        sentence = (
            ui.input("市民读到的话（不改就照上面这样读）", value=node.text).classes("w-full").props(f"maxlength={MAX_TEXT}")
        )
        # typed, not set: what is read out is written in from here as well
        sentence.on("update:model-value", lambda: write(sentence.value or ""))
        self._field(f"{place}.text", sentence)
        self._read_out[id(node)] = told, sentence

    def _field(self, place: str, element: Any) -> None:
        element.props("no-error-icon hide-bottom-space")
        element.set_enabled(self._enabled)
        self._fields[place] = element


def _text(value: Any) -> str:
    return "、".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
