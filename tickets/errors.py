"""The ticket family of errors."""

from errors import WenzhengError


class TicketError(WenzhengError):
    """Root of everything that can go wrong with a ticket."""


class UnknownTicketError(TicketError):
    """No ticket has this number."""


class TicketStateError(TicketError):
    """The step is not one that may follow the ticket's state."""


class DepartmentFileError(TicketError):
    """A department list cannot be read."""
