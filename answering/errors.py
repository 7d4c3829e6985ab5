"""Errors of answering."""

from errors import WenzhengError


class AnsweringError(WenzhengError):
    """Root of the family."""


class PreparationError(AnsweringError):
    """Something that answering needs could not be made on this machine."""


class IndexNotReadyError(AnsweringError):
    """The index has not been loaded yet."""
