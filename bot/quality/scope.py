"""What is answered and what is refused, through the whole dialogue: each question is the first message of a new conversation.

Refused: outcome `fallback`. Answered: outcome `answer` or `clarify`; rightly so if it rests on a right entry: one that is cited, or
offered, or whose conditions are being asked for. Everything else (a ticket, a human, small talk) is neither.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from bot.errors import QualityFileError
from bot.quality.figures import share
from bot.quality.trial import TrialInstance
from conversations.case import Case
from conversations.models import Conversation
from database.engine import Database
from knowledge_base.entries import EntryStore
from retrieval.evaluation import Question, read_jsonl
from settings import PROJECT_ROOT

QUESTIONS = PROJECT_ROOT / "bench" / "questions" / "scope_report.jsonl"


@dataclass(frozen=True)
class ScopeReply:
    """A question and what became of it. Attributes: right: an answer that rests on a right entry."""

    question: Question
    outcome: str
    intent: str | None
    right: bool


@dataclass(frozen=True)
class ScopeFigures:
    """Counts of one kind of question."""

    kind: str
    answerable: bool
    total: int
    refused: int
    answered: int
    right: int

    @property
    def refused_share(self) -> float | None:
        return share(self.refused, self.total)

    @property
    def answered_share(self) -> float | None:
        return share(self.answered, self.total)

    @property
    def right_share(self) -> float | None:
        return share(self.right, self.total)


def read_scope(file: Path) -> list[Question]:
    """Lines `{"question", "gold"?: [external ids], "style"?}`; without gold the question is one to refuse.

    Raises: EvaluationFileError, QualityFileError naming the line.
    """
    questions = []
    for number, row in read_jsonl(file):
        text, gold = row.get("question"), row.get("gold") or []
        if not isinstance(text, str) or not text.strip() or not isinstance(gold, list):
            raise QualityFileError(
                f"{file.name} 第 {number} 行读不懂。", fix='写成 {"question": "…", "gold": ["…"], "style": "…"}。'
            )
        questions.append(Question(text, tuple(map(str, gold)), str(row.get("style") or file.stem)))
    return questions


def answerable_here(questions: Iterable[Question], known: Mapping[str, int]) -> tuple[list[Question], int]:
    """The questions whose gold entries are all unknown here are left out; returns how many."""
    kept, left_out = [], 0
    for question in questions:
        if question.gold and not any(gold in known for gold in question.gold):
            left_out += 1
        else:
            kept.append(question)
    return kept, left_out


def ask_all(
    instance: TrialInstance, file: Path, started: Callable[[int], None], progress: Callable[[], None], every: int = 1
) -> tuple[list[ScopeReply], int]:
    """Ask every question of the file; returns the replies and how many questions have no entry in this knowledge base.

    Args: every: only each so-and-so-many-th question, for large files.
    """
    database = Database(f"sqlite:///{instance.settings.root / 'wenzheng.db'}")
    try:
        known = {
            str(content.external_id): index
            for index, content in enumerate(EntryStore(database).contents("live"))
            if content.external_id
        }
        questions, left_out = answerable_here(read_scope(file)[::every], known)
        started(len(questions))
        replies = []
        for number, question in enumerate(questions):
            sender = f"scope-{number}"
            reply = instance.chat(question.text, sender)
            cited = {c["external_id"] for message in reply["messages"] for c in message.get("citations") or []}
            resting_on = cited | _offered(database, sender)
            right = reply["outcome"] in {"answer", "clarify"} and bool(resting_on & set(question.gold))
            replies.append(ScopeReply(question, reply["outcome"], reply["intent"]["name"], right))
            progress()
    finally:
        database.dispose()
    return replies, left_out


def _offered(database: Database, sender: str) -> set[str]:
    """External ids of the entries that the conversation's case holds: offered, or with conditions being asked for."""
    with database.read() as session:
        state = session.scalar(select(Conversation.case).where(Conversation.sender_id == sender))
    case = Case.from_json(state)
    ids = [*case.options, *([case.form["entry_id"]] if case.form and case.form.get("entry_id") else [])]
    records = EntryStore(database).published(ids).values() if ids else ()
    return {str(record.content.external_id) for record in records}


def figures_of(replies: Sequence[ScopeReply]) -> list[ScopeFigures]:
    """Two totals, then one row a kind."""
    groups: dict[tuple[bool, str], list[ScopeReply]] = {}
    for reply in replies:
        answerable = bool(reply.question.gold)
        groups.setdefault((answerable, "可以回答" if answerable else "应当拒绝"), []).append(reply)
        groups.setdefault((answerable, reply.question.style), []).append(reply)
    order = sorted(groups, key=lambda key: (not key[0], key[1] not in {"可以回答", "应当拒绝"}, key[1]))
    return [
        ScopeFigures(
            kind, answerable, len(group), sum(r.outcome == "fallback" for r in group),
            sum(r.outcome in {"answer", "clarify"} for r in group), sum(r.right for r in group),
        )
        for (answerable, kind) in order
        if (group := groups[answerable, kind])
    ]  # fmt: skip
