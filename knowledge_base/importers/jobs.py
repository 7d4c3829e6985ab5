"""Import jobs as people see them, and the words for their states."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Status = Literal["new", "changed", "unchanged", "conflict", "error"]
Choice = Literal["overwrite", "skip"]
FollowUp = Literal["draft", "submit", "publish"]
STATE_NAMES = {
    "reading": "正在读取", "ready": "待确认", "importing": "正在导入", "done": "已完成", "failed": "失败", "aborted": "已中断", "cancelled": "已取消"
}  # fmt: skip
STATUS_NAMES = {"new": "新增", "changed": "有变化", "unchanged": "无变化", "conflict": "冲突", "error": "有误"}
OUTCOME_NAMES = {"created": "已新增", "updated": "已更新", "skipped": "已跳过", "failed": "未导入"}


@dataclass(frozen=True)
class JobView:
    """A job as people see it; `counts` of rows by what they would do, `outcomes` by what became of them.

    Attributes: near: how many rows repeat or contradict something.
    """

    id: int
    file_name: str
    profile: str
    state: str
    actor: str
    done: int
    total: int
    problem: str
    follow_up: str
    created_at: datetime
    counts: dict[str, int]
    outcomes: dict[str, int]
    near: int


@dataclass(frozen=True)
class RowView:
    """One row of the preview; `changes` against the entry as it stands, field by field.

    Attributes: near: up to three entries (`entry_id`) and earlier rows (`row`) that it repeats or contradicts.
    """

    number: int
    status: str
    title: str
    entry_id: int | None
    problems: list[dict[str, str]]
    changes: list[dict[str, Any]]
    choice: str | None
    outcome: str | None
    near: list[dict[str, Any]]
