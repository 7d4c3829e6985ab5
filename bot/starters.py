"""Questions to begin with. Each is one that the knowledge base really answers, from the entry it was taken from."""

import re
import threading
import time
from collections.abc import Iterator

import structlog

from answering.answerer import Answerer
from answering.models import CaseView, Inquiry
from conversations.clock import CHINA, now
from errors import WenzhengError
from knowledge_base.entries import EntryStore

SHOWN = 3
LONGEST = 26
CANDIDATES_A_KIND = 60
KINDS = ("qa", "service_item", "interpretation")
FRESH_S = 60.0

# titles of letters and of files ("强烈呼吁拓宽……", "关于……的咨询") are nothing that one would ask
_ASKS = re.compile(
    r"[？?]$|吗|呢|怎么|怎样|如何|什么|哪|多少|多久|多大|多长|几[个天年岁月日点]|能不能|可不可以|是不是|要不要|是否|有没有"
)

log = structlog.get_logger(__name__)


class StarterQuestions:
    """Up to three questions, one a kind where possible; kept for a minute."""

    def __init__(self, store: EntryStore, answerer: Answerer) -> None:
        self._store, self._answerer = store, answerer
        self._questions: tuple[str, ...] = ()
        self._until = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> tuple[str, ...]:
        """Never raises: a greeting without examples is still a greeting."""
        with self._lock:
            if time.monotonic() >= self._until:
                try:
                    self._questions = tuple(self._find())
                    self._until = time.monotonic() + FRESH_S
                except WenzhengError as exc:  # the index is still loading
                    log.info("starters.none", reason=exc.problem)
            return self._questions

    def _find(self) -> list[str]:
        by_kind = [list(self._of_kind(kind)) for kind in KINDS]
        chosen = [questions[0] for questions in by_kind if questions]
        rest = [question for questions in by_kind for question in questions[1:]]
        return [*chosen, *rest][:SHOWN]

    def _of_kind(self, kind: str) -> Iterator[str]:
        found = 0
        for record in self._store.list(state="published", kind=kind, limit=CANDIDATES_A_KIND):
            content = record.content
            for question in (*content.similar_questions[:1], content.title if kind == "qa" else f"{content.title}怎么办理？"):
                if len(question) <= LONGEST and _ASKS.search(question) and self._is_answered(question, record.entry_id):
                    yield question
                    found += 1
                    break
            if found == SHOWN:
                return

    def _is_answered(self, question: str, entry_id: int) -> bool:
        inquiry = Inquiry(text=question, intent=None, case=CaseView(), as_of=now().astimezone(CHINA).date())
        answer = self._answerer.answer(inquiry)
        return answer.outcome == "answer" and answer.entry_id == entry_id
