"""训练: what is served, trainings under way and done, their figures and reports, promotion and the way back."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request
from nicegui import run, ui

from errors import WenzhengError
from panel import training_labels
from panel.access import may_still, member_of, panel_page
from panel.context import PanelContext
from panel.frame import page_frame
from panel.times import duration, shown
from panel.training_data import DataTab
from panel.training_run import open_run
from panel.training_wording import BUILT_IN, JOB_STATES, JOBS, KEPT, KINDS, RESULTS, RUN_STATES, change, share
from serving.jobs import COMPARISON, JobState
from serving.promotion import is_outdated
from serving.runs import PRIMARY_METRIC, Run
from staff.members import Member

LOOK_S = 2.0
COLUMNS = [
    {"name": name, "label": label, "field": name, "align": align}
    for name, label, align in (
        ("created", "时间", "left"), ("run_id", "编号", "left"), ("kind", "类型", "left"), ("state", "评测", "left"),
        ("before", "首位命中（现用）", "right"), ("after", "首位命中（新）", "right"), ("change", "变化", "right"), ("served", "", "left"),
    )
]  # fmt: skip


def register(context: PanelContext) -> None:
    @panel_page(context, "/training", "training")
    async def training(request: Request) -> None:
        member = member_of(request)
        with page_frame(request, "training", "训练", {"点一行": "打开这次训练", **training_labels.SHORTCUTS}):
            with ui.tabs().props("align=left dense no-caps") as tabs:
                runs_tab, labels_tab, data_tab = ui.tab("训练与上线"), ui.tab("待标注的问题"), ui.tab("训练数据")
            with ui.tab_panels(tabs, value=runs_tab).classes("w-full bg-transparent").props("animated=false"):
                with ui.tab_panel(runs_tab).classes("p-0"):
                    await _Runs(context, request, member).build()
                with ui.tab_panel(labels_tab).classes("p-0"):
                    labels = training_labels.LabelList(context, member, lambda: may_still(request, "training"))
                    labels.build()
                with ui.tab_panel(data_tab).classes("p-0"):
                    data = DataTab(context)
                    data.build()

            async def entered(event: Any) -> None:
                if event.value == "待标注的问题":
                    await labels.load()
                elif event.value == "训练数据":
                    await data.load()

            tabs.on_value_change(entered)


class _Runs:
    """The first tab."""

    def __init__(self, context: PanelContext, request: Request, member: Member) -> None:
        self._context, self._request, self._member = context, request, member
        self._seen: object = None
        self._names: dict[str, str] = {}

    async def build(self) -> None:
        with ui.row().classes("w-full gap-3 items-stretch"):
            with ui.card().classes("panel-card").style("flex: 1; min-width: 320px; width: auto"):
                ui.label("现用模型").classes("panel-subtitle")
                self._served = ui.label().classes("text-base")
                self._since = ui.label().classes("panel-muted")
                self._workers = ui.label().classes("panel-muted")
                self._back = ui.button("退回上一个", icon="undo", on_click=self._roll_back).props("outline").classes("self-start")
            with ui.card().classes("panel-card").style("flex: 1; min-width: 320px; width: auto"):
                ui.label("训练").classes("panel-subtitle")
                self._job = ui.label().classes("text-base")
                self._step = ui.label().classes("panel-muted panel-text")
                self._bar = ui.linear_progress(value=0, show_value=False).props("rounded")
                with ui.row():
                    self._light = ui.button("开始轻量训练", icon="play_arrow", on_click=lambda: self._start("light"))
                    self._full = ui.button("开始完整训练", on_click=self._start_full).props("outline")
                    self._cancel = ui.button("取消训练", on_click=self._stop).props("flat color=negative")
                ui.label(
                    "轻量：几分钟，调整对话意图、检索和判定阈值。完整：几十分钟起，连句子编码器一起训练。训练时照常服务。"
                ).classes("panel-faint")
        self._labels = ui.label().classes("panel-muted")
        self._table = ui.table(columns=COLUMNS, rows=[], row_key="run_id", pagination=15).classes("panel-table").props("dense")
        self._table.add_slot(
            "body-cell-change",
            """<q-td :props="props"><span :class="props.row.tone">{{ props.value }}</span></q-td>""",
        )
        self._table.add_slot(
            "body-cell-state",
            """<q-td :props="props"><span :class="'panel-tag ' + props.row.stateTone">{{ props.value }}</span></q-td>""",
        )
        self._table.add_slot("no-data", '<div class="panel-empty">还没有训练过。</div>')
        self._table.on("row-click", self._open, [[], ["run_id"], None])
        self._history = ui.expansion("上线记录").classes("w-full")
        await self._look()
        ui.timer(LOOK_S, self._look, immediate=False)

    async def _look(self) -> None:
        found = await run.io_bound(self._read)
        if found is None:
            return
        state, job, runs, labels, self._names = found
        self._show_served(state)
        self._show_job(job, next((r.state for r in runs if job and r.run_id == job.run_id), ""))
        self._labels.set_text(labels)
        seen = (state["generation"], [(r.run_id, r.state) for r in runs])
        if seen != self._seen:  # rows are sent to the browser only when there is something new
            self._seen = seen
            self._table.rows = [_row(r, state["run_id"], state["predecessor"]) for r in runs]
            self._show_history(state["history"])

    def _read(self) -> tuple[dict[str, Any], JobState | None, list[Run], str, dict[str, str]]:
        labels = self._context.labels.listed()
        told = sum(label.source == "active_learning" for label in labels)
        words = f"标注 {len(labels)} 条，其中在“待标注的问题”里标注 {told} 条；下一次训练会用上。"
        members = [account.member for account in self._context.accounts.listed()]
        names = {member.name: member.display_name for member in members}
        return dict(self._context.promotions.state()), self._context.jobs.status(), self._context.runs.all(), words, names

    def _show_served(self, state: dict[str, Any]) -> None:
        self._served.set_text(state["run_id"] or BUILT_IN)
        self._since.set_text(f"{shown(state['since'])} 起" if state["since"] else "尚未上线过训练结果")
        behind = [worker for worker in state["workers"] if not worker["current"]]
        trouble = next((worker["trouble"] for worker in behind if worker["trouble"]), "")
        text = f"{len(state['workers'])} 个服务进程都已换上" if not behind else f"{len(behind)} 个服务进程还没有换上。{trouble}"
        self._workers.set_text(text if state["workers"] else "没有服务进程的消息")
        self._workers.classes(replace="panel-bad" if behind else "panel-muted")
        self._back.set_visibility(state["can_roll_back"])
        self._back.set_text(f"退回到 {state['predecessor'] or BUILT_IN}")

    def _show_job(self, job: JobState | None, came_of_it: str) -> None:
        """Args: came_of_it: state of the run that the job made."""
        running = job is not None and job.state == "running"
        self._bar.set_visibility(running)
        self._cancel.set_visibility(running)
        for button in (self._light, self._full):
            button.set_enabled(not running)
        if job is None:
            self._job.set_text("还没有训练过")
            self._step.set_text("")
            return
        self._job.set_text(
            f"{JOBS[job.kind]}{JOB_STATES[job.state]}（{self._names.get(job.by, job.by)}，{shown(job.started)} 开始）"
        )
        self._cancel.set_text("取消比较" if job.kind == COMPARISON else "取消训练")
        self._step.set_text(
            job.step if running else job.problem or (f"{job.run_id}：{RESULTS.get(came_of_it, '')}" if job.run_id else "")
        )
        if running and job.total:
            self._bar.props(remove="indeterminate").set_value(job.done / job.total)
        elif running:
            self._bar.props("indeterminate")

    def _show_history(self, history: list[dict[str, Any]]) -> None:
        self._history.clear()
        with self._history:
            if not history:
                ui.label("还没有上线过。").classes("panel-muted")
            for row in history:
                did = "退回到" if row["action"] == "rollback" else "强制上线" if row["forced"] else "上线"
                why = f"，理由：{row['reason']}" if row["reason"] else ""
                ui.label(
                    f"{shown(row['at'])}　{self._names.get(row['actor'], row['actor'])}　{did} {row['run_id'] or BUILT_IN}{why}"
                ).classes("panel-text")

    async def _open(self, event: Any) -> None:
        chosen = await run.io_bound(self._context.runs.get, event.args[1]["run_id"])
        if chosen is not None:
            await open_run(self._context, chosen, self._member, self._do, self._look)

    async def _start(self, kind: str) -> None:
        await self._do(lambda: self._context.jobs.start(kind, self._member.name), "训练已开始")
        await self._look()

    async def _start_full(self) -> None:
        runs = await run.io_bound(self._context.runs.all) or []
        before = next((r.seconds for r in runs if r.kind == "full" and r.seconds), None)
        took = f"上次训练用了 {duration(before)}，评测另算" if before else "一般要几十分钟到几小时"
        if await sure(f"开始完整训练？{took}；开始后会算出还要多久。训练时照常服务，占用一半处理器。", "开始", "primary"):
            await self._start("full")

    async def _stop(self) -> None:
        job = await run.io_bound(self._context.jobs.status)
        if job is not None and await sure(f"{self._cancel.text}？{KEPT[job.kind]}，现用模型不受影响。", self._cancel.text):
            await self._do(self._context.jobs.cancel, "已取消")
            await self._look()

    async def _roll_back(self) -> None:
        if await sure(f"{self._back.text}？各服务进程会在几秒内换上，服务不中断。", "退回"):
            await self._do(lambda: self._context.promotions.rollback(self._member), "已退回")
            await self._look()

    async def _do(self, work: Callable[[], object], done: str) -> bool:
        """In a thread, after another look at the member's rights; what is wrong is shown."""

        def checked() -> None:
            self._context.gate.require(self._request, "training")
            work()

        try:
            await run.io_bound(checked)
        except WenzhengError as exc:
            ui.notify(exc.problem + exc.fix, type="negative", multi_line=True, timeout=8000)
            return False
        ui.notify(done, type="positive")
        return True


async def sure(question: str, verb: str, colour: str = "negative") -> bool:
    """Ask before something that changes what citizens are answered, or takes long."""
    with ui.dialog() as dialog, ui.card().classes("panel-form p-4"):
        ui.label(question)
        with ui.row().classes("w-full justify-end"):
            ui.button("不了", on_click=lambda: dialog.submit(False)).props("flat autofocus")
            ui.button(verb, on_click=lambda: dialog.submit(True), color=colour)
    answer = await dialog
    dialog.delete()
    return bool(answer)


Do = Callable[[Callable[[], object], str], Awaitable[bool]]


def _row(one: Run, served: str | None, before: str | None) -> dict[str, Any]:
    gate = one.gate or {}
    old, new = (gate.get("current") or {}).get(PRIMARY_METRIC), one.primary
    said, tone = change(old, new)
    name, state_tone = RUN_STATES[one.state]
    if one.gate and one.run_id != served and is_outdated(one, served):
        name, state_tone = f"{name}（比的是以前的模型）", ""
    return {
        "created": shown(one.created), "run_id": one.run_id, "kind": KINDS.get(one.kind, one.kind), "state": name,
        "stateTone": state_tone, "before": share(old), "after": share(new), "change": said, "tone": tone,
        "served": "现用" if one.run_id == served else "上一个" if one.run_id == before else "",
    }  # fmt: skip
