"""What may happen to a ticket, and until when it must be answered. Pure."""

import re
from collections.abc import Mapping
from datetime import date

from tickets import workdays
from tickets.errors import TicketStateError
from tickets.workdays import Deadline

CONSULTATION, HELP, SUGGESTION, COMPLAINT = "consultation", "help", "suggestion", "complaint"
# working days until the answer, by kind
WORKING_DAYS: Mapping[str, int] = {CONSULTATION: 2, HELP: 10, SUGGESTION: 10, COMPLAINT: 15}

FILED, ACCEPTED, ASSIGNED, IN_PROGRESS, ANSWERED, RATED, RETURNED, WITHDRAWN = (
    "filed", "accepted", "assigned", "in_progress", "answered", "rated", "returned", "withdrawn",
)  # fmt: skip
STATES = (FILED, ACCEPTED, ASSIGNED, IN_PROGRESS, ANSWERED, RATED, RETURNED, WITHDRAWN)
OPEN_STATES = frozenset({FILED, ACCEPTED, ASSIGNED, IN_PROGRESS, RETURNED})  # an answer is still owed

ACCEPT, ASSIGN, PROGRESS, ANSWER, RETURN, RATE, WITHDRAW = (
    "accept", "assign", "progress", "answer", "return", "rate", "withdraw",
)  # fmt: skip
CITIZENS_STEPS = frozenset({RATE, WITHDRAW})
# step → states it may follow, state it leads to. Assigning again moves a ticket to another department, progress again adds a
# note; returned (not theirs to settle, or to be done again) goes back to whoever accepts and assigns.
STEPS: Mapping[str, tuple[frozenset[str], str]] = {
    ACCEPT: (frozenset({FILED, RETURNED}), ACCEPTED),
    ASSIGN: (frozenset({ACCEPTED, ASSIGNED, IN_PROGRESS, RETURNED}), ASSIGNED),
    PROGRESS: (frozenset({ASSIGNED, IN_PROGRESS}), IN_PROGRESS),
    ANSWER: (frozenset({IN_PROGRESS}), ANSWERED),
    RETURN: (frozenset({FILED, ACCEPTED, ASSIGNED, IN_PROGRESS, ANSWERED}), RETURNED),
    RATE: (frozenset({ANSWERED}), RATED),
    WITHDRAW: (OPEN_STATES, WITHDRAWN),
}

STATE_NAMES: Mapping[str, str] = {
    FILED: "已登记，等待受理",
    ACCEPTED: "已受理，等待分派",
    ASSIGNED: "已分派",
    IN_PROGRESS: "正在办理",
    ANSWERED: "已答复，等您评价",
    RATED: "已办结并评价",
    RETURNED: "已退回，等待重新分派",
    WITHDRAWN: "已按您的要求撤回",
}
STATE_SHORT_NAMES: Mapping[str, str] = {  # for staff
    FILED: "待受理", ACCEPTED: "待分派", ASSIGNED: "已分派", IN_PROGRESS: "办理中", ANSWERED: "待评价", RATED: "已办结", RETURNED: "已退回",
    WITHDRAWN: "已撤回",
}  # fmt: skip
KIND_NAMES: Mapping[str, str] = {CONSULTATION: "咨询", HELP: "求助", SUGGESTION: "建议", COMPLAINT: "投诉"}
STEP_NAMES: Mapping[str, str] = {
    ACCEPT: "受理", ASSIGN: "分派", PROGRESS: "登记办理进展", ANSWER: "答复", RETURN: "退回", RATE: "评价",
    WITHDRAW: "撤回",
}  # fmt: skip

# 政务服务“好差评”的五个等级（国办发〔2019〕51号）
LEVELS: Mapping[int, str] = {5: "非常满意", 4: "满意", 3: "基本满意", 2: "不满意", 1: "非常不满意"}

_NUMBER = re.compile(r"(?<![0-9A-Za-z])WZ\s?(\d{8})\s?(\d{4,6})(?!\d)", re.IGNORECASE)


def state_after(state: str, step: str) -> str:
    """The state that a step leads to.

    Raises:
        TicketStateError: the step may not follow this state.
    """
    before, after = STEPS[step]
    if state not in before:
        possible = "、".join(STEP_NAMES[name] for name, (states, _) in STEPS.items() if state in states) or "无"
        raise TicketStateError(
            f"工单现在的状态是“{STATE_NAMES.get(state, state)}”，不能{STEP_NAMES[step]}。", fix=f"现在可以做的是：{possible}。"
        )
    return after


def due(kind: str, filed_on: date) -> Deadline:
    """Until when a ticket filed on this day must be answered."""
    return workdays.deadline(filed_on, WORKING_DAYS[kind])


def is_overdue(state: str, due_on: date | None, today: date) -> bool:
    """Whether an answer is owed and its last day is over."""
    return state in OPEN_STATES and due_on is not None and today > due_on


def number_of(day: date, count: int) -> str:
    """The number of the `count`-th ticket of a day, e.g. WZ202611230001."""
    return f"{day_prefix(day)}{count:04d}"


def day_prefix(day: date) -> str:
    """What all numbers of a day begin with."""
    return f"WZ{day:%Y%m%d}"


def number_in(text: str) -> str | None:
    """The first ticket number in a text, in its canonical form."""
    match = _NUMBER.search(text)
    return f"WZ{match[1]}{match[2]}" if match else None


def without_number(text: str) -> str:
    """The text with its ticket numbers taken out."""
    return _NUMBER.sub(" ", text)
