"""Which days, which channel and which department figures are computed for."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from conversations.clock import CHINA
from insights.errors import FigureRangeError

LONGEST = 366 * 5  # days
USUAL = 30


@dataclass(frozen=True)
class FigureFilter:
    """Days of China's calendar, both inclusive; channel and department None: all.

    Raises:
        FigureRangeError: the last day lies before the first, or they are too far apart.
    """

    since: date
    until: date
    channel: str | None = None
    department: str | None = None

    def __post_init__(self) -> None:
        if self.until < self.since:
            raise FigureRangeError("结束日期早于开始日期。", fix="把开始日期改到结束日期之前。")
        if (self.until - self.since).days > LONGEST:
            raise FigureRangeError("时间范围超过五年。", fix="分几次查询。")

    @classmethod
    def usual(cls, now: datetime) -> "FigureFilter":
        """The last thirty days."""
        today = now.astimezone(CHINA).date()
        return cls(today - timedelta(days=USUAL - 1), today)

    @property
    def start(self) -> datetime:
        return datetime.combine(self.since, time(), CHINA)

    @property
    def end(self) -> datetime:
        """Exclusive."""
        return datetime.combine(self.until + timedelta(days=1), time(), CHINA)

    def days(self) -> list[date]:
        return [self.since + timedelta(days=n) for n in range((self.until - self.since).days + 1)]
