"""Errors of the action endpoint."""

from errors import WenzhengError


class ActionServerError(WenzhengError):
    """The action endpoint cannot listen."""
