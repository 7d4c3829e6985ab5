"""What the page of tickets shows: the filters, kept in the address so that a reload and a link show the same; words, which may name people, are not."""

from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import Request

from tickets.store import Wanted

VIEWS = {"board": "看板", "list": "列表", "ratings": "评价与整改"}


@dataclass
class Filters:
    """As chosen; empty leaves a field open."""

    view: str = "board"
    state: str = ""
    kind: str = ""
    department: str = ""
    text: str = ""
    overdue: bool = False
    mine: bool = False
    page: int = 0

    @classmethod
    def from_request(cls, request: Request) -> "Filters":
        asked = request.query_params
        view = asked.get("view", "board")
        return cls(
            view=view if view in VIEWS else "board", state=asked.get("state", ""), kind=asked.get("kind", ""),
            department=asked.get("department", ""), overdue=asked.get("overdue") == "1", mine=asked.get("mine") == "1",
        )  # fmt: skip

    def wanted(self, me: str) -> Wanted:
        """For the store."""
        return Wanted(
            state=self.state or None, kind=self.kind or None, department=self.department or None, handler=me if self.mine else None,
            text=self.text.strip() or None,
        )  # fmt: skip

    @property
    def query(self) -> str:
        """For the address."""
        chosen = {"view": self.view, "state": self.state, "kind": self.kind, "department": self.department}
        flags = {"overdue": "1" if self.overdue else "", "mine": "1" if self.mine else ""}
        return urlencode(
            {name: value for name, value in {**chosen, **flags}.items() if value and (name, value) != ("view", "board")}
        )
