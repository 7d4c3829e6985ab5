"""What an entry's period of validity means for the day asked about, in words. Pure."""

from dataclasses import dataclass
from datetime import date

from answering.dates import Period
from answering.wording import chinese_date, quoted
from knowledge_base.content import EntryContent
from knowledge_base.validity import validity_of


@dataclass(frozen=True)
class Timing:
    """The day it is, and the other time that a question asks about. Attributes: period: None: the present."""

    today: date
    period: Period | None = None

    @property
    def day(self) -> date:
        """The day asked about that is nearest to today."""
        return self.period.day(self.today) if self.period else self.today

    @property
    def kept(self) -> str | None:
        """The other time as the case keeps it."""
        return f"{self.period.first.isoformat()}/{self.period.last.isoformat()}" if self.period else None

    @classmethod
    def of_case(cls, today: date, kept: str | None) -> "Timing":
        """The time that a conversation is about. A period without words: it need not be said again."""
        if kept is None:
            return cls(today)
        first, last = map(date.fromisoformat, kept.split("/"))
        return cls(today, Period(first, last, ""))

    def day_for(self, content: EntryContent) -> date:
        """The day asked about on which the entry holds, the nearest to today; `day` when there is none."""
        if not self.fits(content):
            return self.day
        first = max(self.first, content.effective_from or date.min)
        return min(max(self.today, first), self.last, content.effective_to or date.max)

    @property
    def first(self) -> date:
        return self.period.first if self.period else self.today

    @property
    def last(self) -> date:
        return self.period.last if self.period else self.today

    def fits(self, content: EntryContent) -> bool:
        """Whether the entry holds on at least one of the days asked about."""
        return (content.effective_from or date.min) <= self.last and (content.effective_to or date.max) >= self.first


def note(content: EntryContent, timing: Timing, successor: str | None = None) -> str:
    """The sentence on validity that comes before an entry's words; empty when there is nothing to say.

    Args:
        successor: title of the live entry that replaces this one.
    """
    now = validity_of(content, timing.today)
    document = content.source.replaced_by
    replaced = f"，现行的是{quoted(successor)}。" if successor else f"；所依据的文件已由“{document}”代替。" if document else "。"
    if timing.period is None:
        return _at_present(content, now, replaced)
    words = timing.period.words
    if not words:
        return _once_more(content, now, replaced)
    if timing.period.last < timing.today:
        return _of_the_past(content, timing, now, replaced, words)
    if now == "not_yet":
        return f"这项规定自{_from(content)}起施行，现在还没有执行。"
    if not timing.fits(content):
        return f"这项规定有效期至{_to(content)}，{words}是否延续，知识库里还没有规定。以下是现在的规定。"
    if content.effective_to is None:
        return f"这项规定没有载明截止日期，{words}有没有调整，以届时的规定为准。以下是现在的规定。"
    if content.effective_to < timing.last:
        return f"这项规定有效期至{_to(content)}，之后是否延续，知识库里还没有规定。"
    return f"这项规定有效期至{_to(content)}，{words}仍然有效。"


def _at_present(content: EntryContent, now: str, replaced: str) -> str:
    if now == "expired":
        return f"{quoted(content.title)}已于{_to(content)}到期，现在不能再据此办理{replaced}"
    return f"{quoted(content.title)}自{_from(content)}起施行，现在还没有执行。" if now == "not_yet" else ""


def _once_more(content: EntryContent, now: str, replaced: str) -> str:
    if now == "expired":
        return f"这项规定已于{_to(content)}到期{replaced}"
    return f"这项规定自{_from(content)}起施行，现在还没有执行。" if now == "not_yet" else ""


def _of_the_past(content: EntryContent, timing: Timing, now: str, replaced: str, words: str) -> str:
    if now == "expired":
        when = f"以下是{words}有效的规定" if timing.fits(content) else f"知识库里没有{words}有效的规定，以下这项"
        return f"{when}，已于{_to(content)}到期，现在不能再据此办理{replaced}"
    if content.effective_from is None:
        return f"知识库没有载明这项规定从什么时候起施行。以下是现行规定，{words}的情况请向主管部门核实。"
    if not timing.fits(content):
        return f"知识库里没有{words}有效的规定。现行规定自{_from(content)}起施行，如下，仅供参考。"
    return f"这项规定自{_from(content)}起施行，{words}适用，现在仍然有效。"


def _from(content: EntryContent) -> str:
    return chinese_date(content.effective_from) if content.effective_from else ""


def _to(content: EntryContent) -> str:
    return chinese_date(content.effective_to) if content.effective_to else ""
