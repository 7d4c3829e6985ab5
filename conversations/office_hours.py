"""When people are at the desks: the same hours every working day of China's calendar. Pure."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from conversations.clock import CHINA
from conversations.errors import OfficeHoursError
from tickets.workdays import is_workday

DEFAULT = "8:30-12:00,14:00-17:30"
_SPAN = re.compile(r"(\d{1,2})[:：](\d{2})\s*[-–—~]\s*(\d{1,2})[:：](\d{2})")
_LOOK_AHEAD_DAYS = 30  # no holiday lasts longer


@dataclass(frozen=True)
class OfficeHours:
    """Spans of a working day in China's time, in order, none touching the next."""

    spans: tuple[tuple[time, time], ...]

    @classmethod
    def parse(cls, text: str = DEFAULT) -> "OfficeHours":
        """Read "8:30-12:00,14:00-17:30".

        Raises:
            OfficeHoursError: no such times, or spans that are empty, overlap or are out of order.
        """
        try:
            spans = tuple((time(int(m[1]), int(m[2])), time(int(m[3]), int(m[4]))) for m in _SPAN.finditer(text))
        except ValueError:
            spans = ()
        edges = [edge for span in spans for edge in span]
        if not spans or any(later <= earlier for earlier, later in pairwise(edges)):
            raise OfficeHoursError(
                f"人工服务时间 {text!r} 不是依次排列的时段。", fix="把 WENZHENG_OFFICE_HOURS 写成 8:30-12:00,14:00-17:30 的样子。"
            )
        return cls(spans)

    def __str__(self) -> str:
        return "工作日 " + "、".join(f"{_clock(start)}–{_clock(end)}" for start, end in self.spans)

    def is_open(self, moment: datetime) -> bool:
        """Whether somebody is at the desks now."""
        local = moment.astimezone(CHINA)
        return is_workday(local.date()) and any(start <= local.time() < end for start, end in self.spans)

    def next_opening(self, moment: datetime) -> datetime:
        """The next moment, in China's time, at which the desks open after this one."""
        local = moment.astimezone(CHINA)
        for ahead in range(_LOOK_AHEAD_DAYS):
            day = local.date() + timedelta(days=ahead)
            if is_workday(day):
                for start, _ in self.spans:
                    if (opening := datetime.combine(day, start, CHINA)) > local:
                        return opening
        raise AssertionError("no working day within a month")

    def closing_after_next_day(self, asked: datetime) -> datetime:
        """The end of the first whole working day after this moment: until then a request waits."""
        day: date = asked.astimezone(CHINA).date() + timedelta(days=1)
        while not is_workday(day):
            day += timedelta(days=1)
        return datetime.combine(day, self.spans[-1][1], CHINA)


def _clock(at: time) -> str:
    return f"{at.hour}:{at.minute:02d}"
