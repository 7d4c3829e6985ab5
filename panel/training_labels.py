"""待标注的问题: fifty questions, one click each; after the click the next one is in view."""

from collections.abc import Callable, Mapping

from nicegui import run, ui

from errors import WenzhengError
from insights.active_learning import Proposal
from insights.labels import Label
from panel.context import PanelContext
from panel.training_wording import INTENTS, VERDICTS, share
from staff.members import Member

SHORTCUTS: Mapping[str, str] = {"1 2 3": "待标注：归到第 1、2、3 个条目", "0": "待标注：不归本系统管", "J": "待标注：跳过"}

FIRST = "border-color: var(--p-blue)"


class LabelList:
    """The second tab. Args: allowed: whether the member may still label; blocks."""

    def __init__(self, context: PanelContext, member: Member, allowed: Callable[[], bool]) -> None:
        self._context, self._member, self._allowed = context, member, allowed
        self._waiting: list[Proposal] = []
        self._whose: dict[int, str] = {}
        self._done = 0
        self._loaded = False

    def build(self) -> None:
        with ui.row().classes("panel-bar"):
            self._count = ui.label().classes("panel-muted")
            ui.space()
            self._undo = ui.button("撤回刚才的标注", icon="undo", on_click=self._take_back).props("flat")
            self._undo.set_visibility(False)
            ui.button("重新挑选", icon="refresh", on_click=self._again).props("outline")
        self._list = ui.column().classes("w-full gap-2")
        self._last: Label | None = None
        self._keys = ui.keyboard(on_key=self._key)

    async def load(self) -> None:
        """When the tab is opened first: choosing takes some seconds."""
        if not self._loaded:
            self._loaded = True
            await self._again()

    async def _again(self) -> None:
        self._list.clear()
        with self._list:
            ui.label("正在从最近的问题中挑选……").classes("panel-empty")
        self._waiting, self._whose = await run.io_bound(self._propose) or ([], {})
        self._show()

    def _propose(self) -> tuple[list[Proposal], dict[int, str]]:
        """The questions, and whose entry it is where titles alone do not tell entries apart."""
        proposals = self._context.active_learning.proposals()
        doubles = set()
        for proposal in proposals:
            titles = [title for _, title, _ in proposal.entries]
            doubles |= {entry_id for entry_id, title, _ in proposal.entries if titles.count(title) > 1}
        contents = {i: record.content for i, record in self._context.workshop.store.published(doubles).items()}
        return proposals, {i: c.authority or c.owner_department or f"编号 {i}" for i, c in contents.items()}

    def _tell(self) -> None:
        self._count.set_text(
            f"还有 {len(self._waiting)} 题，已标 {self._done} 题。挑的是最拿不准、问得多、互不相似的问题；标注后下一次训练会用上，并报告这些标注带来的变化。"
        )

    def _show(self) -> None:
        self._tell()
        self._list.clear()
        with self._list:
            if not self._waiting:
                ui.label("现在没有需要标注的问题。等市民多问一些再来看。").classes("panel-empty")
            for number, proposal in enumerate(self._waiting):
                self._card(proposal, number == 0)

    def _card(self, proposal: Proposal, first: bool) -> None:
        asked = proposal.asked
        with ui.card().classes("panel-card").style(FIRST if first else ""):
            with ui.row().classes("w-full items-center gap-2"):
                ui.label(asked.question).classes("panel-text text-base").style("flex: 1")
                if asked.times > 1:
                    ui.label(f"问过 {asked.times} 次").classes("panel-tag blue")
                ui.label(f"答中概率 {share(asked.probability)}").classes("panel-tag")
                guess = INTENTS.get(asked.intent or "", asked.intent or "未识别")
                ui.label(f"意图：{guess} {share(asked.confidence)}").classes("panel-tag")
            with ui.row().classes("items-center gap-2"):
                for place, (entry_id, title, probability) in enumerate(proposal.entries, 1):
                    button = ui.button(on_click=lambda p=proposal, e=entry_id: self._label(p, "entry", entry_id=e)).props(
                        "outline"
                    )
                    with button:
                        whose = f"（{self._whose[entry_id]}）" if entry_id in self._whose else ""
                        ui.label(f"{place}　{title[:28]}{'…' if len(title) > 28 else ''}{whose}")
                        ui.tooltip(f"{title}，答中概率 {share(probability)}")
                ui.button("0　不归本系统管", on_click=lambda p=proposal: self._label(p, "out_of_scope")).props(
                    "outline color=secondary"
                )
                with ui.button("意图", icon="expand_more").props("outline color=secondary"), ui.menu().props("auto-close"):
                    for name, words in INTENTS.items():
                        ui.menu_item(words, on_click=lambda p=proposal, n=name: self._label(p, "intent", intent=n))
                ui.button("跳过", on_click=lambda p=proposal: self._skip(p)).props("flat")

    async def _label(self, proposal: Proposal, verdict: str, *, intent: str | None = None, entry_id: int | None = None) -> None:
        if proposal not in self._waiting:
            return
        if not await run.io_bound(self._allowed):
            ui.notify("您的登录已结束或角色有变，请重新登录。", type="negative")
            return
        try:
            self._last = await run.io_bound(
                self._context.labels.add, proposal.asked.question, verdict, self._member.name, "active_learning",  # type: ignore[arg-type]
                intent=intent, entry_id=entry_id,
            )  # fmt: skip
        except WenzhengError as exc:
            ui.notify(exc.problem + exc.fix, type="negative")
            return
        self._done += 1
        self._undo.set_visibility(True)
        ui.notify(f"已标注：{VERDICTS[verdict]}", type="positive", timeout=1000)
        self._skip(proposal)

    def _skip(self, proposal: Proposal) -> None:
        if proposal in self._waiting:
            place = self._waiting.index(proposal)
            self._waiting.remove(proposal)
            self._list.default_slot.children[place].delete()
            if not self._waiting:
                self._show()
            else:
                self._list.default_slot.children[0].style(FIRST)
                self._tell()

    async def _take_back(self) -> None:
        if self._last is not None:
            await run.io_bound(self._context.labels.revoke, self._last.label_id)
            ui.notify("已撤回；重新挑选后会再出现", type="positive")
            self._done, self._last = self._done - 1, None
            self._undo.set_visibility(False)

    async def _key(self, event: object) -> None:
        key, action = event.key, event.action  # type: ignore[attr-defined]
        if not action.keydown or action.repeat or not self._waiting or not self._list.visible:
            return
        first = self._waiting[0]
        if str(key) in {"1", "2", "3"} and int(str(key)) <= len(first.entries):
            await self._label(first, "entry", entry_id=first.entries[int(str(key)) - 1][0])
        elif str(key) == "0":
            await self._label(first, "out_of_scope")
        elif str(key).lower() == "j":
            self._skip(first)
