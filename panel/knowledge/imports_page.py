"""导入: tables and documents that are brought in."""

import json
from typing import Any

from fastapi import Request
from nicegui import run, ui

from knowledge_base.importers.jobs import STATE_NAMES, JobView
from panel.access import panel_page
from panel.context import PanelContext
from panel.frame import page_frame
from panel.knowledge.words import Names, style, tag
from panel.times import shown

PROFILE_NAMES = {
    "entry": "通用格式",
    "gd_service_items": "广东政务服务事项",
    "citizen_letters": "群众来信与回复",
    "notice": "文件拆分",
}
TONES = {
    "ready": "warn",
    "reading": "blue",
    "importing": "blue",
    "done": "good",
    "failed": "bad",
    "aborted": "bad",
    "cancelled": "",
}
WORKING = {"reading", "importing"}


def register(context: PanelContext) -> None:
    @panel_page(context, "/imports", "knowledge.edit")
    async def imports(request: Request) -> None:
        with page_frame(request, "imports", "批量导入"):
            style()
            await _Imports(context).build()


class _Imports:
    def __init__(self, context: PanelContext) -> None:
        self.workshop, self.name_of = context.workshop, Names(context.accounts)

    async def build(self) -> None:
        with ui.row().classes("w-full gap-3 items-stretch"):
            with ui.element("div").classes("kb-drop"):
                ui.label("表格：每行一个条目").classes("panel-subtitle")
                ui.label("Excel（.xlsx）、CSV 或 JSONL，最大 20 MB。先预览，确认后才写入。").classes("panel-muted")
                self.profile = ui.select(
                    {key: PROFILE_NAMES[key] for key in ("entry", "gd_service_items", "citizen_letters")},
                    value="entry",
                    label="格式",
                )
                with ui.row().classes("panel-bar"):
                    ui.button(
                        "选择表格…",
                        icon="table_view",
                        on_click=lambda: ui.run_javascript("document.getElementById('kb-table-file').click()"),
                    )
                    with ui.element("a").props('href="/api/imports/template.xlsx" download').classes("kb-title"):
                        ui.label("下载空白导入表")
                self._file("kb-table-file", ".xlsx,.csv,.jsonl", "/api/imports")
            with ui.element("div").classes("kb-drop"):
                ui.label("文件：拆成多个条目").classes("panel-subtitle")
                ui.label(
                    "通知、办法、方案、解读、问答的 Word（.docx）、网页（.html）或文本（.txt）。按标题、一、（一）、第×条、问／答拆开，挑选修改后存为草稿。"
                ).classes("panel-muted")
                ui.space()
                with ui.row().classes("panel-bar"):
                    ui.button(
                        "选择文件…",
                        icon="description",
                        on_click=lambda: ui.run_javascript("document.getElementById('kb-notice-file').click()"),
                    )
                self._file("kb-notice-file", ".docx,.html,.htm,.txt", "/api/notices")
        self.problem = ui.element("div").classes("kb-banner bad")
        self.problem.set_visibility(False)
        self.list = ui.column().classes("panel-card gap-0")
        await run.io_bound(self.name_of.load)
        await self.load()
        ui.timer(2.0, self._while_working, immediate=False)

    def _file(self, name: str, accept: str, address: str) -> None:
        picked = (
            ui.element("input")
            .props(f'type=file id={name} accept="{accept}" aria-label="选择要导入的文件"')
            .style("display: none")
        )
        picked.on("change", lambda: self._upload(name, address), args=[])

    async def _upload(self, name: str, address: str) -> None:
        fields = {"profile": self.profile.value} if address == "/api/imports" else {}
        self.problem.set_visibility(False)
        notice = ui.notification("正在上传…", spinner=True, timeout=None)
        script = f"return wenzhengKnowledge.upload(document.getElementById({json.dumps(name)}), {json.dumps(address)}, {json.dumps(fields)})"
        answer: Any = await ui.run_javascript(script, timeout=120)
        notice.dismiss()
        if isinstance(answer, dict) and isinstance(answer.get("id"), int):
            ui.navigate.to(f"/imports/{answer['id']}" if address == "/api/imports" else f"/imports/{answer['id']}/document")
        elif isinstance(answer, dict):
            self.problem.clear()
            with self.problem:
                ui.label(f"{answer.get('error', '')}{answer.get('fix', '')}")
            self.problem.set_visibility(True)

    async def load(self) -> None:
        self.jobs: list[JobView] = await run.io_bound(self.workshop.imports.listed) or []
        self.list.clear()
        with self.list:
            ui.label("最近的导入").classes("panel-subtitle")
            if not self.jobs:
                ui.label("还没有导入过。").classes("panel-empty")
            for job in self.jobs:
                self._job(job)

    def _job(self, job: JobView) -> None:
        document = job.profile == "notice"
        with ui.row().classes("w-full items-center no-wrap kb-change"):
            with ui.element("a").props(f'href="/panel/imports/{job.id}{"/document" if document else ""}"').classes("kb-title"):
                ui.label(job.file_name)
            ui.label(PROFILE_NAMES.get(job.profile, job.profile)).classes("panel-faint")
            ui.space()
            ui.label(summary(job)).classes("panel-faint")
            tag("待挑选" if document and job.state == "ready" else STATE_NAMES[job.state], TONES[job.state])
            ui.label(f"{self.name_of(job.actor)}　{shown(job.created_at)}").classes("panel-faint")

    async def _while_working(self) -> None:
        if any(job.state in WORKING for job in self.jobs):
            await self.load()


def summary(job: JobView) -> str:
    """What a job has come to, in a few words."""
    if job.profile == "notice":
        return f"存为草稿 {job.done} 条" if job.done else ""
    if job.state in WORKING:
        return f"{job.done} / {job.total}"
    if job.outcomes:
        words = (("created", "新增"), ("updated", "更新"), ("skipped", "跳过"), ("failed", "未导入"))
        return "，".join(f"{name} {job.outcomes[key]}" for key, name in words if job.outcomes.get(key))
    kinds = (("new", "新增"), ("changed", "有变化"), ("unchanged", "无变化"), ("conflict", "冲突"), ("error", "有误"))
    return "，".join(f"{name} {job.counts[key]}" for key, name in kinds if job.counts.get(key))
