"""Rows of the desk's lists: a fixed number of queries a page, whatever its length."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from conversations import handoff
from conversations.feelings import HandoffWords
from conversations.manners import DANGERS, manner_of
from conversations.masking import mask_personal_data
from conversations.models import Conversation, HandoffRequest, Message
from desk.matter import names_a_matter
from desk.tables import Note, ReadMark, Transfer

View = Literal["waiting", "mine", "others", "bot", "closed", "all"]
PHONE = "phone"
GLIMPSE = 60  # characters of the last words
LOOK_BACK = 8  # messages a conversation, on average, among which its matter is looked for
MOST_UNREAD = 99
MOODS: Mapping[str, str] = {handoff.ANGER: "annoyed", handoff.DISTRESS: "distressed"}
CALM, INSULT = "calm", "abuse"

_Last, _Said = aliased(Message), aliased(Message)
_LATEST = (
    select(func.max(HandoffRequest.id))
    .where(HandoffRequest.conversation_id == Conversation.id)
    .correlate(Conversation)
    .scalar_subquery()
)
_STANDING = (
    select(
        HandoffRequest.conversation_id, HandoffRequest.id, HandoffRequest.state, HandoffRequest.agent, HandoffRequest.last_word_at,
        Conversation.last_message_id, Conversation.last_said_id,
        select(func.max(Transfer.id)).where(Transfer.request_id == HandoffRequest.id).correlate(HandoffRequest).scalar_subquery(),
    )
    .join(Conversation, Conversation.id == HandoffRequest.conversation_id)
    .where(HandoffRequest.state.in_(handoff.OPEN_STATES))
    .order_by(HandoffRequest.id)
)  # fmt: skip
_ENDED = or_(
    Conversation.channel == PHONE,
    and_(HandoffRequest.state.not_in(handoff.OPEN_STATES), Conversation.updated_at <= HandoffRequest.closed_at),
)


@dataclass(frozen=True)
class Wanted:
    """What a list shows. Args: text: in a message or a note, or a conversation's id."""

    view: View = "waiting"
    agent: str = ""
    text: str = ""
    channel: str | None = None
    offset: int = 0
    limit: int = 50


@dataclass(frozen=True)
class Standing:
    """What a row of an open request is made from, short enough to be read whenever anything changes."""

    state: str
    rest: tuple[Any, ...]


class Lists:
    """Args: words: by which a mood is told. Every method reads inside the caller's session."""

    def __init__(self, words: HandoffWords) -> None:
        self._words = words

    def page(self, session: Session, wanted: Wanted) -> tuple[int, list[dict[str, Any]]]:
        """How many conversations fit, and one page of them with the agent's unread counts."""
        conditions = [*_of_view(wanted.view, wanted.agent), *_filters(wanted)]
        counting = select(func.count()).select_from(Conversation)
        if wanted.view not in {"waiting", "mine", "others"}:
            counting = counting.outerjoin(HandoffRequest, HandoffRequest.id == _LATEST)
        else:
            counting = counting.join(HandoffRequest, HandoffRequest.conversation_id == Conversation.id)
        total = session.scalar(counting.where(*conditions)) or 0
        order = HandoffRequest.id.asc() if wanted.view == "waiting" else Conversation.last_message_id.desc()
        rows = self._rows(session, _selected().where(*conditions).order_by(order).offset(wanted.offset).limit(wanted.limit))
        unread = unread_of(session, wanted.agent, [row["conversation_id"] for row in rows])
        return total, [{**row, "unread": unread.get(row["conversation_id"], 0)} for row in rows]

    def standing(self, session: Session) -> dict[str, Standing]:
        """How every conversation stands that waits or is taken: a row changes with its standing only."""
        found = session.execute(_STANDING).all()
        places = {row.id: place for place, row in enumerate((row for row in found if row.state == handoff.WAITING), 1)}
        return {row.conversation_id: Standing(row.state, (places.get(row.id), *row)) for row in found}

    def rows(self, session: Session, conversation_ids: Collection[str]) -> list[dict[str, Any]]:
        """These conversations, without unread counts, which are an agent's own."""
        return self._rows(session, _selected().where(Conversation.id.in_(conversation_ids)))

    def one(self, session: Session, conversation_id: str) -> dict[str, Any] | None:
        """One conversation's row."""
        rows = self._rows(session, _selected().where(Conversation.id == conversation_id))
        return rows[0] if rows else None

    def counts(self, session: Session, agent: str) -> dict[str, int]:
        """How many wait, are the agent's, and are others'."""
        counting = (
            select(HandoffRequest.state, HandoffRequest.agent, func.count())
            .where(HandoffRequest.state.in_(handoff.OPEN_STATES))
            .group_by(HandoffRequest.state, HandoffRequest.agent)
        )
        counts = {"waiting": 0, "mine": 0, "others": 0}
        for state, holder, number in session.execute(counting):
            counts["waiting" if state == handoff.WAITING else "mine" if holder == agent else "others"] += number
        return counts

    def mood_of(self, reason: str | None, words: str) -> str:
        """calm, annoyed or distressed: by why a human was asked for, and by the last words."""
        manner = _manner_kind(words)
        if manner in DANGERS:
            return MOODS[handoff.DISTRESS]
        heard = handoff.ANGER if manner == INSULT else self._words.reason_in(words)
        return MOODS.get(heard or "", MOODS.get(reason or "", CALM))

    def _rows(self, session: Session, query: Select[Conversation, HandoffRequest, Message, Message]) -> list[dict[str, Any]]:
        found = session.execute(query).all()
        open_ids = [request.id for _, request, _, _ in found if request is not None and request.state in handoff.OPEN_STATES]
        places = _places(session) if open_ids else {}
        passed = _transfers(session, open_ids)
        matters = _matters(session, [said for *_, said in found if said is not None and not names_a_matter(said.text)])
        return [{**self._row(*row, places, passed), "matter": matters.get(row[0].id)} for row in found]

    def _row(
        self, conversation: Conversation, request: HandoffRequest | None, last: Message | None, said: Message | None,
        places: Mapping[int, int], passed: Mapping[int, Transfer],
    ) -> dict[str, Any]:  # fmt: skip
        is_open = request is not None and request.state in handoff.OPEN_STATES
        state = request.state if request is not None and is_open else _resting(conversation, request)
        transfer = passed.get(request.id) if request is not None and is_open else None
        ended = request if request is not None and state == "closed" else None
        words = mask_personal_data(said.text) if said else ""
        return {
            "conversation_id": conversation.id,
            "channel": conversation.channel,
            "state": state,
            "agent": request.agent if request is not None and is_open else None,
            "reason": request.reason if request is not None and is_open else None,
            "mood": self.mood_of(request.reason if request is not None and is_open else None, words),
            "position": places.get(request.id) if request is not None and is_open else None,
            "asked_at": _time(request.created_at) if request is not None and is_open else None,
            "agent_spoke_at": _time(request.last_word_at) if request is not None and is_open else None,
            "said_at": _time(said.created_at) if said else None,
            "last_at": _time(last.created_at) if last else _time(conversation.created_at),
            "last_role": last.role if last else None,
            "last_message_id": conversation.last_message_id or 0,
            "last_words": words[:GLIMPSE],
            "transfer": transfer
            and {"from": transfer.from_agent, "note": transfer.note, "at": _time(transfer.created_at)},
            "closed": ended and {"reason": ended.close_reason, "how": ended.state, "agent": ended.agent, "at": _time(ended.closed_at)},
        }  # fmt: skip


def unread_of(session: Session, agent: str, conversation_ids: Sequence[str]) -> dict[str, int]:
    """How much the citizen has said in each of these conversations since the agent saw it, at most 99; 0 is left out."""
    counting = (
        select(Message.conversation_id, func.count())
        .outerjoin(ReadMark, and_(ReadMark.conversation_id == Message.conversation_id, ReadMark.agent == agent))
        .where(
            Message.conversation_id.in_(conversation_ids), Message.role == "user", Message.id > func.coalesce(ReadMark.message_id, 0)
        )
        .group_by(Message.conversation_id)
    )  # fmt: skip
    return {conversation_id: min(number, MOST_UNREAD) for conversation_id, number in session.execute(counting)}


@lru_cache(maxsize=4096)  # the same last words are looked at whenever anything changes
def _manner_kind(words: str) -> str | None:
    manner = manner_of(words)
    return manner.kind if manner else None


def _selected() -> Select[Conversation, HandoffRequest, Message, Message]:
    return (
        select(Conversation, HandoffRequest, _Last, _Said)
        .outerjoin(HandoffRequest, HandoffRequest.id == _LATEST)
        .outerjoin(_Last, _Last.id == Conversation.last_message_id)
        .outerjoin(_Said, _Said.id == Conversation.last_said_id)
    )


def _of_view(view: View, agent: str) -> list[ColumnElement[bool]]:
    if view == "waiting":
        return [HandoffRequest.state == handoff.WAITING]
    if view in {"mine", "others"}:
        return [
            HandoffRequest.state == handoff.TAKEN,
            HandoffRequest.agent == agent if view == "mine" else HandoffRequest.agent != agent,
        ]
    if view == "bot":
        return [Conversation.holder == "bot", or_(HandoffRequest.id.is_(None), ~_ENDED), Conversation.channel != PHONE]
    return [_ENDED] if view == "closed" else []


def _filters(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [Conversation.last_message_id.is_not(None)]
    if wanted.channel:
        conditions.append(Conversation.channel == wanted.channel)
    if wanted.text:
        heard = select(Message.conversation_id).where(Message.text.contains(wanted.text, autoescape=True))
        noted = select(Note.conversation_id).where(Note.text.contains(wanted.text, autoescape=True))
        conditions.append(or_(Conversation.id.in_(heard), Conversation.id.in_(noted), Conversation.id == wanted.text))
    return conditions


def _places(session: Session) -> dict[int, int]:
    """Request → place in the queue, from 1."""
    waiting = select(HandoffRequest.id).where(HandoffRequest.state == handoff.WAITING).order_by(HandoffRequest.id)
    return {request_id: place for place, request_id in enumerate(session.scalars(waiting), 1)}


def _transfers(session: Session, request_ids: Collection[int]) -> dict[int, Transfer]:
    """The last transfer of each request."""
    if not request_ids:
        return {}
    query = select(Transfer).where(Transfer.request_id.in_(request_ids)).order_by(Transfer.id)
    return {transfer.request_id: transfer for transfer in session.scalars(query)}


def _matters(session: Session, last: Sequence[Message]) -> dict[str, str]:
    """What those conversations are about whose last words do not tell: the last ones that did, masked. One query."""
    if not last:
        return {}
    query = (
        select(Message.conversation_id, Message.text)
        .where(Message.conversation_id.in_([message.conversation_id for message in last]), Message.role == "user")
        .order_by(Message.id.desc())
        .limit(LOOK_BACK * len(last))
    )
    matters: dict[str, str] = {}
    for conversation_id, text in session.execute(query):
        if conversation_id not in matters and names_a_matter(text):
            matters[conversation_id] = mask_personal_data(text)[:GLIMPSE]
    return matters


def _resting(conversation: Conversation, request: HandoffRequest | None) -> str:
    """What a conversation is in that neither waits nor is taken: with the assistant, or closed."""
    if conversation.channel == PHONE:
        return "closed"
    if request is None or request.closed_at is None or conversation.updated_at > request.closed_at:
        return "bot"
    return "closed"


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds") if moment else None
