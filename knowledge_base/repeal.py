"""Taking entries out of force when their document is repealed: in short transactions, audited, undone through versions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from sqlalchemy import select

from knowledge_base.content import EntryContent, merge_content
from knowledge_base.entries import EntryStore
from knowledge_base.errors import VectorError
from knowledge_base.journal import Journal
from knowledge_base.models import Entry, EntryVersion
from knowledge_base.vectors import batches
from knowledge_base.workflow import Actor

BATCH = 25
Way = Literal["expire", "withdraw"]


@dataclass(frozen=True)
class Repeal:
    """What is decided: the first day out of force, and what takes its place.

    Attributes:
        replaced_by: external id or number of the entry that replaces these.
        replacement: number or title of the document that replaces this one; the entries name it.
    """

    number: str
    on: date
    way: Way = "expire"
    replaced_by: str | None = None
    replacement: str | None = None
    comment: str = ""

    def note(self) -> str:
        """What the audit trail says."""
        by = f"，由“{self.replacement}”代替" if self.replacement else ""
        return f"“{self.number}”自{self.on.isoformat()}起废止{by}" + (f"；{self.comment}" if self.comment else "")


@dataclass(frozen=True)
class Outcome:
    """What became of one entry: expired, withdrawn or unchanged."""

    entry_id: int
    title: str
    done: str


class Repeals:
    """Thread-safe."""

    def __init__(self, store: EntryStore) -> None:
        self._store = store

    def apply(
        self,
        repeal: Repeal,
        entry_ids: Sequence[int],
        actor: Actor,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> list[Outcome]:
        """Take the entries out of force. Applied a second time it changes nothing.

        `expire`: they stay readable and answers about today say that they ended; `withdraw`: they are gone at once.

        Raises:
            VectorError: there is no encoder.
        """
        if self._store.vectors is None:
            raise VectorError("没有可用的编码器，不能废止。", fix="先运行 `wenzheng serve` 或 `wenzheng reindex` 准备编码器。")
        ids = list(dict.fromkeys(entry_ids))
        outcomes: list[Outcome] = []
        for part in batches(ids, BATCH):
            if repeal.way == "expire":
                # dates are in no passage: this only finds what is there, but for an encoder that has just been changed
                self._store.vectors.ensure([record.content for record in self._store.published(part).values()])
            with self._store.database.write() as session:
                journal = Journal(session, actor)
                for entry in session.scalars(select(Entry).where(Entry.id.in_(part)).order_by(Entry.id)):
                    outcomes.append(Outcome(entry.id, entry.title, self._one(journal, entry, repeal)))
            progress(len(outcomes), len(ids))
        return outcomes

    def _one(self, journal: Journal, entry: Entry, repeal: Repeal) -> str:
        newest = journal.newest(entry)
        live = journal.session.get(EntryVersion, (entry.id, entry.live_version)) if entry.live_version else None
        base = EntryContent.model_validate_json((live or newest).content)
        last_day = repeal.on - timedelta(days=1)
        if repeal.way == "withdraw" or (base.effective_from is not None and base.effective_from > last_day):
            return self._withdraw(journal, entry, repeal)
        changed = _ended(base, last_day, repeal)
        if changed == base:
            return "unchanged"
        draft = EntryContent.model_validate_json(newest.content) if live and newest.version != live.version else None
        state, before = entry.state, entry.live_version
        version = journal.add_version(entry, changed)
        if live:
            journal.go_live(entry, version, changed)
        else:
            journal.set_state(entry, "in_review" if state == "in_review" else "withdrawn" if state == "withdrawn" else "draft")
        journal.audit("repeal", entry.id, before, version.version, repeal.note())
        if draft is not None:  # what somebody was writing goes on, as the newest version
            journal.add_version(entry, _ended(draft, last_day, repeal))
            journal.audit("edit", entry.id, version.version, entry.version, "接着原来的草稿")
        return "expired"

    def _withdraw(self, journal: Journal, entry: Entry, repeal: Repeal) -> str:
        content = EntryContent.model_validate_json(journal.newest(entry).content)
        changed = merge_content(content, _successors(content, repeal))
        if entry.state == "withdrawn" and changed == content:
            return "unchanged"
        before = entry.live_version
        if changed != content:  # staff read there what took its place
            journal.add_version(entry, changed)
        if before is None:
            journal.set_state(entry, "withdrawn")
        else:
            journal.take_down(entry)
        journal.audit("repeal_withdraw", entry.id, before, entry.version if changed != content else None, repeal.note())
        return "withdrawn"


def _successors(content: EntryContent, repeal: Repeal) -> dict[str, object]:
    """What took the place of the entry, and of its document, as changes."""
    changes: dict[str, object] = {}
    if repeal.replaced_by and repeal.replaced_by != content.external_id:
        changes["replaced_by"] = repeal.replaced_by
    if repeal.replacement:
        changes["source"] = {"replaced_by": repeal.replacement}
    return changes


def _ended(content: EntryContent, last_day: date, repeal: Repeal) -> EntryContent:
    ends = min(content.effective_to or last_day, last_day)
    changes = {"effective_to": ends.isoformat(), **_successors(content, repeal)}
    if content.effective_from and content.effective_from > ends:
        changes["effective_from"] = None
    return merge_content(content, changes)
