"""The chosen row of a table beside which its details stand: clicked, or reached with the arrow keys."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from nicegui import ui


class ChosenRow:
    """Args: show: called after another row was chosen."""

    def __init__(self, table: ui.table, show: Callable[[], Awaitable[None]]) -> None:
        self._table, self._show = table, show
        self.id: int | None = None
        table.on("row-click", self._clicked, [[], ["id"], None])

    def among(self, ids: Sequence[int]) -> None:
        """The rows are these now: the chosen one stays, else it is the first."""
        if self.id not in ids:
            self.id = ids[0] if ids else None

    def mark(self) -> None:
        """Draw the chosen row as such."""
        self._table.props(f":table-row-class-fn=\"row => row.id === {self.id or 0} ? 'insight-chosen' : ''\"")

    async def key(self, event: Any) -> None:
        """The arrow keys, as `ui.keyboard` tells of them."""
        ids = [row["id"] for row in self._table.rows]
        if event.action.keydown and event.key.name in {"ArrowDown", "ArrowUp"} and ids:
            at = ids.index(self.id) if self.id in ids else -1
            self.id = ids[max(0, min(len(ids) - 1, at + (1 if event.key.name == "ArrowDown" else -1)))]
            await self._show()

    async def _clicked(self, event: Any) -> None:
        self.id = int(event.args[1]["id"])
        await self._show()
