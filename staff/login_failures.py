"""Counts wrong passwords for a name and locks it for a growing time. Unknown names are counted like known ones."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from staff.errors import LoginLockedError
from staff.models import LoginFailures

ALLOWED = 5
FIRST_LOCK, LONGEST_LOCK = timedelta(minutes=1), timedelta(hours=1)
FORGOTTEN = timedelta(days=1)


def begin_attempt(session: Session, name: str, moment: datetime) -> int:
    """Count an attempt as failed before its password is looked at, so that many at once gain nothing.

    Returns:
        Seconds for which the name stays locked; then the attempt must be refused. 0 lets it go on.
    """
    row = session.get(LoginFailures, name)
    if row is not None and row.locked_until is not None and row.locked_until > moment:
        return max(1, int((row.locked_until - moment).total_seconds()))
    if row is None:
        session.execute(delete(LoginFailures).where(LoginFailures.last_at < moment - FORGOTTEN))
        row = LoginFailures(name=name, failures=0, last_at=moment)
        session.add(row)
    elif moment - row.last_at > FORGOTTEN:
        row.failures = 0
    row.failures += 1
    row.last_at = moment
    if row.failures >= ALLOWED:
        row.locked_until = moment + min(LONGEST_LOCK, FIRST_LOCK * 2 ** min(10, row.failures - ALLOWED))
    return 0


def forget(session: Session, name: str) -> None:
    """The password was right, or was reset."""
    session.execute(delete(LoginFailures).where(LoginFailures.name == name))


def refuse(seconds: int) -> None:
    """Raises LoginLockedError unless `seconds` is 0."""
    if seconds:
        raise LoginLockedError(seconds)
