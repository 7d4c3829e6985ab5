"""Moments and durations as staff read them: China's time, without what does not matter."""

from datetime import datetime

from conversations.clock import CHINA


def shown(moment: datetime | str | None) -> str:
    """`2026-03-02 09:00`, or nothing."""
    if moment is None:
        return ""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}"


def duration(seconds: float) -> str:
    """Seconds, minutes from two minutes on, hours with minutes from two hours on."""
    if seconds < 120:
        return f"{max(seconds, 0):.0f} 秒"
    minutes = round(seconds / 60)
    return f"{minutes} 分钟" if minutes < 120 else f"{minutes // 60} 小时 {minutes % 60} 分钟"
