"""How tickets are put to staff: deadlines, states, steps."""

from collections.abc import Mapping
from typing import Any

from tickets import rules

STEP_BUTTONS: Mapping[str, str] = {
    "accept": "受理", "assign": "分派", "progress": "登记进展", "answer": "答复", "return": "退回",
}  # fmt: skip
HISTORY: Mapping[str, str] = {
    "file": "登记", **STEP_BUTTONS, "rate": "市民评价", "supplement": "市民补充", "withdraw": "市民撤回", "deadline": "期限变动", "rectify_assign": "差评交办", "rectify_done": "登记整改",
    "rectify_call": "回访", "rectify_again": "重新整改",
}  # fmt: skip
FACTS: Mapping[str, str] = {"what": "事项", "where": "地点", "when": "时间", "contact": "联系方式"}
STATE_TONES: Mapping[str, str] = {
    rules.FILED: "blue", rules.ACCEPTED: "blue", rules.ASSIGNED: "", rules.IN_PROGRESS: "", rules.ANSWERED: "good", rules.RATED: "good",
    rules.RETURNED: "warn", rules.WITHDRAWN: "",
}  # fmt: skip


def due(row: Mapping[str, Any]) -> tuple[str, str]:
    """What is said of a deadline, and its tone: bad, warn or nothing."""
    left = row.get("days_left")
    if left is None:
        return "", ""
    provisional = "（暂定）" if row["due_provisional"] else ""
    if left < 0:
        return f"超期 {-left} 个工作日", "bad"
    if left == 0:
        return f"今天到期{provisional}", "warn"
    return f"剩 {left} 个工作日{provisional}", "warn" if left <= 2 else ""
