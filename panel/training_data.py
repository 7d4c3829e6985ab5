"""训练数据: what there is to learn from, what contradicts itself, what looks wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import run, ui

from panel.context import PanelContext
from panel.times import shown
from panel.training_wording import DATA_KINDS, DATA_SOURCES, INTENTS

LOOK_S = 2.0
MOST_SHOWN = 50


class DataTab:
    """The third tab."""

    def __init__(self, context: PanelContext) -> None:
        self._reports = context.data_reports
        self._seen: str | None = None

    def build(self) -> None:
        with ui.row().classes("panel-bar"):
            self._when = ui.label().classes("panel-muted")
            ui.space()
            self._again = ui.button("重新统计", icon="refresh", on_click=self._refresh).props("outline")
        self._content = ui.column().classes("w-full gap-3")
        ui.timer(LOOK_S, self._look, immediate=False)

    async def load(self) -> None:
        """When the tab is opened."""
        if await run.io_bound(self._reports.latest) is None:
            self._reports.refresh()
        await self._look()

    def _refresh(self) -> None:
        self._reports.refresh()

    async def _look(self) -> None:
        running = self._reports.running
        self._again.set_enabled(not running)
        found = await run.io_bound(self._reports.latest)
        made = f"{shown(found['at'])} 的统计" if found else "还没有统计过"
        self._when.set_text("正在统计，约需几十秒……" if running else self._reports.problem or made)
        if found and found["at"] != self._seen:
            self._seen = found["at"]
            self._content.clear()
            with self._content:
                _show(found)


def _show(found: Mapping[str, Any]) -> None:
    ui.label(
        f"可用 {found['rows']} 条：用于训练 {found['train']} 条，留作固定测试 {found['test']} 条（训练从不读取）；"
        f"另有 {found['leaks']} 条因文字与测试部分相同而不用于训练。"
    )
    with ui.row().classes("w-full items-start gap-4"):
        _table("来源", ("来源", "内容", "训练", "测试"), [
            (DATA_SOURCES.get(r["source"], r["source"]), DATA_KINDS.get(r["kind"], r["kind"]), r["train"], r["test"])
            for r in found["sources"]
        ])  # fmt: skip
        balance = found["balance"]
        with ui.column().classes("gap-1"):
            ui.label("均衡").classes("panel-subtitle")
            ui.label(f"{balance['entries']} 个已发布条目中，{balance['entries_with_questions']} 个有问题可学。")
            if balance["share_of_ten_largest"] is not None:
                ui.label(f"问得最多的 10 个条目占 {balance['share_of_ten_largest']:.0%}。")
            for name, count in balance["intents"].items():
                ui.label(f"{INTENTS.get(name, name)}：{count} 条").classes("panel-muted")
    conflicts, suspicious = found["conflicts"], found["suspicious"]
    _table(f"互相矛盾的标注：{len(conflicts)} 处（训练都不采用，请在来源处改正）", ("文字", "各种标注"), [
        (c["text"], "；".join(_said(row) for row in c["rows"])) for c in conflicts[:MOST_SHOWN]
    ])  # fmt: skip
    _table(f"可疑的例子：{len(suspicious)} 条", ("文字", "现在的标注", "疑点"), [
        (s["text"], _said(s), s["reason"]) for s in suspicious[:MOST_SHOWN]
    ])  # fmt: skip


def _said(row: Mapping[str, Any]) -> str:
    label = INTENTS.get(row["label"], row["label"])
    return f"{DATA_KINDS.get(row['kind'], row['kind'])} {label}（{DATA_SOURCES.get(row['source'], row['source'])}）"


def _table(title: str, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    with ui.column().classes("gap-1").style("max-width: 100%"):
        ui.label(title).classes("panel-subtitle")
        if rows:
            columns = [
                {
                    "name": str(i),
                    "label": name,
                    "field": str(i),
                    "align": "left" if i == 0 or isinstance(rows[0][i], str) else "right",
                }
                for i, name in enumerate(names)
            ]
            table_rows = [{"id": n, **{str(i): value for i, value in enumerate(row)}} for n, row in enumerate(rows)]
            table = ui.table(columns=columns, rows=table_rows, row_key="id", pagination=10 if len(rows) > 10 else 0)
            table.classes("panel-table").props("dense wrap-cells" + ("" if len(rows) > 10 else " hide-pagination"))
