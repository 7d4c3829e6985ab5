"""Errors of the edge: who may do what over HTTP, and how much they may send."""

from errors import WenzhengError


class GatewayError(WenzhengError):
    """Root of the family."""


class UnauthorizedError(GatewayError):
    """Nobody is logged in, or the token does not hold."""


class ForbiddenError(GatewayError):
    """Not with this role, not from that page, or to nobody as the instance is configured."""


class BodyTooLargeError(GatewayError):
    """A request's body exceeds what its address accepts."""


class MissingSenderError(GatewayError):
    """A chat message without `sender_id`, and without the web page's cookie."""


class UnknownPageError(GatewayError):
    """The page of an entry that is not, or not yet, published."""


class WithdrawnEntryError(GatewayError):
    """The page of an entry that was published once and no longer is."""


class NoPublicAddressError(GatewayError):
    """A link or code was asked for, but the instance has no public address."""


class EmptyKnowledgeError(GatewayError):
    """Nothing is published yet, so nothing can be answered."""


class TrialError(GatewayError):
    """An instance started for a measurement does not come up."""


class QualityFileError(GatewayError):
    """A file that a measurement reads is not what it should be."""


class TrainingToolsMissingError(GatewayError):
    """What full training needs is not installed."""
