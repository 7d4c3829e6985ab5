"""The conversation family of errors."""

from errors import WenzhengError


class ConversationError(WenzhengError):
    """Root of everything that can go wrong around a turn."""


class UnknownConversationError(ConversationError):
    """No conversation has this id."""


class UnknownTurnError(ConversationError):
    """An action names a turn that was never reserved."""


class TurnPendingError(ConversationError):
    """A duplicate waited for the first delivery's reply in vain."""


class RateLimitedError(ConversationError):
    """A sender exceeds the messages-a-minute limit.

    Args:
        retry_after_s: seconds until the next message is accepted.
    """

    def __init__(self, problem: str, *, fix: str, retry_after_s: int) -> None:
        super().__init__(problem, fix=fix)
        self.retry_after_s = retry_after_s


class DialogueUnavailableError(ConversationError):
    """Rasa is down, late or answers with an error status; the turn is answered directly."""


class SilentDialogueError(ConversationError):
    """Rasa answered 200 but said nothing usable: no message, no `custom`, or another turn's id."""


class OfficeHoursError(ConversationError):
    """The configured office hours are no spans of a day."""


class WordListError(ConversationError):
    """A word list cannot be read."""


class HandoffStateError(ConversationError):
    """A step that may not follow the state of a request for a human."""


class HandoffTakenError(HandoffStateError):
    """Another agent has taken the conversation."""


class NotTheAgentError(HandoffStateError):
    """The agent does not hold the conversation."""


class DialogueModelError(ConversationError):
    """Rasa cannot use a trained model."""
