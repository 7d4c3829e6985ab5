"""The suggestions of one conversation in another system's window: browsers block our cookies there, so a link carries the right.

A link opens once within two minutes. The page that it opens holds a token in its memory, for this conversation's suggestions
and nothing else, for one shift.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import update

from conversations import clock
from conversations.clock import Clock
from database.engine import Database
from desk.conversation_view import known
from desk.errors import AssistLinkError
from desk.tables import AssistLink
from staff import audit
from staff.members import Member

LINK_S = 120
SHIFT_S = 8 * 3600


@dataclass(frozen=True)
class AssistPass:
    """Whoever holds it sees the suggestions of this conversation in the agent's name."""

    agent: str
    conversation_id: str


class AssistLinks:
    """Args: secret: the instance's; may_look: whether somebody of this name still works at the desk. Methods that touch the
    database block."""

    def __init__(self, database: Database, secret: str, may_look: Callable[[str], bool], now: Clock = clock.now) -> None:
        self._database, self._may_look, self._now = database, may_look, now
        self._links = URLSafeTimedSerializer(secret, salt="assist-link")
        self._passes = URLSafeTimedSerializer(secret, salt="assist-pass")

    def issue(self, member: Member, conversation_id: str) -> str:
        """A link's secret part. Raises: UnknownConversationError."""
        link = AssistLink(id=secrets.token_hex(16), conversation_id=conversation_id, agent=member.name, created_at=self._now())
        with self._database.write() as session:
            known(session, conversation_id)
            session.add(link)
            audit.record(session, member, "desk.assist_link", "conversation", conversation_id, {}, link.created_at)
        return self._links.dumps(link.id)

    def open(self, secret: str) -> tuple[str, AssistPass]:
        """Use a link up; returns a pass, signed for the page, and what it says.

        Raises:
            AssistLinkError: not ours, used before, or too old.
        """
        link_id = self._read(self._links, secret, LINK_S)
        using = (
            update(AssistLink)
            .where(AssistLink.id == link_id, AssistLink.used_at.is_(None))
            .values(used_at=self._now())
            .returning(AssistLink.agent, AssistLink.conversation_id)
        )
        with self._database.write() as session:
            used = session.execute(using).first()
        if used is None:
            raise _refused("这个链接已经用过。")
        given = AssistPass(used[0], used[1])
        return self._passes.dumps([given.agent, given.conversation_id]), given

    def check(self, signed: str) -> AssistPass:
        """What a pass says. Raises: AssistLinkError: not ours, too old, or the agent has left."""
        agent, conversation_id = self._read(self._passes, signed, SHIFT_S)
        if not self._may_look(agent):
            raise _refused("签发这个链接的账号已停用或没有权限。")
        return AssistPass(agent, conversation_id)

    @staticmethod
    def _read(serializer: URLSafeTimedSerializer, signed: str, max_age: int) -> Any:
        try:
            return serializer.loads(signed, max_age=max_age)
        except BadSignature as exc:
            raise _refused("链接无效或已过期。") from exc


def _refused(problem: str) -> AssistLinkError:
    return AssistLinkError(problem, fix="在坐席系统中重新打开推荐窗口；接口方请用 POST /api/desk/assist-links 重新取得链接。")
