"""Errors of serving trained runs."""

from errors import WenzhengError


class ServingError(WenzhengError):
    """Root of the family."""


class UnknownRunError(ServingError):
    """No run has this number, or it has been pruned."""


class NotPromotableError(ServingError):
    """The gate refused the run, has not looked at it, or compared it with something that is no longer served."""


class ForceNotAllowedError(ServingError):
    """Only an administrator may promote against the gate."""


class NothingToRollBackError(ServingError):
    """There is nothing before what is served."""


class TrainingBusyError(ServingError):
    """A training is under way, and there may be one at a time."""


class ScheduleError(ServingError):
    """The time of the weekly training is not written as it must be."""
