"""The desk family of errors."""

from errors import WenzhengError


class DeskError(WenzhengError):
    """Root of everything that an agent may be refused."""


class UnknownMessageError(DeskError):
    """The conversation has no such message of the citizen."""


class StaleSuggestionError(DeskError):
    """The entry was changed or withdrawn after it was suggested."""


class CannotSendError(DeskError):
    """The channel takes no message to this user now."""


class UnknownAgentError(DeskError):
    """Nobody who may take conversations has this name."""


class UnknownPhraseError(DeskError):
    """There is no such phrase, or it is somebody else's own."""


class AssistLinkError(DeskError):
    """A link to the suggestions is not valid, was used or has run out."""
