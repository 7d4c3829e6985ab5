"""One step for many entries, chosen in a list; a few at a time, so that the page shows how far it is."""

from collections.abc import Callable
from dataclasses import dataclass

from nicegui import run, ui

from bot.workshop import Workshop
from errors import WenzhengError
from knowledge_base.workflow import Actor
from panel.knowledge.asking import comment_for

AT_ONCE = 5
MOST_SHOWN = 20


@dataclass(frozen=True)
class BatchStep:
    """A step that may be taken for many. `comment`: required, asked or not."""

    name: str
    icon: str
    permission: str
    work: Callable[[Workshop, int, Actor, str], object]
    required: bool = False


BATCH_STEPS = (
    BatchStep("提交审核", "send", "knowledge.edit", lambda w, i, a, c: w.store.submit(i, a, c)),
    BatchStep("发布", "publish", "knowledge.review", lambda w, i, a, c: w.store.publish(i, a, c)),
    BatchStep("退回", "undo", "knowledge.review", lambda w, i, a, c: w.store.send_back(i, a, c), required=True),
    BatchStep("撤下", "block", "knowledge.review", lambda w, i, a, c: w.store.withdraw(i, a, c)),
    BatchStep("复核无误", "verified", "knowledge.edit", lambda w, i, a, c: w.reviews.confirm(i, a, c)),
)


async def take_step(workshop: Workshop, step: BatchStep, ids: list[int], actor: Callable[[], Actor]) -> bool:
    """Ask for a comment and do it; what was refused is listed. Whether anything was tried.

    Args:
        actor: asks who acts, for every entry anew.
    """
    comment = await comment_for(f"{step.name} {len(ids)} 个条目", step.name, required=step.required)
    if comment is None:
        return False
    refused: list[str] = []

    def some(part: list[int]) -> None:
        for entry_id in part:
            try:
                step.work(workshop, entry_id, actor(), comment)
            except WenzhengError as exc:
                refused.append(f"条目 {entry_id}：{exc.problem}{exc.fix}")
        workshop.follow()

    notice = ui.notification(f"{step.name}：0 / {len(ids)}", spinner=True, timeout=None)
    for start in range(0, len(ids), AT_ONCE):
        await run.io_bound(some, ids[start : start + AT_ONCE])
        notice.message = f"{step.name}：{min(start + AT_ONCE, len(ids))} / {len(ids)}"
    notice.dismiss()
    ui.notify(
        f"{step.name}：完成 {len(ids) - len(refused)} 条" + (f"，未完成 {len(refused)} 条" if refused else ""),
        type="positive" if not refused else "warning",
    )
    if refused:
        with ui.dialog(value=True) as dialog, ui.card().classes("panel-form"):
            dialog.on("hide", dialog.delete)
            ui.label("这些条目没有完成").classes("panel-subtitle")
            for line in refused[:MOST_SHOWN]:
                ui.label(line).classes("panel-text")
            if len(refused) > MOST_SHOWN:
                ui.label(f"……共 {len(refused)} 条").classes("panel-muted")
            ui.button("知道了", on_click=dialog.close)
    return True
