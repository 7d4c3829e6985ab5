"""Who may take which step from which state. Pure rules; `entries` applies them inside its transactions.

draft → in_review → published → withdrawn. Expired is no state: it follows from the dates.
"""

from dataclasses import dataclass
from typing import Literal

from knowledge_base.errors import NotAllowedError, WorkflowError

# a maintainer works on knowledge as an editor does, an agent proposes drafts
Role = Literal["admin", "reviewer", "editor", "maintainer", "agent", "importer", "system"]
State = Literal["draft", "in_review", "published", "withdrawn"]
STATES: tuple[State, ...] = ("draft", "in_review", "published", "withdrawn")
_ALONE: frozenset[str] = frozenset({"admin", "importer", "system"})  # may publish without a second person; the audit says so
STATE_NAMES = {"draft": "草稿", "in_review": "待审核", "published": "已发布", "withdrawn": "已撤下"}


@dataclass(frozen=True)
class Actor:
    """Who acts, and in which role."""

    name: str
    role: Role


def check_submit(state: str) -> None:
    """Raises WorkflowError unless there is a draft or a withdrawn text to review."""
    if state not in {"draft", "withdrawn"}:
        raise WorkflowError(f"条目现在是“{STATE_NAMES[state]}”，没有可提交审核的草稿。", fix="先修改条目，再提交审核。")


def check_send_back(state: str) -> None:
    if state != "in_review":
        raise WorkflowError(f"条目现在是“{STATE_NAMES[state]}”，不在审核中。", fix="只有待审核的条目可以退回。")


def second_person_missing(state: str, authors: set[str], actor: Actor) -> bool:
    """True when this publication happens without a second person, which only administrators and imports may do.

    Raises:
        NotAllowedError: an editor or reviewer would publish their own or an unreviewed text.
    """
    if state == "in_review" and actor.name not in authors and actor.role in _ALONE | {"reviewer"}:
        return False
    if actor.role in _ALONE:
        return True
    if actor.role != "reviewer":
        raise NotAllowedError("您的角色不能发布。", fix="提交审核，由审核员或管理员发布。")
    if state != "in_review":
        raise NotAllowedError("条目还没有提交审核，不能直接发布。", fix="先提交审核，再由另一位同事发布；或请管理员发布。")
    raise NotAllowedError("不能发布自己撰写或提交的内容。", fix="请另一位同事审核后发布，或请管理员发布。")


def goes_live_at_once(state: str, actor: Actor) -> bool:
    """Whether an edit is published with it: an administrator's edit of a published entry."""
    return state == "published" and actor.role == "admin"
