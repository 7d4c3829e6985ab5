"""One training in a dialog: figures before and after, why the gate refused it, its report, and the decision to serve it."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import run, ui

from panel.context import PanelContext
from panel.times import shown
from panel.training_wording import BUILT_IN, KINDS, METRICS, RUN_STATES, SETS, change, share
from serving.promotion import is_outdated
from serving.runs import Run
from staff.members import Member

Do = Callable[[Callable[[], object], str], Awaitable[bool]]


async def open_run(context: PanelContext, one: Run, member: Member, do: Do, done: Callable[[], Awaitable[None]]) -> None:
    """Args: do: does something in a thread and says how it went; done: refreshes the page."""
    current = (await run.io_bound(context.promotions.pointer.current)).run_id  # type: ignore[union-attr]
    objection = context.promotions.objection(one, current)
    with ui.dialog(value=True) as dialog, ui.card().classes("panel-form p-4").style("width: min(900px, 94vw); max-width: none"):
        dialog.on("hide", dialog.delete)
        with ui.row().classes("items-center"):
            ui.label(f"{KINDS.get(one.kind, one.kind)}训练 {one.run_id}").classes("panel-subtitle")
            ui.label(RUN_STATES[one.state][0]).classes(f"panel-tag {RUN_STATES[one.state][1]}")
            if one.run_id == current:
                ui.label("现用").classes("panel-tag blue")
        ui.label(f"{shown(one.created)}，基于 {one.parent or BUILT_IN}，数据 {one.data_sha256[:16]}").classes("panel-faint")
        for reason in (one.gate or {}).get("reasons") or ():
            ui.label(f"未通过：{reason}。").classes("panel-bad panel-text")
        with ui.row().classes("w-full items-start gap-6"):
            if one.gate:
                _figures(one.gate)
                _sets(one)
        with ui.expansion("参数与环境").classes("w-full"):
            for name, value in {**one.parameters, **one.environment}.items():
                ui.label(f"{name}：{value}").classes("panel-faint panel-text")
        with ui.row().classes("w-full justify-end"):
            if one.has_report:
                ui.button("评测报告", icon="description", on_click=lambda: _report(one.run_id)).props("outline")
            ui.button("关闭", on_click=dialog.close).props("flat")
            if one.run_id != current and one.state != "unfinished":
                _again(context, one, member, do, done, dialog)
                await _decision(context, one, member, objection, is_outdated(one, current), do, done, dialog)


def _figures(gate: dict[str, Any] | Any) -> None:
    columns = [
        {"name": name, "label": label, "field": name, "align": "left" if name == "name" else "right"}
        for name, label in (("name", "指标"), ("old", "现用"), ("new", "新"), ("change", "变化"))
    ]
    rows = []
    for key, label in METRICS:
        old, new = gate["current"].get(key), gate["candidate"].get(key)
        rows.append({"name": label, "old": share(old), "new": share(new), "change": change(old, new)[0]})
    for guard in gate.get("guards") or ():
        if guard["name"] in {"intent_f1", "golden"}:
            rows.append(
                {"name": guard["label"], "old": share(guard["current"]), "new": share(guard["candidate"]),
                 "change": change(guard["current"], guard["candidate"])[0]}
            )  # fmt: skip
        if guard["name"] == "latency_p95":
            old, new = -guard["current"], -guard["candidate"]
            rows.append({"name": guard["label"], "old": f"{old:.1f}", "new": f"{new:.1f}", "change": f"{new - old:+.1f}"})
    ui.table(columns=columns, rows=rows, row_key="name").classes("panel-table").style("width: auto").props(
        "dense hide-pagination"
    )


def _sets(one: Run) -> None:
    gate = one.gate or {}
    with ui.column().classes("gap-1").style("max-width: 380px"):
        primary = gate.get("primary")
        if primary:
            low, high = primary["low"] * 100, primary["high"] * 100
            ui.label(f"首位命中变化的 95% 区间：{low:+.1f} 至 {high:+.1f} 个百分点（{primary['questions']} 题）")
        worth = gate.get("labels_worth")
        if worth:
            ui.label(worth["text"]).classes("panel-text")
        ui.label("固定测试题").classes("panel-muted")
        for asked in gate.get("sets") or ():
            name = SETS.get(asked["name"], asked["name"])
            ui.label(f"{name}：{asked['used']} 题，sha256 {asked['sha256'][:16]}…").classes("panel-faint")


def _again(
    context: PanelContext, one: Run, member: Member, do: Do, done: Callable[[], Awaitable[None]], dialog: ui.dialog
) -> None:
    """What is served may have changed since, or the machine have been too busy for its times to mean anything."""

    async def compare() -> None:
        if await do(lambda: context.jobs.compare(one.run_id, member.name), "已开始比较，约需几分钟"):
            dialog.close()
            await done()

    ui.button("重新比较" if one.gate else "和现用模型比较", icon="balance", on_click=compare).props("outline")


async def _decision(
    context: PanelContext, one: Run, member: Member, objection: tuple[str, str] | None, outdated: bool, do: Do,
    done: Callable[[], Awaitable[None]], dialog: ui.dialog,
) -> None:  # fmt: skip
    if objection is not None:
        told = objection[1] if member.role == "admin" else ""  # why it was refused stands above
        if outdated:
            told = f"{'上面是和以前的模型比较的结果' if one.gate else '还没有和现用模型比较过'}，比较后再决定是否上线。"
        ui.label(told).classes("panel-muted panel-text w-full")
        if member.role != "admin":
            return
    reason = ui.input("理由（记入操作记录）").props("maxlength=500").classes("grow")

    async def promote() -> None:
        forced = objection is not None
        if forced and not reason.value.strip():
            ui.notify("强制上线要写明理由。", type="warning")
            return
        work = lambda: context.promotions.promote(one.run_id, member, reason.value or "", force=forced)  # noqa: E731
        if await do(work, "已上线，各服务进程会在几秒内换上"):
            dialog.close()
            await done()

    label = "强制上线" if objection else "上线"
    ui.button(label, icon="publish", on_click=promote).props("color=negative" if objection else "")


def _report(run_id: str) -> None:
    with ui.dialog(value=True).props("maximized") as dialog, ui.card().classes("w-full h-full p-0 gap-0"):
        dialog.on("hide", dialog.delete)
        with ui.row().classes("panel-bar p-2"):
            ui.label(f"评测报告 {run_id}").classes("panel-subtitle")
            ui.space()
            ui.link("在新标签页打开", f"/api/training/runs/{run_id}/report", new_tab=True)
            ui.button("关闭", on_click=dialog.close).props("flat")
        ui.element("iframe").props(f'src="/api/training/runs/{run_id}/report" title="评测报告"').style(
            "width: 100%; flex: 1; border: 0; background: #fff"
        )
