"""The contact of a complaint that is being taken: apart from the conversation until it is filed, and gone afterwards.

What a conversation remembers is copied into records of answers and read by staff; a phone number has no business there.
"""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from tickets.models import DraftContact


def keep(session: Session, conversation_id: str, contact: str, moment: datetime) -> None:
    """In place of the one kept before."""
    session.merge(DraftContact(conversation_id=conversation_id, contact=contact, kept_at=moment))


def take(session: Session, conversation_id: str) -> str | None:
    """The contact, which is not kept any longer."""
    kept = session.get(DraftContact, conversation_id)
    if kept is None:
        return None
    session.delete(kept)
    return kept.contact


def forget_older(session: Session, moment: datetime) -> None:
    """Those of complaints that were given up without a word."""
    session.execute(delete(DraftContact).where(DraftContact.kept_at < moment))
