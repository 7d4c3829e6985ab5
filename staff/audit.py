"""The audit log of staff: written inside the transaction of what is done, read by administrators."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from database.engine import Database
from staff.members import Member
from staff.models import StaffAction


@dataclass(frozen=True)
class AuditFilter:
    """What to look for; None leaves a field open. `until` is exclusive."""

    actor: str | None = None
    action: str | None = None
    object_kind: str | None = None
    object_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def record(
    session: Session,
    member: Member,
    action: str,
    object_kind: str,
    object_id: str | int,
    detail: Mapping[str, Any],
    moment: datetime,
) -> None:
    """Add one line. `detail` holds no passwords, no tokens and no personal data of citizens."""
    session.add(
        StaffAction(
            at=moment, actor=member.name[:64], role=member.role, action=action, object_kind=object_kind,
            object_id=str(object_id)[:64], detail=dict(detail), address=member.address[:64],
        )
    )  # fmt: skip


class AuditLog:
    """Reads the log. Each method blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, wanted: AuditFilter, *, offset: int = 0, limit: int = 50) -> tuple[int, list[dict[str, Any]]]:
        """How many lines fit, and one page of them, newest first."""
        conditions = _conditions(wanted)
        with self._database.read() as session:
            total = session.scalar(select(func.count()).select_from(StaffAction).where(*conditions)) or 0
            query = select(StaffAction).where(*conditions).order_by(StaffAction.id.desc()).offset(offset).limit(limit)
            return total, [
                {
                    "id": row.id, "at": row.at.isoformat(timespec="seconds"), "actor": row.actor, "role": row.role,
                    "action": row.action, "object_kind": row.object_kind, "object_id": row.object_id,
                    "detail": dict(row.detail), "address": row.address,
                }
                for row in session.scalars(query)
            ]  # fmt: skip

    def actions(self) -> list[str]:
        """The kinds of action that occur."""
        with self._database.read() as session:
            return sorted(session.scalars(select(StaffAction.action).distinct()))


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    pairs = (
        (StaffAction.actor, wanted.actor),
        (StaffAction.action, wanted.action),
        (StaffAction.object_kind, wanted.object_kind),
        (StaffAction.object_id, wanted.object_id),
    )
    conditions = [column == value for column, value in pairs if value]
    if wanted.since is not None:
        conditions.append(StaffAction.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(StaffAction.at < wanted.until)
    return conditions
