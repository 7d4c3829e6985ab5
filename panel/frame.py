"""What every page of the panel has around it: navigation by permission, the member's menu, help for the keyboard."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi import Request
from nicegui import ui

from panel.access import context_of, csrf_of, member_of, watch_session
from panel.own_account import change_password
from staff.members import Member
from staff.roles import ROLE_NAMES

STATIC_VERSION = "4"


@dataclass(frozen=True)
class Place:
    """A page in the navigation; shown to who has the permission, when the page is there."""

    key: str
    name: str
    icon: str
    permission: str
    group: str = ""

    @property
    def path(self) -> str:
        return f"/{self.key}"


NAVIGATION = (
    Place("desk", "会话", "forum", "desk", "接待"),
    Place("phone", "电话", "phone_in_talk", "desk", "接待"),
    Place("tickets", "工单", "assignment", "tickets", "接待"),
    Place("knowledge", "条目", "menu_book", "knowledge.read", "知识"),
    Place("reviews", "审核", "fact_check", "knowledge.edit", "知识"),
    Place("documents", "文件", "gavel", "knowledge.read", "知识"),
    Place("imports", "导入", "upload_file", "knowledge.edit", "知识"),
    Place("bank", "答题库", "quiz", "gaps", "知识"),
    Place("gaps", "缺口", "report_gmailerrorred", "gaps", "知识"),
    Place("topics", "热点", "local_fire_department", "gaps", "知识"),
    Place("figures", "统计", "query_stats", "figures", "运行"),
    Place("training", "训练", "model_training", "training", "运行"),
    Place("people", "人员", "group", "people", "管理"),
    Place("audit", "操作记录", "history", "people", "管理"),
)
SHORTCUTS: Mapping[str, str] = {"?": "显示这张表", "Alt + 1…9": "打开左侧第 1…9 个页面", "Esc": "关闭对话框"}


def places_of(member: Member, request: Request) -> list[Place]:
    """The pages that a member may open, in the order of the navigation."""
    there = {getattr(route, "path", "") for route in context_of(request).pages.routes}
    return [place for place in NAVIGATION if place.path in there and member.may(place.permission)]


@contextmanager
def page_frame(request: Request, active: str, title: str, shortcuts: Mapping[str, str] | None = None) -> Iterator[None]:
    """Everything around a page's content; build the content inside the `with`.

    Args:
        active: key of the place in NAVIGATION.
        shortcuts: the page's own keys, for the table that `?` shows.
    """
    member = member_of(request)
    ui.page_title(f"{title} · 问政")
    ui.colors(primary="#1a5fb4", positive="#15803d", negative="#b42318", warning="#b45309", secondary="#5b6472")
    ui.add_head_html(f'<link rel="stylesheet" href="/panel/static/panel.css?{STATIC_VERSION}">')
    ui.add_head_html('<link rel="icon" href="/static/icon.svg">')
    ui.add_head_html(f'<meta name="csrf-token" content="{csrf_of(request)}">')
    ui.add_body_html(f'<script src="/panel/static/panel.js?{STATIC_VERSION}" defer></script>')
    watch_session(request)
    help_dialog = _help({**(shortcuts or {}), **SHORTCUTS})
    _side(places_of(member, request), active)
    _head(member, title, help_dialog)
    with ui.element("main").classes("panel-main").props("id=content tabindex=-1"):
        yield


def _side(places: list[Place], active: str) -> None:
    with ui.left_drawer(value=True, fixed=True, bordered=True).props("width=148 behavior=desktop").classes("panel-side"):
        with ui.link(target="/").classes("panel-brand"):
            ui.element("img").props('src=/static/icon.svg alt=""').classes("panel-logo")
            ui.label("问政")
        with ui.element("nav").props('aria-label="页面"'):
            group = None
            for place in places:
                if place.group != group:
                    group = place.group
                    ui.label(group).classes("panel-group")
                with ui.link(target=place.path).classes("panel-place") as link:
                    ui.icon(place.icon)
                    ui.label(place.name)
                if place.key == active:
                    link.props('aria-current="page"')


def _head(member: Member, title: str, help_dialog: ui.dialog) -> None:
    with ui.header(fixed=True, bordered=True).classes("panel-head"):
        ui.label(title).classes("panel-title").props('role="heading" aria-level="1"')
        ui.space()
        ui.button(icon="keyboard", on_click=help_dialog.open).props('flat round id=panel-help aria-label="键盘操作"').classes(
            "panel-key"
        )
        with ui.button().props("flat").classes("panel-member"):
            ui.label(member.display_name)
            ui.label(ROLE_NAMES[member.role]).classes("panel-role")
            ui.icon("expand_more")
            with ui.menu().props("auto-close"):
                if member.department:
                    ui.label(member.department).classes("panel-department")
                ui.menu_item("修改密码", on_click=change_password)
                ui.menu_item("退出登录", on_click=lambda: ui.run_javascript("wenzhengPanel.logOut()"))


def _help(shortcuts: Mapping[str, str]) -> ui.dialog:
    with ui.dialog() as dialog, ui.card().classes("panel-help"):
        ui.label("键盘操作").classes("panel-subtitle")
        with ui.grid(columns="auto 1fr").classes("gap-x-6 gap-y-1"):
            for keys, meaning in shortcuts.items():
                ui.label(keys).classes("panel-keys")
                ui.label(meaning)
    return dialog
