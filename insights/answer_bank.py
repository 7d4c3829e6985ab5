"""The answer bank (答题库): an agent's good reply becomes a proposed entry, is reviewed, and goes into the knowledge as a draft."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from conversations import clock
from conversations.clock import Clock
from conversations.models import AnswerRow, Conversation, Message
from database.engine import Database
from desk.tables import AgentReply
from insights.depersonalise import Change, depersonalise
from insights.errors import ProposalStateError, UnknownProposalError
from insights.models import BankProposal
from knowledge_base.content import parse_content
from knowledge_base.entries import EntryStore
from knowledge_base.workflow import Actor
from staff import audit
from staff.members import Member

STATE_NAMES: Mapping[str, str] = {"proposed": "待处理", "accepted": "已采纳", "rejected": "已退回"}
PROVENANCE, PROVENANCE_VALUE, PROPOSAL = "来源", "坐席答复", "答题库提案"
LOOK_BACK = 12  # messages before the reply
SHORTEST_ANSWER = 6
_ASKS = re.compile(r"[?？]|怎么|如何|什么|哪|多少|多久|几|吗|呢|能不能|可不可以|是不是|可以|需要|要不要")
_NOISE = re.compile(r"(?:转?人工|你好|您好|在吗|好的?|谢谢|嗯+|哦+|有人吗)[。！!，,~～\s]*")


class AnswerBank:
    """Each step is one short transaction, recorded in the audit log; all of them block."""

    def __init__(self, database: Database, entries: EntryStore, now: Clock = clock.now) -> None:
        self._database, self._entries, self._now = database, entries, now

    def propose(self, message_id: int, member: Member) -> dict[str, Any]:
        """Propose a reply that an agent gave; a second time the same proposal is returned.

        Raises:
            UnknownProposalError: there is no such message, or no agent said it, or nothing of it is left without the courtesies.
        """
        with self._database.read() as session:
            known = session.scalar(select(BankProposal).where(BankProposal.message_id == message_id))
            if known is not None:
                return self._shown(session, known)
            message = self._reply(session, message_id)
            question = depersonalise(self._question(session, message))[0]
        answer = self._without_persons(message.text)[0]
        if len(answer) < SHORTEST_ANSWER:
            raise UnknownProposalError("这句话去掉客套和个人信息后没有内容。", fix="换一句完整的答复来提议。")
        try:
            with self._database.write() as session:
                row = BankProposal(
                    message_id=message_id, conversation_id=message.conversation_id, question=question, answer=answer, state="proposed",
                    proposed_by=member.name, proposed_at=self._now(), reason="",
                )  # fmt: skip
                session.add(row)
                session.flush()
                audit.record(session, member, "bank_propose", "bank_proposal", row.id, {"message_id": message_id}, self._now())
        except IntegrityError:  # a colleague was faster
            return self.propose(message_id, member)
        return self.read(row.id)

    def listed(self, state: str | None = "proposed", offset: int = 0, limit: int = 50) -> dict[str, Any]:
        """One page of proposals, newest first."""
        query = select(BankProposal)
        if state:
            query = query.where(BankProposal.state == state)
        with self._database.read() as session:
            total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
            counts = dict.fromkeys(STATE_NAMES, 0)
            for name, number in session.execute(select(BankProposal.state, func.count()).group_by(BankProposal.state)):
                counts[name] = number
            rows = session.scalars(query.order_by(BankProposal.id.desc()).offset(offset).limit(limit)).all()
            return {"total": total, "offset": offset, "counts": counts, "proposals": [_line(row) for row in rows]}

    def read(self, number: int) -> dict[str, Any]:
        """A proposal with what was changed in the reply, seen against the message itself.

        Raises:
            UnknownProposalError
        """
        with self._database.read() as session:
            return self._shown(session, self._row(session, number))

    def accept(
        self, number: int, member: Member, *, title: str | None = None, answer: str | None = None,
        similar_questions: Sequence[str] = (), department: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Make it an entry, handed in for review by another person.

        Args:
            title, answer, similar_questions: as edited; what was proposed unless given. They are freed from personal data once more.

        Raises:
            UnknownProposalError, ProposalStateError, ContentError.
        """
        with self._database.read() as session:
            row = self._undecided(session, number)
        asked = [self._without_persons(text)[0] for text in (title or row.question, *similar_questions)]
        content = parse_content(
            {
                "kind": "qa", "title": asked[0], "answer": self._without_persons(answer or row.answer)[0],
                "similar_questions": asked[1:], "owner_department": department or None,
                "attributes": {PROVENANCE: PROVENANCE_VALUE, PROPOSAL: str(number)},
            }
        )  # fmt: skip
        actor = Actor(member.name, member.role)  # type: ignore[arg-type]  # staff.roles.ROLES are among workflow's
        with self._database.write() as session:  # decided first: of two who accept at once only one makes an entry
            decided = self._undecided(session, number, lock=True)
            decided.state, decided.decided_by, decided.decided_at = "accepted", member.name, self._now()
            audit.record(session, member, "bank_accept", "bank_proposal", number, {}, self._now())
        entry = self._entries.create(content, actor)
        self._entries.submit(entry.entry_id, actor, f"答题库提案 {number}")
        with self._database.write() as session:
            self._row(session, number).entry_id = entry.entry_id
        return self.read(number)

    def reject(self, number: int, reason: str, member: Member) -> dict[str, Any]:
        """Turn it down, with the reason for who proposed it. Raises as `accept`."""
        with self._database.write() as session:
            row = self._undecided(session, number, lock=True)
            row.state, row.reason, row.decided_by, row.decided_at = "rejected", reason.strip()[:500], member.name, self._now()
            audit.record(session, member, "bank_reject", "bank_proposal", number, {}, self._now())
        return self.read(number)

    # -- inside

    def _reply(self, session: Session, message_id: int) -> Message:
        message = session.get(Message, message_id)
        if message is None or message.role != "agent":
            raise UnknownProposalError("没有这条坐席答复。", fix="只能提议坐席在会话里说过的话。")
        return message

    def _question(self, session: Session, message: Message) -> str:
        """The citizen's words that the reply answers: what the agent answered to, else the last question before it."""
        reply = session.get(AgentReply, message.id)
        asked = session.get(Message, reply.asked_id) if reply and reply.asked_id else None
        if asked is not None and asked.role == "user" and not _NOISE.fullmatch(asked.text):
            return asked.text
        query = select(Message.text).where(
            Message.conversation_id == message.conversation_id, Message.id < message.id, Message.role == "user"
        )
        said = [
            text for text in session.scalars(query.order_by(Message.id.desc()).limit(LOOK_BACK)) if not _NOISE.fullmatch(text)
        ]
        if question := next((text for text in said if _ASKS.search(text)), None):
            return question
        if said:
            return said[0]
        last = select(AnswerRow.question).where(AnswerRow.conversation_id == message.conversation_id)
        return session.scalar(last.order_by(AnswerRow.id.desc()).limit(1)) or "（没有找到群众的提问，请补写）"

    def _without_persons(self, text: str) -> tuple[str, list[Change]]:
        return depersonalise(text, lambda number: self._entries.count(state="live", text=number) > 0)

    def _shown(self, session: Session, row: BankProposal) -> dict[str, Any]:
        message = session.get(Message, row.message_id)
        changes = self._without_persons(message.text)[1] if message else []
        conversation = session.get(Conversation, row.conversation_id)
        return {
            **_line(row),
            "original": message.text if message else None,
            "changes": [{"kind": change.kind, "before": change.before, "after": change.after} for change in changes],
            "channel": conversation.channel if conversation else None,
        }

    def _row(self, session: Session, number: int, *, lock: bool = False) -> BankProposal:
        row = session.get(BankProposal, number, with_for_update=lock)
        if row is None:
            raise UnknownProposalError(f"没有编号为 {number} 的提案。", fix="刷新列表后重试。")
        return row

    def _undecided(self, session: Session, number: int, *, lock: bool = False) -> BankProposal:
        row = self._row(session, number, lock=lock)
        if row.state != "proposed":
            raise ProposalStateError(f"这个提案{STATE_NAMES[row.state]}，由 {row.decided_by} 处理。", fix="刷新列表查看结果。")
        return row


def _line(row: BankProposal) -> dict[str, Any]:
    return {
        "id": row.id, "message_id": row.message_id, "conversation_id": row.conversation_id, "question": row.question,
        "answer": row.answer, "state": row.state, "proposed_by": row.proposed_by,
        "proposed_at": row.proposed_at.isoformat(timespec="seconds"), "decided_by": row.decided_by,
        "decided_at": row.decided_at.isoformat(timespec="seconds") if row.decided_at else None, "reason": row.reason,
        "entry_id": row.entry_id,
    }  # fmt: skip
