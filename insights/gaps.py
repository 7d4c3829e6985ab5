"""Gaps as staff close them: attach to an entry, write a new one, mark out of scope, label the intent, split."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

import numpy as np
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from answering.models import FoundEntries
from conversations import clock
from conversations.clock import CHINA, Clock
from database.engine import Database
from insights import gap_list
from insights.errors import GapActionError, UnknownGapError
from insights.gap_list import STATE_NAMES
from insights.intents import INTENT_NAMES
from insights.labels import Verdict, add_label
from insights.meaning import MeaningSpace
from insights.models import GapGroup, GapQuestion
from knowledge_base import workflow
from knowledge_base.content import parse_content
from knowledge_base.entries import EntryRecord, EntryStore
from knowledge_base.errors import NotAllowedError
from knowledge_base.workflow import Actor
from staff import audit
from staff.members import Member
from tickets.departments import Departments

NEAREST = 5
MOST_SIMILAR = 30  # wordings of a group that are put into an entry at once


class Finding(Protocol):
    """What is needed of `answering.answerer.Answerer`."""

    def search(self, query: str, k: int, as_of: date) -> FoundEntries: ...


class GapDesk:
    """Every method blocks; each step is recorded in the audit log.

    Args:
        follow: lets this process see at once what was published here.
    """

    def __init__(
        self,
        database: Database,
        entries: EntryStore,
        finder: Finding,
        space: MeaningSpace,
        departments: Departments,
        *,
        follow: Callable[[], object] = lambda: None,
        now: Clock = clock.now,
    ) -> None:
        self._database, self._entries, self._finder, self._space = database, entries, finder, space
        self._departments, self._follow, self._now = departments, follow, now

    # -- reading

    def listed(
        self, *, state: str | None = "open", source: str | None = None, text: str | None = None, sort: str = "count",
        offset: int = 0, limit: int = 50,
    ) -> dict[str, Any]:  # fmt: skip
        """One page of groups. `state`: open, in_progress, closed or None; `sort`: count, trend or last."""
        with self._database.read() as session:
            total, lines = gap_list.listed(
                session, self._now(), state=state, source=source, text=text, sort=sort, offset=offset, limit=limit
            )
            counts = gap_list.counts(session)
        for line in lines:
            line["department"] = self._departments.department_for(line["title"])
        return {"total": total, "offset": offset, "counts": counts, "gaps": lines}

    def read(self, group_id: int) -> dict[str, Any]:
        """A group with its wordings, the entries nearest to it, the department that seems responsible, and its entry.

        Raises:
            UnknownGapError
        """
        with self._database.read() as session:
            shown = gap_list.one(session, self._now(), group_id)
        words = "\n".join(line["question"] for line in shown["questions"][:5])
        shown["department"] = self._departments.department_for(words)
        shown["nearest"] = self.find_entries(shown["title"])
        return shown

    def find_entries(self, text: str) -> list[dict[str, Any]]:
        """Published entries that a question could belong to, the likeliest first."""
        found = self._finder.search(text, NEAREST, self._now().astimezone(CHINA).date())
        return [
            {"entry_id": hit.entry_id, "title": hit.title, "kind": hit.kind, "probability": hit.probability}
            for hit in found.results
        ]

    def draft(self, group_id: int) -> dict[str, Any]:
        """A new entry as far as the group tells it: title, similar questions, department; the answer is to be written."""
        with self._database.read() as session:
            self._group(session, group_id)
            words = gap_list.wordings(session, group_id)
        department = self._departments.department_for("\n".join(words[:5]))
        known = department if department != self._departments.fallback else None
        return {
            "kind": "qa", "title": words[0], "answer": "", "similar_questions": words[1:MOST_SIMILAR], "owner_department": known,
        }  # fmt: skip

    # -- steps

    def attach(self, group_id: int, entry_id: int, member: Member, questions: Collection[int] | None = None) -> dict[str, Any]:
        """Add the wordings to an entry as similar questions: live at once for an administrator, else handed in for review.

        Args:
            questions: ids of the wordings meant; the others stay behind as a group of their own. None: all.

        Raises:
            UnknownGapError, GapActionError, UnknownEntryError, NotAllowedError.
        """
        actor, before = _actor(member), self._entries.get(entry_id)
        chosen = self._choose(group_id, questions, member)
        new = [text for text in chosen if text not in {before.content.title, *before.content.similar_questions}]
        changed = self._entries.edit(
            entry_id, {"similar_questions": [*before.content.similar_questions, *new[:MOST_SIMILAR]]}, actor
        )
        return self._resolve(group_id, "attached", member, chosen, entry=self._handed_in(changed, actor))

    def write(
        self, group_id: int, content: Mapping[str, Any], member: Member, questions: Collection[int] | None = None,
        *, publish: bool = False,
    ) -> dict[str, Any]:  # fmt: skip
        """A new entry, handed in for review, or published by an administrator.

        Raises:
            UnknownGapError, GapActionError, ContentError; NotAllowedError: publishing takes a second person.
        """
        actor, parsed = _actor(member), parse_content(dict(content))
        if publish and not workflow.goes_live_at_once("published", actor):
            raise NotAllowedError("不能直接发布自己撰写的内容。", fix="提交审核，由另一位同事发布；或请管理员发布。")
        chosen = self._choose(group_id, questions, member)
        entry = self._handed_in(self._entries.create(parsed, actor), actor)
        if publish:
            entry = self._entries.publish(entry.entry_id, actor, f"补缺口 {group_id}")
        return self._resolve(group_id, "written", member, chosen, entry=entry)

    def mark_out_of_scope(self, group_id: int, member: Member, questions: Collection[int] | None = None) -> dict[str, Any]:
        """Nothing that this knowledge base answers: recorded as labels for training. Raises as `attach`."""
        return self._resolve(group_id, "out_of_scope", member, self._choose(group_id, questions, member))

    def label_intent(
        self, group_id: int, intent: str, member: Member, questions: Collection[int] | None = None
    ) -> dict[str, Any]:
        """What the citizens wanted: recorded as labels for training.

        Raises:
            UnknownGapError; GapActionError: no such intent.
        """
        if intent not in INTENT_NAMES:
            raise GapActionError(f"没有“{intent}”这个意图。", fix=f"可用的意图：{'、'.join(INTENT_NAMES)}。")
        return self._resolve(group_id, "intent", member, self._choose(group_id, questions, member), intent=intent)

    def split(self, group_id: int, questions: Collection[int], member: Member) -> dict[str, Any]:
        """Move wordings that mean something else into a group of their own; returns the new group."""
        with self._database.read() as session:
            self._group(session, group_id)
            moved = self._wordings_of(session, group_id, questions)
            if set(moved) >= set(gap_list.wordings(session, group_id)):
                raise GapActionError("不能把全部问法都移走。", fix="至少留下一种问法。")
        return self.read(self._move(group_id, moved, member))

    def reopen(self, group_id: int, member: Member) -> dict[str, Any]:
        """Open a group again that was closed by mistake; labels that were given stay, they are revoked one by one."""
        with self._database.write() as session:
            group = self._group(session, group_id, lock=True)
            if group.state == "open":
                raise GapActionError("这个缺口本来就没有关闭。", fix="刷新页面查看现在的状态。")
            group.state = "open"
            audit.record(session, member, "gap_reopen", "gap", group_id, {"resolution": group.resolution}, self._now())
        return self.read(group_id)

    # -- inside

    def _choose(self, group_id: int, questions: Collection[int] | None, member: Member) -> list[str]:
        """The wordings meant; those that are not meant are moved into a group of their own."""
        with self._database.read() as session:
            group = self._group(session, group_id)
            if group.state != "open":
                raise GapActionError(
                    f"这个缺口的状态是“{STATE_NAMES[group.state]}”，不能再处理。", fix="如需重新处理，先重新打开它。"
                )
            words = gap_list.wordings(session, group_id)
            if questions is None:
                return words
            chosen = self._wordings_of(session, group_id, questions)
        rest = [text for text in words if text not in chosen]
        if rest:
            self._move(group_id, rest, member)
        return chosen

    def _wordings_of(self, session: Session, group_id: int, questions: Collection[int]) -> list[str]:
        query = select(GapQuestion.question).where(GapQuestion.group_id == group_id, GapQuestion.id.in_(list(questions)))
        found = list(dict.fromkeys(session.scalars(query.order_by(GapQuestion.id))))
        if not found:
            raise GapActionError("没有选中这个缺口里的问法。", fix="至少选中一种问法。")
        return found

    def _move(self, group_id: int, texts: Sequence[str], member: Member) -> int:
        part = self._space.place(texts).sum(axis=0)  # before the transaction: nobody waits behind an embedding
        with self._database.write() as session:
            group = self._group(session, group_id, lock=True)
            new = GapGroup(
                title=texts[0], state="open", centre=part.astype("<f4").tobytes(), members=len(texts),
                encoder_hash=group.encoder_hash, created_at=self._now(),
            )  # fmt: skip
            session.add(new)
            session.flush()
            group.centre = (np.frombuffer(group.centre, dtype="<f4") - part).astype("<f4").tobytes()
            group.members = max(1, group.members - len(texts))
            session.execute(
                update(GapQuestion)
                .where(GapQuestion.group_id == group.id, GapQuestion.question.in_(texts))
                .values(group_id=new.id)
            )
            if group.title in texts:
                group.title = next(iter(gap_list.wordings(session, group.id)), group.title)
            audit.record(session, member, "gap_split", "gap", group.id, {"into": new.id, "questions": len(texts)}, self._now())
            return new.id

    def _handed_in(self, entry: EntryRecord, actor: Actor) -> EntryRecord:
        return self._entries.submit(entry.entry_id, actor, "来自知识缺口") if entry.state == "draft" else entry

    def _resolve(
        self, group_id: int, resolution: str, member: Member, chosen: Sequence[str], *, entry: EntryRecord | None = None,
        intent: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        live = entry is None or entry.live_version == entry.version
        entry_id = entry.entry_id if entry else None
        verdict: Verdict = "entry" if entry else "intent" if intent else "out_of_scope"
        with self._database.write() as session:
            group, moment = self._group(session, group_id, lock=True), self._now()
            group.state, group.resolution, group.intent = "closed" if live else "in_progress", resolution, intent
            group.entry_id, group.entry_version = entry_id, entry.version if entry else None
            group.acted_by, group.acted_at = member.name, moment
            for text in chosen:
                add_label(session, text, verdict, member.name, "gap", moment, intent=intent, entry_id=entry_id)
            detail = {"entry_id": entry_id, "version": group.entry_version, "intent": intent, "questions": len(chosen)}
            audit.record(session, member, f"gap_{resolution}", "gap", group_id, detail, moment)
        if entry is not None and live:
            self._follow()
        return self.read(group_id)

    def _group(self, session: Session, group_id: int, *, lock: bool = False) -> GapGroup:
        group = session.get(GapGroup, group_id, with_for_update=lock)
        if group is None:
            raise UnknownGapError(f"没有编号为 {group_id} 的缺口。", fix="刷新列表后重试。")
        return group


def _actor(member: Member) -> Actor:
    return Actor(member.name, member.role)  # type: ignore[arg-type]  # staff.roles.ROLES are among workflow's
