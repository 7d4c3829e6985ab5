"""What time it is for citizens: policies and ticket numbers follow the calendar of China, wherever the server stands."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")  # no daylight saving since 1991

Clock = Callable[[], datetime]


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)
