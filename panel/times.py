"""Moments as staff read them: China's time, without what does not matter."""

from datetime import datetime

from conversations.clock import CHINA


def shown(moment: datetime | str | None) -> str:
    """`2026-03-02 09:00`, or nothing."""
    if moment is None:
        return ""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}"
