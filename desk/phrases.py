"""Canned phrases: everybody's, and each agent's own."""

from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from conversations import clock
from conversations.clock import Clock
from database.engine import Database
from desk.errors import UnknownPhraseError
from desk.tables import Phrase
from staff import audit
from staff.members import Member


class Phrases:
    """Everybody changes the shared ones; each change is in the audit log, and what was removed is kept. All methods block."""

    def __init__(self, database: Database, now: Clock = clock.now) -> None:
        self._database, self._now = database, now

    def listed(self, member: Member) -> list[dict[str, Any]]:
        """Shared phrases first, then the member's own."""
        query = (
            select(Phrase)
            .where(or_(Phrase.owner.is_(None), Phrase.owner == member.name), Phrase.retired.is_(False))
            .order_by(Phrase.owner.is_not(None), Phrase.id)
        )
        with self._database.read() as session:
            return [_shown(phrase) for phrase in session.scalars(query)]

    def add(self, member: Member, title: str, text: str, *, shared: bool) -> dict[str, Any]:
        with self._database.write() as session:
            owner = None if shared else member.name
            phrase = Phrase(owner=owner, title=title, text=text, author=member.name, updated_at=self._now())
            session.add(phrase)
            session.flush()
            self._log(session, member, "phrase.add", phrase)
            return _shown(phrase)

    def change(self, phrase_id: int, member: Member, title: str, text: str) -> dict[str, Any]:
        """Raises: UnknownPhraseError."""
        with self._database.write() as session:
            phrase = _open_to(session, phrase_id, member)
            phrase.title, phrase.text, phrase.author, phrase.updated_at = title, text, member.name, self._now()
            self._log(session, member, "phrase.change", phrase)
            return _shown(phrase)

    def remove(self, phrase_id: int, member: Member) -> None:
        """Raises: UnknownPhraseError."""
        with self._database.write() as session:
            phrase = _open_to(session, phrase_id, member)
            phrase.retired, phrase.updated_at = True, self._now()
            self._log(session, member, "phrase.remove", phrase)

    def _log(self, session: Session, member: Member, action: str, phrase: Phrase) -> None:
        detail = {"title": phrase.title, "text": phrase.text, "shared": phrase.owner is None}
        audit.record(session, member, action, "phrase", phrase.id, detail, self._now())


def _open_to(session: Session, phrase_id: int, member: Member) -> Phrase:
    phrase = session.get(Phrase, phrase_id)
    if phrase is None or phrase.retired or phrase.owner not in {None, member.name}:
        raise UnknownPhraseError("没有这条常用语，或它是别人的。", fix="刷新常用语清单后重试。")
    return phrase


def _shown(phrase: Phrase) -> dict[str, Any]:
    return {"id": phrase.id, "title": phrase.title, "text": phrase.text, "shared": phrase.owner is None}
