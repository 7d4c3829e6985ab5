"""What can go wrong with the store itself."""

from errors import WenzhengError


class DatabaseError(WenzhengError):
    """Root of the store's errors."""


class MigrationError(DatabaseError):
    """The tables could not be brought to this version."""


class BackupError(DatabaseError):
    """A backup could not be written."""


class RestoreError(DatabaseError):
    """A backup could not be read back, or the target already holds data."""
