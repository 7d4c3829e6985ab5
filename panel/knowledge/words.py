"""What the workshop's pages call things, and small pieces that several of them show."""

from collections.abc import Callable
from datetime import date, datetime

from nicegui import ui

from answering.regions import region_name
from knowledge_base.catalogue import EntryRow
from knowledge_base.content import KIND_NAMES
from knowledge_base.validity import today
from knowledge_base.workflow import STATE_NAMES
from panel.times import shown
from staff.accounts import StaffAccounts

STATE_TONES = {"draft": "", "in_review": "warn", "published": "good", "withdrawn": "bad"}
NATION = "100000"
VALIDITY_NAMES = {"valid": "有效", "expiring": "即将到期", "expired": "已过期", "not_yet": "未生效"}
VALIDITY_TONES = {"valid": "good", "expiring": "warn", "expired": "bad", "not_yet": "blue"}


def style() -> None:
    """The workshop's own styles and scripts."""
    ui.add_head_html('<link rel="stylesheet" href="/panel/static/knowledge.css?3">')
    ui.add_body_html('<script src="/panel/static/knowledge.js?2" defer></script>')


class Names:
    """What people are called; login names of who has no account, such as 导入, stay as they are. `load` blocks."""

    def __init__(self, accounts: StaffAccounts) -> None:
        self._accounts = accounts
        self._names: dict[str, str] = {}

    def load(self) -> None:
        members = [account.member for account in self._accounts.listed()]
        self._names = {member.name: member.display_name for member in members}

    def __call__(self, name: str | None) -> str:
        return self._names.get(name or "", name or "")


def tag(text: str, tone: str = "") -> ui.label:
    return ui.label(text).classes(f"panel-tag {tone}")


def state_tag(state: str, live: bool) -> None:
    """Where the newest version stands; says when an older one answers meanwhile."""
    tag(STATE_NAMES[state], STATE_TONES[state])
    if live and state in {"draft", "in_review"}:
        tag("旧版在用", "blue").tooltip("市民现在看到的仍是上一个发布的版本")


def when(day: date | None) -> str:
    return day.isoformat() if day else ""


def short(moment: datetime) -> str:
    """`03-02 09:00`, with the year when it is another one."""
    text = shown(moment)
    return text.removeprefix(f"{today().year}-")


def place(code: str | None) -> str:
    """The name of a division, or its code where the name is not known."""
    return "全国" if code == NATION else region_name(code) or code or ""


def row_cells(row: EntryRow, name_of: Callable[[str], str], probability: float | None = None) -> dict[str, object]:
    """A row of the list for `ui.table`."""
    return {
        "id": row.entry_id, "title": row.title, "external_id": row.external_id or "", "kind": KIND_NAMES[row.kind],
        "state": STATE_NAMES[row.state], "state_tone": STATE_TONES[row.state],
        "older_live": row.live_version is not None and row.state in {"draft", "in_review"},
        "department": row.department or "", "region": place(row.region_code), "tags": "、".join(row.tags[:3]),
        "validity": VALIDITY_NAMES[row.validity], "validity_tone": VALIDITY_TONES[row.validity],
        "ends": f"至 {row.effective_to}" if row.effective_to else "", "planned": f"{shown(row.publish_at)} 发布" if row.publish_at else "",
        "review": when(row.review_due_on), "updated": short(row.updated_at), "actor": name_of(row.actor),
        "chance": f"{probability:.0%}" if probability is not None else "",
    }  # fmt: skip
