"""Puts misses into groups by meaning, and closes and reopens groups. A job: it embeds, so no request ever waits for it."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from conversations import clock
from conversations.clock import Clock
from database.engine import Database
from insights.grouping import MeaningGroups
from insights.meaning import Matrix, MeaningSpace
from insights.misses import Miss, new_misses
from insights.models import GapGroup, GapQuestion, GapWatermark
from knowledge_base.entries import EntryStore
from knowledge_base.errors import UnknownEntryError
from knowledge_base.vectors import batches

BATCH = 200  # misses in one transaction
ADVANCE_AFTER = timedelta(minutes=10)  # the watermark, when there is nothing new
_LOCK = 7_330_443  # any constant; only this job uses it
_ALL = "all"
EXPECTED_OUT_OF_SCOPE = frozenset({"not_found", "out_of_scope", "not_picked"})


class GapCollector:
    """Safe to run in several processes at once: every step is decided inside its transaction."""

    def __init__(self, database: Database, space: MeaningSpace, entries: EntryStore, now: Clock = clock.now) -> None:
        self._database, self._space, self._entries, self._now = database, space, entries, now

    def run(self, progress: Callable[[int, int], None] = lambda _done, _total: None) -> int:
        """Take up what is new; returns how many misses were put into groups."""
        started = self._now()
        with self._database.read() as session:
            watermark = session.get(GapWatermark, _ALL)
            misses = new_misses(session, watermark.until if watermark else None, started)
            stale = session.scalar(select(func.count()).where(GapGroup.encoder_hash != self._space.encoder_hash)) or 0
        self._close_finished(started)
        if stale:
            self._measure_anew()
        done = 0
        for part in batches(misses, BATCH):
            vectors = self._vectors(part)
            with self._database.write() as session:
                self._take_in(session, part, vectors)
            done += len(part)
            progress(done, len(misses))
        if misses or watermark is None or started - watermark.until > ADVANCE_AFTER:
            with self._database.write() as session:
                session.merge(GapWatermark(source=_ALL, until=started))
        return done

    def _vectors(self, misses: Sequence[Miss]) -> dict[str, Matrix]:
        texts = sorted({miss.question for miss in misses})
        return dict(zip(texts, self._space.place(texts), strict=True))

    def _take_in(self, session: Session, misses: Sequence[Miss], vectors: dict[str, Matrix]) -> None:
        self._lock(session)
        known = {(row.source, row.source_id) for row in _rows_of(session, misses)}  # another process was faster
        groups = list(session.scalars(select(GapGroup).order_by(GapGroup.id)))
        centres = self._groups(groups)
        by_words = _group_by_words(session, sorted(vectors))
        place_of = {group.id: place for place, group in enumerate(groups)}
        for miss in misses:
            if (miss.source, miss.source_id) in known:
                continue
            vector = vectors[miss.question]
            if miss.question in by_words:
                place: int | None = place_of[by_words[miss.question]]
            else:
                place = centres.nearest(vector)
                if place is not None:
                    centres.join(place, vector)
            if place is None:
                place = centres.found(vector)
                groups.append(self._new_group(session, miss, vector))
                place_of[groups[place].id] = place
            group = groups[place]
            group.centre, group.members = _pack(centres.sum_of(place)), centres.members_of(place)
            by_words[miss.question] = group.id
            session.add(
                GapQuestion(
                    group_id=group.id, source=miss.source, source_id=miss.source_id, question=miss.question,
                    conversation_id=miss.conversation_id, answer_id=miss.answer_id, entry_id=miss.entry_id, detail=miss.detail,
                    asked_at=miss.asked_at,
                )
            )  # fmt: skip
            if _reopens(group, miss):
                group.state = "open"

    def _new_group(self, session: Session, miss: Miss, vector: Matrix) -> GapGroup:
        group = GapGroup(
            title=miss.question, state="open", centre=_pack(vector), members=1, encoder_hash=self._space.encoder_hash,
            created_at=self._now(),
        )  # fmt: skip
        session.add(group)
        session.flush()
        return group

    def _groups(self, groups: Sequence[GapGroup]) -> MeaningGroups:
        sums = np.array([np.frombuffer(group.centre, dtype="<f4") for group in groups], dtype=np.float32)
        return MeaningGroups(self._space.threshold(), sums, [max(1, group.members) for group in groups])

    def _close_finished(self, moment: datetime) -> None:
        """Groups whose entry was published meanwhile are closed, those whose entry was withdrawn open again."""
        with self._database.read() as session:
            waiting = [
                (group.id, group.entry_id, group.entry_version or 0)
                for group in session.scalars(select(GapGroup).where(GapGroup.state == "in_progress"))
            ]
        for group_id, entry_id, version in waiting:
            state = self._state_by_entry(entry_id, version)
            if state == "in_progress":
                continue
            with self._database.write() as session:
                group = session.get_one(GapGroup, group_id, with_for_update=True)
                if (group.state, group.entry_id, group.entry_version or 0) == ("in_progress", entry_id, version):
                    group.state, group.acted_at = state, moment

    def _state_by_entry(self, entry_id: int | None, version: int) -> str:
        try:
            entry = self._entries.get(entry_id or 0)
        except UnknownEntryError:
            return "open"
        if entry.state == "withdrawn":
            return "open"
        return "closed" if (entry.live_version or 0) >= version else "in_progress"

    def _measure_anew(self) -> None:
        """After a change of the encoder: the groups stay, their centres are computed from their members' words."""
        with self._database.read() as session:
            stale = list(session.scalars(select(GapGroup.id).where(GapGroup.encoder_hash != self._space.encoder_hash)))
        for part in batches(stale, BATCH):
            with self._database.read() as session:
                words = defaultdict(set)
                for group_id, text in session.execute(
                    select(GapQuestion.group_id, GapQuestion.question).where(GapQuestion.group_id.in_(part))
                ):
                    words[group_id].add(text)
            sums = {group_id: self._space.place(sorted(texts)).sum(axis=0) for group_id, texts in words.items()}
            with self._database.write() as session:
                for group in session.scalars(select(GapGroup).where(GapGroup.id.in_(part))):
                    if group.id in sums:
                        group.centre, group.members = _pack(sums[group.id]), len(words[group.id])
                    else:
                        group.centre, group.members = b"\0" * (4 * self._dimension()), 1
                    group.encoder_hash = self._space.encoder_hash

    def _dimension(self) -> int:
        return int(self._space.place(["问"]).shape[1])

    def _lock(self, session: Session) -> None:
        if session.get_bind().dialect.name == "postgresql":  # SQLite lets only one writer in anyway
            session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _reopens(group: GapGroup, miss: Miss) -> bool:
    """Whether a miss shows that a closed gap is still there. Declining what is out of scope is no miss."""
    if group.state != "closed" or group.acted_at is None or miss.asked_at <= group.acted_at:
        return False
    return group.resolution != "out_of_scope" or miss.source not in EXPECTED_OUT_OF_SCOPE


def _group_by_words(session: Session, texts: Sequence[str]) -> dict[str, int]:
    """Words that are in a group already: there, and if people moved them, where they moved them last."""
    found: dict[str, int] = {}
    for part in batches(texts, BATCH):
        query = select(GapQuestion.question, GapQuestion.group_id).where(GapQuestion.question.in_(part)).order_by(GapQuestion.id)
        found.update((text, group_id) for text, group_id in session.execute(query))
    return found


def _rows_of(session: Session, misses: Sequence[Miss]) -> Sequence[GapQuestion]:
    sources, ids = {miss.source for miss in misses}, {miss.source_id for miss in misses}
    query = select(GapQuestion).where(GapQuestion.source.in_(sources), GapQuestion.source_id.in_(ids))
    return session.scalars(query).all()


def _pack(vector: Matrix) -> bytes:
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()
