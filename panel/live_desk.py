"""Pages of the live desk and of phone mode. What they show and do is `/api/desk`; the scripts are in `bot/static/desk`."""

from fastapi import Request
from nicegui import ui
from nicegui.element import Element

from panel.access import csrf_of, member_of, panel_page
from panel.context import PanelContext
from panel.frame import page_frame

DESK_KEYS = {
    "↑ ↓": "上一个、下一个会话",
    "T": "接入",
    "1 2 3": "发送第几条推荐；一秒半内按 Esc 撤销，再按一次立即发送",
    "E": "编辑推荐（正要发送的那条，或第一条）",
    "/": "手工查知识",
    "R": "写回复",
    "Ctrl + Enter": "发送写好的回复",
    "N": "写备注",
    "X": "结束会话",
}
PHONE_KEYS = {"Ctrl + Enter": "已把第一条推荐告诉来电人"}


class DeskView(Element, component="live_desk.js"):
    """The whole of the desk; a browser's Vue component."""


class PhoneView(Element, component="phone.js"):
    """The whole of phone mode."""


def register(context: PanelContext) -> None:
    @panel_page(context, "/desk", "desk")
    def desk(request: Request) -> None:
        with page_frame(request, "desk", "会话", DESK_KEYS):
            _styled(DeskView(), request)

    @panel_page(context, "/phone", "desk")
    def phone(request: Request) -> None:
        with page_frame(request, "phone", "电话", PHONE_KEYS):
            _styled(PhoneView(), request)


def _styled(view: Element, request: Request) -> None:
    ui.add_head_html('<link rel="stylesheet" href="/static/desk/desk.css">')
    view.props["csrf"] = csrf_of(request)
    view.props["me"] = member_of(request).name
