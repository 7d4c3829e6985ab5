"""Roles and what each may do."""

from collections.abc import Mapping

ROLES = ("agent", "editor", "reviewer", "maintainer", "admin")
ROLE_NAMES: Mapping[str, str] = {
    "agent": "坐席",
    "editor": "知识编辑",
    "reviewer": "审核员",
    "maintainer": "算法维护",
    "admin": "管理员",
}

_EVERYBODY = frozenset(ROLES)
_FRONT = frozenset({"agent", "reviewer", "admin"})
_KNOWLEDGE = frozenset({"editor", "reviewer", "maintainer", "admin"})

PERMISSIONS: Mapping[str, frozenset[str]] = {
    "desk": _FRONT,
    "tickets": _FRONT,
    "tickets.contact": _FRONT,  # reading it is audited
    "outbox": _FRONT,
    "knowledge.read": _EVERYBODY,
    "knowledge.edit": _KNOWLEDGE,
    "knowledge.review": frozenset({"reviewer", "admin"}),
    "propose": _EVERYBODY,
    "gaps": _KNOWLEDGE,
    "figures": _EVERYBODY,
    "training": frozenset({"maintainer", "admin"}),
    "people": frozenset({"admin"}),
}
PERMISSION_NAMES: Mapping[str, str] = {
    "desk": "接待会话",
    "tickets": "处理工单",
    "tickets.contact": "查看工单联系方式",
    "outbox": "查看待发消息",
    "knowledge.read": "查看知识",
    "knowledge.edit": "编辑知识",
    "knowledge.review": "审核、发布和撤下知识",
    "propose": "提议知识",
    "gaps": "处理知识缺口",
    "figures": "查看统计",
    "training": "训练和切换模型",
    "people": "管理人员和查看操作记录",
}


def allows(role: str, permission: str) -> bool:
    """Whether the role has the permission.

    Raises:
        KeyError: there is no such permission.
    """
    return role in PERMISSIONS[permission]


def covers(role: str, other: str) -> bool:
    """Whether whoever has `role` may do everything that `other` may."""
    return all(role in roles for roles in PERMISSIONS.values() if other in roles)
