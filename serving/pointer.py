"""The pointer to what is served: one row a decision, numbered; processes follow the newest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from database.columns import utc_now
from database.engine import Database
from serving.errors import NothingToRollBackError
from serving.models import ServedModel, ServingWorker
from staff import audit
from staff.members import Member

BUILT_IN = 0  # generation before any decision
SILENT_AFTER = timedelta(seconds=90)
PROMOTE, ROLLBACK = "promote", "rollback"


@dataclass(frozen=True)
class Served:
    """What is to be served. Attributes: run_id: None: the models that the program brings along."""

    generation: int
    run_id: str | None
    back_to: int | None
    action: str = "start"
    actor: str = ""
    reason: str = ""
    forced: bool = False
    at: datetime | None = None


@dataclass(frozen=True)
class Worker:
    """A serving process that was heard of lately."""

    worker: str
    generation: int
    trouble: str | None


class ServedPointer:
    """Reads and moves the pointer. A move is one row in one transaction: it holds for everybody or has not happened."""

    def __init__(self, database: Database, now: Callable[[], datetime] = utc_now) -> None:
        self._database, self._now = database, now

    def current(self) -> Served:
        with self._database.read() as session:
            return _newest(session)

    def history(self, limit: int = 50) -> list[Served]:
        """Decisions, newest first."""
        with self._database.read() as session:
            rows = session.scalars(select(ServedModel).order_by(ServedModel.generation.desc()).limit(limit))
            return [_served(row) for row in rows]

    def predecessor(self) -> Served | None:
        """What a rollback would lead to."""
        with self._database.read() as session:
            return _at(session, _newest(session).back_to)

    def promote(self, run_id: str, bundle_hash: str, member: Member, reason: str = "", forced: bool = False) -> Served:
        """Serve this run from now on."""
        return self._append(lambda _session, before: (run_id, before.generation, bundle_hash, PROMOTE), member, reason, forced)

    def rollback(self, member: Member, reason: str = "") -> Served:
        """Serve what was served before; again: what was served before that.

        Raises: NothingToRollBackError.
        """

        def one_back(session: Session, before: Served) -> tuple[str | None, int | None, str | None, str]:
            target = _at(session, before.back_to)
            if target is None:
                raise NothingToRollBackError("现在用的就是程序自带的模型，没有更早的可以回退。", fix="不需要回退。")
            row = session.get(ServedModel, target.generation)
            return target.run_id, target.back_to, row.bundle_hash if row else None, ROLLBACK

        return self._append(one_back, member, reason, False)

    def report(self, worker: str, generation: int, trouble: str | None = None) -> None:
        """A serving process tells how far it is."""
        moment = self._now()
        with self._database.write() as session:
            session.merge(ServingWorker(worker=worker, generation=generation, trouble=trouble, seen_at=moment))
            session.execute(delete(ServingWorker).where(ServingWorker.seen_at < moment - timedelta(days=1)))

    def leave(self, worker: str) -> None:
        """A serving process ends."""
        with self._database.write() as session:
            session.execute(delete(ServingWorker).where(ServingWorker.worker == worker))

    def workers(self) -> Sequence[Worker]:
        """Those heard of within `SILENT_AFTER`."""
        query = select(ServingWorker).where(ServingWorker.seen_at > self._now() - SILENT_AFTER).order_by(ServingWorker.worker)
        with self._database.read() as session:
            return [Worker(row.worker, row.generation, row.trouble) for row in session.scalars(query)]

    def _append(
        self,
        decide: Callable[[Session, Served], tuple[str | None, int | None, str | None, str]],
        member: Member,
        reason: str,
        forced: bool,
    ) -> Served:
        for _attempt in range(20):
            moment = self._now()
            try:
                with self._database.write() as session:
                    before = _newest(session)
                    run_id, back_to, bundle_hash, action = decide(session, before)
                    row = ServedModel(
                        generation=before.generation + 1, run_id=run_id, back_to=back_to, action=action,
                        bundle_hash=bundle_hash, actor=member.name[:64], reason=reason, forced=forced, at=moment,
                    )  # fmt: skip
                    session.add(row)
                    session.flush()
                    served = _served(row)
                    detail = {"before": before.run_id, "generation": served.generation, "reason": reason, "forced": forced}
                    audit.record(session, member, f"training.{action}", "run", run_id or "built-in", detail, moment)
                return served
            except IntegrityError:  # PostgreSQL: somebody else decided at the same moment; theirs is now before ours
                continue
        raise AssertionError("the pointer moves faster than it can be moved")


def _newest(session: Session) -> Served:
    row = session.scalar(select(ServedModel).order_by(ServedModel.generation.desc()).limit(1))
    return _served(row) if row else Served(BUILT_IN, None, None)


def _at(session: Session, generation: int | None) -> Served | None:
    if generation is None:
        return None
    row = session.get(ServedModel, generation)
    return _served(row) if row else Served(BUILT_IN, None, None)


def _served(row: ServedModel) -> Served:
    return Served(row.generation, row.run_id, row.back_to, row.action, row.actor, row.reason, row.forced, row.at)
